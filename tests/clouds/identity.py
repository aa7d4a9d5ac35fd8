"""An identity service in memory, on loopback, for what a real Keystone will not do on demand.

It hands out `token-1`, `token-2` and so on to whoever has the password. A test may answer any request otherwise
through `faults`.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clouds.fake import PROJECT, Reply

PASSWORD = "canary-password"


@dataclass(frozen=True, slots=True)
class AskedIdentity:
    method: str
    path: str
    body: str

    @property
    def is_login(self) -> bool:
        return self.method == "POST"


@dataclass(slots=True)
class FakeIdentity:
    """`image_url` is what its catalogue says."""

    url: str
    image_url: str = "http://127.0.0.1:9"
    issued: int = 0
    faults: list[Callable[[AskedIdentity], Reply | None]] = field(default_factory=list)
    log: list[AskedIdentity] = field(default_factory=list)

    @property
    def logins(self) -> int:
        return sum(asked.is_login for asked in self.log)

    def reply(self, asked: AskedIdentity) -> Reply:
        self.log.append(asked)
        for fault in self.faults:
            if (reply := fault(asked)) is not None:
                return reply
        if not asked.is_login:
            links = [{"rel": "self", "href": f"{self.url}/v3/"}]
            return _json(200, {"version": {"id": "v3.14", "status": "stable", "links": links}})
        if PASSWORD not in asked.body:
            return _json(401, {"error": {"code": 401, "message": "The request requires authentication."}})
        self.issued += 1
        return self.token(f"token-{self.issued}")

    def token(self, token: str) -> Reply:
        said: dict[str, Any] = {
            "methods": ["password"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "user", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": PROJECT, "name": "project", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "r", "name": "reader"}],
            "catalog": [
                {
                    "type": "image",
                    "name": "glance",
                    "id": "g",
                    "endpoints": [
                        {"interface": "public", "url": self.image_url, "region": "R", "region_id": "R", "id": "e"}
                    ],
                }
            ],
        }
        return _json(201, {"token": said}, {"X-Subject-Token": token})


@contextmanager
def fake_identity(tls: ssl.SSLContext | None = None) -> Iterator[FakeIdentity]:
    """A running identity service on a free port; over TLS where a server's context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, body: str) -> None:
            reply = identity.reply(AskedIdentity(self.command, self.path, body))
            self.close_connection = reply.cut_at is not None
            if reply.cut_at == -1:
                return
            self.send_response_only(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut_at])

        def log_message(self, *_: object) -> None:
            """The log of requests is in the service."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    identity = FakeIdentity(f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield identity
    finally:
        server.shutdown()
        server.server_close()


def _json(status: int, value: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})
