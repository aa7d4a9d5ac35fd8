"""What makes two versions of an image the same: the content hash. Nothing else may decide that.

Content is what the tables hold of an image: its columns without the links, `extra`, and its rejects. Two images have
the same hash if and only if they have the same rows. `load.content` computes the same hash from rows, in SQL. Whoever
changes the text that is hashed raises SCHEME: warehouses then compute their hashes anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

SCHEME: Final = 2

LINKS: Final = frozenset({"self", "file", "schema"})
"""Columns that say where an image is shown, not what it is."""

DIGITS: Final = 32


def content_hashes(
    columns: Mapping[str, pa.Array], extra: Sequence[tuple[int, str, str]], rejects: Sequence[tuple[int, str, str, str]]
) -> list[str]:
    """Of each row the first 32 hexadecimal digits of the SHA-256 of its content, as UTF-8 text.

    `columns` are of one length; `extra` has row, name and value; `rejects` row, attribute, value and reason. The text
    begins with `glanceback 2;`. Then come, each in order of their names by bytes,
    `{column}={length}:{value};` for each value that is not NULL,
    `+{length}:{name}={length}:{value};` for each entry of extra,
    `!{length}:{attribute}={length}:{value}~{length}:{reason};` for each reject.
    Lengths are in bytes. Times are microseconds since 1970, tags `{length}:{tag}` one after the other.
    """
    rows = len(next(iter(columns.values())))
    pieces: list[pa.Array | pa.Scalar] = [pa.scalar(f"glanceback {SCHEME};")]
    for name in sorted(columns.keys() - LINKS):
        column = columns[name]
        if column.null_count < rows:
            pieces.append(_piece(name, column))
    entries = sorted(extra, key=_by_bytes)
    pieces.append(_by_row(rows, ((at, f"+{_counted(name)}={_counted(value)};") for at, name, value in entries)))
    misfits = [
        (at, f"!{_counted(attribute)}={_counted(value)}~{_counted(reason)};")
        for at, attribute, value, reason in sorted(rejects, key=_by_bytes)
    ]
    pieces.append(_by_row(rows, misfits))
    texts = pc.binary_join_element_wise(*pieces, "", null_handling="skip").cast(pa.binary())
    return [sha256(text).hexdigest()[:DIGITS] for text in texts.to_pylist()]


def _piece(name: str, column: pa.Array) -> pa.Array | pa.Scalar:
    if _has_one_value(column):
        (text,) = _texts(column[:1]).to_pylist()
        return pa.scalar(f"{name}={_counted(text)};")
    texts = _texts(column)
    lengths = pc.binary_length(texts).cast(pa.string())
    return pc.binary_join_element_wise(f"{name}=", lengths, ":", texts, ";", "", null_handling="emit_null")


def _has_one_value(column: pa.Array) -> bool:
    if column.null_count or pa.types.is_list(column.type) or column[0] != column[-1]:
        return False
    return bool(pc.all(pc.equal(column, column[0])).as_py())


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).cast(pa.string())
    if pa.types.is_list(column.type):
        return pa.array(
            [None if tags is None else "".join(map(_counted, tags)) for tags in column.to_pylist()], pa.string()
        )
    return column.cast(pa.string())


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
