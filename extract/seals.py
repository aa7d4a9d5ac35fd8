"""JSON texts that contain their own hash, so that damage is detected. Does not know files.

A sealed text is a JSON object whose first field is `hash`: the SHA-256, in hexadecimal, of the same text without that
field. docs/internals.md describes the format; verify reads it with its own code.
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
    """The state of a listing's manifest: its number of lines, the hash of the last, and the hash of `reading.json`."""

    lines: int
    last: str | None
    start: str | None


def sealed(text: bytes) -> tuple[bytes, str]:
    """Return the JSON object with its hash as the first field, and the hash. The object must have a field."""
    digest = sha256(text).hexdigest()
    return _OPENING + digest.encode() + _CLOSING + text[1:], digest


def seal_of(text: bytes, first: str) -> str | None:
    """Return the hash in the text after checking it; None for an old text without a hash: its first field is `first`.

    Raises: ValueError if the text is neither.
    """
    if text.startswith(f'{{"{first}":'.encode()):
        return None
    digest, rest = text[len(_OPENING) :][:_DIGITS], text[_REST_AT:]
    is_sealed = text.startswith(_OPENING) and text[:_REST_AT].endswith(_CLOSING)
    if is_sealed and sha256(b"{" + rest).hexdigest().encode() == digest:
        return digest.decode()
    raise ValueError("it is not what was written: its hash differs")
