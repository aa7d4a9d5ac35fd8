"""What is on a page: its images, with the hashes of the texts that stand for them, and whether another page follows."""

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
    """`images` with the hash of each one's text; `next` is None where no page follows."""

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
    """Raises: Fault where this is no page of images."""
    text, images, following = _text(body, where), None, None
    try:
        begin = _token(text, 0)
        for name, value, at, _ in _entries(text, begin) if text[begin] == "{" else ():
            if name == "images" and isinstance(value, list):
                images = [(image, _hash(text[begin:end])) for _, image, begin, end in _entries(text, at)]
            elif name == "next":
                following = value
    except (ValueError, IndexError, RecursionError) as exc:
        raise Fault(f"{where} is no JSON that can be read ({exc})") from exc
    if images is None or not isinstance(following, str | None):
        raise Fault(f"{where} is no page of images")
    return Body(images, following or None)


def single_image(body: bytes, where: str) -> tuple[Json, str]:
    """An answer that holds one image, and the hash of its text. Raises: Fault."""
    text = _text(body, where)
    try:
        image, _ = _scan(text, _token(text, 0))
    except (ValueError, RecursionError) as exc:
        raise Fault(f"{where} is no JSON that can be read ({exc})") from exc
    return image, _hash(text)


def usable_id(image: Json) -> str | None:
    """The image's id; None where it has none that can name it."""
    identity = image.get("id") if isinstance(image, dict) else None
    is_usable = isinstance(identity, str) and 0 < len(identity) <= _LONGEST_ID and identity.isprintable()
    return identity if is_usable else None


def _text(body: bytes, where: str) -> str:
    """The bytes as text, in whichever UTF they are. Raises: Fault."""
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as exc:
        raise Fault(f"{where} is no text ({exc.reason} at byte {exc.start})") from exc


def _hash(text: str) -> str:
    """The SHA-256 of an image's text, in UTF-8, without blanks around it."""
    return hexadecimal(text.strip(_BLANKS).encode("utf-8", "surrogatepass"))


def _entries(text: str, at: int) -> Iterator[tuple[str | None, Json, int, int]]:
    """What is in the JSON object or array that begins there: its name in an object, its value, where that begins, ends.

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
    """Where the next thing that is not blank begins."""
    found = _blanks.match(text, at)
    return found.end() if found else at
