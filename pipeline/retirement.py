"""The commands `retire` and `rename`: they end what is no longer read, and give a cloud another name.

Each is a run of its own, with a record in landing, so that a replay repeats it at the right time.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from core.errors import SettingsError
from core.permissions import keep_to_owner
from core.wording import first_of
from load.invariants import require
from load.living_runs import died
from load.publish import publish
from load.records import KeptRun, keep_run, kept_runs
from load.retirement import (
    RENAME,
    RETIRE,
    KnownCloud,
    Rename,
    Retirement,
    kept_renames,
    known_clouds,
    rename_within,
    retire_within,
)
from load.runs import Run, begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.replay import first_starts, load_all_again, unbroken
from pipeline.report import why_failed
from pipeline.settings import VERSION, Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


def retire(settings: Settings, cloud: str, listing: str | None) -> dict[str, int]:
    """End the current images of a cloud, or of one of its listings; return how many ended, by cloud.

    `cloud`: a name, or a pattern such as `prod/eu-nl/*`. Each cloud is a run of its own.
    Raises: SettingsError if the warehouse does not know the cloud or the listing; WarehouseError.
    """
    with _open(settings) as warehouse:
        known = known_clouds(warehouse)
        fitting = [name for name in known if fnmatchcase(name, cloud)]
        chosen = [_known(warehouse, cloud)] if cloud in known or not fitting else [known[name] for name in fitting]
        read = [one for one in chosen if listing is None or listing in one.listings]
        if not read:
            there = first_of(sorted({name for one in chosen for name in one.listings}))
            raise SettingsError(f"no listing '{listing}' of cloud {cloud} was ever read", f"There are: {there}.")
        ended = {}
        for one in read:

            def end(run: Run, name: str = one.name) -> int:
                return retire_within(warehouse, Retirement(run.run_id, name, listing, run.started_at))

            ended[one.name] = _as_a_run(settings, warehouse, RETIRE, end, cloud=one.name, listing=listing)
        publish(warehouse, settings.published, anew=True)
        return ended


def rename(settings: Settings, old: str, new: str) -> None:
    """Rename a cloud's history. What was already read under the new name is added to it.

    Raises: SettingsError if the cloud is unknown, or the two histories cannot be joined; WarehouseError.
    """
    if old == new:
        raise SettingsError(f"'{old}' is the same name twice", "Give the cloud's old name, then its new name.")
    if not new.strip():
        raise SettingsError("the new name is empty", "Give the cloud's new name.")
    with _open(settings) as warehouse:
        before = _known(warehouse, old)
        after = known_clouds(warehouse).get(new)
        if after is not None:
            _must_follow(before, after)

        def give(run: Run) -> None:
            rename_within(warehouse, Rename(run.run_id, old, new, run.started_at))
            if after is not None:
                _put_together(warehouse, settings, old, new, after.first_run_at)

        _as_a_run(settings, warehouse, RENAME, give, cloud=old, new_name=new)
        publish(warehouse, settings.published, anew=True)


def _open(settings: Settings) -> Warehouse:
    keep_to_owner()
    if isinstance(settings.warehouse, Path) and not settings.warehouse.exists():
        raise SettingsError(f"there is no warehouse at {settings.warehouse}", "Run glanceback sync first.")
    warehouse = Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb)
    bring_up_to_date(warehouse, VERSION)
    going = {run_id for (run_id,) in warehouse.rows("runs", "running_runs")} - {*died(settings.home)}
    if going and warehouse.is_shared:
        warehouse.connection.close()
        raise SettingsError(
            f"run {min(going)} is still running in this warehouse", "Wait until it has ended; see glanceback runs."
        )
    return warehouse


def _known(warehouse: Warehouse, cloud: str) -> KnownCloud:
    known = known_clouds(warehouse)
    if cloud not in known:
        raise SettingsError(f"the warehouse does not know a cloud '{cloud}'", f"It knows: {first_of(known)}.")
    return known[cloud]


def _must_follow(before: KnownCloud, after: KnownCloud) -> None:
    """Raises: SettingsError if both were read at the same time: then they are two clouds."""
    if before.last_run_at and after.first_run_at and before.last_run_at >= after.first_run_at:
        raise SettingsError(
            f"cloud {before.name} was still read after the first run of {after.name}: they are two clouds, not one",
            f"Give {before.name} a name that no cloud has had.",
        )


def _put_together(warehouse: Warehouse, settings: Settings, old: str, new: str, since: datetime | None) -> None:
    """Load the runs under the new name again, after those under the old name. Raises: SettingsError."""
    runs = unbroken(warehouse, settings.landing)
    first = first_starts(runs, kept_renames(warehouse, kept_runs(settings.landing))).get(new)
    if since is not None and (first is None or first > since):
        raise SettingsError(
            f"cloud {old} has been read under its new name since {since:%Y-%m-%d %H:%M} UTC, and landing does not have "
            "all pages since then",
            f"The two histories cannot be joined any more. End the old one: glanceback retire {old}",
        )
    load_all_again(warehouse, settings.landing, runs)


def _as_a_run(
    settings: Settings,
    warehouse: Warehouse,
    mode: str,
    work: Callable[[Run], T],
    *,
    cloud: str,
    listing: str | None = None,
    new_name: str | None = None,
) -> T:
    """Do the work in one transaction, as a run."""
    with ExitStack() as until_the_end:
        run = begin_run(warehouse, mode, VERSION, home=settings.home, until=until_the_end)
        kept = KeptRun(run.run_id, run.started_at, mode, VERSION, cloud=cloud, listing=listing, new_name=new_name)

        def whole() -> T:
            done = work(run)
            require(warehouse)
            return done

        try:
            done = warehouse.atomically(whole)
        except BaseException as exc:
            finish_run(warehouse, run, "failed", why_failed(exc))
            raise
        finished_at = finish_run(warehouse, run, "completed")
        keep_run(settings.landing, replace(kept, status="completed", finished_at=finished_at))
    return done
