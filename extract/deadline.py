"""A time limit for a whole request with its answer. Called by extract.transport.

A read timeout is not enough: an answer of one byte per second never ends. httpx has no limit for a whole answer, so the
network streams below it are wrapped.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any, Final

import httpcore
import httpx

_BYTES_PER_READ: Final = 262_144
"""httpcore reads 64 KiB at a time; a page has a megabyte or more, so larger reads are faster."""

_this_thread: Final = threading.local()


@contextmanager
def over_within(seconds: float) -> Iterator[None]:
    """Limit the time in which this thread sends and receives inside the `with` statement; then httpcore times out.

    The limit is for one request, from the connection, new or used before, to the last byte.
    """
    _this_thread.ends_at, _this_thread.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        del _this_thread.ends_at, _this_thread.seconds


def observe_deadlines(transport: httpx.HTTPTransport) -> None:
    """Make the transport's connections obey over_within."""
    # httpx accepts a network backend only without its proxy support, so the backend is replaced afterwards.
    pool: Any = transport._pool
    pool._network_backend = _Backend(pool._network_backend)


def _left(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
    """The seconds that one operation may take. Raises: `too_late` if the limit has passed."""
    ends_at: float | None = getattr(_this_thread, "ends_at", None)
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise too_late(f"the answer was not complete after {_this_thread.seconds:g} s")
    return left if timeout is None else min(left, timeout)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max(max_bytes, _BYTES_PER_READ), _left(timeout, httpcore.ReadTimeout))
        except httpcore.ReadTimeout:
            _left(timeout, httpcore.ReadTimeout)  # raises the deadline's own error if it has passed
            raise

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
