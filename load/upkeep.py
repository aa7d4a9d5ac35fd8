"""Maintains a warehouse on DuckLake: merges small files, and removes old snapshots and lost files.

Each run adds files and snapshots, and a killed load leaves files that the catalogue does not know. Called after a run.
Other machines may load, and people may read, at the same time: nothing that they may need is removed.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import WarehouseError
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

KEPT_ALONE: Final = timedelta(hours=1)
"""How long snapshots and files stay if no other run is running: a query may still read them."""

KEPT_BESIDE_OTHERS: Final = timedelta(days=1)
"""How long they stay if another run is running: a load may write its files long before it commits."""


def keep_small(warehouse: Warehouse, now: datetime, run_id: str | None = None) -> None:
    """Merge small files, expire snapshots, remove unused files. `now` is UTC; `run_id`: the run that calls this.

    If another machine writes now, so that a step fails, the next run does it.
    """
    if not warehouse.is_shared:
        return
    others = [other for (other,) in warehouse.rows("runs", "running_runs") if other != run_id]
    before = now.replace(tzinfo=UTC) - (KEPT_BESIDE_OTHERS if others else KEPT_ALONE)
    for step in ("rewrite_files", "merge_small_files", "expire_snapshots", "remove_old_files", "remove_orphans"):
        try:
            warehouse.run("upkeep", step, before=before)
        except WarehouseError as exc:
            log.info("%s: %s waits for the next run (%s)", warehouse.place, step, exc.what)
