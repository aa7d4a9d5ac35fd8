"""Writes that nobody waits for: a few threads do them, and an error is raised at the next call or at the end."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from core.wording import reason

log = logging.getLogger(__name__)


class BackgroundWrites:
    """Shared by threads. After the first error no further write is begun, so that a dead store holds nobody up."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="landing")
        self._futures: list[Future[None]] = []
        self._error: OSError | None = None

    def add(self, write: Callable[[], None]) -> None:
        """Have it written soon. Raises: OSError where an earlier write failed."""
        self.check()
        self._futures.append(self._pool.submit(self._once, write))

    def check(self) -> None:
        """Raises: OSError where a write failed."""
        error = self._error
        if error is not None:
            raise OSError(error.errno, reason(error), error.filename) from error

    def flush(self) -> None:
        """Wait until all is written. Raises: OSError where a write failed, and whatever else ended one."""
        while self._futures:
            self._futures.pop().result()
        self.check()

    def close(self) -> None:
        """Wait until all is written, and take no more. An error is logged."""
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
