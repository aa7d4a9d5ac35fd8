"""What makes two versions of an image the same: the content hash. Nothing else may decide that."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from extract.images import Images, Json

_DIGITS: Final = 32

_write = msgspec.json.Encoder(order="deterministic").encode_into


def content_hashes(images: Sequence[Json]) -> list[str]:
    """Of each image the first 32 hexadecimal digits of the SHA-256 of its content: of JSON without needless blanks.

    That is all attributes but the links, sorted by name; the order of tags is none either. Glance keeps tags as a set,
    whose order differs from one worker process to the next: an order that says nothing must not make versions.
    """
    images = Images.of(images)
    hashes, text = [], bytearray()
    for position, content in enumerate(images.contents()):
        try:
            _write(content, text)
        except (UnicodeEncodeError, RecursionError):
            text[:] = json.dumps(images.content(position), sort_keys=True, separators=(",", ":")).encode()
        hashes.append(sha256(text).hexdigest()[:_DIGITS])
    return hashes


def content_hash(image: dict[str, Any]) -> str:
    """The image's content hash."""
    (found,) = content_hashes([image])
    return found
