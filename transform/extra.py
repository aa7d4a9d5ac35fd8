"""The column `extra`: what no other column holds of an image."""

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
    """What no column holds: attributes that the dictionary does not know, and plain twins of extension attributes.

    By position, name, and value as received.
    """
    ids = images.column("id")
    held = [
        (position, name, text)
        for name, values in _left_over(images)
        for position, text in _texts(name, values, ids, rejects)
    ]
    held.sort(key=itemgetter(0))
    return held


def extra_column(images: int, entries: Sequence[tuple[int, str, str]]) -> pa.Array:
    """The column, of so many images."""
    counts = [0] * images
    for position, _, _ in entries:
        counts[position] += 1
    return pa.MapArray.from_arrays(
        pa.array(accumulate(counts, initial=0), pa.int32()),
        pa.array(map(itemgetter(1), entries), pa.string()),
        pa.array(map(itemgetter(2), entries), pa.string()),
    )


def _left_over(images: Images) -> Iterator[tuple[str, Mapping[int, Json]]]:
    """Each name with its values by position, in the order that `extra` has them."""
    for name in sorted(images.names - _KNOWN_NAMES):
        yield name, images.values(name)
    for extension, plain in _TWINS:
        if extension in images.names and plain in images.names:
            first = images.column(extension)
            yield plain, {at: value for at, value in images.values(plain).items() if first[at] is not ABSENT}


def _texts(
    name: str, values: Mapping[int, Json], ids: Sequence[str], rejects: list[Reject]
) -> Iterable[tuple[int, str]]:
    """The values as received, by position, without those that are not Unicode, which are rejected."""
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
