"""Where the token goes: to one origin and nowhere else, and a 401 renews it once. No I/O of its own."""

from collections.abc import Generator
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from core.redaction import Secrets
from extract.address import DEFAULT_PORTS
from extract.credentials import header_safe

Origin = tuple[str, str, int | None]


class TokenSource(Protocol):
    """Where tokens come from: keystoneauth1 in earnest, a list in tests."""

    def get(self) -> str | None:
        """The token to send, or None where the cloud wants none."""

    def renew(self, refused: str) -> str | None:
        """A token other than the one that was refused, or None when there is no other."""


class TokenAuth(httpx.Auth):
    """Sends the token to one origin and nowhere else; a 401 renews it once.

    httpx hands every request here, redirected ones too, so the origin is compared here, each time. Each token is among
    the `secrets` before it is sent.
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
        """Raises: SettingsError where no header can hold it."""
        self._secrets.add(token)
        request.headers["X-Auth-Token"] = header_safe(
            token, "the token", self._origin[1], "Correct OS_TOKEN, or the entry in clouds.yaml."
        )


class NoTokens:
    """For a cloud that wants none."""

    def get(self) -> str | None:
        return None

    def renew(self, refused: str) -> str | None:
        return None


def origin_of(url: str) -> Origin:
    """Scheme, host and port: what must be the same for a token to be sent. Source: RFC 6454, section 4.

    A text that is no URL has an origin that no endpoint has.
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return scheme, (parts.hostname or "").lower(), parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        return "", "", None
