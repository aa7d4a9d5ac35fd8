"""Whatever a server answers to one GET ends in an answer or in one of our sentences, within bounds of size and time."""

import dataclasses
import gc
import gzip
import socket
import time
import tracemalloc
import zlib
from datetime import datetime
from pathlib import Path

import httpx
import hypothesis
import pytest
from hypothesis import strategies as st

from core.errors import CloudError, GlancebackError, Refused, TransientError
from extract.account import CloudSettings
from extract.answers import date_header, retry_after_seconds
from extract.connection import Connection, connect
from extract.request import Answer, get
from tests.clouds.fake import PROJECT, FakeCloud, Reply, once
from tests.clouds.raw import answering, once_and_close, raw_server, read_head

PAGE = b'{"images": []}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + PAGE
SECONDS = 0.5


def connected(port: int, scheme: str = "http") -> Connection:
    return connect(
        CloudSettings(
            "c", auth_type="none", endpoint=f"{scheme}://127.0.0.1:{port}", project_id=PROJECT, tries=1,
            read_timeout_seconds=SECONDS, connect_timeout_seconds=SECONDS, page_timeout_seconds=2 * SECONDS,
            largest_page_bytes=1_000_000,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def asking() -> Connection:
    """A connection whose endpoint does not matter: the tests name whole addresses."""
    return connected(9)


def ask(connection: Connection, port: int | None = None) -> Answer:
    url = f"http://127.0.0.1:{port}/v2/images" if port else connection.images_url
    return get(connection, url, {}, "cloud c, page 1")


def replied(*answers: bytes, connection: Connection) -> Answer:
    with raw_server(once_and_close(answers[0]) if len(answers) == 1 else answering(*answers)) as port:
        return ask(connection, port)


RIGHT = {
    "as usual": OK,
    "HTTP/1.0, without a length": b"HTTP/1.0 200 OK\r\n\r\n" + PAGE,
    "without a length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PAGE,
    "without a reason": b"HTTP/1.1 200\r\nContent-Length: 14\r\n\r\n" + PAGE,
    "longer than it says": OK + b"garbage",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n" + PAGE + b"\r\n0\r\n\r\n",
    "after early hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK,
    "header bytes beyond ASCII": OK.replace(b"\r\n", b"\r\nX-Odd: \xff\xfe\r\nDate: \xe4\xf6\r\n", 1),
    "cookies": OK.replace(b"\r\n", b"\r\nSet-Cookie: =;;;=\r\nSet-Cookie: \xff\xff; Expires=9999\r\n", 1),
    "identity": OK.replace(b"\r\n", b"\r\nContent-Encoding: identity\r\n", 1),
}


@pytest.mark.parametrize("case", RIGHT)
def test_unusual_answer_is_understood(asking: Connection, case: str) -> None:
    answer = replied(RIGHT[case], connection=asking)
    assert (answer.body, answer.status) == (PAGE, 200)


def head(status: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 " + status, *headers, b"Connection: close", b"", b""))


WRONG: dict[str, tuple[bytes, type[CloudError], str]] = {
    "nothing": (b"", TransientError, "failed"),
    "garbage": (b"garbage\r\n\r\n", TransientError, "failed"),
    "NULs": (b"\x00" * 1000, TransientError, "failed"),
    "half a status line": (b"HTTP/1.1 20", TransientError, "failed"),
    "status of two digits": (head(b"20 OK"), TransientError, "failed"),
    "status of four digits": (head(b"2000 OK"), TransientError, "failed"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TransientError, "failed"),
    "HTTP/2 settings": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80", TransientError, "failed"),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", TransientError, "not HTTP.*https:"),
    "shorter than it says": (OK[:-3], TransientError, "failed"),
    "length that is none": (OK.replace(b"14", b"-14"), TransientError, "failed"),
    "two lengths": (OK.replace(b"\r\n", b"\r\nContent-Length: 15\r\n", 1), TransientError, "failed"),
    "chunk of no length": (head(b"200 OK", b"Transfer-Encoding: chunked") + b"zz\r\n", TransientError, "failed"),
    "chunks without an end": (
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"e\r\n" + PAGE + b"\r\n", TransientError, "failed",
    ),
    "endless head": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000, TransientError, "failed"),
    "head of a line": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000, TransientError, "failed"),
    "larger than the bound": (head(b"200 OK") + b" " * 1_000_001, CloudError, "larger than 1000000 bytes"),
    "a coding not asked for": (head(b"200 OK", b"Content-Encoding: zstd") + PAGE, CloudError, "coded as 'zstd'"),
    "a coding that is unknown": (head(b"200 OK", b"Content-Encoding: \xff") + PAGE, CloudError, "not asked for"),
    "two codings": (head(b"200 OK", b"Content-Encoding: gzip, gzip") + PAGE, CloudError, "not asked for"),
    "two headers of codings": (
        head(b"200 OK", b"Content-Encoding: gzip", b"Content-Encoding: br") + PAGE, CloudError, "not asked for",
    ),
    "gzip that breaks off": (
        head(b"200 OK", b"Content-Encoding: gzip") + gzip.compress(PAGE)[:-1], TransientError, "compression is broken",
    ),
    "gzip of another text": (
        head(b"200 OK", b"Content-Encoding: gzip") + gzip.compress(PAGE)[:-8] + b"\0" * 8, TransientError, "is broken",
    ),
    "gzip with garbage behind": (
        head(b"200 OK", b"Content-Encoding: gzip") + gzip.compress(PAGE) + b"garbage", TransientError, "is broken",
    ),
    "no gzip": (head(b"200 OK", b"Content-Encoding: gzip") + PAGE, TransientError, "compression is broken"),
    "101": (head(b"101 Switching Protocols", b"Upgrade: x"), TransientError, "failed"),
    "206": (head(b"206 Partial Content") + PAGE, Refused, "206"),
    "204": (head(b"204 No Content"), Refused, "204"),
    "299": (head(b"299 Whatever") + PAGE, Refused, "299"),
    "304": (head(b"304 Not Modified"), Refused, "304"),
    "300": (head(b"300 Multiple Choices") + PAGE, Refused, "300"),
    "302 to nowhere": (head(b"302 Found"), Refused, "302"),
    "302 to no URL": (head(b"302 Found", b"Location: http://[x"), Refused, "redirects to"),
    "302 to bytes": (head(b"302 Found", b"Location: \xff\xfe://\xff"), Refused, "redirects to"),
    "302 to a scheme": (head(b"302 Found", b"Location: javascript:alert(1)"), Refused, "redirects to"),
    "302 to a port": (head(b"302 Found", b"Location: http://h:99999/"), Refused, "redirects to"),
    "407": (head(b"407 Proxy Authentication Required"), Refused, "the proxy requires a login"),
    "511": (head(b"511 Network Authentication Required"), Refused, "the network requires a login"),
    "501": (head(b"501 Not Implemented"), Refused, "501"),
    "600": (head(b"600 Whatever"), Refused, "600"),
    "999": (head(b"999 Whatever"), Refused, "999"),
    "408": (head(b"408 Request Timeout"), TransientError, "408"),
    "425": (head(b"425 Too Early"), TransientError, "425"),
    "520": (head(b"520 Web Server Returned an Unknown Error"), TransientError, "520"),
    "529": (head(b"529 Site is overloaded"), TransientError, "529"),
    "503 in a coding not asked for": (head(b"503 x", b"Content-Encoding: br") + b"xx", TransientError, "503"),
    "503 of too many bytes": (head(b"503 x") + b" " * 2_000_000, TransientError, "503"),
    "404 of broken gzip": (head(b"404 x", b"Content-Encoding: gzip") + b"xx", Refused, "404"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_answer_that_cannot_be_used_is_a_sentence(asking: Connection, case: str) -> None:
    sent, error, said = WRONG[case]
    with pytest.raises(CloudError, match=said) as caught:
        replied(sent, connection=asking)
    assert type(caught.value) is error
    assert str(caught.value).startswith("cloud c, page 1: ")


@hypothesis.given(st.data())
def test_any_bytes_end_in_an_answer_or_a_sentence(asking: Connection, data: st.DataObject) -> None:
    """Of a right answer, one piece is replaced by anything."""
    start = data.draw(st.integers(0, len(OK)))
    end = data.draw(st.integers(start, len(OK)))
    inserted = data.draw(st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\r\n\r\n", b": ", b"HTTP/1.1 500 x\r\n"]))
    try:
        assert replied(OK[:start] + inserted + OK[end:], connection=asking).status == 200
    except CloudError as exc:
        assert exc.what.startswith("cloud c, page 1: ")  # noqa: PT017


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    st.sampled_from([200, 302, 401, 403, 429, 503]),
    st.sampled_from(["Location", "Date", "Retry-After", "Content-Encoding", "Content-Type", "Set-Cookie", "X-Auth"]),
    st.binary(max_size=60).filter(lambda value: not {0, 10, 13} & set(value)),
)
def test_any_header_ends_in_an_answer_or_a_sentence(asking: Connection, status: int, name: str, value: bytes) -> None:
    sent = head(f"{status} x".encode(), name.encode() + b": " + value) + PAGE
    try:
        replied(sent, connection=asking)
    except CloudError as exc:
        assert exc.what.startswith("cloud c, page 1: ")  # noqa: PT017


def http(**headers: bytes) -> httpx.Response:
    return httpx.Response(503, headers=[(name.replace("_", "-").encode(), value) for name, value in headers.items()])


@pytest.mark.parametrize(
    ("date", "time"),
    [
        (b"Sun, 01 Nov 2026 00:00:00 GMT", datetime(2026, 11, 1)),
        (b"Sun, 01 Nov 2026 02:00:00 +0200", datetime(2026, 11, 1)),
        (b"Sunday, 01-Nov-26 00:00:00 GMT", datetime(2026, 11, 1)),
        (b"Sun Nov  1 00:00:00 2026", datetime(2026, 11, 1)),
        (b"Fri, 31 Dec 9999 23:59:59 -2359", None),
        (b"Sun, 01 Nov 2026 00:00:00 +9999", None),
        (b"Sun, 99 Nov 2026 99:99:99 GMT", None),
        (b"yesterday", None), (b"", None), (b" ", None), (b",", None), (b"\xe4\xff", None), (b"0", None),
    ],
)  # fmt: skip
def test_date_of_every_form(date: bytes, time: datetime | None) -> None:
    assert date_header(http(Date=date)) == time


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"42", 42.0), (b" 42 ", 42.0), (b"0", 0.0), (b"-1", None), (b"1.5", None), (b"1e999", None), (b"inf", None),
        (b"9" * 5000, float("inf")), (b"", None), (b"soon", None), (b"\xb2", None), (b"\xd9\xa3", None),
        (b"Sun, 01 Nov 2026 00:01:00 GMT", 60.0), (b"Sun, 01 Nov 2026 02:01:00 +0200", 60.0),
        (b"Sat, 31 Oct 2026 00:00:00 GMT", 0.0), (b"Fri, 31 Dec 9999 23:59:59 -2359", None),
    ],
)  # fmt: skip
def test_retry_after_of_every_form(value: bytes, seconds: float | None) -> None:
    assert retry_after_seconds(http(Retry_After=value, Date=b"Sun, 01 Nov 2026 00:00:00 GMT")) == seconds


