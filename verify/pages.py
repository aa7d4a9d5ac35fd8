"""Reads a page: its images, each with the hash of its text, and whether another page follows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from verify.files import Fault, hexadecimal

Json = Any

_LONGEST_ID: Final = 255
_BLANKS: Final = " \t\r\n\ufeff"
_blanks: Final = re.compile(f"[{_BLANKS}]*")


def _whole_number(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python turns into a number
        return digits


_scan = json.JSONDecoder(parse_int=_whole_number).raw_decode


@dataclass(frozen=True, slots=True)
class Body:
    """`images`: each with the hash of its text. `next`: None if no page follows."""

    images: list[tuple[Json, str]]
    next: str | None

    @property
    def next_marker(self) -> str | None:
        """The marker in `next`."""
        try:
            found = parse_qs(urlsplit(self.next or "").query).get("marker")
        except ValueError:
            return None
        return found[-1] if found else None


def page_of_images(body: bytes, where: str) -> Body:
    """Parse a page. Raises: Fault if it is not a page of images."""
    text, images, following = _text(body, where), None, None
    try:
        begin = _token(text, 0)
        for name, value, at, _ in _entries(text, begin) if text[begin] == "{" else ():
            if name == "images" and isinstance(value, list):
                images = [(image, _hash(text[begin:end])) for _, image, begin, end in _entries(text, at)]
            elif name == "next":
                following = value
    except (ValueError, IndexError, RecursionError) as exc:
        raise Fault(f"{where} is not readable JSON ({exc})") from exc
    if images is None or not isinstance(following, str | None):
        raise Fault(f"{where} is not a page of images")
    return Body(images, following or None)


def single_image(body: bytes, where: str) -> tuple[Json, str]:
    """An answer that holds one image, and the hash of its text. Raises: Fault."""
    text = _text(body, where)
    try:
        image, _ = _scan(text, _token(text, 0))
    except (ValueError, RecursionError) as exc:
        raise Fault(f"{where} is not readable JSON ({exc})") from exc
    return image, _hash(text)


def usable_id(image: Json) -> str | None:
    """The image's id; None if it has no usable id."""
    identity = image.get("id") if isinstance(image, dict) else None
    is_usable = isinstance(identity, str) and 0 < len(identity) <= _LONGEST_ID and identity.isprintable()
    return identity if is_usable else None


def _text(body: bytes, where: str) -> str:
    """The bytes as text; they may be UTF-8, UTF-16 or UTF-32. Raises: Fault."""
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as exc:
        raise Fault(f"{where} is not text ({exc.reason} at byte {exc.start})") from exc


def _hash(text: str) -> str:
    """The SHA-256 of an image's text in UTF-8, without blanks before and after it."""
    return hexadecimal(text.strip(_BLANKS).encode("utf-8", "surrogatepass"))


def _entries(text: str, at: int) -> Iterator[tuple[str | None, Json, int, int]]:
    """The entries of the JSON object or array at this position: name (in an object), value, its begin and its end.

    Raises: ValueError, IndexError, RecursionError.
    """
    is_object, at = text[at] == "{", _token(text, at + 1)
    while text[at] not in "]}":
        at, name = _token(text, at + 1) if text[at] == "," else at, None
        if is_object:
            name, at = _scan(text, at)
            at = _token(text, _token(text, at) + 1)
        value, end = _scan(text, at)
        yield name, value, at, end
        at = _token(text, end)


def _token(text: str, at: int) -> int:
    """The position of the next character that is not blank."""
    found = _blanks.match(text, at)
    return found.end() if found else at
