"""The bytes of an answer, plain and compressed, and the tag that names them."""

import gzip
import json
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple, Self

from extract.listing import IMS

_LEAST_TO_COMPRESS: Final = 500
_LEVEL: Final = 1
"""Half as long as the usual level, for a tenth more bytes."""


class Text(NamedTuple):
    """An image's JSON, and what is another one for another text: so that a page's tag needs no look at its bytes."""

    content: bytes
    digest: bytes

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(content, _digest(content))


class Body:
    """JSON that was made once and is sent as often as it is asked for. `tag` is an ETag's, without quotation marks."""

    def __init__(self, content: bytes, digest: bytes | None = None) -> None:
        """`digest` is another one for each content, where that is known already."""
        self.content = content
        self.tag = (digest or _digest(content)).hex()

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


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def page_body(images: Sequence[Text], first: str, following: str | None, dialect: str) -> Body:
    """A page of images, in the order that the dialect's service writes it."""
    links = {
        "first": f'"first": {json.dumps(first)}'.encode(),
        "schema": b'"schema": "/v2/schemas/images"',
        "next": f'"next": {json.dumps(following)}'.encode() if following is not None else b"",
    }
    before, after = (("schema", "next"), ("first",)) if dialect == IMS else ((), ("first", "schema", "next"))
    head = b"{" + b"".join(links[name] + b", " for name in before if links[name]) + b'"images": ['
    tail = b"]" + b"".join(b", " + links[name] for name in after if links[name]) + b"}"
    if not images:
        return Body(head + tail)
    contents, digests = map(list, zip(*images, strict=True))
    # One copy of so many bytes, not three.
    contents[0] = head + contents[0]
    contents[-1] += tail
    return Body(b", ".join(contents), _digest(b"".join([head, tail, *digests])))


def image_body(image: Text) -> Body:
    return Body(image.content, image.digest)
