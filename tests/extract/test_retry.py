"""What is tried again, how long is waited, and what is final, over real HTTP."""

import dataclasses
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import tenacity

from core.errors import CloudError, Refused, TransientError
from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.request import Answer, get
from extract.retry import RetryPolicy, with_retry
from extract.stopping import Stopped, StopSignal
from tests.clouds.fake import FakeCloud, Reply, once


def ask(connection: Connection, waits: list[float] | None = None, tries: int = 3) -> Answer:
    waited = [] if waits is None else waits
    return with_retry(
        lambda: get(connection, connection.images_url, {}, "cloud c"),
        RetryPolicy(1000, tries),
        "cloud c",
        sleep=waited.append,
    )


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_passing_failure_is_tried_again(cloud: FakeCloud, connection: Connection, status: int) -> None:
    cloud.faults.append(once(status))
    assert ask(connection).status == 200
    assert len(cloud.log) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_final_status_is_not_tried_again(cloud: FakeCloud, connection: Connection, status: int) -> None:
    cloud.faults.append(lambda asked: Reply(status, b"<html><p>go away</p></html>"))
    with pytest.raises(Refused, match="go away") as caught:
        ask(connection)
    assert (caught.value.status, len(cloud.log)) == (status, 1)


def test_retry_after_is_kept_to(cloud: FakeCloud, connection: Connection) -> None:
    waits: list[float] = []
    cloud.faults.append(once(429, Retry_After="42"))
    ask(connection, waits)
    assert waits == [42.0]


def test_retry_after_may_be_a_date(cloud: FakeCloud, connection: Connection) -> None:
    waits: list[float] = []
    cloud.faults.append(once(503, Retry_After="Sun, 01 Nov 2026 00:01:00 GMT", Date="Sun, 01 Nov 2026 00:00:00 GMT"))
    ask(connection, waits)
    assert waits == [60.0]


def test_retry_after_of_hours_ends_the_trying(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(429, headers={"Retry-After": "7200"}))
    with pytest.raises(TransientError):
        ask(connection)
    assert len(cloud.log) == 1


def test_waits_grow_and_differ(cloud: FakeCloud, connection: Connection) -> None:
    waits: list[float] = []
    cloud.faults.append(lambda asked: Reply(500))
    with pytest.raises(TransientError, match="500"):
        ask(connection, waits, tries=8)
    assert len(waits) == 7
    assert all(0 <= wait <= 30 for wait in waits)
    assert len(set(waits)) > 1


