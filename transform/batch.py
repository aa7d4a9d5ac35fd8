"""The images of a page -> one Arrow batch of typed columns, and one of what did not fit. Nothing raises.

Every attribute of every image ends in exactly one place: its column, `extra`, or the rejects.
Columns are built whole where all values are as expected, and value by value where one is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from extract.body import Json, usable_id
from transform.dictionary import ATTRIBUTES, Attribute, Kind, arrow_schema
from transform.identity import content_hash
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
_NO_OTHER_TYPES: Final[dict[Kind, tuple[set[type], ...]]] = {
    Kind.BOOLEAN: ({str, bool, type(None)},),
    Kind.INTEGER: ({int, type(None)}, {str, type(None)}),
    Kind.BIGINT: ({int, type(None)}, {str, type(None)}),
    Kind.TIMESTAMP: ({str, type(None)},),
}
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
    usable = []
    for image in images:
        if usable_id(image) is None:
            rejects.append(Reject(None, None, as_received(image), "the image has no usable id"))
        else:
            usable.append(image)
    present = set().union(*usable)
    columns = [_column(attribute, usable, present, rejects) for attribute in ATTRIBUTES]
    columns.append(_extra(usable, present, rejects))
    columns.append(pa.array([content_hash(image) for image in usable], pa.string()))
    return Flattened(pa.record_batch(columns, schema=IMAGES_SCHEMA), _reject_batch(rejects))


def _column(attribute: Attribute, images: list[Any], present: set[str], rejects: list[Reject]) -> pa.Array:
    names = [name for name in attribute.api_names if name in present]
    if not names:
        return pa.nulls(len(images), attribute.arrow_type)
    if len(names) == 1:
        values = [image.get(names[0]) for image in images]
    else:
        values = [image.get(_holder(image, names)) for image in images]
    whole = _whole_column(attribute, values)
    if whole is not None:
        return whole
    parse = PARSERS[attribute.kind]
    parsed = []
    for image, value in zip(images, values, strict=True):
        try:
            parsed.append(parse(value))
        except Misfit as misfit:
            parsed.append(None)
            rejects.append(Reject(image["id"], _holder(image, names), as_received(value), str(misfit)))
    return pa.array(parsed, attribute.arrow_type)


def _holder(image: Any, names: Iterable[str]) -> str:
    """The name by which this image has the attribute: the extension's before the plain one."""
    present = [name for name in names if name in image]
    return present[0] if present else ""


def _whole_column(attribute: Attribute, values: list[Json]) -> pa.Array | None:
    """The column in one go, or None where a value is not of the usual shape and each must be looked at."""
    allowed = _NO_OTHER_TYPES.get(attribute.kind)
    if allowed is not None:
        types = set(map(type, values))
        if not any(types <= usual for usual in allowed):
            return None
    try:
        match attribute.kind:
            case Kind.TEXT:
                return pa.array(values, pa.string())
            case Kind.BOOLEAN:
                return pa.array([_BOOLEANS[value] for value in values], pa.bool_())
            case Kind.INTEGER | Kind.BIGINT if int in types:
                return pa.array(values, attribute.arrow_type)
            case Kind.TIMESTAMP:
                return pa.array([_usual_time(value) for value in values], attribute.arrow_type)
    except (pa.ArrowException, KeyError, ValueError, OverflowError, TypeError):
        return None
    return None


def _usual_time(value: str | None) -> datetime | None:
    """A time as the API writes it, `2018-09-06T14:03:27Z`; any other is for the parser."""
    if value is None:
        return None
    if len(value) != 20 or value[19] != "Z" or value[10] != "T":
        raise ValueError
    return datetime.fromisoformat(value[:19])


def _extra(images: list[Any], present: set[str], rejects: list[Reject]) -> pa.Array:
    """What no column holds: attributes that the dictionary does not know, and plain twins of extension attributes."""
    unknown = present - _KNOWN_NAMES
    twins = [names for attribute in ATTRIBUTES if len(names := [n for n in attribute.api_names if n in present]) > 1]
    offsets, keys, items = [0], [], []
    for image in images:
        left_over = [name for name in image if name in unknown] if unknown else []
        for names in twins:
            left_over += [name for name in names if name in image][1:]
        for name in left_over:
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


def _reject_batch(rejects: list[Reject]) -> pa.RecordBatch:
    return pa.record_batch(
        [pa.array([getattr(reject, name) for reject in rejects], pa.string()) for name in REJECTS_SCHEMA.names],
        schema=REJECTS_SCHEMA,
    )
