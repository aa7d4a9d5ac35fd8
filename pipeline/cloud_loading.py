"""Loads what a run read of one cloud: asks for the images that are missing, and merges, whole or not at all.

Called by pipeline.run, as a step; one cloud after the other. Plain functions, without Prefect.
"""

import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core import storage
from core.errors import CloudError, WarehouseError
from core.storage import Place
from core.wording import counted
from extract.landing import listing_folder
from load.clouds import CloudPlace
from load.guard import Guard
from load.known_texts import NotAsKnown
from load.merge import CloudCounts, CloudRun, ListingOutcome, find_missing, merge
from load.missing import NOTHING_MISSING
from load.records import keep_cloud_run
from load.runs import Run
from load.warehouse import Warehouse
from load.withheld import first_names
from pipeline.missing_images import NAMES_SHOWN, decided
from pipeline.session import Session
from pipeline.staging_again import staged_again
from transform.stage import StagedListing, handed_over

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the load of one cloud came to; `error` says what was withheld, and what to do.

    `to_decide`: the number of images whose deletion is withheld until a person decides.
    """

    counts: CloudCounts
    error: str | None
    to_decide: int = 0


def load_cloud(
    warehouse: Warehouse,
    session: Session,
    run: Run,
    outcomes: list[ListingOutcome],
    guard: Guard,
    landing: Place,
    accept_deletions: bool = False,
    needed: Collection[str] = (),
) -> Loaded:
    """Merge what was read of a cloud, after asking for the missing images one by one.

    `needed`: listings whose staged files other clouds load too; they stay.
    Raises: WarehouseError; then nothing of this cloud is loaded, but landing has what a replay needs.
    """
    with _at_hand(outcomes) as at_hand:
        cloud_run = CloudRun(
            run_id=run.run_id,
            started_at=run.started_at,
            cloud=session.name,
            dialect=session.api_probe.dialect,
            project_id=session.project_id,
            ends_images=run.mode == "full",
            outcomes=at_hand,
            place=place_of(session),
        )
        loaded = _load(warehouse, session, cloud_run, guard, landing, accept_deletions)
    for outcome in outcomes:
        if outcome.staged and outcome.listing not in needed:
            _drop(outcome.staged)
    return loaded


@contextmanager
def _at_hand(outcomes: Sequence[ListingOutcome]) -> Iterator[list[ListingOutcome]]:
    """The outcomes with their Parquet on our disk, where the load can read it. Raises: WarehouseError."""
    with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
        here = []
        for outcome in outcomes:
            staged = outcome.staged
            if staged is not None and not storage.is_local(staged.images):
                folder = Path(place) / outcome.listing
                folder.mkdir()
                try:
                    staged = handed_over(staged, folder)
                except OSError as exc:
                    raise WarehouseError(f"{staged.images} cannot be read ({storage.reason(exc)})") from exc
            here.append(replace(outcome, staged=staged))
        yield here


def _load(
    warehouse: Warehouse, session: Session, cloud_run: CloudRun, guard: Guard, landing: Place, accept_deletions: bool
) -> Loaded:
    _refuse_silence(cloud_run, session)
    missing = find_missing(warehouse, cloud_run)

    def names(ids: Iterable[str]) -> list[str]:
        return first_names(warehouse, session.name, ids, NAMES_SHOWN)

    with decided(session, cloud_run, missing, guard, landing, accept_deletions, names) as found:
        keep_cloud_run(landing, cloud_run, found.decisions, found.error)
        try:
            counts = merge(warehouse, cloud_run, found.decisions, unlisted=found.unlisted, error=found.error)
        except NotAsKnown:
            log.info("cloud %s: another machine loaded changes meanwhile; flattening all images again", session.name)
            with _whole(cloud_run, landing) as whole:
                counts = merge(warehouse, whole, found.decisions, unlisted=found.unlisted, error=found.error)
    if counts.missed_by_changes:
        log.warning("cloud %s: changes runs had missed %s", session.name, counted(counts.missed_by_changes, "image"))
    return Loaded(counts, found.error, len(found.decisions.too_many))


@contextmanager
def _whole(cloud_run: CloudRun, landing: Place) -> Iterator[CloudRun]:
    """The cloud's run with every image staged whole, from landing. Raises: GlancebackError if a page cannot be read."""
    with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
        outcomes = []
        for outcome in cloud_run.outcomes:
            staged = outcome.staged
            if staged is not None:
                pages = listing_folder(landing, cloud_run.run_id, cloud_run.cloud, outcome.listing)
                staged = staged_again(pages, outcome.listing, Path(place, outcome.listing))
            outcomes.append(replace(outcome, staged=staged))
        yield replace(cloud_run, outcomes=outcomes)


def record_failure(
    warehouse: Warehouse,
    run: Run,
    cloud: str,
    error: str,
    landing: Place,
    *,
    place: CloudPlace | None = None,
    is_gone: bool = False,
) -> None:
    """Keep that nothing of a cloud could be loaded, and why. Raises: WarehouseError when not even that can be kept."""
    nothing = CloudRun(
        run.run_id, run.started_at, cloud, None, None, ends_images=False, outcomes=(), place=place, is_gone=is_gone
    )
    keep_cloud_run(landing, nothing, NOTHING_MISSING, error)
    merge(warehouse, nothing, error=error)


def place_of(session: Session) -> CloudPlace:
    scope, connection = session.settings.scope, session.connection
    return CloudPlace(
        settings_name=scope.estate if scope else None,
        region=connection.region,
        project_id=session.project_id,
        project_name=connection.project_name or (scope.project.name if scope else None),
        domain=scope.project.domain if scope else None,
        endpoint=connection.endpoint,
        dialect=session.api_probe.dialect,
    )


def _refuse_silence(cloud_run: CloudRun, session: Session) -> None:
    """Raises: CloudError where every listing is empty, and yet the API shows images when nothing is asked for."""
    everything = (
        not session.settings.listings and cloud_run.ends_images and len(cloud_run.outcomes) == len(session.listings)
    )
    read_all = all(outcome.complete for outcome in cloud_run.outcomes)
    if (
        everything
        and read_all
        and session.api_probe.sampled
        and not any(outcome.images for outcome in cloud_run.outcomes)
    ):
        raise CloudError(
            f"cloud {session.name}: every listing of the {cloud_run.dialect} dialect is empty, but without filters the "
            "API shows images",
            "Set dialect to the other one: ims or openstack.",
        )


def _drop(staged: StagedListing) -> None:
    """The flattened files have been loaded; the raw pages beside them stay."""
    with suppress(OSError):
        storage.delete(staged.images)
        storage.delete(staged.rejects)
