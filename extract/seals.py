"""JSON texts that carry the hash of themselves, and lines that carry the hash of the one before. Knows no files.

A sealed text is a JSON object whose first field is `hash`: the SHA-256, in hexadecimal, of the same text without that
field. docs/internals.md has the form; verify reads it with code of its own.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_OPENING: Final = b'{"hash":"'
_CLOSING: Final = b'",'
_DIGITS: Final = 64
_REST_AT: Final = len(_OPENING) + _DIGITS + len(_CLOSING)


@dataclass(frozen=True, slots=True)
class Head:
    """What a listing's manifest comes to: how many lines count, the hash of the last, and that of `reading.json`."""

    lines: int
    last: str | None
    start: str | None


def sealed(text: bytes) -> tuple[bytes, str]:
    """The JSON object, which must have a field, with the hash of itself; and that hash."""
    digest = sha256(text).hexdigest()
    return _OPENING + digest.encode() + _CLOSING + text[1:], digest


def seal_of(text: bytes, first: str) -> str | None:
    """The hash that the text carries; None for one from before there were hashes, which begins with the field `first`.

    Raises: ValueError where the text is neither.
    """
    if text.startswith(f'{{"{first}":'.encode()):
        return None
    digest, rest = text[len(_OPENING) :][:_DIGITS], text[_REST_AT:]
    is_sealed = text.startswith(_OPENING) and text[:_REST_AT].endswith(_CLOSING)
    if is_sealed and sha256(b"{" + rest).hexdigest().encode() == digest:
        return digest.decode()
    raise ValueError("it is not what was written: its hash differs")
