"""Where the token goes: to one origin and nowhere else, and a 401 renews it once. No I/O of its own."""

from collections.abc import Generator
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from extract.account import DEFAULT_PORTS

Origin = tuple[str, str, int | None]


class TokenSource(Protocol):
    """Where tokens come from: keystoneauth1 in earnest, a list in tests."""

    def get(self) -> str | None:
        """The token to send, or None where the cloud wants none."""

    def renew(self, refused: str) -> str | None:
        """A token other than the one that was refused, or None when there is no other."""


class TokenAuth(httpx.Auth):
    """Sends the token to one origin and nowhere else; a 401 renews it once.

    httpx hands every request here, redirected ones too, so the origin is compared here, each time.
    """

    def __init__(self, tokens: TokenSource, origin: Origin) -> None:
        self._tokens = tokens
        self._origin = origin

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._tokens.get() if origin_of(str(request.url)) == self._origin else None
        if token is None:
            yield request
            return
        request.headers["X-Auth-Token"] = token
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            fresh = self._tokens.renew(token)
            if fresh is not None and fresh != token:
                request.headers["X-Auth-Token"] = fresh
                yield request


class NoTokens:
    """For a cloud that wants none."""

    def get(self) -> str | None:
        return None

    def renew(self, refused: str) -> str | None:
        return None


def origin_of(url: str) -> Origin:
    """Scheme, host and port: what must be the same for a token to be sent. Source: RFC 6454, section 4."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or DEFAULT_PORTS.get(scheme)
