"""Merges what a run read from one cloud into the history, all of it or nothing.

The pipeline calls it twice: first to find the missing images, so that it can ask the cloud for each of them, then to
merge. No other process of this machine writes in between; on DuckLake, another machine may.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from extract.landed import cloud_folder
from extract.listing import SHARED_OUT
from load.clouds import CloudPlace, keep_cloud_within, mark_gone_within
from load.invariants import require
from load.known_texts import NotAsKnown
from load.missing import NOTHING_MISSING, Decisions, Missing, MissingImage
from load.overlap import leave_known_later, without
from load.staged_files import names_for_duckdb
from load.warehouse import Warehouse
from load.withheld import keep_withheld
from transform.stage import StagedListing, is_empty

_ROWS_A_PIECE: Final = 250_000
"""Rows of a listing that one statement adds: a million at once took 50 MB more."""

UNLISTED: Final = "unlisted"
"""The name, in landing and in staging, for the images that answered by id although no listing showed them."""

MOST_ASKED_AGAIN: Final = 1_000
"""The most images that no listing shows any more that one run asks for by id."""

_CONTROLS: Final = 3


@dataclass(frozen=True, slots=True)
class ListingOutcome:
    """The result of reading a listing, a row of `run_listings`. Only complete listings are loaded."""

    listing: str
    pages: int
    images: int
    bytes: int
    seconds: float
    complete: bool
    evidence: Mapping[str, Any]
    error: str | None
    watermark: datetime | None
    staged: StagedListing | None


@dataclass(frozen=True, slots=True)
class CloudRun:
    """What one run read from one cloud. `ends_images` is True for full runs only.

    `place`: where the cloud is; None if there was no login. `is_gone`: the account no longer has it.
    """

    run_id: str
    started_at: datetime
    cloud: str
    dialect: str | None
    project_id: str | None
    ends_images: bool
    outcomes: Sequence[ListingOutcome]
    landed_as: str | None = None
    """The cloud's name in landing, if it has another one today."""
    place: CloudPlace | None = None
    is_gone: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The run's id and the cloud's name."""
        return self.run_id, self.cloud

    @property
    def landing_folder(self) -> str:
        """The folder of the cloud's pages, below landing."""
        return str(cloud_folder(PurePosixPath(), self.run_id, self.landed_as or self.cloud))

    @property
    def whole_listings(self) -> list[str]:
        """The listings that this run read to the end: an image that they do not show is missing."""
        if not self.ends_images:
            return []
        whole = [outcome.listing for outcome in self.outcomes if outcome.complete]
        return [*whole, SHARED_OUT] if any(name.startswith("shared-") for name in whole) else whole

    def has_read_all(self, listings: Iterable[str]) -> bool:
        """Whether every listing that this run read is complete, and these listings are among them."""
        is_complete = all(outcome.complete for outcome in self.outcomes)
        return is_complete and set(listings) <= set(self.whole_listings)

    @property
    def staged(self) -> list[StagedListing]:
        return [outcome.staged for outcome in self.outcomes if outcome.complete and outcome.staged is not None]


@dataclass(frozen=True, slots=True)
class CloudCounts:
    """A row of `run_clouds`. All counts are images, except `rejected`. `listing_images`: distinct images by listing.

    `confirmed_by`: how the deletions were confirmed.
    """

    new: int
    changed: int
    unchanged: int
    deleted: int
    returned: int
    rejected: int
    withheld_deletions: int
    missed_by_changes: int
    listing_images: Mapping[str, int]
    confirmed_by: str | None = None


def find_missing(warehouse: Warehouse, cloud_run: CloudRun) -> Missing:
    """The current images that the run should have shown but did not, and that are due to be asked for."""
    return warehouse.atomically(lambda: find_missing_within(warehouse, cloud_run))


