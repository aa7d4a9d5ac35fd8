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
"""Half the time of the usual level, for a tenth more bytes."""


class Text(NamedTuple):
    """An image's JSON and its digest. The tag of a page is made from the digests, without reading the bytes again."""

    content: bytes
    digest: bytes

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(content, _digest(content))


class Body:
    """JSON that is made once and sent as often as it is requested. `tag`: its ETag, without quotation marks."""

    def __init__(self, content: bytes, digest: bytes | None = None) -> None:
        """`digest`: a digest that identifies the content, if the caller has one."""
        self.content = content
        self.tag = (digest or _digest(content)).hex()

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes, with its compressed form."""
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
    """A page of images, with its members in the order in which the dialect's service writes them."""
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
    # So that the bytes are copied once, not three times.
    contents[0] = head + contents[0]
    contents[-1] += tail
    return Body(b", ".join(contents), _digest(b"".join([head, tail, *digests])))


def image_body(image: Text) -> Body:
    return Body(image.content, image.digest)
