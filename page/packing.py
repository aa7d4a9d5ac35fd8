"""Packs tables for the page: by columns, compressed. page/parts/packed.js reads them. Knows nothing of what they hold.

Layout of what is compressed, little-endian: the length (uint32) of a JSON text, that JSON, then the values of each
column. The JSON has, for each table, the number of its rows and its columns with `name`, `kind` and `bytes`:

`texts`    an index into the distinct values, `texts`, which may have null; `width` bytes each. Instead of `texts` there
           may be `texts_of`: the name of an earlier column whose `texts` it shares
`lines`    JSON: a list of the values
`ids`      UUIDs, 16 bytes each
`days`     days since 1970, uint16; 65535: no day
`numbers`  `width` bytes each; a `width` of 8 means float64. The largest number of the width (NaN of float64): no number
`steps`    numbers that never fall: the difference to the one before, `width` bytes each
"""

import gzip
import json
import struct
import sys
import uuid
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_NO_DAY: Final = 0xFFFF
_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "d"}
_LEVEL: Final = 6


def packed(tables: Mapping[str, pa.Table], alike: Sequence[str] = ()) -> bytes:
    """The tables, by name. Columns whose names are in `alike` have mostly the same texts."""
    described, parts = {}, []
    for name, table in tables.items():
        columns = []
        shared = _shared_texts(table, [column for column in alike if column in table.column_names])
        for column in table.column_names:
            values = table[column].combine_chunks()
            if column in alike:
                texts = {"texts_of": alike[0]} if column != alike[0] else {"texts": shared.to_pylist()}
                width = _width(len(shared))
                indices = pc.index_in(values, value_set=shared).to_pylist()
                head, part = {"kind": "texts", "width": width, **texts}, _bytes(width, indices)
            else:
                head, part = _packed_column(column, values)
            columns.append({"name": column, "bytes": len(part), **head})
            parts.append(part)
        described[name] = {"rows": table.num_rows, "columns": columns}
    contents = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    return gzip.compress(b"".join([struct.pack("<I", len(contents)), contents, *parts]), compresslevel=_LEVEL, mtime=0)


def _shared_texts(table: pa.Table, columns: Sequence[str]) -> Any:
    """The different values of the columns, each once."""
    chunks = [chunk for column in columns for chunk in table[column].chunks]
    return pa.chunked_array(chunks, pa.string()).unique()


def _packed_column(name: str, values: Any) -> tuple[dict[str, Any], bytes]:
    if pa.types.is_date(values.type):
        # As numbers: Python has no dates after 9999, and an image may have one.
        return {"kind": "days"}, _bytes(2, [_day(value) for value in values.cast(pa.int32()).to_pylist()])
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _packed_numbers(values.to_pylist())
    if pa.types.is_timestamp(values.type):
        values = pa.array([None if value is None else value.isoformat() for value in values.to_pylist()], pa.string())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
        return _packed_numbers(values.to_pylist())
    coded = values.dictionary_encode(null_encoding="encode")
    texts = coded.dictionary.to_pylist()
    if name == "id" and len(texts) == len(values) and all(_is_uuid(text) for text in texts):
        return {"kind": "ids"}, b"".join(uuid.UUID(text).bytes for text in values.to_pylist())
    if len(texts) > len(values) / 2:
        return {"kind": "lines"}, json.dumps(values.to_pylist(), ensure_ascii=False, separators=(",", ":")).encode()
    width = _width(len(texts))
    return {"kind": "texts", "width": width, "texts": texts}, _bytes(width, coded.indices.to_pylist())


def _packed_numbers(values: Sequence[Any]) -> tuple[dict[str, Any], bytes]:
    known = [value for value in values if value is not None]
    if all(isinstance(value, int) for value in known) and min(known, default=0) >= 0:
        if len(known) == len(values) and values == sorted(values):
            steps = [later - earlier for earlier, later in zip([0, *values], values, strict=False)]
            width = _width(max(steps, default=0) + 2)
            if width < 8:
                return {"kind": "steps", "width": width}, _bytes(width, steps)
        width = _width(max(known, default=0) + 2)
        if width < 8:
            nothing = (1 << 8 * width) - 1
            filled = [nothing if value is None else value for value in values]
            return {"kind": "numbers", "width": width}, _bytes(width, filled)
    filled = [float("nan") if value is None else float(value) for value in values]
    return {"kind": "numbers", "width": 8}, _bytes(8, filled)


def _bytes(width: int, values: Sequence[Any]) -> bytes:
    made = array(_CODES[width], values)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def _width(most: int) -> int:
    """How many bytes a whole number below `most` takes."""
    return 1 if most <= 1 << 8 else 2 if most <= 1 << 16 else 4 if most <= 1 << 32 else 8


def _day(value: int | None) -> int:
    return _NO_DAY if value is None else max(0, min(value, _NO_DAY - 1))


def _is_uuid(text: str | None) -> bool:
    """Whether the text is a UUID in the API's form, so that 16 bytes give the same text again."""
    try:
        return text is not None and str(uuid.UUID(text)) == text
    except ValueError:
        return False
