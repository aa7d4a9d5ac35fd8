"""Decodes an answer's body piece by piece with a size limit: a few kilobytes of gzip may contain gigabytes.

Called by extract.transport. No I/O of its own.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

ANNOUNCED: Final = "gzip"
"""The only content coding that we ask for, because only gzip is decoded here with a limit."""

_GZIP: Final = 31
"""zlib's wbits for a gzip header and trailer, whose checksum and length are verified."""
_PIECE_BYTES: Final = 1_048_576


class TooLarge(Exception):
    """The body is larger than the limit."""


class BrokenCoding(Exception):
    """The body does not match its Content-Encoding, or is cut off."""


class UnknownCoding(Exception):
    """The Content-Encoding is not the one that we asked for."""


def decoded(chunks: Iterable[bytes], content_encoding: str, largest_bytes: int) -> Iterator[bytes]:
    """Yield the decoded body in pieces, never more than `largest_bytes`, neither as received nor decoded.

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
    """Yield the decompressed pieces. Source: RFC 1952, section 2.2: a file is one or more members and nothing else."""
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
    # An empty body, such as that of some statuses, has no member, whatever its header says.
    if has_begun and not member.eof:
        raise BrokenCoding("it is cut off")
