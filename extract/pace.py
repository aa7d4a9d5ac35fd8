"""How many requests one cloud gets at once: never more than is set, fewer for a while when it is asked too much.

Additive increase, multiplicative decrease: the rule by which TCP shares a line. Source: RFC 5681, section 3.1.
Called by retry's `get`, for every request; all listings of a cloud share one pace.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

log = logging.getLogger(__name__)

_SLOWED_ONCE_IN_SECONDS = 1.0
_MUCH_SLOWER = 3.0
_SMOOTHING = 0.2
_FEWEST_ANSWERS = 8
_BYTES_OF_A_SMALL_ANSWER = 65_536


class Pace:
    """Shared by threads. `clock` is time.monotonic, but in tests.

    `beyond` is entered for every request too: where other processes ask the same cloud, it bounds them all.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.beyond: AbstractContextManager[object] = nullcontext()
        self._most = most
        self._allowed = float(most)
        self._running = 0
        self._clock = clock
        self._slowed_at = -_SLOWED_ONCE_IN_SECONDS
        self._answers = 0
        self._slowness = self._least_slowness = 0.0
        self._turns = threading.Condition()

    @property
    def allowed(self) -> int:
        """Requests at once, as things are."""
        return max(1, int(self._allowed))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until one more request may go out, and count it as going on inside."""
        with self._turns:
            self._turns.wait_for(lambda: self._running < self.allowed)
            self._running += 1
        try:
            with self.beyond:
                yield
        finally:
            with self._turns:
                self._running -= 1
                self._turns.notify_all()

    def answered(self, seconds: float, size_bytes: int) -> None:
        """An answer came: a little faster from now on; slower, if answers take much longer than they did."""
        with self._turns:
            # A page of a thousand images takes longer than one of ten: what counts is the time for its size.
            slowness = seconds / (size_bytes + _BYTES_OF_A_SMALL_ANSWER)
            self._slowness += (slowness - self._slowness) * (_SMOOTHING if self._answers else 1)
            self._answers += 1
            if self._answers < _FEWEST_ANSWERS:
                return
            self._least_slowness = min(self._slowness, self._least_slowness or self._slowness)
            if self._slowness > _MUCH_SLOWER * self._least_slowness and self.allowed > 1:
                self._slow_down("its answers take much longer than before")
                self._slowness = self._least_slowness
            else:
                self._allowed = min(self._most, self._allowed + 1 / self._allowed)
                self._turns.notify_all()

    def throttled(self) -> None:
        """The cloud said that it is asked too much."""
        with self._turns:
            self._slow_down("it asks us to")

    def _slow_down(self, why: str) -> None:
        now = self._clock()
        # What was asked side by side is refused side by side: that is one refusal.
        if now - self._slowed_at >= _SLOWED_ONCE_IN_SECONDS:
            self._slowed_at = now
            self._allowed = max(1.0, self._allowed / 2)
            log.info("asking this cloud for less at once, %d instead of up to %d: %s", self.allowed, self._most, why)