def find_missing_within(warehouse: Warehouse, cloud_run: CloudRun) -> Missing:
    """As find_missing. The caller opens the transaction."""
    whole = cloud_run.whole_listings
    if not whole or not cloud_run.staged:
        return Missing()
    _stage(warehouse, cloud_run)
    later = leave_known_later(warehouse, cloud_run.cloud, cloud_run.started_at)
    rows = warehouse.rows(
        "reading", "missing_images", cloud=cloud_run.cloud, whole_listings=whole, most_asked_again=MOST_ASKED_AGAIN
    )
    if not rows:
        return Missing()
    sizes = dict(warehouse.rows("reading", "listing_sizes", cloud=cloud_run.cloud))
    return Missing(
        images={
            identity: MissingImage(tuple(listings), *facts)
            for identity, listings, *facts in rows
            if identity not in later
        },
        sizes=sizes,
        shown=dict(warehouse.rows("merge", "membership_counts")),
        controls={listing: tuple(ids) for listing, ids in warehouse.rows("reading", "control_images", most=_CONTROLS)},
        was_all_read=cloud_run.has_read_all(sizes),
    )


def merge(
    warehouse: Warehouse,
    cloud_run: CloudRun,
    decisions: Decisions = NOTHING_MISSING,
    *,
    unlisted: StagedListing | None = None,
    error: str | None = None,
) -> CloudCounts:
    """Load what was read from a cloud in one transaction: versions, memberships, deletions, rejects and the outcome.

    `decisions`: what happens to missing images. `unlisted`: the answers of those that are still there.
    Raises: WarehouseError, also NotAsKnown; then nothing is loaded.
    """
    return warehouse.atomically(lambda: merge_within(warehouse, cloud_run, decisions, unlisted=unlisted, error=error))


def merge_within(
    warehouse: Warehouse,
    cloud_run: CloudRun,
    decisions: Decisions = NOTHING_MISSING,
    *,
    unlisted: StagedListing | None = None,
    error: str | None = None,
) -> CloudCounts:
    """As merge. The caller opens the transaction."""
    run = {"run_id": cloud_run.run_id, "started_at": cloud_run.started_at, "cloud": cloud_run.cloud}
    if cloud_run.staged and not _changes_nothing(cloud_run, decisions, unlisted):
        counts = _merge_images(warehouse, cloud_run, run, decisions, unlisted)
    else:
        counts = _nothing(len(decisions.withheld))
    for outcome in cloud_run.outcomes:
        images = counts.listing_images.get(outcome.listing, 0) if outcome.complete else outcome.images
        evidence = msgspec.json.encode(outcome.evidence).decode()
        row = {**asdict(outcome), "images": images, "evidence": evidence}
        warehouse.run("runs", "add_run_listing", **run, **row)
    warehouse.run("runs", "add_run_cloud", **run, **asdict(counts), dialect=cloud_run.dialect, error=error)
    if cloud_run.place is not None:
        keep_cloud_within(warehouse, cloud_run.cloud, cloud_run.place, cloud_run.started_at)
    if cloud_run.is_gone:
        mark_gone_within(warehouse, cloud_run.cloud, cloud_run.started_at)
    require(warehouse, cloud_run.cloud)
    return counts


def watermarks(warehouse: Warehouse, cloud: str) -> dict[str, datetime]:
    """For each listing, the cloud's time (UTC) at the start of the last run that read it completely."""
    return dict(warehouse.rows("reading", "watermarks", cloud=cloud))


def _stage(warehouse: Warehouse, cloud_run: CloudRun) -> None:
    """Fill the tables `incoming` and `incoming_memberships`. The merge uses them again if find_missing filled them."""
    if warehouse.staged_key == cloud_run.key:
        return
    with names_for_duckdb([staged.images for staged in cloud_run.staged]) as files:
        warehouse.run("merge", "incoming", images_files=files)
        facts = {"project_id": cloud_run.project_id, "dialect": cloud_run.dialect}
        warehouse.run("merge", "incoming_memberships", images_files=files, **facts)
    warehouse.staged_key = cloud_run.key


