"""The content hash. It alone decides whether two versions of an image are the same.

The content of an image is what the tables store: its columns except the links, `extra`, and its rejects. Two images
have the same hash if and only if they have the same rows. `load.content` computes the same hash from rows, in SQL. If
you change the text that is hashed, raise transform.scheme.SCHEME: warehouses then compute their hashes again.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from transform.scheme import DIGITS, LINKS, SCHEME

_FEW: Final = 4
"""If a column has at most one distinct value per this number of rows, each distinct value is written once."""

_SAMPLE: Final = 64
"""Rows at the start of a column that decide whether its distinct values are counted."""


def content_hashes(
    columns: Mapping[str, pa.Array], extra: Sequence[tuple[int, str, str]], rejects: Sequence[tuple[int, str, str, str]]
) -> list[str]:
    """Return for each row the first 32 hexadecimal digits of the SHA-256 of its content as UTF-8 text.

    `columns` have the same length; `extra`: (row, name, value); `rejects`: (row, attribute, value, reason). The text
    begins with `glanceback 2;`. These follow, each in order of the names by bytes:
    `{column}={length}:{value};` for each value that is not NULL,
    `+{length}:{name}={length}:{value};` for each entry of extra,
    `!{length}:{attribute}={length}:{value}~{length}:{reason};` for each reject.
    Lengths are in bytes. Times are microseconds since 1970; a value of tags is `{length}:{tag}` for each tag.
    """
    rows = len(next(iter(columns.values())))
    texts = _Texts(f"glanceback {SCHEME};")
    for name in sorted(columns.keys() - LINKS):
        if columns[name].null_count < rows:
            _add(texts, name, columns[name])
    entries = sorted(extra, key=_by_bytes)
    texts.add(_by_row(rows, ((at, f"+{_counted(name)}={_counted(value)};") for at, name, value in entries)))
    misfits = [
        (at, f"!{_counted(attribute)}={_counted(value)}~{_counted(reason)};")
        for at, attribute, value, reason in sorted(rejects, key=_by_bytes)
    ]
    texts.add(_by_row(rows, misfits))
    return [sha256(text).hexdigest()[:DIGITS] for text in texts.joined()]


class _Texts:
    """Builds one text per row from pieces: a text for all rows, or an array with a text per row.

    A NULL in an array adds nothing. Consecutive texts for all rows are merged, because each piece costs time.
    """

    def __init__(self, start: str) -> None:
        self._pieces: list[pa.Array | str] = [start]

    def add(self, *pieces: pa.Array | str) -> None:
        for piece in pieces:
            if isinstance(piece, str) and isinstance(self._pieces[-1], str):
                self._pieces[-1] += piece
            else:
                self._pieces.append(piece)

    def joined(self) -> list[bytes]:
        texts = pc.binary_join_element_wise(*self._pieces, "", null_handling="skip")
        return list(texts.cast(pa.binary()).to_pylist())


def _add(to: _Texts, name: str, column: pa.Array) -> None:
    """Add `{column}={length}:{value};`, in the fastest way for the column's values."""
    if _has_one_value(column):
        to.add(_piece(name, column[:1])[0])
    elif (values := _few_values(column)) is not None:
        to.add(pa.array(_piece(name, values.dictionary)).take(values.indices))
    elif column.null_count:
        to.add(
            pc.binary_join_element_wise(f"{name}=", *_counted_each(_texts(column)), ";", "", null_handling="emit_null")
        )
    else:
        to.add(f"{name}=", *_counted_each(_texts(column)), ";")


def _piece(name: str, values: pa.Array) -> list[str]:
    return [f"{name}={_counted(text)};" for text in _texts(values).to_pylist()]


def _has_one_value(column: pa.Array) -> bool:
    # Compares each value with the next: five times as fast as a comparison of all with one value.
    return not column.null_count and bool(column[1:].equals(column[:-1]))


def _few_values(column: pa.Array) -> pa.DictionaryArray | None:
    """The column as a dictionary if it has so few distinct values that it is faster to write each once; else None."""
    if pa.types.is_boolean(column.type):
        return column.dictionary_encode()
    if pa.types.is_list(column.type) or len(column[:_SAMPLE].unique()) * _FEW > _SAMPLE:
        return None
    values = column.dictionary_encode()
    return values if len(values.dictionary) * _FEW <= len(column) else None


def _counted_each(texts: pa.Array) -> tuple[pa.Array | str, ...]:
    """The pieces of `{length}:{text}` of each row."""
    lengths = pc.binary_length(texts)
    bounds = pc.min_max(lengths).as_py()
    if bounds["min"] == bounds["max"]:
        return f"{bounds['min']}:", texts
    return lengths.cast(pa.string()), ":", texts


def _texts(column: pa.Array) -> pa.Array:
    """A text for each value that is not NULL. Tags: `{length}:{tag}` for each tag."""
    if pa.types.is_list(column.type):
        tags = pc.binary_join_element_wise(*_counted_each(column.values), "")
        return pc.binary_join(pa.ListArray.from_arrays(column.offsets, tags, mask=column.is_null()), "")
    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).cast(pa.string())


def _counted(text: str) -> str:
    return f"{len(text.encode())}:{text}"


def _by_bytes(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    row, *texts = entry
    return (row, *(text.encode() for text in texts))


def _by_row(rows: int, pieces: Iterable[tuple[int, str]]) -> pa.Array:
    texts: list[str | None] = [None] * rows
    for at, piece in pieces:
        texts[at] = (texts[at] or "") + piece
    return pa.array(texts, pa.string())
