"""Every form of the proxy variables: which proxy, or none; and a proxy's own refusal, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from hypothesis import strategies as st

from core.errors import CloudError, GlancebackError, SettingsError, TransientError
from core.proxies import proxy_for
from extract.account import CloudSettings
from extract.connection import connect
from extract.dialect import probe_api
from tests.clouds.fake import PROJECT, FakeCloud
from tests.clouds.raw import proxy_server

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://c", {}, None),
        ("https://c", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://c", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://c", {"http_proxy": "http://p:1"}, None),
        ("http://c", {"http_proxy": "http://p:1", "https_proxy": "http://q:1"}, "http://p:1"),
        ("https://c", {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://p:1"),
        ("https://c", {"https_proxy": "", "HTTPS_PROXY": "http://q:1"}, None),
        ("https://c", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://c", {"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://q:1"),
    ],
)
def test_variable_that_counts(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environment) == proxy


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("//proxy:3128", "http://proxy:3128"),
        ("  http://proxy:3128/ ", "http://proxy:3128"),
        ("HTTP://Proxy.Example:3128", "http://proxy.example:3128"),
        ("https://proxy", "https://proxy"),
        ("socks://127.0.0.1:9", "socks5://127.0.0.1:9"),
        ("socks5://p:9", "socks5://p:9"),
        ("socks5h://p:9", "socks5h://p:9"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("[fd00::1]:3128", "http://[fd00::1]:3128"),
        ("http://user:pass@proxy:3128", "http://user:pass@proxy:3128"),
        ("user:p@ss/w#rd@proxy:3128", "http://user:p%40ss%2Fw%23rd@proxy:3128"),
        ("http://user:p%40ss@proxy:3128", "http://user:p%40ss@proxy:3128"),
        ("http://user@proxy", "http://user@proxy"),
    ],
)
def test_address_of_a_proxy(value: str, proxy: str) -> None:
    assert proxy_for("https://c", {"HTTPS_PROXY": value}) == proxy


@pytest.mark.parametrize(
    "value",
    [
        "http://", "http://:3128", "http://p:port", "http://p:99999", "http://a b:1", "ftp://p:1", "socks4://p:1",
        "http://[::1", "http://::1:3128", "http://999.1.1.1:1", "http://[fe80::zz]:1", "http://p:1:2", "\x00", "http://p\n:1",
        "http://user:canary@p:port", "user:canary@",
    ],
)  # fmt: skip
def test_value_that_is_no_proxy_is_a_mistake_in_the_settings(value: str) -> None:
    with pytest.raises(SettingsError, match="HTTPS_PROXY") as caught:
        proxy_for("https://c", {"HTTPS_PROXY": value})
    assert "canary" not in str(caught.value)
    assert proxy_for("https://c", {"HTTPS_PROXY": value, "NO_PROXY": "c"}) is None


@pytest.mark.parametrize(
    ("host", "no_proxy", "needs_none"),
    [
        ("c.example.com", "*", True),
        ("c.example.com", "c.example.com", True),
        ("c.example.com", "C.Example.Com.", True),
        ("c.example.com", "example.com", True),
        ("c.example.com", ".example.com", True),
        ("c.example.com", "*.example.com", True),
        ("c.example.com", "xample.com", False),
        ("c.example.com", "com.example", False),
        ("c.example.com:8443", "example.com:8443", True),
        ("c.example.com:8443", "example.com:443", False),
        ("c.example.com", "example.com:443", True),
        ("c.example.com", "https://example.com", True),
        ("c.example.com", "http://example.com", False),
        ("c.example.com", "a, b  example.com\t", True),
        ("c.example.com", "", False),
        ("c.example.com", " , ,", False),
        ("c.example.com", ".", False),
        ("localhost", "localhost", True),
        ("127.0.0.1", "127.0.0.0/8", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1:9292", "127.0.0.1:9292", True),
        ("127.0.0.1:9292", "127.0.0.1:9293", False),
        ("128.0.0.1", "127.0.0.0/8", False),
        ("10.1.2.3", "10.0.0.1/8", True),
        ("10.1.2.3", "10.0.0.0/255.0.0.0", True),
        ("10.1.2.3", "0.0.0.0/0", True),
        ("10.1.2.3", "1.2.3", False),
        ("10.1.2.3", "10.0.0.0/99", False),
        ("[::1]", "::1", True),
        ("[::1]", "[::1]", True),
        ("[::1]:9292", "[::1]:9292", True),
        ("[::1]:9292", "[::1]:1", False),
        ("[0:0::1]", "[::1]", True),
        ("[fd00::5]", "fd00::/8", True),
        ("[fd00::5]", "[fd00::]/8", True),
        ("[fd00::5]", "[fd00::/8]", True),
        ("[fe00::5]", "fd00::/8", False),
        ("[::ffff:127.0.0.1]", "127.0.0.0/8", True),
        ("[::1]", "127.0.0.0/8,[::1],fd00::/8,localhost", True),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_host_that_needs_no_proxy(host: str, no_proxy: str, needs_none: bool, name: str) -> None:
    proxy = proxy_for(f"https://{host}", {"https_proxy": "http://p:1", name: no_proxy})
    assert proxy == (None if needs_none else "http://p:1")


@hypothesis.given(st.text(), st.text())
def test_whatever_the_variables_hold_there_is_a_proxy_or_a_sentence(value: str, no_proxy: str) -> None:
    try:
        proxy = proxy_for("https://c.example.com", {"ALL_PROXY": value, "NO_PROXY": no_proxy})
    except SettingsError:
        return
    assert proxy is None or httpx.Proxy(proxy)


def settings(cloud: FakeCloud, **changes: object) -> CloudSettings:
    given: dict[str, object] = {"auth_type": "none", "endpoint": cloud.url, "project_id": PROJECT, "tries": 1}
    return CloudSettings("c", **{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["http", "socks", "socks5h"])
def test_images_are_asked_for_through_the_proxy(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    cloud.add("a")
    with proxy_server() as (proxy, address):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:p%40ss@{address}")
        assert probe_api(connect(settings(cloud))).dialect == "ims"
    asked = proxy.asked[0]
    assert asked.startswith(f"GET {cloud.url}/v2/images" if scheme == "http" else "SOCKS 127.0.0.1:")
    assert proxy.logins == (["dXNlcjpwQHNz"] if scheme == "http" else ["user\x04p@ss"])


@pytest.mark.parametrize("no_proxy", ["127.0.0.0/8", "127.0.0.0/8,[::1],fd00::/8,localhost", "*"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks://127.0.0.1:9", "nonsense://"])
def test_covered_host_is_asked_without_it(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, no_proxy: str, proxy: str
) -> None:
    cloud.add("a")
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert probe_api(connect(settings(cloud))).dialect == "ims"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("407 Proxy Authentication Required", CloudError),
        ("403 Forbidden", CloudError),
        ("502 Bad Gateway", TransientError),
    ],
)
def test_refusal_to_connect_is_said_to_be_the_proxys(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, status: str, error: type[CloudError]
) -> None:
    with proxy_server(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as (_, address):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary-password@{address}")
        with pytest.raises(CloudError, match=rf"the proxy http://{address} refuses .*{status}.*NO_PROXY") as caught:
            probe_api(connect(settings(cloud, endpoint="https://image.invalid")))
    assert type(caught.value) is error
    assert "canary" not in str(caught.value)


def test_refusal_of_plain_http_may_be_the_proxys(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_server(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as (_, address):
        monkeypatch.setenv("HTTP_PROXY", f"http://user:canary-password@{address}")
        with pytest.raises(CloudError, match=f"through the proxy http://{address}, which may have") as caught:
            probe_api(connect(settings(cloud)))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("refusal", [b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", b"\x05", b"nonsense", b""])
def test_socks_proxy_that_refuses_or_talks_nonsense_is_a_sentence(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, refusal: bytes
) -> None:
    with proxy_server(refusal) as (_, address):
        monkeypatch.setenv("HTTP_PROXY", f"socks5://{address}")
        with pytest.raises(TransientError, match=f"proxy socks5://{address}"):
            probe_api(connect(settings(cloud)))


@pytest.fixture
def identity() -> Iterator[str]:
    with proxy_server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as (_, address):
        yield address


def test_login_goes_through_the_same_proxy(identity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{identity}")
    for name, value in {"AUTH_URL": "https://identity.invalid/v3", "USERNAME": "u", "PASSWORD": "canary-p"}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    with pytest.raises(GlancebackError, match=f"the proxy http://{identity} refuses"):
        connect(CloudSettings("envvars", tries=1))