def test_gateways_throttling_is_tried_again_even_as_403(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(once(403, b'{"error_code":"APIGW.0308","error_msg":"throttled"}'))
    assert ask(connection).status == 200


def test_body_cut_off_is_tried_again(cloud: FakeCloud, connection: Connection) -> None:
    left = [Reply(200, b'{"images": []}', cut_at=5)]
    cloud.faults.append(lambda asked: left.pop() if left else None)
    assert ask(connection).status == 200


def test_refused_connection_is_tried_again_and_said(connection: Connection) -> None:
    waits: list[float] = []
    with pytest.raises(TransientError, match=r"connection to http://127.0.0.1:9/v2/images failed"):
        with_retry(
            lambda: get(connection, "http://127.0.0.1:9/v2/images", {}, "c"),
            RetryPolicy(99, 2),
            "c",
            sleep=waits.append,
        )
    assert len(waits) == 1


def test_body_that_unpacks_to_more_than_the_bound_is_refused(cloud: FakeCloud, connection: Connection) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    cloud.faults.append(lambda asked: Reply(200, bomb, {"Content-Encoding": "gzip"}))
    small = dataclasses.replace(connection.settings, largest_page_bytes=1_000_000)
    with pytest.raises(CloudError, match="larger than 1000000 bytes"):
        ask(dataclasses.replace(connection, settings=small))
    assert len(cloud.log) == 1


@pytest.mark.parametrize("said_at_once", [0, 120], ids=["head", "body"])
def test_answer_of_a_byte_now_and_then_is_given_up(cloud: FakeCloud, connection: Connection, said_at_once: int) -> None:
    with dripping_server(said_at_once) as url:
        hasty = dataclasses.replace(connection.settings, page_timeout_seconds=0.3, endpoint=url)
        began = time.monotonic()
        with pytest.raises(TransientError, match="not complete after"):
            ask(connect(hasty), tries=1)
        assert time.monotonic() - began < 60


@contextmanager
def dripping_server(said_at_once: int) -> Iterator[str]:
    """Answers a byte every 10 ms, after so many at once, for as long as somebody listens."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n" + b" " * 100_000

    def serve() -> None:
        peer, _ = listening.accept()
        with peer, suppress(OSError):
            peer.recv(10_000)
            peer.sendall(answer[:said_at_once])
            for byte in answer[said_at_once:]:
                peer.sendall(bytes([byte]))
                time.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread.join(60)


def test_broken_compression_is_tried_again(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(once(200, b"no gzip at all", Content_Encoding="gzip"))
    assert ask(connection).status == 200


def test_redirect_is_not_followed(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(302, headers={"Location": "http://evil.example/v2/images?x=1"}))
    with pytest.raises(Refused, match=r"redirects to http://evil.example/v2/images "):
        ask(connection)


def test_token_that_an_error_page_repeats_is_not_shown(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_TYPE", "admin_token")
    monkeypatch.setenv("OS_ENDPOINT", cloud.url)
    monkeypatch.setenv("OS_TOKEN", "canary-token")
    cloud.faults.append(lambda asked: Reply(403, f"no entry for {asked.token}".encode()))
    with pytest.raises(CloudError) as caught:
        ask(connect(CloudSettings("envvars")))
    assert "no entry for ***" in str(caught.value)


def tried_for(policy: RetryPolicy, failures: float = float("inf")) -> tuple[int, list[float]]:
    """How often something is tried that fails for so many seconds, and the waits in between."""
    waits: list[float] = []
    tried = [0]

    def call() -> None:
        tried[0] += 1
        if sum(waits) < failures:
            raise TransientError("x")

    with suppress(TransientError):
        with_retry(call, policy, "c", sleep=waits.append)
    return tried[0], waits


def test_tries_go_on_until_the_time_is_used_up() -> None:
    tried, waits = tried_for(RetryPolicy(120))
    assert 119 < sum(waits) < 120.1
    assert max(waits) <= 30
    assert tried == len(waits) + 1


@pytest.mark.parametrize("seconds", [0.1, 10, 60, 119])
def test_service_that_is_back_within_the_time_loses_nothing(seconds: float) -> None:
    _, waits = tried_for(RetryPolicy(120), failures=seconds)
    assert seconds <= sum(waits) <= 120.1


def test_tries_are_a_limit_of_their_own() -> None:
    assert tried_for(RetryPolicy(120, tries=3))[0] == 3
    assert tried_for(RetryPolicy(0, tries=3))[0] == 1


def test_first_wait_is_short_unless_the_server_asks_for_more() -> None:
    for _ in range(20):
        assert tried_for(RetryPolicy(120, tries=2))[1][0] <= 0.5


class Service:
    """Fails at each try after so many seconds and asks for a wait of so many; then it answers. Time is only counted."""

    def __init__(self, *failures: tuple[float, float | None], now: float = 0.0) -> None:
        self.now = now
        self.waits: list[float] = []
        self.tries = 0
        self._failures = failures

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def answer(self) -> str:
        self.tries += 1
        if self.tries > len(self._failures):
            return "here"
        took, retry_after = self._failures[self.tries - 1]
        self.now += took
        raise TransientError("the service is away", retry_after=retry_after)

    def ask(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(tenacity, "time", SimpleNamespace(monotonic=lambda: self.now))
        return with_retry(self.answer, RetryPolicy(seconds), "cloud c", stopped=StopSignal(), sleep=self.sleep)


def test_time_spent_in_the_tries_counts_from_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service((500, 2), (4, 2), (4, 2), (4, 2))
    with pytest.raises(TransientError, match="away"):
        service.ask(10, monkeypatch)
    assert (service.tries, service.now) == (3, 512)


@pytest.mark.parametrize("now", [0.0, 1_000_000.0], ids=["zero", "later"])
def test_failure_at_the_very_end_of_the_time_is_the_last(now: float, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service((0, 1), (9, None), (0, None), now=now)
    with pytest.raises(TransientError, match="away"):
        service.ask(10, monkeypatch)
    assert service.tries == 2


def test_failure_shortly_before_the_end_gets_another_try_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service((0, 1), (8.75, None))
    assert service.ask(10, monkeypatch) == "here"
    assert service.now <= 10


def test_retry_after_of_exactly_the_time_left_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service((3, 60))
    assert service.ask(60, monkeypatch) == "here"
    assert service.waits == [60.0]


def test_each_wait_is_told_with_its_place_reason_and_length(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Service((0, 7), (0, 12)).ask(60, monkeypatch)
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "WARNING"]
    assert all("cloud c: the service is away" in message for _, message in told)
    assert [message.partition("; ")[2] for _, message in told] == ["try 2 in 7.0 s", "try 3 in 12.0 s"]


def test_failure_that_is_not_tried_again_announces_no_try(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TransientError):
        Service((0, 61)).ask(60, monkeypatch)
    assert not caplog.records


def test_stop_during_a_wait_ends_the_trying_and_names_the_place() -> None:
    stopped, service = StopSignal(), Service((0, None))
    with pytest.raises(Stopped, match="cloud c, images"):
        with_retry(service.answer, RetryPolicy(60), "cloud c, images", stopped=stopped, sleep=lambda _: stopped.set())
    assert service.tries == 1


def test_error_that_is_final_ends_the_trying_also_after_a_passing_one() -> None:
    errors: list[Exception] = [CloudError("refused"), TransientError("away")]

    def answer() -> str:
        raise errors.pop()

    with pytest.raises(CloudError, match="refused"):
        with_retry(answer, RetryPolicy(60), "cloud c", stopped=StopSignal(), sleep=lambda _: None)
    assert errors == []
