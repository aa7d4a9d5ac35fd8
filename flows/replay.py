"""The `replay` command: the history rebuilt from the raw pages in landing, run by run, whole or not at all.

It goes back to before the first run from which landing is unbroken, and loads every run from there again, with
today's dictionary. What is older stays as it is.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import zstandard

from extract import storage
from extract.body import parse_page, usable_id
from extract.errors import GlancebackError, SettingsError
from extract.images import Json
from extract.landing import LandedPage, landed_lines, landed_pages, listing_folder
from extract.storage import Place
from flows.settings import VERSION, Settings
from load.merge import CloudNight, ListingOutcome, merge_within
from load.permissions import keep_to_owner
from load.publish import publish
from load.records import KeptNight, KeptRun, kept_nights, kept_runs
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from transform.batch import flatten
from transform.stage import StageWriter

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """`since` is the start of the first run that was loaded again, UTC; `nights` counts runs and clouds."""

    since: datetime
    runs: int
    nights: int


def replay(settings: Settings) -> Replayed:
    """Rebuild what landing holds the pages of, and publish it.

    Raises: SettingsError where landing holds nothing to rebuild from; GlancebackError where a page cannot be read,
    and WarehouseError. The history is as before then.
    """
    keep_to_owner()
    with Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb) as warehouse:
        bring_up_to_date(warehouse, VERSION)
        runs = _unbroken(warehouse, settings.landing)
        if not runs:
            raise SettingsError(
                f"{settings.landing} holds no run that could be loaded again",
                "Landing keeps runs for landing_days; see that landing is set to the right folder.",
            )
        run = begin_run(warehouse, "replay", VERSION)
        try:
            warehouse.atomically(lambda: _load_all_again(warehouse, settings.landing, runs))
        except BaseException:
            finish_run(warehouse, run, "failed")
            raise
        finish_run(warehouse, run, "completed")
        publish(warehouse, settings.published)
    return Replayed(runs[0][0].started_at, len(runs), sum(len(nights) for _, nights in runs))


def _load_all_again(warehouse: Warehouse, landing: Place, runs: "_Runs") -> None:
    _take_back(warehouse, runs)
    for kept, nights in runs:
        _restore_run(warehouse, kept)
        for kept_night in nights:
            _load_again(warehouse, landing, kept_night)


_Runs = list[tuple[KeptRun, list[KeptNight]]]


def _unbroken(warehouse: Warehouse, landing: Place) -> _Runs:
    """The runs to load again, the oldest first: all in landing since the last one whose traces landing cannot renew."""
    kept = [(run, kept_nights(landing, run.run_id)) for run in kept_runs(landing)]
    whole = {(night.run_id, night.cloud) for _, nights in kept for night in nights if _has_its_pages(landing, night)}
    lost = [
        started_at
        for run_id, cloud, started_at in warehouse.rows("replay", "loaded_nights")
        if (run_id, cloud) not in whole
    ]
    since = max(lost, default=None)
    found = []
    for run, nights in kept:
        present = [night for night in nights if (night.run_id, night.cloud) in whole]
        if present and (since is None or run.started_at > since):
            found.append((run, present))
    return found


def _has_its_pages(landing: Place, night: KeptNight) -> bool:
    try:
        for outcome in night.outcomes:
            folder = listing_folder(landing, night.run_id, night.cloud, outcome.listing)
            if outcome.complete and not all(storage.has(folder / page.file) for page in landed_lines(folder)):
                return False
    except (OSError, ValueError):
        return False
    return True


def _take_back(warehouse: Warehouse, runs: _Runs) -> None:
    """The history as it was before the first of the runs."""
    since = runs[0][0].started_at
    for name in ("remove_later_versions", "reopen_versions", "remove_later_memberships", "reopen_memberships"):
        warehouse.run("replay", name, since=since)
    for _, nights in runs:
        for night in nights:
            for name in ("remove_run_listings", "remove_run_clouds", "remove_rejects"):
                warehouse.run("replay", name, run_id=night.run_id, cloud=night.cloud)


def _restore_run(warehouse: Warehouse, kept: KeptRun) -> None:
    warehouse.run(
        "replay", "restore_run", run_id=kept.run_id, started_at=kept.started_at, finished_at=kept.finished_at,
        mode=kept.mode, status=kept.status, version=kept.version,
    )  # fmt: skip


def _load_again(warehouse: Warehouse, landing: Place, kept: KeptNight) -> None:
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=landing if storage.is_local(landing) else None) as folder:
        outcomes = [_staged(landing, kept, outcome, Path(folder)) for outcome in kept.outcomes]
        night: CloudNight = kept.night(outcomes)
        merge_within(warehouse, night, gone=kept.gone, withheld=kept.withheld, error=kept.error)
    log.info("run %s, cloud %s: loaded again", kept.run_id, kept.cloud)


def _staged(landing: Place, kept: KeptNight, outcome: ListingOutcome, folder: Path) -> ListingOutcome:
    """The outcome with its images flattened anew; one that was not complete as it is."""
    if not outcome.complete:
        return outcome
    (folder / outcome.listing).mkdir()
    pages = listing_folder(landing, kept.run_id, kept.cloud, outcome.listing)
    with StageWriter(folder / outcome.listing, outcome.listing) as writer:
        for images, received_at in _pages_again(pages, repeats=bool(outcome.evidence.get("markers_gone"))):
            writer.write(flatten(images), received_at)
    return replace(outcome, staged=writer.staged)


def _pages_again(folder: Place, *, repeats: bool) -> Iterator[tuple[Sequence[Json], datetime]]:
    """The images of the landed pages, without those that came again after a marker was gone: as they were read."""
    seen: dict[str, set[str]] = {}
    try:
        for page, body in landed_pages(folder):
            found = parse_page(body, f"{folder / page.file}")
            images = found.images
            if not all(_was_read(identity, page) for identity in found.ids):
                images = [image for image in images if _was_read(usable_id(image), page)]
            if repeats:
                known = seen.setdefault(page.part, set())
                images = [image for image in images if usable_id(image) not in known]
                known |= {identity for image in images if (identity := usable_id(image)) is not None}
            yield images, page.received_at
    except (OSError, ValueError, zstandard.ZstdError) as exc:
        raise GlancebackError(
            f"the pages in {folder} cannot be read ({exc})", "Restore them, or move their run's folder out of landing."
        ) from exc


def _was_read(identity: str | None, page: LandedPage) -> bool:
    """Whether an image of that id is of the part that was asked for: what lies beyond, another reader has read."""
    return identity is None or (
        (page.after is None or identity > page.after) and (page.until is None or identity <= page.until)
    )
