"""The record of a run: begun before anything is asked, ended whatever happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from core.errors import WrongClock
from load.living_runs import died, forget_died
from load.run_ids import CLOCKS_OF_MACHINES, new_run_id
from load.warehouse import Warehouse

LONGEST_RUN: Final = timedelta(days=1)
"""Of a run on another machine that has gone on for longer, nobody believes that it does."""


@dataclass(frozen=True, slots=True)
class Run:
    """`started_at` is UTC, and later than that of every run before it."""

    run_id: str
    started_at: datetime
    mode: str


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A run that did not come to its end everywhere. `complete` has (cloud, listing) of what it did read to the end."""

    run_id: str
    started_at: datetime
    complete: frozenset[tuple[str, str]]


def begin_run(
    warehouse: Warehouse,
    mode: str,
    version: str,
    targets: Mapping[str, bool] | None = None,
    home: Path | None = None,
) -> Run:
    """Begin a run. `targets`: the clouds that it is to read, and whether every listing of each.

    Runs left running by a process that died are marked failed. That is all of them, for nobody else can hold the
    warehouse; of a shared one, those whose process died on this machine, which load.living_runs knows from `home`, and
    those of more than a day ago.
    Raises: WrongClock where a run before this one would have started after it.
    """
    started_at = datetime.now(UTC).replace(tzinfo=None)
    run_id = new_run_id(started_at)
    dead_since = started_at - LONGEST_RUN if warehouse.is_shared else None
    known_dead = died(home) if home is not None else []

    def begin() -> datetime:
        _check_clock(warehouse, started_at)
        warehouse.run("runs", "fail_dead_runs", dead_since=dead_since, died=known_dead)
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
    """Undo begin_run: no trace is left of a run that has loaded nothing."""

    def forget() -> None:
        warehouse.run("runs", "forget_run", run_id=run.run_id)
        warehouse.run("runs", "forget_run_targets", run_id=run.run_id, cloud=None)

    warehouse.atomically(forget)


def forget_unknown_target(warehouse: Warehouse, run: Run, cloud: str) -> None:
    """Forget that a run was to read this cloud, where no run ever read it: its name may be mistyped."""
    warehouse.atomically(lambda: warehouse.run("runs", "forget_run_targets", run_id=run.run_id, cloud=cloud))


def fail_target(warehouse: Warehouse, run: Run, cloud: str, error: str) -> None:
    """Keep why nothing of a cloud was loaded, where its load failed and nothing else can say so."""
    warehouse.atomically(lambda: warehouse.run("runs", "fail_run_targets", run_id=run.run_id, cloud=cloud, error=error))


def finish_run(warehouse: Warehouse, run: Run, status: str, error: str | None = None) -> datetime:
    """End a run as `completed`, `partial` or `failed`; when, in UTC. `error`: why clouds were not loaded."""
    finished_at = datetime.now(UTC).replace(tzinfo=None)

    def finish() -> None:
        warehouse.run("runs", "finish_run", run_id=run.run_id, status=status, finished_at=finished_at)
        if error is not None:
            warehouse.run("runs", "fail_run_targets", run_id=run.run_id, cloud=None, error=error)

    warehouse.atomically(finish)
    return finished_at


def broken_off(warehouse: Warehouse, run: Run) -> BrokenOff | None:
    """The run before this one, where there is something in it to go on with."""
    found = warehouse.rows("runs", "broken_off_run", run_id=run.run_id, mode=run.mode)
    if not found:
        return None
    ((run_id, started_at),) = found
    complete = warehouse.rows("runs", "complete_listings", run_id=run_id)
    return BrokenOff(run_id, started_at, frozenset((cloud, listing) for cloud, listing in complete))
