"""What may be shown of a URL or a body in an error, a log line or a manifest. Everything shown passes through here."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

_EXCERPT_CHARACTERS = 200
_MARKUP = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def shown_url(url: str) -> str:
    """The URL without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The first words of an error's body on one line, without markup, control characters or any of the secrets."""
    text = _MARKUP.sub(" ", body[:4000].decode("utf-8", "replace"))
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text[:_EXCERPT_CHARACTERS] + ("…" if len(text) > _EXCERPT_CHARACTERS else "")
