"""Writes in the background by a few threads. An error is raised by the next call, or at the end."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from core.wording import reason

log = logging.getLogger(__name__)


class BackgroundWrites:
    """Threads may share this. After the first error no new write begins, so that a dead store causes no delay."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="landing")
        self._futures: list[Future[None]] = []
        self._error: OSError | None = None

    def add(self, write: Callable[[], None]) -> None:
        """Queue a write. Raises: OSError if an earlier write failed."""
        self.check()
        self._futures.append(self._pool.submit(self._once, write))

    def check(self) -> None:
        """Raises: OSError if a write failed."""
        error = self._error
        if error is not None:
            raise OSError(error.errno, reason(error), error.filename) from error

    def flush(self) -> None:
        """Wait for all writes. Raises: OSError if a write failed, and any other error of a write."""
        while self._futures:
            self._futures.pop().result()
        self.check()

    def close(self) -> None:
        """Wait for all writes and accept no more. An error is logged."""
        self._pool.shutdown(wait=True)
        try:
            self.flush()
        except OSError as exc:
            log.warning("%s could not be written (%s)", exc.filename, reason(exc))

    def _once(self, write: Callable[[], None]) -> None:
        if self._error is None:
            try:
                write()
            except OSError as exc:
                self._error = self._error or exc
