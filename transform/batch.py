"""The images of a page -> one Arrow batch of typed columns, and one of what did not fit. Nothing raises.

Every attribute of every image ends in exactly one place: its column, `extra`, or the rejects.
Columns are built whole where all values are as expected, and value by value where one is not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from extract.body import MAX_ID_CHARACTERS, Json, usable_id
from transform.dictionary import ARROW_TYPES, ATTRIBUTES, Attribute, Kind, arrow_schema
from transform.identity import NOT_CONTENT, Shape, shape_of, taking
from transform.values import PARSERS, Misfit, as_received, is_unicode

EXTRA_TYPE: Final = pa.map_(pa.string(), pa.string())
IMAGES_SCHEMA: Final = pa.schema(
    [
        *arrow_schema(),
        pa.field("extra", EXTRA_TYPE),
        pa.field("content_hash", pa.string()),
    ]
)
REJECTS_SCHEMA: Final = pa.schema([pa.field(name, pa.string()) for name in ("id", "attribute", "value", "reason")])

_KNOWN_NAMES: Final = frozenset(name for attribute in ATTRIBUTES for name in attribute.api_names)
_USUAL_TIMES: Final = {
    len("2018-09-06T14:03:27Z"): pa.timestamp("us", "UTC"),
    len("2018-09-06T14:03:27.000000"): pa.timestamp("us"),
}
_BOOLEAN_TYPES: Final = {str, bool, type(None)}
_BOOLEANS: Final[dict[Json, bool | None]] = {
    **{"true": True, "True": True, True: True, "false": False, "False": False, False: False},
    **{"": None, None: None},
}


@dataclass(frozen=True, slots=True)
class Reject:
    """A value, or (attribute None) an image, that could not be kept in its place; `value` is the original."""

    id: str | None
    attribute: str | None
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Flattened:
    """`images` has IMAGES_SCHEMA, a row an image with a usable id, in the order received; `rejects` REJECTS_SCHEMA."""

    images: pa.RecordBatch
    rejects: pa.RecordBatch


def flatten(images: Sequence[Json]) -> Flattened:
    """The images of one page, flattened."""
    rejects: list[Reject] = []
    usable: Sequence[Any] = images if _all_usable(images) else _usable(images, rejects)
    shapes = list(map(shape_of, usable))
    contents = [shape.values(image) for shape, image in zip(shapes, usable, strict=True)]
    values = _by_name(usable, shapes, contents)
    columns = [_column(attribute, usable, values, rejects) for attribute in ATTRIBUTES]
    columns.append(_extra(usable, shapes, rejects))
    hashes = [shape.content_hash(content) for shape, content in zip(shapes, contents, strict=True)]
    columns.append(pa.array(hashes, pa.string()))
    return Flattened(pa.record_batch(columns, schema=IMAGES_SCHEMA), _reject_batch(rejects))


def _all_usable(images: Sequence[Json]) -> bool:
    """Whether all images have an id that usable_id takes; asked of all at once, for that is ten times as fast."""
    try:
        ids = [image["id"] for image in images]
        return (
            set(map(type, images)) <= {dict}
            and "".join(ids).isprintable()
            and all(map(MAX_ID_CHARACTERS.__ge__, map(len, ids)))
            and "" not in ids
        )
    except (TypeError, KeyError):
        return False


def _usable(images: Sequence[Json], rejects: list[Reject]) -> list[Json]:
    usable = []
    for image in images:
        if usable_id(image) is None:
            rejects.append(Reject(None, None, as_received(image), "the image has no usable id"))
        else:
            usable.append(image)
    return usable


def _by_name(
    images: Sequence[Any], shapes: Sequence[Shape], contents: Sequence[tuple[Json, ...]]
) -> dict[str, Sequence[Json]]:
    """The values of all images by attribute, None where an image does not have it."""
    names = {name for shape in set(shapes) for name in shape.attributes}
    content = tuple(sorted(names.difference(NOT_CONTENT)))
    rows: Iterable[tuple[Json, ...]] = contents
    if any(shape.content != content for shape in set(shapes)):
        arranged = {shape: _arranging(shape, content) for shape in set(shapes)}
        rows = [arranged[shape]((*values, None)) for shape, values in zip(shapes, contents, strict=True)]
    by_name: dict[str, Sequence[Json]] = dict(zip(content, zip(*rows, strict=True), strict=True))
    for link in names.intersection(NOT_CONTENT):
        by_name[link] = [image.get(link) for image in images]
    return by_name


def _arranging(shape: Shape, names: Sequence[str]) -> Callable[[tuple[Json, ...]], tuple[Json, ...]]:
    """Puts an image's values, with a None behind them, where `names` has them; the None where it lacks one."""
    places = {name: place for place, name in enumerate(shape.content)}
    return taking([places.get(name, len(places)) for name in names])


