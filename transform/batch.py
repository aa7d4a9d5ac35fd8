"""The images of a page -> one Arrow batch of typed columns, and one of what did not fit. Nothing raises.

Every attribute of every image ends in exactly one place: its column, `extra`, or the rejects.
Columns are built whole where all values are as expected, and value by value where one is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from extract.body import Json, all_have_usable_ids, usable_id
from transform.dictionary import ARROW_TYPES, ATTRIBUTES, Attribute, Kind, arrow_schema
from transform.identity import SHAPES_KEPT, Columns, Shape, by_shape
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
    usable: Sequence[Any] = images if all_have_usable_ids(images) else _usable(images, rejects)
    groups = [_Group(shape, numbers, usable) for shape, numbers in by_shape(usable).items()]
    in_groups = [image for group in groups for image in group.images]
    values = _together(groups)
    columns = [_column(attribute, in_groups, values, rejects) for attribute in ATTRIBUTES]
    columns.append(_extra(groups, rejects))
    columns.append(pa.array([one for group in groups for one in group.content_hashes()], pa.string()))
    flat = pa.record_batch(columns, schema=IMAGES_SCHEMA)
    if len(groups) > 1:
        flat = flat.take(pc.sort_indices(pa.array([number for group in groups for number in group.numbers])))
    return Flattened(flat, _reject_batch(rejects))


class _Group:
    """Images of a page that have the same attributes in the same order, and their values, attribute by attribute."""

    def __init__(self, shape: Shape, numbers: Sequence[int], page: Sequence[Any]) -> None:
        self.shape = shape
        self.numbers = numbers
        self.images = page if len(numbers) == len(page) else [page[number] for number in numbers]
        values = zip(*[image.values() for image in self.images], strict=True)
        self.columns: Columns = dict(zip(shape.attributes, values, strict=True))

    def content_hashes(self) -> list[str]:
        return self.shape.content_hashes(self.columns)


def _together(groups: Sequence[_Group]) -> Columns:
    """The values of all groups, one after the other, None where a group does not have the attribute."""
    if len(groups) == 1:
        return groups[0].columns
    missing = {group: (None,) * len(group.images) for group in groups}
    names = dict.fromkeys(name for group in groups for name in group.shape.attributes)
    return {
        name: list(chain.from_iterable(group.columns.get(name, missing[group]) for group in groups)) for name in names
    }


def _usable(images: Sequence[Json], rejects: list[Reject]) -> list[Json]:
    usable = []
    for image in images:
        if usable_id(image) is None:
            rejects.append(Reject(None, None, as_received(image), "the image has no usable id"))
        else:
            usable.append(image)
    return usable


def _column(attribute: Attribute, images: Sequence[Any], by_name: Columns, rejects: list[Reject]) -> pa.Array:
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
        if _is_one_text(values):
            return pa.repeat(pa.scalar(PARSERS[attribute.kind](values[0]), attribute.arrow_type), len(values))
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


def _is_one_text(values: Sequence[Json]) -> bool:
    """Whether all values are one and the same text. Of most attributes a page has one value, or as good as none."""
    one = values[0]
    return type(one) is str and values[-1] == one and values.count(one) == len(values)


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


def _extra(groups: Sequence[_Group], rejects: list[Reject]) -> pa.Array:
    """What no column holds: attributes that the dictionary does not know, and plain twins of extension attributes."""
    offsets, keys, items = [0], list[str](), list[str]()
    for group in groups:
        names = _left_over(group.shape)
        texts = [_texts(group.columns[name]) if is_unicode(name) else None for name in names]
        whole = [text for text in texts if text is not None]
        if len(whole) == len(names):
            keys += names * len(group.images)
            items += chain.from_iterable(zip(*whole, strict=True))
            offsets += [offsets[-1] + len(names) * number for number in range(1, len(group.images) + 1)]
            continue
        for image in group.images:
            for name in names:
                value = image[name]
                if is_unicode(name) and (not isinstance(value, str) or is_unicode(value)):
                    keys.append(name)
                    items.append(as_received(value))
                else:
                    rejects.append(
                        Reject(image["id"], as_received(name), as_received(value), "the text is not Unicode")
                    )
            offsets.append(len(keys))
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(keys, pa.string()), pa.array(items, pa.string())
    )


def _texts(values: Sequence[Json]) -> Sequence[str] | None:
    """The values as received, or None where one is a text that is not Unicode."""
    texts = values if set(map(type, values)) == {str} else [as_received(value) for value in values]
    originals = [value for value in values if type(value) is str]
    return texts if is_unicode("".join(originals)) else None


@lru_cache(SHAPES_KEPT)
def _left_over(shape: Shape) -> list[str]:
    unknown = sorted(name for name in shape.attributes if name not in _KNOWN_NAMES)
    held = ([name for name in attribute.api_names if name in shape.attributes] for attribute in ATTRIBUTES)
    return unknown + [twin for names in held for twin in names[1:]]


def _reject_batch(rejects: list[Reject]) -> pa.RecordBatch:
    return pa.record_batch(
        [pa.array([getattr(reject, name) for reject in rejects], pa.string()) for name in REJECTS_SCHEMA.names],
        schema=REJECTS_SCHEMA,
    )
