"""A catalogue of any size on loopback, as slow as is wanted: the image API over a warehouse that is made for it.

`python -m benchmarks.service --folder F --images 100000 [--base-ms 50 --image-ms 1]`, in glanceback's own environment,
prints its address and project and serves; `--shares` says how much of it each listing shows, if not as SHARES has it.
`--kind varied`: random ids, random attributes, listings of very different lengths (benchmarks.varied). It keeps to the
machine's last processor, so that it takes no more. `POST /change?images=N` changes N images, now.

Every answer's JSON is made before the service says that it is ready: what is measured is the client. Answers are not
compressed, as those of Glance are not.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import httpx
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.server import Served, application, listening_socket
from benchmarks.catalogue import KINDS, SHARES, TIME_FORM, Catalogue
from extract.body import parse_page
from extract.landed import LandedAt
from load.merge import CloudRun, ListingOutcome, find_missing, merge
from load.missing import Decisions
from load.publish import publish
from load.runs import Run, begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from transform.batch import flatten
from transform.stage import StagedListing, StageWriter

_CLOUD: Final = "benchmark"
_IMAGE: Final = b'"schema": "/v2/schemas/image"'
"""Once in each image."""


def flattened(pages: Iterable[bytes], listing: str, folder: Path, read_at: datetime) -> StagedListing:
    """The pages, flattened; files are made in `folder`, a new one."""
    folder.mkdir(parents=True)
    with StageWriter(folder, listing) as writer:
        for page in pages:
            writer.write(flatten(parse_page(page, listing).images), LandedAt(read_at))
    return writer.staged


def load(warehouse: Warehouse, run: Run, staged: Iterable[StagedListing], project: str | None = None) -> None:
    """Load what a run is said to have read, as a run loads it, and end the run."""
    outcomes = [ListingOutcome(one.listing, 1, 1, 1, 1.0, True, {}, None, run.started_at, one) for one in staged]
    read = CloudRun(run.run_id, run.started_at, _CLOUD, "ims", project, run.mode == "full", outcomes)
    merge(warehouse, read, Decisions(gone=find_missing(warehouse, read).ids))
    finish_run(warehouse, run, "completed")


class History:
    """The warehouse of a catalogue, and its published copy, in `folder`."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self.published = folder / "published.duckdb"
        with Warehouse(self._warehouse) as warehouse:
            bring_up_to_date(warehouse, "0")
        self._load("full", {name: listing.pages() for name, listing in catalogue.listings.items()})

    def change(self, images: int) -> None:
        """Give so many images, spread evenly over each listing, another time of change: now."""
        changed = {}
        now = f"{datetime.now(UTC):{TIME_FORM}}"
        for name, share in self._catalogue.shares.items():
            listing, count = self._catalogue.listings[name], round(images * share)
            if count:
                changed[name] = listing.pages(range(0, listing.images, max(1, listing.images // count)), now)
        self._load("changes", changed)

    @property
    def _warehouse(self) -> Path:
        return self._folder / "warehouse.duckdb"

    def _load(self, mode: str, pages: dict[str, Iterable[bytes]]) -> None:
        with Warehouse(self._warehouse) as warehouse, tempfile.TemporaryDirectory(dir=self._folder) as place:
            run = begin_run(warehouse, mode, "0")
            staged = [
                flattened(of_listing, name, Path(place, name), run.started_at) for name, of_listing in pages.items()
            ]
            load(warehouse, run, staged, self._catalogue.project)
            publish(warehouse, self.published)


class Service:
    """The image API with a latency, whose images can be changed. An ASGI application."""

    def __init__(self, history: History, api: ASGIApp, base_seconds: float, image_seconds: float) -> None:
        self._history = history
        self._api = api
        self._base_seconds = base_seconds
        self._image_seconds = image_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/change":
            await run_in_threadpool(self._history.change, int(dict(parse_qsl(scope["query_string"]))[b"images"]))
            await self.make_answers()
            await JSONResponse({})(scope, receive, send)
            return
        if scope["type"] == "http":
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            if scope["path"] == "/v2/images":
                send = self._later(send)
        await self._api(scope, receive, send)

    async def make_answers(self) -> None:
        """Request every page once, so that the service keeps the JSON of the images."""
        transport = httpx.ASGITransport(self._api)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=None) as client:
            page: str | None = "/v2/images?visibility=all&member_status=all&limit=1000&sort_key=id&sort_dir=asc"
            while page is not None:
                answer = await client.get(page, headers={"Accept-Encoding": "identity"})
                page = answer.raise_for_status().json().get("next")

    def _later(self, send: Send) -> Send:
        """A `send` that waits before the answer's first byte: for every page, and for each of its images."""
        kept: list[Message] = []

        async def later(message: Message) -> None:
            kept.append(message)
            if message["type"] == "http.response.start":
                return
            if not message.get("more_body"):
                images = sum(one.get("body", b"").count(_IMAGE) for one in kept)
                await asyncio.sleep(self._base_seconds + self._image_seconds * images)
                for one in kept:
                    await send(one)

        return later


def serve(
    catalogue: Catalogue, folder: Path, base_seconds: float, image_seconds: float, say: Callable[[str], None]
) -> None:
    """Serve on a free port of loopback, for as long as the process lives."""
    history = History(catalogue, folder)
    api = application(Served(history.published, {_CLOUD: catalogue.project}))
    service = Service(history, api, base_seconds, image_seconds)
    asyncio.run(service.make_answers())
    config = uvicorn.Config(service, log_level="warning", access_log=False, server_header=False)
    with listening_socket(("127.0.0.1", 0)) as listening:
        say(f"http://127.0.0.1:{listening.getsockname()[1]} {catalogue.project}")
        uvicorn.Server(config).run(sockets=[listening])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--base-ms", type=float, default=0)
    parser.add_argument("--image-ms", type=float, default=0)
    parser.add_argument("--shares", type=float, nargs=len(SHARES), default=())
    parser.add_argument("--kind", choices=list(KINDS), default="recorded")
    parser.add_argument("--folder", type=Path, required=True, help="where the warehouse is made: an empty folder")
    given = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    serve(
        Catalogue(given.images, given.shares, given.kind),
        given.folder,
        given.base_ms / 1000,
        given.image_ms / 1000,
        lambda line: print(line, flush=True),
    )


if __name__ == "__main__":
    main()
