"""A signal that tells threads to stop. It also ends the wait before a retry at once.

A signal may have a parent. One failed part stops the other parts of its listing; the end of the process stops all.
"""

import threading
import weakref
from typing import Final, Self

from core.errors import CloudError


class Stopped(CloudError):
    """The reading was stopped before it was complete."""


class StopSignal:
    """Threads may share this. Once set, it stays set."""

    def __init__(self, parent: Self | None = None) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._children: weakref.WeakSet[StopSignal] = weakref.WeakSet()
        if parent is not None:
            parent._adopt(self)

    def set(self) -> None:
        """Set this signal and its descendants."""
        with self._lock:
            self._event.set()
            children = list(self._children)
        for child in children:
            child.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep until the time has passed or the signal is set."""
        self._event.wait(seconds)

    def check(self, where: str) -> None:
        """Raises: Stopped if the signal is set."""
        if self._event.is_set():
            raise Stopped(f"{where}: the reading was stopped")

    def _adopt(self, child: "StopSignal") -> None:
        with self._lock:
            self._children.add(child)
            is_set = self._event.is_set()
        if is_set:
            child.set()


PROCESS_STOP: Final = StopSignal()
"""Set when the process is about to end, for instance by Ctrl-C or SIGTERM."""
