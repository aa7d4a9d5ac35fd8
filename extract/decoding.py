"""An answer's body, decoded piece by piece and bounded: a few kilobytes of gzip may hold gigabytes.

Called by transport. No I/O of its own.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

ANNOUNCED: Final = "gzip"
"""The one content coding that is asked for: what is announced must be decoded with a bound."""

_GZIP: Final = 31
"""zlib's wbits for a gzip header and trailer, whose checksum and length are verified."""
_PIECE_BYTES: Final = 1_048_576


class TooLarge(Exception):
    """The body has more bytes than it may have."""


class BrokenCoding(Exception):
    """The body is not what its Content-Encoding says, or breaks off."""


class UnknownCoding(Exception):
    """The Content-Encoding is not the one that was asked for."""


def decoded(chunks: Iterable[bytes], content_encoding: str, largest_bytes: int) -> Iterator[bytes]:
    """Yield the decoded body in pieces; no more than `largest_bytes` of it, decoded or as received, are ever held.

    Raises: TooLarge, BrokenCoding, UnknownCoding.
    """
    codings = [name for name in (part.strip().lower() for part in content_encoding.split(",")) if name]
    codings = [name for name in codings if name != "identity"]
    if codings not in ([], ["gzip"], ["x-gzip"]):
        raise UnknownCoding(", ".join(codings))
    received = _bounded(chunks, largest_bytes)
    return _bounded(_gunzipped(received), largest_bytes) if codings else received


def _bounded(chunks: Iterable[bytes], largest_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest_bytes:
            raise TooLarge
        yield chunk


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Source: RFC 1952, section 2.2: a file has one member or several, one after another, and nothing else."""
    member = zlib.decompressobj(_GZIP)
    has_begun = False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP)
                has_begun = True
                yield member.decompress(rest, _PIECE_BYTES)
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error as exc:
        raise BrokenCoding(str(exc)) from exc
    # An empty body has no member, whatever its header says: that of a status without a body, for instance.
    if has_begun and not member.eof:
        raise BrokenCoding("it breaks off")
