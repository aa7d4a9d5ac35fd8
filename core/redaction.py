"""Masks secrets in text from outside: an error's body, an exception, a URL. All text that is shown passes through here.

Secrets are masked before text is cut, because half a token is a leak too, and again after markup is removed. A secret
is found in any encoding: percent-encoded, escaped as in JSON or HTML (even several times), in base64 as in
`Authorization: Basic`, in upper or lower case, folded over lines, interrupted by markup, or cut.
"""

import base64
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from core.spellings import TAG, View, forms

MASK: Final = "***"
SHORTEST: Final = 4
"""A shorter secret is not masked: it occurs by chance in many words, and the positions of the masks would reveal it."""
_HEAD: Final = 8
"""If the first characters of a secret occur, that many, they are masked with the rest of it."""
_PIECE: Final = 16
"""If consecutive characters of a secret occur, that many, from any position, they are masked."""
_EXCERPT_CHARACTERS: Final = 200
_READ_CHARACTERS: Final = 16_384
_UNREAD_ELEMENTS: Final = tuple(
    # The search ends at the next opening tag: otherwise a text of opening tags alone would take minutes.
    re.compile(rf"<(?:{names})\b(?:(?!<(?:{names})\b).)*?</(?:{names})>", re.IGNORECASE | re.DOTALL)
    for names in ("style|script", "head")
)
_SECRET_HEADER: Final = re.compile(r"authorization|token|cookie|secret|password|api-?key|signature", re.IGNORECASE)
_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#\\]*)(?P<path>[^?#]*)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:\[[0-9a-f:.%]*\]|[^\s:\[\]]*)(?::\d*)?", re.IGNORECASE)


class Secrets:
    """The secrets of one connection. Add each as soon as it is known; threads may share this object.

    Its repr does not show the secrets, and pickling leaves them out.
    """

    def __init__(self, *values: object) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._short: set[str] = set()
        self._heads: dict[str, list[str]] = {}
        self._pieces: set[str] = set()
        self.add(*values)

    def __reduce__(self) -> tuple[type["Secrets"], tuple[()]]:
        return Secrets, ()

    def add(self, *values: object) -> None:
        """Mask these from now on. Ignores values that are not texts or are shorter than SHORTEST."""
        with self._lock:
            for value in values:
                if isinstance(value, str) and value not in self._known:
                    self._known.add(value)
                    for form in forms(value):
                        self._add_form(form)

    def add_url(self, url: str) -> None:
        """Mask the password in a URL; if it has a user only, that is a token: mask it."""
        for userinfo in {*re.findall(r"//([^/?#]*)@", url), *re.findall(r"//(.*)@", url)}:
            user, _, password = unquote(userinfo).partition(":")
            as_basic = base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()
            self.add(password or user, userinfo.partition(":")[2], as_basic)

    def add_proxies(self) -> None:
        """Mask the passwords in the environment's proxy URLs."""
        from urllib.request import getproxies  # slow to import

        for url in getproxies().values():
            self.add_url(url if "//" in url else f"//{url}")

    def mask(self, text: str) -> str:
        """The text with every secret in it replaced."""
        return _masked(text, (self,))

    def excerpt(self, text: str | bytes, headers: Mapping[str, str] | None = None) -> str:
        """The first words on one line, without secrets, markup and control characters.

        `headers`: those of the request that got this answer; their secrets are masked too.
        """
        parts = (part for name, value in (headers or {}).items() for part in _secret_parts(name, value))
        return _excerpt(text, (self, Secrets(*(part for part in parts if part not in self._known))))

    def url(self, url: str) -> str:
        """Return shown_url with the secrets masked."""
        return self.mask(shown_url(url))

    def spans(self, text: str, *, whole_text: bool) -> Iterator[tuple[int, int]]:
        """The positions of secrets in the lower-case text. `whole_text`: nothing was removed from it."""
        with self._lock:
            short, heads, pieces = tuple(self._short) if whole_text else (), self._heads, self._pieces
            for secret in short:
                yield from ((match.start(), match.end()) for match in re.finditer(re.escape(secret), text))
            for start in range(len(text)):
                for secret in heads.get(text[start : start + _HEAD], ()):
                    yield start, start + _common_length(text, start, secret)
                if text[start : start + _PIECE] in pieces:
                    yield start, start + _PIECE

    def _add_form(self, form: str) -> None:
        if SHORTEST <= len(form) < _HEAD:
            self._short.add(form)
        elif len(form) >= _HEAD:
            self._heads.setdefault(form[:_HEAD], []).append(form)
            self._pieces.update(form[start : start + _PIECE] for start in range(len(form) - _PIECE + 1))


