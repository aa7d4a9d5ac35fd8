"""A catalogue of any size on loopback, as slow as is wanted: images shaped like the recorded ones of data/sample.

`python -m benchmarks.catalogue --images 100000 [--base-ms 50 --image-ms 1]` prints its address and serves; `--shares`
says how much of it each listing shows, if not as SHARES has it. `--kind varied`: random ids, random attributes,
listings of very different lengths (benchmarks.varied). It keeps to the machine's last processor, so that it takes no
more. It answers what glanceback, dlt and openstacksdk ask: filters of the five IMS listings, marker and limit, order
by id or by creation time, `updated_at=gte:`, `created_at=gte:`, single images. `POST /change?images=N` changes N
images, now.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import gcd
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from benchmarks import varied

SHARES: Final = {"public": 0.4, "private": 0.3, "shared-accepted": 0.1, "shared-pending": 0.1, "shared-rejected": 0.1}
LARGEST_PAGE: Final = 1000
_SAMPLE: Final = Path(__file__).resolve().parent.parent / "data" / "sample" / "night-1"
_FIRST_DAY: Final = datetime(2021, 1, 1)
_DAYS: Final = 5 * 365
_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_MARKS: Final = ("@id", "@created", "@updated", "@number")
KINDS: Final = {"recorded": SHARES, "varied": varied.SHARES}
"""The catalogues, each with the shares of its listings."""


class EvenIds:
    """The ids of a listing, at equal distances, so that none is kept."""

    def __init__(self, kind: int, images: int) -> None:
        self._images, self._kind = images, kind
        self._step = 2**128 // (len(SHARES) * (images + 1))

    def identity(self, number: int) -> int:
        return (len(SHARES) * number + self._kind) * self._step

    def after(self, marker: int) -> int:
        """The number of the first image beyond the marker."""
        return (marker // self._step - self._kind) // len(SHARES) + 1

    def has(self, identity: int) -> bool:
        place, rest = divmod(identity, self._step)
        return not rest and place % len(SHARES) == self._kind and place // len(SHARES) < self._images


class RandomIds:
    """The ids of a listing as Glance makes them: some parts of the order have more than others."""

    def __init__(self, kind: int, images: int) -> None:
        chance = random.Random(f"ids {kind}")
        self._ids = sorted(chance.getrandbits(128) for _ in range(images))

    def identity(self, number: int) -> int:
        return self._ids[number]

    def after(self, marker: int) -> int:
        return bisect_right(self._ids, marker)

    def has(self, identity: int) -> bool:
        place = bisect_left(self._ids, identity)
        return self._ids[place : place + 1] == [identity]


class Listing:
    """The images of one listing, numbered in id order; each is made when it is asked for, always the same."""

    def __init__(self, ids: EvenIds | RandomIds, images: int, recorded: list[dict[str, Any]]) -> None:
        self.images = images
        self._ids = ids
        self._templates = [_template(image) for image in recorded]
        # Creation follows another order than ids do: neighbours by id lie days apart.
        self._stride = next(n for n in range(images * 5 // 8 + 1, images * 2 + 2) if gcd(n, images) == 1)
        self._stride_back = pow(self._stride, -1, images) if images > 1 else 0
        self._seconds_between = _DAYS * 86_400 / max(1, images)
        self._changed: list[tuple[str, int]] = []
        self._changed_at: dict[int, str] = {}

    def identity(self, number: int) -> str:
        return str(UUID(int=self._ids.identity(number)))

    def after(self, marker: str) -> int:
        """The number of the first image beyond the marker."""
        return self._ids.after(UUID(marker).int)

    def has(self, identity: str) -> bool:
        return self._ids.has(UUID(identity).int)

    def text(self, number: int) -> str:
        created = self._created(number)
        return self._templates[number % len(self._templates)] % {
            "id": self.identity(number),
            "created": created,
            "updated": self._changed_at.get(number, created),
            "number": number,
        }

    def changed_since(self, bound: str) -> list[int]:
        """The numbers of what was changed from then on; of all, where that is before the first change."""
        if bound <= f"{_FIRST_DAY + timedelta(days=_DAYS):{_FORM}}":
            return list(range(self.images))
        return sorted({number for _, number in self._changed[bisect_left(self._changed, (bound, -1)) :]})

    def change(self, images: int, at: str) -> None:
        """Give as many images, spread evenly, this time of change."""
        for number in range(0, self.images, max(1, self.images // images)) if images else ():
            self._changed_at[number] = at
            insort(self._changed, (at, number))

    def in_order_of_creation(self, bound: str | None, descending: bool, limit: int) -> list[int]:
        """The first images created at or after the bound, or the oldest or newest of all."""
        place = self.images - 1 if descending else 0
        if bound is not None:
            seconds = (datetime.strptime(bound, _FORM) - _FIRST_DAY).total_seconds()
            place = max(0, -int(-seconds // self._seconds_between))
        places = (
            range(place, max(-1, place - limit), -1) if descending else range(place, min(self.images, place + limit))
        )
        return [one * self._stride_back % self.images for one in places]

    def _created(self, number: int) -> str:
        place = number * self._stride % self.images
        return f"{_FIRST_DAY + timedelta(seconds=int(place * self._seconds_between)):{_FORM}}"


class Catalogue:
    """The five listings of an IMS account, `images` in all; a listing whose share is 0 is empty."""

    def __init__(self, images: int, shares: Sequence[float] = (), kind: str = "recorded") -> None:
        """`shares`: how much of it each listing has; those of its kind if none are given."""
        self.project = _recorded("private")[0]["owner"]
        self.listings = {}
        self._shares = dict(zip(SHARES, shares or [KINDS[kind][name] for name in SHARES], strict=True))
        for number, (name, share) in enumerate(self._shares.items()):
            # What the account itself shares out would be in three listings at once.
            recorded = [one for one in _recorded(name) if name == "private" or one["owner"] != self.project]
            length = max(1, round(images * share)) if share else 0
            if kind == "varied":
                self.listings[name] = Listing(RandomIds(number, length), length, varied.images(recorded[0], name))
            else:
                self.listings[name] = Listing(EvenIds(number, length), length, recorded)

    def page(self, query: dict[str, str]) -> tuple[bytes, int]:
        """The page's JSON and how many images it has."""
        listing = self._asked_for(query)
        limit = min(int(query.get("limit", "25")), LARGEST_PAGE)
        marker = query.get("marker")
        if query.get("sort_key") == "created_at":
            # Only the first page is asked for.
            bound = query.get("created_at", "").removeprefix("gte:") or None
            numbers, more = listing.in_order_of_creation(bound, query.get("sort_dir") == "desc", limit), False
        elif "updated_at" in query:
            changed = listing.changed_since(query["updated_at"].removeprefix("gte:"))
            start = bisect_left(changed, listing.after(marker)) if marker else 0
            numbers, more = changed[start : start + limit], len(changed) > start + limit
        else:
            start = listing.after(marker) if marker else 0
            numbers = list(range(start, min(start + limit, listing.images)))
            more = start + limit < listing.images
        body = f'{{"images": [{", ".join(map(listing.text, numbers))}]'
        if more:
            body += f', "next": "/v2/images?{urlencode({**query, "marker": listing.identity(numbers[-1])})}"'
        return (body + "}").encode(), len(numbers)

    def image(self, identity: str) -> bytes | None:
        for listing in self.listings.values():
            if listing.has(identity):
                return listing.text(listing.after(identity) - 1).encode()
        return None

    def change(self, images: int) -> None:
        at = f"{datetime.now(UTC):{_FORM}}"
        for name, share in self._shares.items():
            self.listings[name].change(round(images * share), at)

    def _asked_for(self, query: dict[str, str]) -> Listing:
        if "owner" in query:
            return self.listings["private"]
        if "member_status" in query:
            return self.listings[f"shared-{query['member_status']}"]
        return self.listings["public"]


