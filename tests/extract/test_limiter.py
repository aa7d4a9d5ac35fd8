"""How many requests a cloud gets at once: halved by refusals, brought back by time, and no slot is ever lost."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from core.errors import CloudError, Refused, TransientError
from extract.connection import Connection
from extract.limiter import RECOVERY_SECONDS, ConcurrencyLimiter, RequestSlot
from extract.request import get
from extract.stopping import Stopped, StopSignal
from tests.clouds.fake import FakeCloud, Reply

MOST = 8


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> ConcurrencyLimiter:
    return ConcurrencyLimiter(MOST, clock)


@pytest.fixture
def at_last() -> Iterator[StopSignal]:
    """Ends every wait after some seconds, so that a slot that is lost fails a test and does not hang it."""
    stopped = StopSignal()
    timer = threading.Timer(5, stopped.set)
    timer.start()
    yield stopped
    timer.cancel()


def slot(limiter: ConcurrencyLimiter, stopped: StopSignal) -> RequestSlot:
    with limiter.slot("", stopped) as taken:
        return taken


def test_refusal_halves_and_the_least_is_one(limiter: ConcurrencyLimiter, clock: Clock, at_last: StopSignal) -> None:
    allowed = []
    for _ in range(5):
        clock.now += 0.001
        limiter.throttled(slot(limiter, at_last))
        allowed.append(limiter.allowed)
    assert allowed == [4, 2, 1, 1, 1]


def test_requests_that_ran_side_by_side_are_refused_once(
    limiter: ConcurrencyLimiter, clock: Clock, at_last: StopSignal
) -> None:
    slots = [slot(limiter, at_last) for _ in range(MOST)]
    for one in slots:
        clock.now += 5
        limiter.throttled(one)
    assert limiter.allowed >= MOST // 2


def test_time_alone_brings_the_limit_back(limiter: ConcurrencyLimiter, clock: Clock, at_last: StopSignal) -> None:
    limiter.throttled(slot(limiter, at_last))
    allowed = []
    for _ in range(4):
        allowed.append(limiter.allowed)
        clock.now += RECOVERY_SECONDS / 4
    assert allowed == [4, 5, 6, 7]
    assert limiter.allowed == MOST
    clock.now += 1000
    assert limiter.allowed == MOST


def test_waiting_thread_notices_the_recovery(at_last: StopSignal) -> None:
    clock = Clock()
    limiter = ConcurrencyLimiter(2, clock)
    limiter.throttled(slot(limiter, at_last))
    with limiter.slot("", at_last), ThreadPoolExecutor(1) as other:
        waiting = other.submit(slot, limiter, at_last)
        assert not waiting.done()
        clock.now += RECOVERY_SECONDS
        waiting.result(5)


def test_no_more_run_at_once_than_are_allowed(at_last: StopSignal) -> None:
    limiter = ConcurrencyLimiter(3)
    running, most = [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with limiter.slot("", at_last):
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.005)
            with lock:
                running[0] -= 1

    with ThreadPoolExecutor(12) as threads:
        for future in [threads.submit(work) for _ in range(30)]:
            future.result(10)
    assert most == [3]


def test_slot_is_given_back_whatever_is_raised(at_last: StopSignal) -> None:
    limiter = ConcurrencyLimiter(1)
    for error in (ValueError, KeyboardInterrupt, TransientError):
        with pytest.raises(error), limiter.slot("", at_last):
            raise error("x")

    @contextmanager
    def refuse() -> Iterator[None]:
        raise TransientError("no lease")
        yield

    limiter.across_processes = refuse()
    with pytest.raises(TransientError), limiter.slot("", at_last):
        pass
    limiter.across_processes = threading.Lock()
    assert slot(limiter, at_last)


def test_what_is_beyond_is_held_for_every_request(at_last: StopSignal) -> None:
    limiter = ConcurrencyLimiter(2)
    limiter.across_processes = lock = threading.Lock()
    with limiter.slot("", at_last):
        assert lock.locked()
    assert not lock.locked()


def test_wait_ends_when_told_to_stop() -> None:
    limiter, stopped = ConcurrencyLimiter(1), StopSignal()
    with limiter.slot(), ThreadPoolExecutor(1) as other:

        def wait() -> None:
            with limiter.slot("here", stopped):
                pass

        waiting = other.submit(wait)
        stopped.set()
        with pytest.raises(Stopped, match="here"):
            waiting.result(5)


@pytest.mark.parametrize(
    ("status", "body", "allowed"),
    [(429, b"", MOST // 2), (403, b'{"error_code":"APIGW.0308"}', MOST // 2), (500, b"", MOST), (403, b"", MOST)],
)
def test_limiter_is_told_of_throttling_and_of_nothing_else(
    cloud: FakeCloud, connection: Connection, status: int, body: bytes, allowed: int
) -> None:
    cloud.faults.append(lambda asked: Reply(status, body))
    with pytest.raises(CloudError):
        get(connection, connection.images_url, {}, "c")
    assert connection.limiter.allowed == allowed


@pytest.mark.parametrize("reply", [Reply(404), Reply(503), Reply(cut_at=-1), Reply(200, b"x", cut_at=0)])
def test_failed_request_gives_its_slot_back(
    cloud: FakeCloud, connection: Connection, reply: Reply, at_last: StopSignal
) -> None:
    cloud.faults.append(lambda asked: reply)
    for _ in range(MOST + 1):
        with pytest.raises((TransientError, Refused)):
            get(connection, connection.images_url, {}, "c", at_last)


def test_cloud_of_constant_latency_keeps_all_its_readers(cloud: FakeCloud, connection: Connection) -> None:
    """Whatever the latency, and whatever its answers' sizes: nothing but a refusal lowers the limit."""

    def slow(asked: object) -> Reply:
        time.sleep(0.0005 * (len(cloud.log) % 7))
        return Reply(200, b" " * (len(cloud.log) % 3) * 10_000)

    cloud.faults.append(slow)
    for _ in range(30):
        get(connection, connection.images_url, {}, "c")
    assert connection.limiter.allowed == MOST
