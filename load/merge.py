"""One cloud's night into the history: whole or not at all.

The flow asks twice: first which images are missing, so that the cloud can be asked for them one by one, then for the
merge. In between nobody else writes, for one process holds the warehouse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from extract.listing import SHARED_OUT
from load.invariants import require
from load.warehouse import Warehouse
from transform.stage import StagedListing

_ROWS_A_PIECE: Final = 250_000
"""Of a listing, so many rows are added by one statement: a million at once took 50 MB more."""


@dataclass(frozen=True, slots=True)
class ListingOutcome:
    """How the reading of a listing went, a row of `run_listings`. Only what is complete is loaded."""

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
class CloudNight:
    """What one run read of one cloud. `ends_images` is True for full runs only."""

    run_id: str
    started_at: datetime
    cloud: str
    dialect: str | None
    project_id: str | None
    ends_images: bool
    outcomes: Sequence[ListingOutcome]

    @property
    def whole_listings(self) -> list[str]:
        """The listings whose images can be missed, because this run read them to the end."""
        if not self.ends_images:
            return []
        whole = [outcome.listing for outcome in self.outcomes if outcome.complete]
        return [*whole, SHARED_OUT] if any(name.startswith("shared-") for name in whole) else whole

    @property
    def staged(self) -> list[StagedListing]:
        return [outcome.staged for outcome in self.outcomes if outcome.complete and outcome.staged is not None]


@dataclass(frozen=True, slots=True)
class Missing:
    """Images that listings read whole no longer showed: `ids`; and `by_listing`.

    By listing too: how many images it had before (`sizes`), how many it shows now (`shown`; none: it is left out).
    """

    ids: frozenset[str]
    by_listing: Mapping[str, frozenset[str]]
    sizes: Mapping[str, int]
    shown: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CloudCounts:
    """Images, but for `rejected`; a row of `run_clouds`. `listing_images`: images by listing, each once."""

    new: int
    changed: int
    unchanged: int
    deleted: int
    returned: int
    rejected: int
    withheld_deletions: int
    missed_by_changes: int
    listing_images: Mapping[str, int]


def find_missing(warehouse: Warehouse, night: CloudNight) -> Missing:
    """The current images that the night should have shown, and did not."""
    if not night.whole_listings or not night.staged:
        return Missing(frozenset(), {}, {}, {})
    missing = warehouse.atomically(lambda: _find_missing(warehouse, night))
    warehouse.staged = night
    return missing


def _find_missing(warehouse: Warehouse, night: CloudNight) -> Missing:
    _stage(warehouse, night)
    rows = warehouse.rows("merge", "missing_images", cloud=night.cloud, whole_listings=night.whole_listings)
    by_listing: dict[str, set[str]] = {}
    for identity, listing in rows:
        by_listing.setdefault(listing or "", set()).add(identity)
    return Missing(
        ids=frozenset(identity for identity, _ in rows),
        by_listing={listing: frozenset(ids) for listing, ids in by_listing.items() if listing},
        sizes=dict(warehouse.rows("merge", "listing_sizes", cloud=night.cloud)),
        shown=dict(warehouse.rows("merge", "membership_counts")),
    )


def merge(
    warehouse: Warehouse,
    night: CloudNight,
    *,
    gone: frozenset[str] = frozenset(),
    withheld: frozenset[str] = frozenset(),
    error: str | None = None,
) -> CloudCounts:
    """Load the night in one transaction: versions, memberships, deletions, rejects, and how it went.

    `gone` are missing images that the cloud says are deleted, `withheld` those whose end is not sure.
    Raises: WarehouseError; then nothing of the night is in.
    """
    return warehouse.atomically(lambda: merge_within(warehouse, night, gone=gone, withheld=withheld, error=error))


def merge_within(
    warehouse: Warehouse,
    night: CloudNight,
    *,
    gone: frozenset[str] = frozenset(),
    withheld: frozenset[str] = frozenset(),
    error: str | None = None,
) -> CloudCounts:
    """As merge, in a transaction of the caller's."""
    run = {"run_id": night.run_id, "started_at": night.started_at, "cloud": night.cloud}
    counts = _merge_images(warehouse, night, run, gone, withheld) if night.staged else _nothing(len(withheld))
    for outcome in night.outcomes:
        images = counts.listing_images.get(outcome.listing, 0) if outcome.complete else outcome.images
        evidence = msgspec.json.encode(outcome.evidence).decode()
        row = {**asdict(outcome), "images": images, "evidence": evidence}
        warehouse.run("merge", "add_run_listing", **run, **row)
    warehouse.run("merge", "add_run_cloud", **run, **asdict(counts), dialect=night.dialect, error=error)
    require(warehouse)
    return counts


def watermarks(warehouse: Warehouse, cloud: str) -> dict[str, datetime]:
    """By listing, the cloud's time (UTC) at the start of the last run that read it completely."""
    return dict(warehouse.rows("merge", "watermarks", cloud=cloud))


def _stage(warehouse: Warehouse, night: CloudNight) -> None:
    """Tables `incoming` and `incoming_memberships` of the night; what find_missing staged serves the merge as well."""
    if warehouse.staged is night:
        return
    warehouse.staged = None
    files = [str(staged.images) for staged in night.staged]
    warehouse.run("merge", "incoming", images_files=files)
    warehouse.run("merge", "incoming_memberships", images_files=files, project_id=night.project_id)


def _merge_images(
    warehouse: Warehouse, night: CloudNight, run: dict[str, object], gone: frozenset[str], withheld: frozenset[str]
) -> CloudCounts:
    _stage(warehouse, night)
    changes_watermark = warehouse.row("merge", "changes_watermark", **run)["watermark"] if night.ends_images else None
    warehouse.table_of_ids("gone", gone)
    warehouse.table_of_ids("withheld", withheld)
    warehouse.run("merge", "classified", **run)
    warehouse.run("merge", "end_changed_versions", **run)
    warehouse.run("merge", "end_deleted_versions", **run)
    _add_versions(warehouse, night, run)
    warehouse.run("merge", "ended_memberships", **run, whole_listings=night.whole_listings)
    warehouse.run("merge", "end_memberships", **run)
    warehouse.run("merge", "add_memberships", **run)
    warehouse.run("merge", "add_rejects", **run, rejects_files=[str(staged.rejects) for staged in night.staged])
    return CloudCounts(
        **warehouse.row("merge", "outcome_counts", changes_watermark=changes_watermark),
        **warehouse.row("merge", "reject_count", **run),
        deleted=len(gone),
        withheld_deletions=len(withheld),
        listing_images=dict(warehouse.rows("merge", "membership_counts")),
    )


def _add_versions(warehouse: Warehouse, night: CloudNight, run: dict[str, object]) -> None:
    files = {staged.listing: str(staged.images) for staged in night.staged}
    for listing, first in warehouse.rows("merge", "pieces_to_add", rows_a_piece=_ROWS_A_PIECE):
        piece = {"listing": listing, "first_position": first, "rows_a_piece": _ROWS_A_PIECE}
        warehouse.run("merge", "add_versions", **run, **piece, images_file=files[listing])


def _nothing(withheld_deletions: int) -> CloudCounts:
    return CloudCounts(0, 0, 0, 0, 0, 0, withheld_deletions, 0, {})
