"""Where the token goes, without I/O; and what an endpoint may look like."""

import httpx
import pytest

from core.errors import SettingsError
from extract.address import base_url
from extract.token_auth import TokenAuth, origin_of

HOME = "https://image.example.com"


class Tokens:
    """Hands out one token after another."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    def get(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    def renew(self, refused: str) -> str | None:
        if len(self._tokens) > 1:
            del self._tokens[0]
        return self.get()


def exchange(auth: TokenAuth, url: str, *statuses: int) -> list[str | None]:
    """The tokens that were sent, for a server that answers with these statuses."""
    flow = auth.auth_flow(httpx.Request("GET", url))
    sent = []
    request = next(flow)
    for status in statuses:
        sent.append(request.headers.get("X-Auth-Token"))
        try:
            request = flow.send(httpx.Response(status))
        except StopIteration:
            break
    return sent


def test_token_goes_to_the_endpoint() -> None:
    assert exchange(TokenAuth(Tokens("t"), origin_of(HOME)), f"{HOME}/v2/images", 200) == ["t"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/v2/images",
        "http://image.example.com/v2/images",
        "https://image.example.com:8443/v2/images",
        "https://image.example.com.evil.net/",
        "https://image.example.com@evil.net/",
    ],
)
def test_token_goes_nowhere_else(url: str) -> None:
    assert exchange(TokenAuth(Tokens("t"), origin_of(HOME)), url, 401, 401) == [None]


def test_401_fetches_one_new_token() -> None:
    assert exchange(TokenAuth(Tokens("old", "new"), origin_of(HOME)), HOME, 401, 200) == ["old", "new"]


def test_401_for_ever_is_given_up_after_one_new_token() -> None:
    assert exchange(TokenAuth(Tokens("a", "b", "c"), origin_of(HOME)), HOME, 401, 401, 401) == ["a", "b"]


def test_cloud_without_tokens_gets_none() -> None:
    assert exchange(TokenAuth(Tokens(), origin_of(HOME)), HOME, 401) == [None]


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("https://h", "https://h"),
        ("https://h/", "https://h"),
        ("https://h/v2", "https://h"),
        ("https://h/v2/", "https://h"),
        ("https://h/v2.15", "https://h"),
        ("https://h:9292/image/v2/", "https://h:9292/image"),
        ("https://h/image", "https://h/image"),
    ],
)
def test_endpoint_is_known_with_or_without_version_and_path(endpoint: str, base: str) -> None:
    assert base_url(endpoint) == base


@pytest.mark.parametrize("endpoint", ["h:9292", "ftp://h", "https://", "https://h/?x=1", "/v2/images"])
def test_address_that_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="endpoint"):
        base_url(endpoint)
