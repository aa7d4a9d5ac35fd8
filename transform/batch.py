"""The images of a page -> one Arrow batch of typed columns and one batch of rejects. Nothing raises.

Every attribute of every image is in exactly one place: its column, `extra`, or the rejects.
A column is built in one step if all its values have the usual form, otherwise value by value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from extract.body import are_usable, usable_id
from extract.images import ABSENT, Images, Json
from extract.known_texts import FOR_THE_MERGE, BriefImages
from transform.arrow_types import ARROW_TYPES, arrow_schema
from transform.attribute import Attribute, Kind
from transform.dictionary import ATTRIBUTES
from transform.extra import EXTRA_TYPE, extra_column, extra_entries
from transform.rejects import REJECTS_SCHEMA, Reject, reject_batch
from transform.respelling import spelled_before
from transform.values import PARSERS, Misfit, as_received

IMAGES_SCHEMA: Final = pa.schema(
    [
        *arrow_schema(),
        pa.field("extra", EXTRA_TYPE),
        pa.field("content_hash", pa.string()),
        pa.field("content_hash_before", pa.string()),
        pa.field("landed_hash", pa.string()),
        pa.field("is_brief", pa.bool_()),
    ]
)
_FOR_THE_MERGE: Final = [attribute for attribute in ATTRIBUTES if attribute.column in FOR_THE_MERGE]
_USUAL_TIMES: Final = {
    len("2018-09-06T14:03:27Z"): pa.timestamp("us", "UTC"),
    len("2018-09-06T14:03:27.000000"): pa.timestamp("us"),
}
_AS_JSON: Final[dict[Kind, set[type]]] = {
    Kind.BOOLEAN: {bool},
    Kind.INTEGER: {int},
    Kind.BIGINT: {int},
    Kind.FLAG: {bool},
}
"""The Python type of these kinds if the API sends their own JSON type."""

_CACHED_COLUMNS: Final = 256
"""Columns with a single value that are cached for the next page, which usually has the same ones."""

_LONGEST_CACHED: Final = 64
"""Characters of the value of a cached column, which repeats it a thousand times."""

_MOST_IMAGES_CACHED: Final = 2_000
"""Images on a page whose columns are cached: twice as many as services send."""

_OF_MANY_VALUES: Final = (Kind.BIGINT, Kind.TIMESTAMP)
"""Kinds whose values are mostly distinct. The columns of the other kinds have few values: each text is parsed once."""


@dataclass(frozen=True, slots=True)
class Flattened:
    """`images` has IMAGES_SCHEMA, one row per image with a usable id, in the order received; `rejects` REJECTS_SCHEMA.

    `content_hash_before`: the hash with the former spelling of numbers; NULL if that is the same. `is_brief`: the image
    is known, so that here are only its id, owner, updated_at and hashes; every other column is NULL.
    """

    images: pa.RecordBatch
    rejects: pa.RecordBatch


_NOTHING: Final = Flattened(
    pa.record_batch([pa.array([], column.type) for column in IMAGES_SCHEMA], schema=IMAGES_SCHEMA), reject_batch([])
)


def flatten(images: Sequence[Json]) -> Flattened:
    """Return the images of one page as batches."""
    if not images:
        return _NOTHING
    if isinstance(images, BriefImages):
        return _flatten_briefly(images)
    rejects: list[Reject] = []
    usable = _usable(Images.of(images), rejects)
    columns, hashes = _content(usable, rejects)
    is_brief = pa.repeat(pa.scalar(False), len(usable))
    flat = [*columns, pa.array(hashes, pa.string()), _hashes_before(usable), _landed_hashes(usable), is_brief]
    return Flattened(pa.record_batch(flat, schema=IMAGES_SCHEMA), reject_batch(rejects))


def _flatten_briefly(images: BriefImages) -> Flattened:
    """The known images as brief rows, the others whole, in the order of the page. All have usable ids."""
    whole = flatten(images.others)
    row_of = dict(zip(images.other_positions, range(whole.images.num_rows), strict=True))
    rows = pa.array(map(row_of.get, range(len(images))), pa.int64())
    columns = {
        field.name: column.take(rows) if row_of else _nulls_only(len(images), field.type)
        for field, column in zip(IMAGES_SCHEMA, whole.images.columns, strict=True)
    }
    for attribute in _FOR_THE_MERGE:
        columns[attribute.column] = _column(attribute, images, [])
    hashes = iter(whole.images.column("content_hash").to_pylist())
    known = images.content_hashes
    columns["content_hash"] = pa.array([one or next(hashes) for one in known], pa.string())
    columns["landed_hash"] = _landed_hashes(images)
    columns["is_brief"] = pa.array([one is not None for one in known], pa.bool_())
    *texts, positions = whole.rejects.columns
    moved = pa.array(images.other_positions, pa.int64()).take(positions)
    return Flattened(
        pa.record_batch(list(columns.values()), schema=IMAGES_SCHEMA),
        pa.record_batch([*texts, moved], schema=REJECTS_SCHEMA),
    )


def _content(images: Images, rejects: list[Reject]) -> tuple[list[pa.Array], list[str]]:
    """Return the dictionary's columns with `extra`, and the content hashes. Appends to `rejects`."""
    from transform.identity import content_hashes  # imports pyarrow.compute

    columns = {attribute.column: _column(attribute, images, rejects) for attribute in ATTRIBUTES}
    extra = extra_entries(images, rejects)
    misfits = [
        (reject.position, str(reject.attribute), reject.value, reject.reason)
        for reject in rejects
        if reject.position is not None
    ]
    return [*columns.values(), extra_column(len(images), extra)], content_hashes(columns, extra, misfits)


