"""The sample cloud of `glanceback demo`: the recorded pages of data/sample, loaded and served by the image API.

It is a warehouse of two runs, made when it is needed, and the server of `glanceback api`, which answers the demo as it
answers for any history. Landing has the recorded pages, so that images have the recorded texts.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import zstandard

from api.server import Served, in_background
from core.shipped import shipped
from extract.body import parse_page
from extract.landed import LandedAt, listing_folder
from load.merge import CloudRun, ListingOutcome, find_missing, merge
from load.missing import Decisions
from load.publish import publish
from load.runs import Run, begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from transform.batch import flatten
from transform.stage import StageWriter

SAMPLE: Final = shipped("data", "sample")
RECORDED_RUNS: Final = ("night-1", "night-2")
_CLOUD: Final = "recorded"
_LANDING: Final = "landing"
_LARGEST_PAGE: Final = 20
"""As in the recorded service, so that this small sample has several pages per listing."""


class SampleCloud:
    """The running service. `shows`: the recorded run that it serves; may be set at any time."""

    def __init__(self, url: str, project_id: str, served: Served, runs: dict[str, str]) -> None:
        self.url = url
        self.project_id = project_id
        self._served = served
        self._runs = runs

    @property
    def shows(self) -> str:
        return next(recorded for recorded, run in self._runs.items() if run == self._served.when)

    @shows.setter
    def shows(self, recorded: str) -> None:
        self._served.when = self._runs[recorded]


@contextmanager
def sample_cloud() -> Iterator[SampleCloud]:
    """Serve the sample on a free port of loopback until the block is left. At first it shows the first run."""
    with TemporaryDirectory(prefix="glanceback-sample-") as place:
        folder, project_id = Path(place), _project_id()
        runs = _history(folder, project_id)
        served = Served(
            folder / "published.duckdb",
            {_CLOUD: project_id},
            when=runs[RECORDED_RUNS[0]],
            landing=folder / _LANDING,
            largest_page=_LARGEST_PAGE,
        )
        with in_background(served) as url, _not_through_a_proxy():
            yield SampleCloud(url, project_id, served, runs)


def _project_id() -> str:
    """The project of the account: the private listing asked for it as owner."""
    requests = json.loads((SAMPLE / RECORDED_RUNS[0] / "requests.json").read_bytes())
    return str(next(request["query"]["owner"] for request in requests if "owner" in request["query"]))


def _history(folder: Path, project_id: str) -> dict[str, str]:
    """Load the recorded runs and publish them; return the run id of each."""
    runs = {}
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "sample")
        for recorded in RECORDED_RUNS:
            run = begin_run(warehouse, "full", "sample")
            outcomes = [_listing(folder, run, listing, list(files)) for listing, files in _recorded(SAMPLE / recorded)]
            read = CloudRun(run.run_id, run.started_at, _CLOUD, "ims", project_id, True, outcomes)
            merge(warehouse, read, Decisions(gone=find_missing(warehouse, read).ids))
            finish_run(warehouse, run, "completed")
            runs[recorded] = run.run_id
        publish(warehouse, folder / "published.duckdb")
    return runs


def _recorded(folder: Path) -> Iterator[tuple[str, Iterator[Path]]]:
    """The recorded pages by listing, in order: public-01.json and so on."""
    files = sorted(folder.glob("*-[0-9][0-9].json"))
    return groupby(files, lambda file: file.stem.rpartition("-")[0])


def _listing(folder: Path, run: Run, listing: str, files: list[Path]) -> ListingOutcome:
    """Land and flatten a listing's pages."""
    landing = listing_folder(folder / _LANDING, run.run_id, _CLOUD, listing)
    staged = folder / run.run_id / listing
    for place in (landing, staged):
        place.mkdir(parents=True)
    images = 0
    with StageWriter(staged, listing) as writer:
        for number, file in enumerate(files, 1):
            body = file.read_bytes()
            page = parse_page(body, f"the sample, {file.name}")
            images += len(page.images)
            landed = LandedAt(run.started_at, number, f"page-{number:06}.json.zst")
            (landing / str(landed.file)).write_bytes(zstandard.compress(body))
            writer.write(flatten(page.images), landed)
    return ListingOutcome(listing, len(files), images, 0, 0.0, True, {}, None, run.started_at, writer.staged)


@contextmanager
def _not_through_a_proxy() -> Iterator[None]:
    """Inside, requests to loopback do not use a proxy: it would use its own loopback."""
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = f"{before},127.0.0.1" if before else "127.0.0.1"
    try:
        yield
    finally:
        os.environ.pop("NO_PROXY") if before is None else os.environ.update(NO_PROXY=before)
