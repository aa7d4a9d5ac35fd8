"""How many requests one cloud gets at once: never more than is set, fewer for a while after it was asked too much.

A refusal halves the limit; time alone brings it back, so that no measuring can mistake a cloud for a slow one.
Called by request, for every request; all listings of a cloud share one limiter.
"""

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from core.wording import counted
from extract.stopping import PROCESS_STOP, StopSignal

log = logging.getLogger(__name__)

RECOVERY_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class RequestSlot:
    """The right to have one request under way, since `taken_at` by the limiter's clock."""

    taken_at: float


class ConcurrencyLimiter:
    """Shared by threads. `clock` is time.monotonic, but in tests.

    `beyond` is entered for every request too: where other processes ask the same cloud, it bounds them all.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.beyond: AbstractContextManager[object] = nullcontext()
        self._most = most
        self._clock = clock
        self._lowered_to = float(most)
        self._lowered_at = clock() - RECOVERY_SECONDS
        self._running = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Requests at once, as things are: back at the maximum RECOVERY_SECONDS after the last refusal."""
        return max(1, int(self._limit()))

    @contextmanager
    def slot(self, where: str = "", stopped: StopSignal = PROCESS_STOP) -> Iterator[RequestSlot]:
        """Wait until one more request may go out, and count it as under way inside. Raises: Stopped while waiting."""
        with self._changed:
            while self._running >= self.allowed:
                stopped.check(where)
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            self._running += 1
        try:
            with self.beyond:
                yield RequestSlot(self._clock())
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def throttled(self, slot: RequestSlot) -> None:
        """The cloud refused this request because it is asked too much: halve the limit.

        Requests that were under way together are refused together, and that is one refusal.
        """
        with self._changed:
            if slot.taken_at <= self._lowered_at:
                return
            self._lowered_to = max(1.0, self._limit() / 2)
            self._lowered_at = self._clock()
            log.info(
                "the cloud asks us to slow down: %s at once instead of %d, for a while",
                counted(self.allowed, "request"),
                self._most,
            )

    def _limit(self) -> float:
        recovered = min(1.0, (self._clock() - self._lowered_at) / RECOVERY_SECONDS)
        return self._lowered_to + (self._most - self._lowered_to) * recovered


@dataclass(eq=False)
class ServiceLimits:
    """What all who ask one image service share: requests at once, and pages that are held in memory."""

    limiter: ConcurrencyLimiter
    room: threading.Semaphore


_of_services: "weakref.WeakValueDictionary[object, ServiceLimits]" = weakref.WeakValueDictionary()
_making = threading.Lock()


def limits_of(service: object, most: int) -> ServiceLimits:
    """The limits of a service for as long as somebody asks it; None: of one that nobody else asks."""
    with _making:
        found = _of_services.get(service) if service is not None else None
        if found is None:
            found = ServiceLimits(ConcurrencyLimiter(most), threading.Semaphore(most + most // 2))
            if service is not None:
                _of_services[service] = found
        return found