def shown_url(url: str) -> str:
    """Scheme, host, port and path of a URL, without user, password, query and fragment. Any text may be passed.

    Parts that cannot be told apart with certainty are left out. Never raises.
    """
    text = "".join(character for character in url if character.isprintable()).strip()
    found = _URL.match(text)
    if found is None:
        path = re.split(r"[?#]", text)[0]
        return "" if "@" in path else path
    host, path, rest = found["host"].rpartition("@")[2], found["path"], text[found.end() :]
    if "@" in path or ("@" in rest and ":" in host) or not _HOST.fullmatch(host):
        # A password that contains a slash looks like a host and a path.
        return f"{found['scheme']}://…"
    return f"{found['scheme']}://{host}{path}"


def excerpt(body: str | bytes, secrets: Iterable[str] = ()) -> str:
    """The first words of an error's body on one line, without markup, control characters and secrets."""
    return _excerpt(body, (Secrets(*secrets),))


def _excerpt(foreign: str | bytes, secrets: Iterable[Secrets]) -> str:
    # A character has at most four bytes.
    text = foreign if isinstance(foreign, str) else foreign[: 4 * _READ_CHARACTERS].decode("utf-8", "replace")
    text = _masked(text[:_READ_CHARACTERS], secrets, cut=len(text) > _READ_CHARACTERS)
    for markup in (*_UNREAD_ELEMENTS, TAG):
        text = markup.sub(" ", text)
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    text = _masked(text, secrets)
    return text[:_EXCERPT_CHARACTERS] + ("…" if len(text) > _EXCERPT_CHARACTERS else "")


def _masked(text: str, secrets: Iterable[Secrets], *, cut: bool = False) -> str:
    """`cut`: more text followed. The last characters are then masked: a secret may begin there."""
    decoded = View.of(text).decoded()
    without_markup = View.of(text).without(TAG).decoded()
    views = [(View.of(text), True), (decoded, True), (without_markup, True)]
    views += [(decoded.dense(), False), (without_markup.dense(), False)]
    hidden: list[tuple[int, int]] = []
    for view, whole_text in views:
        for one in secrets:
            hidden += map(view.origin, one.spans(view.text, whole_text=whole_text))
        if cut and view.text:
            hidden.append(view.origin((max(0, len(view.text) - _HEAD), len(view.text))))
    shown: list[str] = []
    at = 0
    for start, end in sorted(hidden):
        if end > at:
            shown.append(text[at:start] + MASK if start > at or not shown else "")
            at = end
    return "".join(shown) + text[at:]


def _secret_parts(name: str, value: str) -> Iterator[str]:
    """The secret parts of a header: of `Authorization: SCHEME Access=..., Signature=...` the values alone."""
    lower = name.lower()
    if not _SECRET_HEADER.search(name):
        return
    if "cookie" in lower:
        yield from (part.partition("=")[2].strip() for part in value.split(";"))
    elif "authorization" in lower:
        scheme, blank, rest = value.partition(" ")
        for part in (rest if blank else scheme).split(","):
            key, _, said = part.strip().partition("=")
            if "header" not in key.lower():
                # The `=` at the end of base64 does not begin a value.
                yield said.strip('"') if said.strip("=") else part.strip()
    else:
        yield value


def _common_length(text: str, start: int, secret: str) -> int:
    length = _HEAD
    while length < len(secret) and text[start + length : start + length + 1] == secret[length]:
        length += 1
    return length
