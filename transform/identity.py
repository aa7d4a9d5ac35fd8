"""What makes two versions of an image the same: the content hash. Nothing else may decide that.

Images come by the thousand with the same attributes in the same order: what follows from those is worked out once.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final

import msgspec

NOT_CONTENT: Final = ("self", "file", "schema", "first")
"""Links, which say where an image is shown, not what it is."""

_DIGEST_BYTES: Final = 16
_SHAPES_KEPT: Final = 4096
_encoder = msgspec.json.Encoder(order="sorted")


class Shape:
    """What images with the same attributes have in common.

    `attributes` as received; `content` those that count, sorted; `values` takes an image's values of these.
    """

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.content = tuple(sorted(name for name in attributes if name not in NOT_CONTENT))
        self.values = taking(self.content)
        self._tags = self.content.index("tags") if "tags" in self.content else None
        self._hash = blake2b(json.dumps(self.content).encode(), digest_size=_DIGEST_BYTES)

    def content_hash(self, values: tuple[Any, ...]) -> str:
        """32 hexadecimal digits over the content; the order of attributes and of tags is none.

        Glance keeps tags as a set, whose order differs from one worker process to the next: an order that says nothing
        must not make versions.
        """
        if self._tags is not None:
            tags = values[self._tags]
            if isinstance(tags, list) and len(tags) > 1 and all(isinstance(tag, str) for tag in tags):
                values = (*values[: self._tags], sorted(tags), *values[self._tags + 1 :])
        try:
            canonical = _encoder.encode(values)
        except (UnicodeEncodeError, RecursionError):
            canonical = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
        digest = self._hash.copy()
        digest.update(canonical)
        return digest.hexdigest()


@lru_cache(_SHAPES_KEPT)
def _shape(attributes: tuple[str, ...]) -> Shape:
    return Shape(attributes)


def shape_of(image: dict[str, Any]) -> Shape:
    """The image's shape, the same object for every image with the same attributes in the same order."""
    return _shape(tuple(image))


def content_hash(image: dict[str, Any]) -> str:
    """The image's content hash; see Shape."""
    shape = shape_of(image)
    return shape.content_hash(shape.values(image))


def taking(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """itemgetter, which gives a tuple for two keys and more only."""
    return itemgetter(*keys) if len(keys) > 1 else lambda holder: tuple(holder[key] for key in keys)
