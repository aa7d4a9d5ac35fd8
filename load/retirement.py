"""Ends what is no longer read, and renames clouds. Each is a run of its own, and a replay repeats it.

Landing keeps the pages under the name that the cloud had when they were read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from load.clouds import rename_place_within
from load.statements import tables
from load.warehouse import Warehouse

if TYPE_CHECKING:
    from load.records import KeptRun

RETIRE: Final = "retire"
RENAME: Final = "rename"


@dataclass(frozen=True, slots=True)
class Retirement:
    """A row of `retirements`: a whole cloud, or one listing of it. UTC."""

    run_id: str
    cloud: str
    listing: str | None
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class Rename:
    """A row of `renames`. UTC."""

    run_id: str
    old_name: str
    new_name: str
    renamed_at: datetime


@dataclass(frozen=True, slots=True)
class KnownCloud:
    """A cloud that the warehouse knows. `first_run_at`, `last_run_at`: when its runs started, UTC."""

    name: str
    first_run_at: datetime | None
    last_run_at: datetime | None
    listings: tuple[str, ...]


def known_clouds(warehouse: Warehouse) -> dict[str, KnownCloud]:
    """The clouds that the warehouse knows, by name."""
    rows = warehouse.rows("retire", "known_clouds")
    return {name: KnownCloud(name, first, last, tuple(listings)) for name, first, last, listings in rows}


def retire_within(warehouse: Warehouse, retirement: Retirement) -> int:
    """End the cloud's images, or those that only this listing showed or showed last; return how many.

    The caller opens the transaction.
    """
    facts = asdict(retirement)
    for name in ("add_retirement", "no_longer_read", "retiring", "end_retired_memberships", "end_retired_versions"):
        warehouse.run("retire", name, **facts)
    warehouse.run("merge", "add_late_ends", **facts)
    for name in ("forget_retired_missed", "forget_retired_unlisted", "forget_retired_withheld"):
        warehouse.run("retire", name, **facts)
    ended: int = warehouse.row("retire", "retired_count", run_id=retirement.run_id)["images"]
    return ended


def rename_within(warehouse: Warehouse, rename: Rename) -> None:
    """Write the cloud's new name to all its rows. The caller opens the transaction."""
    names: dict[str, object] = {"old": rename.old_name, "new": rename.new_name}
    rename_place_within(warehouse, rename.old_name, rename.new_name)
    for table in tables():
        if "cloud" in warehouse.columns(table):
            warehouse.execute(f"UPDATE {table} SET cloud = $new WHERE cloud = $old", names)
    warehouse.run("retire", "add_rename", **asdict(rename))


def kept_retirements(warehouse: Warehouse, kept: Iterable["KeptRun"]) -> list[Retirement]:
    """The retirements in the warehouse and in landing, oldest first, with the clouds' names of today."""
    known = [Retirement(*row) for row in warehouse.rows("retire", "retirements")]
    renames = kept_renames(warehouse, kept := list(kept))
    found = {one.run_id: one for one in known}
    for run in kept:
        if run.mode == RETIRE and run.cloud is not None and run.status == "completed":
            name = name_today(run.cloud, run.started_at, renames)
            found.setdefault(run.run_id, Retirement(run.run_id, name, run.listing, run.started_at))
    return sorted(found.values(), key=lambda one: one.retired_at)


def kept_renames(warehouse: Warehouse, kept: Iterable["KeptRun"] = ()) -> list[Rename]:
    """The renames in the warehouse and in landing, oldest first."""
    found = {row[0]: Rename(*row) for row in warehouse.rows("retire", "renames")}
    for run in kept:
        if run.mode == RENAME and run.cloud is not None and run.new_name is not None and run.status == "completed":
            found.setdefault(run.run_id, Rename(run.run_id, run.cloud, run.new_name, run.started_at))
    return sorted(found.values(), key=lambda one: one.renamed_at)


def name_today(cloud: str, at: datetime, renames: Sequence[Rename]) -> str:
    """Today's name of the cloud that was called `cloud` at the time `at` (UTC)."""
    for rename in renames:
        if rename.renamed_at > at and rename.old_name == cloud:
            cloud = rename.new_name
    return cloud


def names_then(cloud: str, at: datetime, renames: Sequence[Rename]) -> list[str]:
    """The names that landing may use for a run at `at` (UTC) of the cloud that is called `cloud` today."""
    names = [cloud]
    for rename in reversed(renames):
        if rename.renamed_at > at and rename.new_name in names:
            names.append(rename.old_name)
    return names
