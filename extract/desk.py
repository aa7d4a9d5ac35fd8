"""Where pages are taken apart: only a few at once in a process, however many readers fetch them.

A parsed page takes ten times the memory of its bytes, and threads that take turns at it chase each other out of the
processor's caches.
"""

import threading
from typing import Final

_PLACES: Final = 1


class Desk:
    """A place for a thread from when it parses a page until what is made of it no longer needs the parsed page."""

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)
        self._here = threading.local()

    def take(self) -> None:
        """Wait for a place; a thread that has one keeps it."""
        if not getattr(self._here, "seated", False):
            self._places.acquire()
            self._here.seated = True

    def leave(self) -> None:
        """Give the place back, where this thread has one."""
        if getattr(self._here, "seated", False):
            self._here.seated = False
            self._places.release()


DESK: Final = Desk(_PLACES)
