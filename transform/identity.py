"""What makes two versions of an image the same: the content hash. Nothing else may decide that."""

import json
from hashlib import blake2b
from typing import Any

import msgspec

NOT_CONTENT = ("self", "file", "schema", "first")
"""Links, which say where an image is shown, not what it is."""

_DIGEST_BYTES = 16
_encoder = msgspec.json.Encoder(order="sorted")


def content_hash(image: dict[str, Any]) -> str:
    """32 hexadecimal digits over the image as received, less NOT_CONTENT; the order of attributes and of tags is none.

    Glance keeps tags as a set, whose order differs from one worker process to the next: an order that says nothing
    must not make versions.
    """
    content = image.copy()
    for link in NOT_CONTENT:
        content.pop(link, None)
    tags = content.get("tags")
    if isinstance(tags, list) and len(tags) > 1 and all(isinstance(tag, str) for tag in tags):
        content["tags"] = sorted(tags)
    try:
        canonical = _encoder.encode(content)
    except (UnicodeEncodeError, RecursionError):
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return blake2b(canonical, digest_size=_DIGEST_BYTES).hexdigest()
