"""Bounds the pages that the readers of a service hold in memory, and says whose page comes next.

Listings of shares are read one after the other, because an image may move between them (pipeline.second_pass). So they
get slots before the other listings; otherwise most readers would have nothing left to do at the end.
"""

import threading
import time
from typing import Protocol


class Slots(Protocol):
    """Permissions to hold a page, as a reader sees them. threading.Semaphore is one too."""

    def acquire(self, *, timeout: float) -> bool:
        """Wait for a slot, at most so many seconds; return whether there was one."""

    def release(self) -> None:
        """Give a slot back."""


class PrefetchSlots:
    """Threads may share this."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._urgent_waiting = 0
        self._changed = threading.Condition()

    def seen_by(self, *, urgent: bool) -> Slots:
        """The same slots, for readers who get them first or last."""
        return _Urgent(self) if urgent else self

    def acquire(self, *, timeout: float) -> bool:
        """Wait for a slot that no urgent reader wants, at most so many seconds; return whether there was one."""
        with self._changed:
            return self._take(timeout, lambda: self._free > 0 and not self._urgent_waiting)

    def acquire_urgently(self, timeout: float) -> bool:
        """Wait for a slot, before all who are not urgent."""
        with self._changed:
            self._urgent_waiting += 1
            try:
                return self._take(timeout, lambda: self._free > 0)
            finally:
                self._urgent_waiting -= 1
                # Those who let this reader pass may have a slot now.
                self._changed.notify_all()

    def release(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def _take(self, timeout: float, may_take: "_Question") -> bool:
        ends_at = time.monotonic() + timeout
        while not may_take():
            left = ends_at - time.monotonic()
            if left <= 0:
                return False
            self._changed.wait(left)
        self._free -= 1
        return True


class _Question(Protocol):
    def __call__(self) -> bool: ...


class _Urgent:
    def __init__(self, slots: PrefetchSlots) -> None:
        self._slots = slots

    def acquire(self, *, timeout: float) -> bool:
        return self._slots.acquire_urgently(timeout)

    def release(self) -> None:
        self._slots.release()
