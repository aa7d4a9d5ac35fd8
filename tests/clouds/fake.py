"""An image API in memory, on loopback, for what a real Glance will not do on demand: faults, lies, exact timing.

It filters, sorts and pages as Glance does. A test may answer any request otherwise through `faults`.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

PROJECT = "a" * 32
_PAGING = {"limit", "marker", "sort_key", "sort_dir", "updated_at", "created_at", "member_status"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its query, and the headers that matter; `target` and `headers` as they came."""

    path: str
    query: dict[str, str]
    token: str | None
    api_version: str | None = None
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. `cut_at` closes the connection after so many bytes of the body; -1: without a word at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None


Fault = Callable[[Asked], Reply | None]
"""None: the request is answered as usual."""


@dataclass(slots=True)
class FakeCloud:
    """`images` as the API shows them; `member_status` by id for those that another project shares."""

    url: str
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    member_status: dict[str, str] = field(default_factory=dict)
    largest_page: int = 100
    token: str | None = None
    clock_ahead_seconds: float = 0
    faults: list[Fault] = field(default_factory=list)
    log: list[Asked] = field(default_factory=list)

    def add(self, identity: str, listing: str = "private", **attributes: Any) -> dict[str, Any]:
        """An IMS image that the listing shows."""
        public, shared = listing == "public", listing.startswith("shared-")
        self.images[identity] = {
            "id": identity,
            "name": f"image {identity}",
            "__imagetype": "gold" if public else "shared" if shared else "private",
            "visibility": "public" if public else "shared" if shared else "private",
            "protected": public,
            "owner": PROJECT if listing == "private" else "b" * 32,
            "created_at": "2026-09-01T00:00:00Z",
            "updated_at": "2026-10-01T00:00:00Z",
            **attributes,
        }
        if shared:
            self.member_status[identity] = listing.removeprefix("shared-")
        return self.images[identity]

    def asked_listings(self) -> list[dict[str, str]]:
        return [asked.query for asked in self.log if asked.path == "/v2/images"]

    def reply(self, asked: Asked) -> Reply:
        self.log.append(asked)
        for fault in self.faults:
            if (reply := fault(asked)) is not None:
                return reply
        if self.token is not None and asked.token != self.token:
            return _json(401, {"message": "unauthorized"})
        if asked.path.startswith("/v2/images/"):
            image = self.images.get(unquote(asked.path.removeprefix("/v2/images/")))
            return _json(200, image) if image else _json(404, {})
        return self._page(asked.query)

    def _page(self, query: dict[str, str]) -> Reply:
        marker, limit = query.get("marker"), min(int(query.get("limit", 25)), self.largest_page)
        if marker is not None and marker not in self.images:
            return _json(400, {"message": f"No image found with ID {marker}"})
        found = [image for _, image in sorted(self.images.copy().items()) if self._shown(image, query)]
        if query.get("sort_key") == "created_at":
            found.sort(key=lambda image: str(image["created_at"]), reverse=query.get("sort_dir") != "asc")
        rest = [image for image in found if marker is None or image["id"] > marker]
        page: dict[str, Any] = {"images": rest[:limit], "first": "/v2/images"}
        if len(rest) > limit:
            page["next"] = "/v2/images?" + urlencode({**query, "marker": rest[limit - 1]["id"]})
        return _json(200, page)

    def _shown(self, image: dict[str, Any], query: dict[str, str]) -> bool:
        since = query.get("updated_at", "gte:").removeprefix("gte:")
        created_since = query.get("created_at", "gte:").removeprefix("gte:")
        status = self.member_status.get(image["id"])
        wanted = query.get("member_status", "accepted")
        return (
            image["updated_at"] >= since
            and image["created_at"] >= created_since
            and status in (None, wanted)
            and all(_text(image.get(name)) == value for name, value in query.items() if name not in _PAGING)
        )


@contextmanager
def fake_cloud(tls: ssl.SSLContext | None = None) -> Iterator[FakeCloud]:
    """A running fake cloud on a free port; over TLS where a server's context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: in two, the second waits 40 ms for the first one's receipt

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            token, api_version = self.headers.get("X-Auth-Token"), self.headers.get("X-Api-Version")
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(parts.path, dict(parse_qsl(parts.query)), token, api_version, self.path, headers)
            reply = cloud.reply(asked)
            self.close_connection = reply.cut_at is not None
            if reply.cut_at == -1:
                return
            self.send_response_only(reply.status)
            date = formatdate(time.time() + cloud.clock_ahead_seconds, usegmt=True)
            answered = {"Date": date, "Content-Length": str(len(reply.body)), **reply.headers}
            for name, value in answered.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut_at])

        def log_message(self, *_: object) -> None:
            """The log of requests is in the cloud."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    cloud = FakeCloud(f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()


def once(status: int, body: bytes = b"", **headers: str) -> Fault:
    """A fault that happens to the first request only."""
    left = [Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})]
    return lambda asked: left.pop() if left else None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