def _recorded(listing: str) -> list[dict[str, Any]]:
    files = sorted(_SAMPLE.glob(f"{listing}-*.json"))
    return [image for file in files for image in json.loads(file.read_bytes())["images"]]


def _template(image: dict[str, Any]) -> str:
    marked = {
        **image,
        "id": "@id",
        "created_at": "@created",
        "updated_at": "@updated",
        "name": f"{image['name']} @number",
    }
    marked |= {"self": "/v2/images/@id", "file": "/v2/images/@id/file"}
    text = json.dumps(marked).replace("%", "%%")
    for mark in _MARKS:
        text = text.replace(mark, f"%({mark[1:]})s")
    return text


def _version(url: str) -> dict[str, Any]:
    return {"id": "v2.16", "status": "CURRENT", "links": [{"rel": "self", "href": url}]}


def serve(catalogue: Catalogue, base_seconds: float, image_seconds: float, say: Callable[[str], None]) -> None:
    """Serve on a free port of loopback, for as long as the process lives."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path in ("/", "/v2", "/v2/"):
                self._reply(200, json.dumps({"versions": [_version(f"http://{self.headers['Host']}/v2/")]}).encode())
                return
            if parts.path != "/v2/images":
                found = catalogue.image(parts.path.rpartition("/")[2])
                self._reply(200 if found else 404, found or b"{}")
                return
            body, images = catalogue.page(dict(parse_qsl(parts.query)))
            time.sleep(base_seconds + image_seconds * images)
            self._reply(200, body)

        def do_POST(self) -> None:
            catalogue.change(int(dict(parse_qsl(urlsplit(self.path).query))["images"]))
            self._reply(200, b"{}")

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Date", formatdate(usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        say(f"http://127.0.0.1:{server.server_port} {catalogue.project}")
        server.serve_forever()


@contextmanager
def served(
    images: int,
    base_ms: float,
    image_ms: float,
    shares: Sequence[float] = (),
    *,
    kind: str = "recorded",
) -> Iterator[tuple[str, str]]:
    """A catalogue of this size and latency, in a process of its own: its address and project."""
    command = [sys.executable, "-m", "benchmarks.catalogue", "--images", str(images), "--kind", kind]
    command += ["--base-ms", str(base_ms), "--image-ms", str(image_ms)]
    command += ["--shares", *map(str, shares)] if shares else []
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root) as server:
        try:
            assert server.stdout is not None
            url, project = server.stdout.readline().split()
            yield url, project
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--base-ms", type=float, default=0)
    parser.add_argument("--image-ms", type=float, default=0)
    parser.add_argument("--shares", type=float, nargs=len(SHARES), default=())
    parser.add_argument("--kind", choices=list(KINDS), default="recorded")
    given = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    serve(
        Catalogue(given.images, given.shares, given.kind),
        given.base_ms / 1000,
        given.image_ms / 1000,
        lambda line: print(line, flush=True),
    )


if __name__ == "__main__":
    main()
