"""An image service on loopback that serves the recorded pages of data/sample, for `glanceback demo`.

A recorded question is answered with the recorded bytes, and with the time of today. Only what cannot have been
recorded is answered from them: the closing pass, whose time is not known beforehand, and single images.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from core.shipped import shipped

SAMPLE = shipped("data", "sample")
NIGHTS = ("night-1", "night-2")
_BOUNDS = ("updated_at", "created_at")
_PAGING = ("limit", "sort_key", "sort_dir", "marker", *_BOUNDS)


class Night:
    """One night's recorded answers, by question."""

    def __init__(self, folder: Path) -> None:
        self._answers: dict[frozenset[tuple[str, str]], bytes] = {}
        self._listings: dict[frozenset[tuple[str, str]], list[dict[str, Any]]] = {}
        for request in json.loads((folder / "requests.json").read_bytes()):
            body = (folder / request["body"]).read_bytes()
            query = request["query"]
            self._answers[frozenset(query.items())] = body
            self._listings.setdefault(_filters(query), []).extend(json.loads(body)["images"])

    @property
    def project_id(self) -> str:
        """The project whose catalogue it is: whose private images are listed by owner."""
        return next(value for filters in self._listings for name, value in filters if name == "owner")

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        if path != "/v2/images":
            return self._image(unquote(path.removeprefix("/v2/images/")))
        if recorded := self._answers.get(frozenset(query.items())):
            return 200, recorded
        listing = self._listings.get(_filters(query))
        if listing is None:
            return 400, b'{"message": "the sample has no answer to this question"}'
        return 200, json.dumps({"images": _page(listing, query)}).encode()

    def _image(self, identity: str) -> tuple[int, bytes]:
        for listing in self._listings.values():
            for image in listing:
                if image["id"] == identity:
                    return 200, json.dumps(image).encode()
        return 404, b"{}"


class SampleCloud:
    """The running service. `night` says which night it serves, and may be set at any time."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.nights = {name: Night(SAMPLE / name) for name in NIGHTS}
        self.night = NIGHTS[0]
        self.url = f"http://127.0.0.1:{server.server_port}"

    @property
    def project_id(self) -> str:
        return self.nights[self.night].project_id


@contextmanager
def sample_cloud() -> Iterator[SampleCloud]:
    """Serve the sample on a free port of loopback until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = cloud.nights[cloud.night].answer(parts.path, dict(parse_qsl(parts.query)))
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string())
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody wants to read it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    cloud = SampleCloud(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = os.environ.get("NO_PROXY")
    # A proxy's own loopback is another one.
    os.environ["NO_PROXY"] = f"{before},127.0.0.1" if before else "127.0.0.1"
    try:
        yield cloud
    finally:
        os.environ.pop("NO_PROXY") if before is None else os.environ.update(NO_PROXY=before)
        server.shutdown()
        server.server_close()


def _page(listing: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was not recorded: the closing pass, and the probes of a first run for where to cut a long listing."""
    key = query.get("sort_key", "created_at")
    bounds = {name: query.get(name, "").removeprefix("gte:") for name in _BOUNDS}
    unlike = {image["id"]: image for image in listing if all(image[name] >= bound for name, bound in bounds.items())}
    found = sorted(
        unlike.values(), key=lambda image: (image[key], image["id"]), reverse=query.get("sort_dir", "desc") == "desc"
    )
    ids = [image["id"] for image in found]
    begin = ids.index(query["marker"]) + 1 if query.get("marker") in ids else 0
    return found[begin : begin + int(query.get("limit", len(found)))]


def _filters(query: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in query.items() if name not in _PAGING)