def _hashes_before(images: Images) -> pa.Array:
    before = spelled_before(images)
    if not before:
        return pa.nulls(len(images), pa.string())
    _, hashes = _content(Images.of(list(before.values())), [])
    by_position = dict(zip(before, hashes, strict=True))
    return pa.array(map(by_position.get, range(len(images))), pa.string())


def _usable(images: Images, rejects: list[Reject]) -> Images:
    if are_usable(images.column("id")):
        return images
    positions = []
    for position, image in enumerate(images):
        if usable_id(image) is None:
            rejects.append(Reject(None, None, as_received(image), "the image has no usable id", None))
        else:
            positions.append(position)
    return images.take(positions)


def _column(attribute: Attribute, images: Images, rejects: list[Reject]) -> pa.Array:
    names = [name for name in attribute.api_names if name in images.names]
    if not names:
        return _nulls_only(len(images), ARROW_TYPES[attribute.kind])
    values = images.column(names[0])
    if len(names) > 1:
        # The extension attribute's value has precedence.
        pairs = zip(values, images.column(names[1]), strict=True)
        values = [plain if value is ABSENT else value for value, plain in pairs]
    whole = _whole_column(attribute, values)
    return whole if whole is not None else _value_by_value(attribute, values, images, rejects)


def _value_by_value(attribute: Attribute, values: Sequence[Json], images: Images, rejects: list[Reject]) -> pa.Array:
    parse, texts = PARSERS[attribute.kind], _Parsed(attribute.kind)
    ids, holders = images.column("id"), [(name, images.column(name)) for name in attribute.api_names]
    parsed: list[Any] = []
    for position, value in enumerate(values):
        try:
            if value is ABSENT:
                parsed.append(None)
            else:
                parsed.append(texts[value] if type(value) is str else parse(value))
        except Misfit as misfit:
            parsed.append(None)
            holder = next(name for name, held in holders if held[position] is not ABSENT)
            rejects.append(Reject(ids[position], holder, as_received(value), str(misfit), position))
    return pa.array(parsed, ARROW_TYPES[attribute.kind])


