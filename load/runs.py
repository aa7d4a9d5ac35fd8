"""The record of a run: begun before anything is asked, ended whatever happened."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from load.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Run:
    """`started_at` is UTC, and later than that of every run before it."""

    run_id: str
    started_at: datetime
    mode: str


def begin_run(warehouse: Warehouse, mode: str, version: str) -> Run:
    """Begin a run. Runs left running by a process that died are marked failed: nobody else can hold the warehouse."""
    started_at = datetime.now(UTC).replace(tzinfo=None)
    run_id = f"{started_at:%Y%m%dT%H%M%S}Z-{secrets.token_hex(2)}"
    with warehouse.transaction():
        warehouse.run("merge", "fail_dead_runs")
        warehouse.run("merge", "add_run", run_id=run_id, started_at=started_at, mode=mode, version=version)
        started_at = warehouse.row("merge", "run_start", run_id=run_id)["started_at"]
    return Run(run_id, started_at, mode)


def finish_run(warehouse: Warehouse, run: Run, status: str) -> None:
    """End a run as `completed`, `partial` or `failed`."""
    with warehouse.transaction():
        finished_at = datetime.now(UTC).replace(tzinfo=None)
        warehouse.run("merge", "finish_run", run_id=run.run_id, status=status, finished_at=finished_at)
