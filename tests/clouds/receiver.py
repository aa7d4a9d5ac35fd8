"""Somebody who is told of runs by HTTP: notices, lineage."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    """On loopback; keeps the bodies that it is sent, which are JSON, and their headers. `status`: how it answers.

    `moved_to`: another path of it, to which it redirects.
    """

    port: int
    status: int
    moved_to: str | None = None
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            receiver.headers.append(dict(self.headers))
            if receiver.moved_to is None or self.path == receiver.moved_to:
                self.send_response(receiver.status)
            else:
                self.send_response(307)
                self.send_header("Location", receiver.moved_to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(int(server.server_address[1]), status)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()
