"""A signal that tells threads to stop: whoever waits for another try wakes up at once.

A signal may have a parent. One failed part stops the other parts of its listing; the end of the process stops all.
"""

import threading
import weakref
from typing import Final, Self

from core.errors import CloudError


class Stopped(CloudError):
    """The reading was told to stop before it had its answer."""


class StopSignal:
    """Shared by threads. It is set once and stays set."""

    def __init__(self, parent: Self | None = None) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._children: weakref.WeakSet[StopSignal] = weakref.WeakSet()
        if parent is not None:
            parent._adopt(self)

    def set(self) -> None:
        """Stop everybody who has this signal or one that descends from it."""
        with self._lock:
            self._event.set()
            children = list(self._children)
        for child in children:
            child.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the signal is set."""
        self._event.wait(seconds)

    def check(self, where: str) -> None:
        """Raises: Stopped where the signal is set."""
        if self._event.is_set():
            raise Stopped(f"{where}: the reading was stopped")

    def _adopt(self, child: "StopSignal") -> None:
        with self._lock:
            self._children.add(child)
            is_set = self._event.is_set()
        if is_set:
            child.set()


PROCESS_STOP: Final = StopSignal()
"""Set when the process is about to end, by Ctrl-C or SIGTERM for instance."""