def _whole_column(attribute: Attribute, values: Sequence[Json]) -> pa.Array | None:
    """The column, built in one step; None if a value has an unusual form, so that each value must be parsed."""
    arrow_type = ARROW_TYPES[attribute.kind]
    try:
        if _is_one_text(values):
            is_cached = len(values[0]) <= _LONGEST_CACHED and len(values) <= _MOST_IMAGES_CACHED
            repeated = _cached_repeated if is_cached else _repeated
            return repeated(attribute.kind, values[0], arrow_type, len(values))
        if attribute.kind is Kind.TEXT:
            return _array(values, pa.string())
        types = set(map(type, values)) - {type(None), type(ABSENT)}
        if not types:
            return _nulls_only(len(values), arrow_type)
        if types != {str}:
            if attribute.kind is Kind.TAGS and types == {list} and _are_texts(values):
                return pa.array([_set(tags) if type(tags) is list else None for tags in values], arrow_type)
            return _array(values, arrow_type) if types == _AS_JSON.get(attribute.kind) else None
        if attribute.kind in _OF_MANY_VALUES:
            column = _as_written(attribute, _array(values, pa.string()))
            if column is not None:
                return column
        return pa.array(list(map(_Parsed(attribute.kind).__getitem__, values)), arrow_type)
    except (pa.ArrowException, ValueError, OverflowError):
        return None


def _set(tags: list[str]) -> list[str]:
    return tags if len(tags) < 2 else sorted(set(tags))


def _are_texts(lists: Sequence[Json]) -> bool:
    """Whether the lists contain only texts. Arrow would accept null as one."""
    return set(map(type, chain.from_iterable(filter(None, lists)))) <= {str}


def _nulls_only(images: int, arrow_type: pa.DataType) -> pa.Array:
    return (_cached_nulls if images <= _MOST_IMAGES_CACHED else pa.nulls)(images, arrow_type)


_cached_nulls = lru_cache(maxsize=_CACHED_COLUMNS)(pa.nulls)


def _repeated(kind: Kind, text: str, arrow_type: pa.DataType, images: int) -> pa.Array:
    """Raises: Misfit."""
    return pa.repeat(pa.scalar(PARSERS[kind](text), arrow_type), images)


_cached_repeated = lru_cache(maxsize=_CACHED_COLUMNS)(_repeated)


def _array(values: Sequence[Json], arrow_type: pa.DataType) -> pa.Array:
    """The values as an array; ABSENT is null. Raises: pa.ArrowException."""
    try:
        return pa.array(values, arrow_type)
    except pa.ArrowException:
        return pa.array([None if value is ABSENT else value for value in values], arrow_type)


def _is_one_text(values: Sequence[Json]) -> bool:
    """Whether all values are the same text. On most pages, most attributes have one value or hardly any."""
    one = values[0]
    return type(one) is str and values[-1] == one and values.count(one) == len(values)


def _as_written(attribute: Attribute, texts: pa.StringArray) -> pa.Array | None:
    """The column as Arrow casts it: whole numbers, or times that all have one of the API's two forms; else None."""
    import pyarrow.compute as pc  # slow to import, and a changes run may find no images

    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if lengths["min"] == 0:
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if attribute.kind is Kind.BIGINT:
        return texts.cast(ARROW_TYPES[attribute.kind]) if pc.all(pc.ascii_is_decimal(texts)).as_py() else None
    written_as = _USUAL_TIMES.get(lengths["min"])
    if written_as is None or lengths["max"] != lengths["min"]:
        return None
    times = texts.cast(written_as).cast(ARROW_TYPES[attribute.kind])
    return times if pc.min(times).as_py() else None  # raises for the year 0, which Arrow accepts


class _Parsed(dict[Any, Any]):
    """Parses each text once; null and ABSENT are null. Raises: Misfit."""

    def __init__(self, kind: Kind) -> None:
        self._parse = PARSERS[kind]

    def __missing__(self, text: Any) -> Any:
        parsed = self[text] = None if text is ABSENT else self._parse(text)
        return parsed


def _landed_hashes(images: Images) -> pa.Array:
    return pa.nulls(len(images), pa.string()) if images.hashes is None else pa.array(images.hashes, pa.string())
