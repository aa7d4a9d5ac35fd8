"""Two machines that read one cloud at the same time, into one warehouse: what was seen later is the truth.

The run that started first may load last. Of the images that the other one has already loaded something new about, it
then has nothing to say, and leaves them alone. Used by merge; in a warehouse that one process holds it cannot happen.
"""

from dataclasses import fields, replace
from datetime import datetime

from load.missing import Decisions
from load.warehouse import Warehouse


def leave_known_later(warehouse: Warehouse, cloud: str, started_at: datetime) -> frozenset[str]:
    """Take those images out of what was staged, in the load's transaction; their ids."""
    if not warehouse.is_shared:
        return frozenset()
    run = {"cloud": cloud, "started_at": started_at}
    warehouse.run("merge", "known_later", **run)
    ids = frozenset(identity for (identity,) in warehouse.rows("merge", "ids_known_later"))
    if ids:
        warehouse.run("merge", "leave_known_later", **run)
        warehouse.run("merge", "leave_known_later_memberships", **run)
    return ids


def without(decisions: Decisions, ids: frozenset[str]) -> Decisions:
    """What was decided of all other images."""
    if not ids:
        return decisions
    return replace(decisions, **{each.name: getattr(decisions, each.name) - ids for each in fields(Decisions)})
