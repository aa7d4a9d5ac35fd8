"""Runs at a cloud without Prefect: what the flow does, in one process and at once."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from core.storage import Place
from extract.account import CloudSettings
from extract.connection import connect
from load.guard import Guard
from load.invariants import require
from load.merge import CloudCounts, ListingOutcome
from load.publish import publish
from load.records import KeptRun, keep_run, targets_of
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.cloud_loading import load_cloud
from pipeline.listing_reading import ListingIncomplete, incomplete_outcome, read_listing
from pipeline.session import open_session
from tests.clouds.fake import PROJECT


def night(
    warehouse: Warehouse, settings: CloudSettings, landing: Place, guard: Guard | None = None
) -> tuple[Mapping[str, ListingOutcome], CloudCounts]:
    """A full run at one cloud: how each listing went, and what was found."""
    run = begin_run(warehouse, "full", "0", {settings.name: not settings.listings})
    kept = KeptRun(run.run_id, run.started_at, "full", "0", targets=targets_of(warehouse, run.run_id))
    keep_run(landing, kept)
    session = open_session(settings)
    outcomes = []
    for listing in session.listings:
        try:
            outcomes.append(read_listing(session, listing, landing, run))
        except ListingIncomplete as exc:
            outcomes.append(incomplete_outcome(settings.name, listing.name, exc))
    loaded = load_cloud(warehouse, session, run, outcomes, guard or Guard(), landing)
    finished_at = finish_run(warehouse, run, "completed")
    keep_run(landing, replace(kept, status="completed", finished_at=finished_at))
    return {outcome.listing: outcome for outcome in outcomes}, loaded.counts


def whole_night(folder: Path, url: str) -> None:
    """From opening the warehouse to the published copy."""
    settings = _settings(url)
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        night(warehouse, settings, folder / "landing", Guard(images=1000, emptied=1000))
        publish(warehouse, folder / "published.duckdb")


def _settings(url: str) -> CloudSettings:
    return CloudSettings("c", auth_type="none", endpoint=url, project_id=PROJECT, tries=1)


def examine(folder: Path) -> None:
    """Open what there is, and see that it is whole."""
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        require(warehouse)
    if (folder / "published.duckdb").exists():
        with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
            reader.execute("SELECT count(*) FROM images").fetchall()


def killed_nights(folder: Path, url: str, times: int) -> None:
    """So many nights that are killed at a random time, each followed by a look at what it left.

    The times are spread over a night: of ten kills, one falls into each tenth of it.
    In processes forked from this one, which has imported everything and started no thread.
    """
    connect(_settings(url)).client.close()  # imports what a login takes, which is longer than a night
    _in_a_child(lambda: whole_night(folder, url))
    began = time.monotonic()
    _in_a_child(lambda: whole_night(folder, url))
    usual_seconds = time.monotonic() - began  # not the first night's, which makes the warehouse
    for number in range(times):
        # A night that ends before its time is not counted: it was faster than the usual one.
        while not _in_a_child(lambda: whole_night(folder, url), usual_seconds * (number + random.random()) / times):
            usual_seconds *= 0.9
        _in_a_child(lambda: examine(folder))


def _in_a_child(work: Callable[[], None], killed_after: float | None = None) -> bool:
    """Whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as exc:
            sys.stderr.write(f"{exc!r}\n")
            os._exit(1)
        os._exit(0)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)  # also where it has ended: nobody has waited for it
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in ((0,) if killed_after is None else (0, -signal.SIGKILL)):
        sys.exit(f"a child ended with {status}")
    if status == -signal.SIGKILL:
        sys.stdout.write("killed\n")
    return status == -signal.SIGKILL


if __name__ == "__main__":
    killed_nights(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
