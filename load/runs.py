"""Writes the record of a run: before the cloud is asked for anything, and at the end, however the run ended."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from core.errors import WrongClock
from load.living_runs import DIED, died, forget_died, going_on
from load.run_ids import CLOCKS_OF_MACHINES, new_run_id
from load.warehouse import Warehouse

LONGEST_RUN: Final = timedelta(days=1)
"""A run on another machine that started earlier than this counts as dead."""


@dataclass(frozen=True, slots=True)
class Run:
    """`started_at` is UTC, and later than that of every earlier run."""

    run_id: str
    started_at: datetime
    mode: str


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A run that did not end everywhere. `complete`: the (cloud, listing) pairs that it read to the end."""

    run_id: str
    started_at: datetime
    complete: frozenset[tuple[str, str]]


def begin_run(
    warehouse: Warehouse,
    mode: str,
    version: str,
    targets: Mapping[str, bool] | None = None,
    home: Path | None = None,
    until: ExitStack | None = None,
) -> Run:
    """Begin a run. `targets`: the clouds to read, each with whether all its listings are read.

    `until`: where the run's lock in `home` is held. It is taken before the run is recorded: whenever the process dies,
    the run is known to be dead.

    Runs whose process died are marked as failed. In a warehouse with one writer, that is every run still marked as
    running. In a shared one, it is the runs whose process died on this machine (load.living_runs reads `home`), and
    those that started more than a day ago.
    Raises: WrongClock if an earlier run has a later start.
    """
    started_at = datetime.now(UTC).replace(tzinfo=None)
    run_id = new_run_id(started_at)
    dead_since = started_at - LONGEST_RUN if warehouse.is_shared else None
    known_dead = died(home) if home is not None else []
    if home is not None and until is not None:
        until.enter_context(going_on(home, run_id))

    def begin() -> datetime:
        _check_clock(warehouse, started_at)
        warehouse.run("runs", "fail_dead_runs", dead_since=dead_since, died=known_dead, why=DIED)
        warehouse.run("runs", "add_run", run_id=run_id, started_at=started_at, mode=mode, version=version)
        for cloud, is_whole in (targets or {}).items():
            warehouse.run("runs", "add_run_target", run_id=run_id, cloud=cloud, is_whole=is_whole)
        began: datetime = warehouse.row("runs", "run_start", run_id=run_id)["started_at"]
        return began

    run = Run(run_id, warehouse.atomically(begin), mode)
    if home is not None:
        forget_died(home, known_dead)
    return run


def _check_clock(warehouse: Warehouse, now: datetime) -> None:
    last = warehouse.rows("runs", "last_run")
    if last and last[0][1] - now > CLOCKS_OF_MACHINES:
        ((run_id, started_at),) = last
        raise WrongClock(
            f"run {run_id} started at {started_at:%Y-%m-%d %H:%M} UTC, "
            f"and by this machine's clock it is {now:%Y-%m-%d %H:%M}",
            "One of the two is wrong. Set this machine's clock (NTP); if it is right, that run's was not: "
            "take the warehouse from a backup made before it, or wait until then.",
        )


def forget_run(warehouse: Warehouse, run: Run) -> None:
    """Undo begin_run: remove all rows of a run that has loaded nothing."""

    def forget() -> None:
        warehouse.run("runs", "forget_run", run_id=run.run_id)
        warehouse.run("runs", "forget_run_targets", run_id=run.run_id, cloud=None)

    warehouse.atomically(forget)


def forget_unknown_target(warehouse: Warehouse, run: Run, cloud: str) -> None:
    """Remove the target if no run has ever read this cloud: its name may be mistyped."""
    warehouse.atomically(lambda: warehouse.run("runs", "forget_run_targets", run_id=run.run_id, cloud=cloud))


def fail_target(warehouse: Warehouse, run: Run, cloud: str, error: str) -> None:
    """Record why nothing of a cloud was loaded, if its load failed and no other row says so."""
    warehouse.atomically(lambda: warehouse.run("runs", "fail_run_targets", run_id=run.run_id, cloud=cloud, error=error))


def finish_run(warehouse: Warehouse, run: Run, status: str, error: str | None = None) -> datetime:
    """End a run as `completed`, `partial` or `failed`; return the time (UTC). `error`: why all of it failed."""
    finished_at = datetime.now(UTC).replace(tzinfo=None)

    def finish() -> None:
        warehouse.run("runs", "finish_run", run_id=run.run_id, status=status, finished_at=finished_at, error=error)
        if error is not None:
            warehouse.run("runs", "fail_run_targets", run_id=run.run_id, cloud=None, error=error)

    warehouse.atomically(finish)
    return finished_at


def broken_off(warehouse: Warehouse, run: Run) -> BrokenOff | None:
    """The previous run, if this one can resume it."""
    found = warehouse.rows("runs", "broken_off_run", run_id=run.run_id, mode=run.mode)
    if not found:
        return None
    ((run_id, started_at),) = found
    complete = warehouse.rows("runs", "complete_listings", run_id=run_id)
    return BrokenOff(run_id, started_at, frozenset((cloud, listing) for cloud, listing in complete))
