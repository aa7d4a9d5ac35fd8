"""How else a text may be written: percent-encoded, escaped as in JSON or HTML, in base64, folded, between tags.

Called by redact, to find a secret however a server spells it.
"""

import base64
import html
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

TAG: Final = re.compile(r"<[^<>]*>")
_ESCAPED: Final = re.compile(
    r"%[0-7][0-9a-f]|(?:%[89a-f][0-9a-f])+|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});"
    r"|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\\/\"'bfnrt]",
    re.IGNORECASE,
)
_MOST_ESCAPES: Final = 3
_LONGEST_IN_BASE64: Final = 1024

_SHORTEST_IN_BASE64: Final = 8
"""Fewer characters of base64 stand in many a text by chance."""


class View:
    """A text as it reads once something is decoded or removed; each character knows where it came from."""

    def __init__(self, text: str, places: list[tuple[int, int]]) -> None:
        self.text = text
        self._places = places

    @classmethod
    def of(cls, text: str) -> "View":
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
        return cls(lower, [(place, place + 1) for place in range(len(text))])

    def origin(self, span: tuple[int, int]) -> tuple[int, int]:
        return self._places[span[0]][0], self._places[span[1] - 1][1]

    def without(self, pattern: "re.Pattern[str]") -> "View":
        return self._with(pattern, lambda _: "")

    def decoded(self) -> "View":
        """Percent, JSON and HTML escapes decoded, and what is escaped in them."""
        view = self
        for _ in range(_MOST_ESCAPES):
            if not _ESCAPED.search(view.text):
                break
            view = view._with(_ESCAPED, _unescaped)
        return view

    def dense(self) -> "View":
        """Without white space and control characters."""
        kept = [place for place, one in enumerate(self.text) if one.isprintable() and not one.isspace()]
        return View("".join(self.text[place] for place in kept), [self._places[place] for place in kept])

    def _with(self, pattern: "re.Pattern[str]", instead: Callable[[str], str]) -> "View":
        text, places, at = [], [], 0
        for match in pattern.finditer(self.text):
            put = instead(match[0]).lower()
            text += [self.text[at : match.start()], put]
            places += self._places[at : match.start()] + [self.origin(match.span())] * len(put)
            at = match.end()
        return View("".join(text) + self.text[at:], places + self._places[at:])


def _unescaped(escaped: str) -> str:
    if escaped[0] == "%":
        return unquote_to_bytes(escaped).decode("utf-8", "replace")
    if escaped[0] == "&":
        return html.unescape(escaped)
    if escaped[1] in "ux" and len(escaped) > 2:
        return chr(int(escaped[2:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(escaped[1], escaped[1])


def forms(secret: str) -> Iterator[str]:
    """How a secret reads in any of the views, in lower case."""
    raw = secret.encode("utf-8", "replace")
    spellings = {secret, secret.strip(), secret.replace(" ", "+")}
    if len(raw) <= _LONGEST_IN_BASE64:
        spellings.update(_in_base64(raw))
    found: dict[str, None] = {}
    for spelling in spellings:
        view = View.of(spelling)
        for one in (view, view.decoded(), view.without(TAG).decoded()):
            found |= {one.text: None, one.dense().text: None}
    return iter(found)


def _in_base64(raw: bytes) -> Iterator[str]:
    """What base64 of any longer text shows of a secret in it, wherever the secret begins there."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).rstrip(b"=").decode()
        sure = whole[(0, 2, 3)[before] : len(whole) - bool((before + len(raw)) % 3)]
        if len(sure) >= _SHORTEST_IN_BASE64:
            yield from (sure, sure.replace("+", "-").replace("/", "_"))
