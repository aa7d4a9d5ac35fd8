"""What is on a page: its images, with the texts that stand for them, and whether another page follows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from verify.files import Fault, hexadecimal

Json = Any

_LONGEST_ID: Final = 255
_BLANKS: Final = re.compile(r"[ \t\r\n\ufeff]*")


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


def text_of(body: bytes, where: str) -> str:
    """The bytes as text, in whichever UTF they are. Raises: Fault."""
    try:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as exc:
        raise Fault(f"{where} is no text ({exc.reason} at byte {exc.start})") from exc


def page_of_images(body: bytes, where: str) -> Body:
    """Raises: Fault where this is no page of images."""
    text, images, following = text_of(body, where), None, None
    try:
        for name, at in _members(text):
            if name == "images" and text[at] == "[":
                images = [(_scan(text, begin)[0], text_hash(text[begin:end])) for begin, end in _elements(text, at)]
            elif name == "next":
                following, _ = _scan(text, at)
    except (ValueError, IndexError, RecursionError) as exc:
        raise Fault(f"{where} is no JSON that can be read ({exc})") from exc
    if images is None or not isinstance(following, str | None):
        raise Fault(f"{where} is no page of images")
    return Body(images, following or None)


def single_image(body: bytes, where: str) -> tuple[Json, str]:
    """An answer that holds one image, and the hash of its text. Raises: Fault."""
    text = text_of(body, where)
    try:
        image, _ = _scan(text, _token(text, 0))
    except (ValueError, RecursionError) as exc:
        raise Fault(f"{where} is no JSON that can be read ({exc})") from exc
    return image, text_hash(text)


def text_hash(text: str) -> str:
    """The SHA-256 of an image's text, in UTF-8, without blanks around it."""
    return hexadecimal(text.strip(" \t\r\n\ufeff").encode("utf-8", "surrogatepass"))


def usable_id(image: Json) -> str | None:
    """The image's id; None where it has none that can name it."""
    identity = image.get("id") if isinstance(image, dict) else None
    is_usable = isinstance(identity, str) and 0 < len(identity) <= _LONGEST_ID and identity.isprintable()
    return identity if is_usable else None


def _members(text: str) -> Iterator[tuple[str, int]]:
    """The names in a JSON object, and where their values begin."""
    at = _token(text, 0)
    if text[at] != "{":
        raise ValueError("it is no object")
    at = _token(text, at + 1)
    while text[at] != "}":
        name, at = _scan(text, _token(text, at + 1) if text[at] == "," else at)
        value_at = _token(text, _token(text, at) + 1)
        yield name, value_at
        at = _token(text, _scan(text, value_at)[1])


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where each element of a JSON array begins and ends."""
    at = _token(text, at + 1)
    while text[at] != "]":
        begin = _token(text, at + 1) if text[at] == "," else at
        _, end = _scan(text, begin)
        yield begin, end
        at = _token(text, end)


def _token(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
