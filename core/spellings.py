"""The encodings of a text: percent-encoded, escaped as in JSON or HTML, in base64, folded, between tags.

Called by core.redaction to find a secret in any encoding that a server may use.
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
"""A shorter piece of base64 occurs in texts by chance."""


class View:
    """A text after decoding or removal; each character keeps its position (start, end) in the original text."""

    def __init__(self, text: str, origins: list[tuple[int, int]]) -> None:
        self.text = text
        self._origins = origins

    @classmethod
    def of(cls, text: str) -> "View":
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
        return cls(lower, [(at, at + 1) for at in range(len(text))])

    def origin(self, span: tuple[int, int]) -> tuple[int, int]:
        return self._origins[span[0]][0], self._origins[span[1] - 1][1]

    def without(self, pattern: "re.Pattern[str]") -> "View":
        return self._with(pattern, lambda _: "")

    def decoded(self) -> "View":
        """The text with percent, JSON and HTML escapes decoded, nested ones too."""
        view = self
        for _ in range(_MOST_ESCAPES):
            if not _ESCAPED.search(view.text):
                break
            view = view._with(_ESCAPED, _unescaped)
        return view

    def dense(self) -> "View":
        """The text without white space and control characters."""
        kept = [at for at, one in enumerate(self.text) if one.isprintable() and not one.isspace()]
        return View("".join(self.text[at] for at in kept), [self._origins[at] for at in kept])

    def _with(self, pattern: "re.Pattern[str]", replacement_of: Callable[[str], str]) -> "View":
        text, origins, at = [], [], 0
        for match in pattern.finditer(self.text):
            replacement = replacement_of(match[0]).lower()
            text += [self.text[at : match.start()], replacement]
            origins += self._origins[at : match.start()] + [self.origin(match.span())] * len(replacement)
            at = match.end()
        return View("".join(text) + self.text[at:], origins + self._origins[at:])


def _unescaped(escaped: str) -> str:
    if escaped[0] == "%":
        return unquote_to_bytes(escaped).decode("utf-8", "replace")
    if escaped[0] == "&":
        return html.unescape(escaped)
    if escaped[1] in "ux" and len(escaped) > 2:
        return chr(int(escaped[2:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(escaped[1], escaped[1])


def forms(secret: str) -> Iterator[str]:
    """The secret in lower case, in each encoding and view."""
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
    """The characters that are the same in the base64 of every text that contains the secret, for each alignment."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).rstrip(b"=").decode()
        constant = whole[(0, 2, 3)[before] : len(whole) - bool((before + len(raw)) % 3)]
        if len(constant) >= _SHORTEST_IN_BASE64:
            yield from (constant, constant.replace("+", "-").replace("/", "_"))
