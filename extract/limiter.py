"""Limits the concurrent requests to one cloud: never more than the setting, fewer for a while after throttling.

A throttled request halves the limit; it rises again with time, not by measurements, which could take a slow answer for
throttling. Called by extract.request for every request; all listings of a cloud share one limiter.
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
from extract.prefetch import PrefetchSlots
from extract.stopping import PROCESS_STOP, StopSignal

log = logging.getLogger(__name__)

RECOVERY_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class RequestSlot:
    """The permission to have one request in flight, since `taken_at` by the limiter's clock."""

    taken_at: float


class ConcurrencyLimiter:
    """Threads may share this. `clock`: time.monotonic, except in tests.

    `across_processes` is entered for every request too: it limits all processes that use the same cloud.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.across_processes: AbstractContextManager[object] = nullcontext()
        self._most = most
        self._clock = clock
        self._lowered_to = float(most)
        self._lowered_at = clock() - RECOVERY_SECONDS
        self._running = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """The current limit of concurrent requests; the maximum again RECOVERY_SECONDS after the last throttling."""
        return max(1, int(self._limit()))

    @contextmanager
    def slot(self, where: str = "", stopped: StopSignal = PROCESS_STOP) -> Iterator[RequestSlot]:
        """Wait for a free slot and hold it inside the `with` statement. Raises: Stopped while waiting."""
        with self._changed:
            while self._running >= self.allowed:
                stopped.check(where)
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            self._running += 1
        try:
            with self.across_processes:
                yield RequestSlot(self._clock())
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def throttled(self, slot: RequestSlot) -> None:
        """Halve the limit, because the cloud throttled this request.

        Requests that were in flight together are throttled together; that counts once.
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
    """The limits that all connections to one image service share: concurrent requests, and pages held in memory."""

    limiter: ConcurrencyLimiter
    prefetch_slots: PrefetchSlots


_of_services: "weakref.WeakValueDictionary[object, ServiceLimits]" = weakref.WeakValueDictionary()
_making = threading.Lock()


def limits_of(service: object, most: int) -> ServiceLimits:
    """Return the limits of a service, the same as long as a connection uses them; None: limits that are not shared."""
    with _making:
        found = _of_services.get(service) if service is not None else None
        if found is None:
            found = ServiceLimits(ConcurrencyLimiter(most), PrefetchSlots(most + most // 2))
            if service is not None:
                _of_services[service] = found
        return found
