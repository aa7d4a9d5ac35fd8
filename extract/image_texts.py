"""Finds the JSON text of each image on a page, unchanged. The image's own hash is computed from it."""

import json
import re
from hashlib import sha256
from typing import Final

BLANKS: Final = " \t\r\n\ufeff"

_scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
_blanks = re.compile(r"[ \t\r\n\ufeff]*")


def image_hash(text: str) -> str:
    """Return the SHA-256, in hexadecimal, of an image's JSON text in UTF-8, without blanks around it."""
    return sha256(text.strip(BLANKS).encode("utf-8", "surrogatepass")).hexdigest()


def image_texts(page: str) -> list[str]:
    """Return the texts of the elements of `images`. `page`: a JSON object that Python's own parser accepts."""
    texts: list[str] = []
    at = _token(page, 0) + 1
    while page[at := _token(page, at)] != "}":
        name, at = _scan(page, _token(page, at + 1) if page[at] == "," else at)
        at = _token(page, _token(page, at) + 1)
        if name == "images" and page[at] == "[":
            texts, at = _elements(page, at)
        else:
            _, at = _scan(page, at)
    return texts


def _elements(page: str, at: int) -> tuple[list[str], int]:
    """Return the texts of an array's elements, and the position after the array. `at`: the array's position."""
    texts = []
    at = _token(page, at + 1)
    while page[at] != "]":
        begin = _token(page, at + 1) if page[at] == "," else at
        _, end = _scan(page, begin)
        texts.append(page[begin:end])
        at = _token(page, end)
    return texts, at + 1


def _token(page: str, at: int) -> int:
    """Return the position of the next character that is not blank."""
    found = _blanks.match(page, at)
    return found.end() if found else at
