"""What a warehouse on DuckLake needs from time to time: small files merged, old snapshots and lost files removed.

Each run adds some files and snapshots, and a load that is killed leaves files that the catalogue does not know. Called
after a run. Other machines may load, and people read, at the same time: nothing is removed that they may need.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import WarehouseError
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

KEPT_ALONE: Final = timedelta(hours=1)
"""For so long snapshots and files stay where no other run is going on: somebody's query may still read them."""

KEPT_BESIDE_OTHERS: Final = timedelta(days=1)
"""And for so long where one is: a load may have written its files long before it commits."""


def keep_small(warehouse: Warehouse, now: datetime, run_id: str | None = None) -> None:
    """Merge small files, expire snapshots, remove what nobody needs. `now` is UTC; `run_id`: the run that asks.

    What cannot be done now, because another machine writes, waits for the next run.
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
