"""Reports progress to listeners in this process, once per page. Not a parameter, because Prefect keeps parameters."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from core.wording import counted
from extract.stopping import PROCESS_STOP

log = logging.getLogger(__name__)

LOG_EVERY_SECONDS: Final = 30.0
"""How often the log shows the progress of a long listing."""


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """The progress of a listing. `expected`: its images when it was last read; None if unknown."""

    cloud: str
    listing: str
    pages: int
    images: int
    expected: int | None
    seconds: float

    @property
    def share(self) -> float | None:
        """0 to 1, never quite 1, because a listing may have grown. None if unknown."""
        return min(self.images / self.expected, 0.99) if self.expected else None

    @property
    def told(self) -> str:
        """`41 of 100 pages, 41,000 images, 2,300 a second, 26 s left`."""
        per_second = self.images / self.seconds if self.seconds else 0.0
        left = (self.expected or 0) - self.images
        of_pages = f" of {round(self.pages * (self.expected or 0) / self.images)}" if left > 0 and self.images else ""
        pages = f"{self.pages}{of_pages} pages" if of_pages else counted(self.pages, "page")
        parts = [pages, counted(self.images, "image", ",")]
        parts += [f"{per_second:,.0f} a second"] if per_second else []
        parts += [f"{left / per_second:.0f} s left"] if left > 0 and per_second else []
        return ", ".join(parts)


PageListener = Callable[[ListingProgress], None]
"""Called after each page, from several threads."""

_listeners: list[PageListener] = []


class Watched:
    """Passes the progress of one listing to the listeners of this process and, now and then, to the log."""

    def __init__(self, cloud: str, listing: str, expected: int | None) -> None:
        self._cloud, self._listing, self._expected = cloud, listing, expected
        self._began = self._logged = time.monotonic()

    def page_was_read(self, pages: int, images: int) -> None:
        """Record the pages and images so far. Raises: Stopped when the run must stop."""
        PROCESS_STOP.check(f"cloud {self._cloud}, listing {self._listing}")
        now = time.monotonic()
        progress = ListingProgress(self._cloud, self._listing, pages, images, self._expected, now - self._began)
        for listener in _listeners:
            listener(progress)
        if now - self._logged >= LOG_EVERY_SECONDS:
            self._logged = now
            log.info("cloud %s, listing %s: %s", self._cloud, self._listing, progress.told)


@contextmanager
def listening(listener: PageListener) -> Iterator[None]:
    """Call the listener for every page read inside."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def stop_reading() -> None:
    """Stop every listing that is being read. This is final: the process is about to end."""
    PROCESS_STOP.set()
