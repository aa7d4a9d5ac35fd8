"""Sends the token to one origin only; a 401 renews it once. No I/O of its own."""

from collections.abc import Generator
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from core.redaction import Secrets
from extract.address import DEFAULT_PORTS
from extract.credentials import header_safe

Origin = tuple[str, str, int | None]


class TokenSource(Protocol):
    """A source of tokens: keystoneauth1, or a list in tests."""

    def get(self) -> str | None:
        """Return the token to send, or None if the cloud does not need one."""

    def renew(self, refused: str) -> str | None:
        """Return a token other than the refused one, or None if there is no other."""


class TokenAuth(httpx.Auth):
    """Sends the token to one origin only; a 401 renews it once.

    httpx passes every request to `auth_flow`, even redirected ones, so the origin is compared for each request. Each
    token is added to `secrets` before it is sent.
    """

    def __init__(self, tokens: TokenSource, origin: Origin, secrets: Secrets | None = None) -> None:
        self._tokens = tokens
        self._origin = origin
        self._secrets = secrets if secrets is not None else Secrets()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._tokens.get() if origin_of(str(request.url)) == self._origin else None
        if token is None:
            yield request
            return
        self._put(token, request)
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            fresh = self._tokens.renew(token)
            if fresh is not None and fresh != token:
                self._put(fresh, request)
                yield request

    def _put(self, token: str, request: httpx.Request) -> None:
        """Raises: SettingsError if an HTTP header cannot contain the token."""
        self._secrets.add(token)
        request.headers["X-Auth-Token"] = header_safe(
            token, "the token", self._origin[1], "Correct OS_TOKEN, or the entry in clouds.yaml."
        )


class NoTokens:
    """For a cloud that does not need a token."""

    def get(self) -> str | None:
        return None

    def renew(self, refused: str) -> str | None:
        return None


def origin_of(url: str) -> Origin:
    """Return scheme, host and port: a token is sent only to the same origin. Source: RFC 6454, section 4.

    A text that is not a URL gets an origin that differs from that of every endpoint.
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return scheme, (parts.hostname or "").lower(), parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        return "", "", None