def _merge_images(
    warehouse: Warehouse,
    cloud_run: CloudRun,
    run: dict[str, object],
    decisions: Decisions,
    unlisted: StagedListing | None,
) -> CloudCounts:
    _stage(warehouse, cloud_run)
    warehouse.staged_key = None  # the merge adds rows to the staged tables, so they cannot be used again
    staged = [*cloud_run.staged, *([unlisted] if unlisted else [])]
    if unlisted:
        with names_for_duckdb([unlisted.images]) as files:
            warehouse.run("merge", "add_unlisted", images_files=files)
    later = leave_known_later(warehouse, cloud_run.cloud, cloud_run.started_at)
    decisions = without(decisions, later)
    changes_watermark = (
        warehouse.row("merge", "changes_watermark", **run)["watermark"] if cloud_run.ends_images else None
    )
    warehouse.table_of_ids("gone", decisions.gone)
    warehouse.table_of_ids("withheld", decisions.staying)
    warehouse.run("merge", "classified", **run)
    if warehouse.row("merge", "brief_count")["images"]:
        raise NotAsKnown(f"cloud {cloud_run.cloud}: another machine loaded other versions of images meanwhile")
    warehouse.run("merge", "end_changed_versions", **run)
    warehouse.run("merge", "end_deleted_versions", **run, project_id=cloud_run.project_id)
    if decisions.gone:
        warehouse.run("merge", "add_late_ends", **run)
    _add_versions(warehouse, staged, run, cloud_run.landing_folder)
    where = {"whole_listings": cloud_run.whole_listings, "dialect": cloud_run.dialect}
    warehouse.run("merge", "ended_memberships", **run, **where)
    if later:
        warehouse.run("merge", "keep_known_later")
    warehouse.run("merge", "end_memberships", **run)
    warehouse.run("merge", "add_memberships", **run)
    with names_for_duckdb([one.rejects for one in staged]) as files:
        warehouse.run("merge", "add_rejects", **run, rejects_files=files)
        rejected = warehouse.row("merge", "reject_count", rejects_files=files)
    _keep_unlisted(warehouse, run, decisions)
    keep_withheld(warehouse, run, decisions)
    return CloudCounts(
        **warehouse.row("merge", "outcome_counts", changes_watermark=changes_watermark),
        **rejected,
        **warehouse.row("merge", "deleted_count", **run),
        withheld_deletions=len(decisions.withheld),
        listing_images=dict(warehouse.rows("merge", "membership_counts")),
        confirmed_by=decisions.confirmed_by,
    )


def _add_versions(
    warehouse: Warehouse, staged: Sequence[StagedListing], run: dict[str, object], landing_folder: str
) -> None:
    with names_for_duckdb([one.images for one in staged]) as names:
        files = dict(zip([one.listing for one in staged], names, strict=True))
        for listing, first in warehouse.rows("merge", "pieces_to_add", rows_a_piece=_ROWS_A_PIECE):
            piece: dict[str, object] = {"listing": listing, "first_position": first, "rows_a_piece": _ROWS_A_PIECE}
            piece |= {"landing_folder": landing_folder, "images_file": files[listing]}
            warehouse.run("merge", "add_versions", **run, **piece)


def _keep_unlisted(warehouse: Warehouse, run: dict[str, object], decisions: Decisions) -> None:
    """Update what is known of unlisted images, and the state of versions. Call it after the memberships are merged."""
    for name in ("forget_missed", "forget_unlisted", "mark_listed"):
        warehouse.run("merge", name, **run)
    if staying := decisions.ids - decisions.gone:
        warehouse.table_of_ids("staying", staying)
        warehouse.run("merge", "keep_missed", **run)
    missed = {name: getattr(decisions, name) for name in ("answered", "waiting", "too_many")}
    if not any(missed.values()) and not warehouse.row("merge", "ended_count")["ended"]:
        return
    for name, ids in missed.items():
        warehouse.table_of_ids(name, ids)
    for name in ("missed", "keep_unlisted", "mark_unlisted"):
        warehouse.run("merge", name, **run)


def _changes_nothing(cloud_run: CloudRun, decisions: Decisions, unlisted: StagedListing | None) -> bool:
    """Whether a changes run found no changes, so that the history stays as it is: what most changes runs find."""
    return (
        not cloud_run.ends_images
        and decisions == NOTHING_MISSING
        and unlisted is None
        and all(map(is_empty, cloud_run.staged))
    )


def _nothing(withheld_deletions: int) -> CloudCounts:
    return CloudCounts(0, 0, 0, 0, 0, 0, withheld_deletions, 0, {})
