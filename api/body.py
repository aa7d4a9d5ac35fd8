"""The bytes of an answer, plain and compressed, and the tag that names them."""

import gzip
import json
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Final

from extract.listing import IMS

_LEAST_TO_COMPRESS: Final = 500
_LEVEL: Final = 1
"""Half as long as the usual level, for a tenth more bytes."""


class Body:
    """JSON that was made once and is sent as often as it is asked for. `tag` is an ETag's, without quotation marks."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tag = blake2b(content, digest_size=16).hexdigest()

    @property
    def size(self) -> int:
        """What keeping it takes, in bytes, compressed form included."""
        return len(self.content) * 5 // 4

    @property
    def is_worth_compressing(self) -> bool:
        return len(self.content) >= _LEAST_TO_COMPRESS

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, _LEVEL, mtime=0)


def page_body(images: Sequence[bytes], first: str, following: str | None, dialect: str) -> Body:
    """A page of images, in the order that the dialect's service writes it."""
    array = b'"images": [' + b", ".join(images) + b"]"
    links = {
        "first": f'"first": {json.dumps(first)}'.encode(),
        "schema": b'"schema": "/v2/schemas/images"',
        "next": f'"next": {json.dumps(following)}'.encode() if following is not None else b"",
    }
    order = (
        [links["schema"], links["next"], array, links["first"]]
        if dialect == IMS
        else [array, links["first"], links["schema"], links["next"]]
    )
    return Body(b"{" + b", ".join(part for part in order if part) + b"}")


def image_body(image: bytes) -> Body:
    return Body(image)
