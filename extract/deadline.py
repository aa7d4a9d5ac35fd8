"""A time by which a request and its answer must be over. Called by transport.

A read timeout alone is none: a byte a second, in the head even, never ends. httpx has no such limit; the network
streams under it are wrapped instead.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any, Final

import httpcore
import httpx

_BYTES_AT_ONCE: Final = 262_144
"""httpcore asks for 64 KiB, and looks around after each; a page has a megabyte and more."""

_this_thread: Final = threading.local()


@contextmanager
def over_within(seconds: float) -> Iterator[None]:
    """Let what this thread sends and receives inside end in a timeout of httpcore once so much time has passed.

    The time is one request's, from the connecting to the last byte, whether or not its connection was used before.
    """
    _this_thread.ends_at, _this_thread.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        del _this_thread.ends_at, _this_thread.seconds


def observe_deadlines(transport: httpx.HTTPTransport) -> None:
    """Make the transport's connections keep to over_within."""
    # httpx offers no way to hand a network backend in without giving up its proxies, so it is set afterwards.
    pool: Any = transport._pool
    pool._network_backend = _Backend(pool._network_backend)


def _left(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
    """The time that one operation may take. Raises: `too_late` where there is none left."""
    ends_at: float | None = getattr(_this_thread, "ends_at", None)
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise too_late(f"the answer was not whole after {_this_thread.seconds:g} s")
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
            return self._stream.read(max(max_bytes, _BYTES_AT_ONCE), _left(timeout, httpcore.ReadTimeout))
        except httpcore.ReadTimeout:
            _left(timeout, httpcore.ReadTimeout)  # says so where it was the deadline that ended the wait
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