def _column(
    attribute: Attribute, images: Sequence[Any], by_name: dict[str, Sequence[Json]], rejects: list[Reject]
) -> pa.Array:
    names = [name for name in attribute.api_names if name in by_name]
    if not names:
        return pa.nulls(len(images), attribute.arrow_type)
    values = by_name[names[0]]
    if len(names) > 1:
        values = [image.get(_holder(image, names)) for image in images]
    whole = _whole_column(attribute, values)
    if whole is not None:
        return whole
    parse = PARSERS[attribute.kind]
    parsed: list[Any] = []
    known: dict[str, Any] = {}
    for image, value in zip(images, values, strict=True):
        try:
            if type(value) is not str:
                parsed.append(parse(value))
            elif value in known:
                parsed.append(known[value])
            else:
                known[value] = parse(value)
                parsed.append(known[value])
        except Misfit as misfit:
            parsed.append(None)
            rejects.append(Reject(image["id"], _holder(image, names), as_received(value), str(misfit)))
    return pa.array(parsed, attribute.arrow_type)


def _holder(image: Any, names: Iterable[str]) -> str:
    """The name by which this image has the attribute: the extension's before the plain one."""
    present = [name for name in names if name in image]
    return present[0] if present else ""


def _whole_column(attribute: Attribute, values: Sequence[Json]) -> pa.Array | None:
    """The column in one go, or None where a value is not of the usual shape and each must be looked at."""
    try:
        match attribute.kind:
            case Kind.TEXT:
                return pa.array(values, pa.string())
            case Kind.BOOLEAN:
                if set(map(type, values)) <= _BOOLEAN_TYPES:
                    return pa.array(list(map(_BOOLEANS.__getitem__, values)), pa.bool_())
            case Kind.INTEGER | Kind.BIGINT:
                return _whole_numbers(attribute, values)
            case Kind.TIMESTAMP:
                return _usual_times(values)
            case Kind.TAGS:
                return _lists(values)
    except (pa.ArrowException, KeyError, ValueError, OverflowError, TypeError):
        pass
    return None


def _whole_numbers(attribute: Attribute, values: Sequence[Json]) -> pa.Array | None:
    types = set(map(type, values))
    if types <= {int, type(None)}:
        return pa.array(values, attribute.arrow_type)
    if types <= {str, type(None)}:
        texts = [value or None for value in values]
        digits = "".join(filter(None, texts))
        if not digits or (digits.isascii() and digits.isdigit()):
            return pa.array(texts, pa.string()).cast(attribute.arrow_type)
    return None


def _usual_times(values: Sequence[Json]) -> pa.Array | None:
    """Times that are all written in one of the two ways of the API; any other is for the parser."""
    if not set(map(type, values)) <= {str, type(None)}:
        return None
    texts = [value or None for value in values]
    (length,) = set(map(len, filter(None, texts))) or {0}
    written_as = _USUAL_TIMES.get(length)
    if written_as is None:
        return None
    times = pa.array(texts, pa.string()).cast(written_as).cast(ARROW_TYPES[Kind.TIMESTAMP])
    earliest = pc.min(times).as_py()  # Arrow knows a year 0: then this raises
    return times if earliest else None


def _lists(values: Sequence[Json]) -> pa.Array | None:
    return pa.array(values, ARROW_TYPES[Kind.TAGS]) if set(map(type, values)) <= {list, type(None)} else None


def _extra(images: Sequence[Any], shapes: Sequence[Shape], rejects: list[Reject]) -> pa.Array:
    """What no column holds: attributes that the dictionary does not know, and plain twins of extension attributes."""
    left_over = {shape: _left_over(shape) for shape in set(shapes)}
    offsets, keys, items = [0], [], []
    for image, shape in zip(images, shapes, strict=True):
        for name in left_over[shape]:
            value = image[name]
            if is_unicode(name) and (not isinstance(value, str) or is_unicode(value)):
                keys.append(name)
                items.append(as_received(value))
            else:
                rejects.append(Reject(image["id"], as_received(name), as_received(value), "the text is not Unicode"))
        offsets.append(len(keys))
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(keys, pa.string()), pa.array(items, pa.string())
    )


def _left_over(shape: Shape) -> list[str]:
    unknown = sorted(name for name in shape.attributes if name not in _KNOWN_NAMES)
    held = ([name for name in attribute.api_names if name in shape.attributes] for attribute in ATTRIBUTES)
    return unknown + [twin for names in held for twin in names[1:]]


def _reject_batch(rejects: list[Reject]) -> pa.RecordBatch:
    return pa.record_batch(
        [pa.array([getattr(reject, name) for reject in rejects], pa.string()) for name in REJECTS_SCHEMA.names],
        schema=REJECTS_SCHEMA,
    )
