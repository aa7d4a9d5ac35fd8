"""What makes two versions of an image the same: the content hash. Nothing else may decide that.

Images come by the thousand with the same attributes in the same order: what follows from those is worked out once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

Columns = Mapping[str, Sequence[Any]]
"""The values of several images by attribute, in the order of the images."""

NOT_CONTENT: Final = ("self", "file", "schema", "first")
"""Links, which say where an image is shown, not what it is."""

_DIGEST_BYTES: Final = 16
SHAPES_KEPT: Final = 4096
"""Beyond so many, what images have in common is worked out anew."""

_encoder = msgspec.json.Encoder(order="sorted")


class Shape:
    """What images with the same attributes have in common: `attributes` as received, `content` those that count."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.content = tuple(sorted(name for name in attributes if name not in NOT_CONTENT))
        self._hash = blake2b(json.dumps(self.content).encode(), digest_size=_DIGEST_BYTES)

    def content_hashes(self, columns: Columns) -> list[str]:
        """Of each image 32 hexadecimal digits over its content; the order of attributes and of tags is none.

        Glance keeps tags as a set, whose order differs from one worker process to the next: an order that says nothing
        must not make versions.
        """
        counting = [_sorted_tags(columns[name]) if name == "tags" else columns[name] for name in self.content]
        hashes = []
        for canonical in _canonical(list(zip(*counting, strict=True)) or [()]):
            digest = self._hash.copy()
            digest.update(canonical)
            hashes.append(digest.hexdigest())
        return hashes


@lru_cache(SHAPES_KEPT)
def _shape(attributes: tuple[str, ...]) -> Shape:
    return Shape(attributes)


def by_shape(images: Iterable[dict[str, Any]]) -> dict[Shape, list[int]]:
    """Which of the images have the same attributes in the same order, by their number."""
    places: dict[tuple[str, ...], list[int]] = {}
    # Comparing with the last image of as many attributes is faster than hashing fifty names.
    last: dict[int, tuple[tuple[str, ...], list[int]]] = {}
    for number, image in enumerate(images):
        attributes = tuple(image)
        known = last.get(len(attributes))
        if known is None or known[0] != attributes:
            known = last[len(attributes)] = (attributes, places.setdefault(attributes, []))
        known[1].append(number)
    return {_shape(attributes): numbers for attributes, numbers in places.items()}


def content_hash(image: dict[str, Any]) -> str:
    """The image's content hash; see Shape."""
    (found,) = _shape(tuple(image)).content_hashes({name: [value] for name, value in image.items()})
    return found


def _sorted_tags(column: Sequence[Any]) -> list[Any]:
    return [sorted(tags) if _are_tags(tags) else tags for tags in column]


def _are_tags(tags: Any) -> bool:
    return isinstance(tags, list) and len(tags) > 1 and all(isinstance(tag, str) for tag in tags)


def _canonical(rows: Sequence[tuple[Any, ...]]) -> list[bytes]:
    """Each row as JSON text, objects sorted by key."""
    try:
        return _encoder.encode_lines(rows).split(b"\n")[:-1]  # a text in JSON has no line end
    except (UnicodeEncodeError, RecursionError):
        return [_canonical_row(row) for row in rows]


def _canonical_row(row: tuple[Any, ...]) -> bytes:
    try:
        return _encoder.encode(row)
    except (UnicodeEncodeError, RecursionError):
        return json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
