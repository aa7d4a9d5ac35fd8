"""A time by which an answer must be whole. A read timeout alone is none: a byte a second, in the head even, never ends.

httpx has no such limit; the network streams under it are wrapped instead. Called by connection.
"""

import time
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any, Final

import httpcore
import httpx


def limit_answers(client: httpx.Client, seconds: float) -> None:
    """Let each answer of the client end in httpx.ReadTimeout that is not whole so long after it was asked for."""
    # httpx offers no way to hand a network backend in without giving up its proxies, so it is set afterwards.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool
            pool._network_backend = _Backend(pool._network_backend, seconds)


_BYTES_AT_ONCE: Final = 262_144
"""httpcore asks for 64 KiB, and looks around after each; a page has a megabyte and more."""


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options), self._seconds)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection carries one question at a time: what is written begins it, and the time runs from there."""

    def __init__(self, stream: httpcore.NetworkStream, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline = time.monotonic() + self._seconds
        self._stream.write(buffer, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._deadline - time.monotonic()
        try:
            if left > 0:
                return self._stream.read(
                    max(max_bytes, _BYTES_AT_ONCE), left if timeout is None else min(left, timeout)
                )
        except httpcore.ReadTimeout:
            if time.monotonic() < self._deadline:
                raise
        raise httpcore.ReadTimeout(f"the answer was not whole after {self._seconds:g} s")

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._seconds)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
