"""The column `extra`: the attributes of an image that have no column of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

import pyarrow as pa

from extract.images import ABSENT, Images, Json
from transform.dictionary import ATTRIBUTES
from transform.rejects import Reject
from transform.values import as_received, is_unicode

EXTRA_TYPE: Final = pa.map_(pa.string(), pa.string())

_KNOWN_NAMES: Final = frozenset(name for attribute in ATTRIBUTES for name in attribute.api_names)
_TWINS: Final = tuple(attribute.api_names for attribute in ATTRIBUTES if len(attribute.api_names) > 1)


def extra_entries(images: Images, rejects: list[Reject]) -> list[tuple[int, str, str]]:
    """Return attributes that the dictionary does not know, and plain twins of extension attributes that are also there.

    Each is (position of the image, name, value as received), in order of position. Appends to `rejects`.
    """
    ids = images.column("id")
    entries = [
        (position, name, text)
        for name, values in _without_column(images)
        for position, text in _texts(name, values, ids, rejects)
    ]
    entries.sort(key=itemgetter(0))
    return entries


def extra_column(images: int, entries: Sequence[tuple[int, str, str]]) -> pa.Array:
    """Return the column. `images`: its number of rows."""
    counts = [0] * images
    for position, _, _ in entries:
        counts[position] += 1
    return pa.MapArray.from_arrays(
        pa.array(accumulate(counts, initial=0), pa.int32()),
        pa.array(map(itemgetter(1), entries), pa.string()),
        pa.array(map(itemgetter(2), entries), pa.string()),
    )


def _without_column(images: Images) -> Iterator[tuple[str, Mapping[int, Json]]]:
    """Yield each name with its values by position, in the order of `extra`."""
    for name in sorted(images.names - _KNOWN_NAMES):
        yield name, images.values(name)
    for extension, plain in _TWINS:
        if extension in images.names and plain in images.names:
            first = images.column(extension)
            yield plain, {at: value for at, value in images.values(plain).items() if first[at] is not ABSENT}


def _texts(
    name: str, values: Mapping[int, Json], ids: Sequence[str], rejects: list[Reject]
) -> Iterable[tuple[int, str]]:
    """Return (position, value as received). Values that are not Unicode are rejected instead."""
    if is_unicode(name) and set(map(type, values.values())) == {str} and is_unicode("".join(values.values())):
        return values.items()
    texts = []
    for position, value in values.items():
        if is_unicode(name) and (type(value) is not str or is_unicode(value)):
            texts.append((position, as_received(value)))
        else:
            reason = "the text is not Unicode"
            rejects.append(Reject(ids[position], as_received(name), as_received(value), reason, position))
    return texts
