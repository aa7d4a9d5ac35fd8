"""Servers that speak bytes, on loopback: what no HTTP library would send, and proxies that record what they get."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Handler = Callable[[socket.socket], None]


@contextmanager
def raw_server(handle: Handler) -> Iterator[int]:
    """A port on loopback; each connection is handed to `handle` in a thread of its own and closed afterwards."""
    peers: list[socket.socket] = []

    def serve(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            handle(peer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listening.accept()
                peers.append(peer)
                threading.Thread(target=serve, args=[peer], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for peer in peers:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def read_head(peer: socket.socket) -> bytes:
    """A request's head, with whatever came along."""
    head = b""
    while b"\r\n\r\n" not in head and (more := peer.recv(65_536)):
        head += more
    return head


def answering(*answers: bytes) -> Handler:
    """Sends one answer after another, each to a request of the same connection; the last for ever."""
    left = list(answers)

    def handle(peer: socket.socket) -> None:
        while read_head(peer):
            peer.sendall(left.pop(0) if len(left) > 1 else left[0])

    return handle


def once_and_close(answer: bytes) -> Handler:
    """Sends the answer to the first request and closes the connection."""

    def handle(peer: socket.socket) -> None:
        read_head(peer)
        peer.sendall(answer)

    return handle


@dataclass(slots=True)
class Proxy:
    """An HTTP and SOCKS 5 proxy: the first lines of what it was asked for, and the logins that came along."""

    refusal: bytes | None = None
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    def handle(self, peer: socket.socket) -> None:
        first = peer.recv(1, socket.MSG_PEEK)
        if first == b"\x05":
            self._socks(peer)
        else:
            self._http(peer)

    def _http(self, peer: socket.socket) -> None:
        head = read_head(peer)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        self.asked.append(f"{method} {target}")
        self.logins += [line.split(" ")[-1] for line in lines if line.lower().startswith("proxy-authorization:")]
        if self.refusal is not None:
            peer.sendall(self.refusal)
        elif method == "CONNECT":
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as onward:
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(peer, onward)
        else:
            authority, _, path = target.removeprefix("http://").partition("/")
            host, _, port = authority.partition(":")
            with socket.create_connection((host, int(port))) as onward:
                onward.sendall(head.replace(target.encode(), b"/" + path.encode(), 1))
                _relay(peer, onward)

    def _socks(self, peer: socket.socket) -> None:
        peer.sendall(b"\x05" + (b"\x00" if b"\x00" in peer.recv(262)[2:] else b"\x02"))
        request = peer.recv(262)
        if request[:1] == b"\x01":
            self.logins.append(request[2:].decode("latin-1"))
            peer.sendall(b"\x01\x00")
            request = peer.recv(262)
        host = socket.inet_ntoa(request[4:8]) if request[3] == 1 else request[5:-2].decode()
        port: int = struct.unpack("!H", request[-2:])[0]
        self.asked.append(f"SOCKS {host}:{port}")
        if self.refusal is not None:
            peer.sendall(self.refusal)
            return
        with socket.create_connection((host, port)) as onward:
            peer.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            _relay(peer, onward)


@contextmanager
def proxy_server(refusal: bytes | None = None) -> Iterator[tuple[Proxy, str]]:
    """A running proxy and its host and port."""
    proxy = Proxy(refusal)
    with raw_server(proxy.handle) as port:
        yield proxy, f"127.0.0.1:{port}"


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for peer in (source, target):
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=carry, args=[other, one], daemon=True)
    thread.start()
    carry(one, other)
    thread.join(5)