@hypothesis.given(st.binary(max_size=50), st.binary(max_size=50))
def test_any_date_is_a_time_or_none(value: bytes, date: bytes) -> None:
    seconds = retry_after_seconds(http(Retry_After=value, Date=date))
    assert seconds is None or seconds >= 0


def of_gzip(size: int) -> bytes:
    """So many bytes of blanks, packed a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(size // 1_000_000))
    return packed + packer.flush()


@pytest.mark.parametrize("status", [200, 401])
def test_memory_is_bounded_whatever_is_packed(cloud: FakeCloud, connection: Connection, status: int) -> None:
    bomb = of_gzip(100_000_000)
    cloud.faults.append(lambda asked: Reply(status, bomb, {"Content-Encoding": "gzip"}))
    small = dataclasses.replace(connection.settings, largest_page_bytes=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(CloudError):
            ask(dataclasses.replace(connection, settings=small))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_body_is_freed_with_its_answer(cloud: FakeCloud, connection: Connection) -> None:
    def responses() -> set[int]:
        return {id(one) for one in gc.get_objects() if isinstance(one, httpx.Response)}

    gc.disable()
    try:
        gc.collect()
        of_other_tests = responses()
        ask(connection)
        assert responses() <= of_other_tests
    finally:
        gc.enable()


def test_gzip_of_several_members_is_whole(cloud: FakeCloud, connection: Connection) -> None:
    packed = gzip.compress(PAGE[:5]) + gzip.compress(PAGE[5:])
    cloud.faults.append(lambda asked: Reply(200, packed, {"Content-Encoding": "gzip"}))
    assert ask(connection).body == PAGE


def test_nothing_is_announced_but_what_is_decoded_within_the_bound(cloud: FakeCloud, connection: Connection) -> None:
    ask(connection)
    assert cloud.log[0].headers["accept-encoding"] == "gzip"


def test_time_limit_is_one_requests_and_not_one_connections() -> None:
    def handle(peer: socket.socket) -> None:
        while read_head(peer):
            time.sleep(0.6 * SECONDS)
            peer.sendall(OK[:-1])
            time.sleep(0.6 * SECONDS)
            peer.sendall(OK[-1:])

    with raw_server(handle) as port:
        connection = connected(port)
        patient = dataclasses.replace(connection.settings, page_timeout_seconds=3 * SECONDS)
        for _ in range(3):
            assert ask(dataclasses.replace(connection, settings=patient)).body == PAGE
        hasty = dataclasses.replace(connection.settings, page_timeout_seconds=0.8 * SECONDS)
        with pytest.raises(TransientError, match=r"not complete after 0\.4 s"):
            ask(dataclasses.replace(connection, settings=hasty))


def test_early_hints_for_ever_are_given_up() -> None:
    def handle(peer: socket.socket) -> None:
        read_head(peer)
        while True:
            peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.01)

    with raw_server(handle) as port, pytest.raises(TransientError, match="not complete after"):
        ask(connected(port))


def test_tls_to_a_plain_port_is_said() -> None:
    def handle(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(handle) as port:
        with pytest.raises(CloudError, match="does not speak TLS") as caught:
            ask(connected(port, "https"))
        assert type(caught.value) is CloudError


@pytest.mark.parametrize("url", ["http://[x/v2", "http://h:99999/v2", "ftp://h/v2", "http:///v2", "h", "http://a\nb/"])
def test_address_that_cannot_be_asked_for_is_a_sentence(asking: Connection, url: str) -> None:
    with pytest.raises(GlancebackError, match="cloud c, page 1: "):
        get(asking, url, {}, "cloud c, page 1")


@pytest.mark.parametrize("marker", ["\ud800", "\x00", "a" * 100_000, "é", "\r\nX: y"])
def test_any_parameter_is_sent_or_refused(cloud: FakeCloud, connection: Connection, marker: str) -> None:
    try:
        get(connection, connection.images_url, {"limit": "1", "marker": marker}, "cloud c, page 1")
    except CloudError as exc:
        assert exc.what.startswith("cloud c, page 1: ")  # noqa: PT017
    assert all("x" not in asked.headers for asked in cloud.log)


def test_no_cookie_is_kept(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(once(200, PAGE, Set_Cookie="a=b"))
    ask(connection)
    ask(connection)
    assert "cookie" not in cloud.log[1].headers


def test_expired_token_that_was_given_is_said_so(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.token = "another"
    for name, value in {"AUTH_TYPE": "admin_token", "ENDPOINT": cloud.url, "TOKEN": "canary-token"}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    with pytest.raises(Refused, match=r"refuses our token.*get a new one"):
        ask(connect(CloudSettings("envvars")))


def test_netrc_and_cookies_of_this_user_stay_here(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password canary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    ask(connect(CloudSettings("c", auth_type="none", endpoint=cloud.url)))
    assert "authorization" not in cloud.log[0].headers
