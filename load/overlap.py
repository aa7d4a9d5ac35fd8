"""Handles two machines that read one cloud at the same time into one warehouse: the later reading counts.

The run that started first may load last. It then ignores the images about which the other run has already loaded
something new. Used by merge. It cannot happen in a warehouse that one process holds.
"""

from dataclasses import fields, replace
from datetime import datetime

from load.missing import Decisions
from load.warehouse import Warehouse


def leave_known_later(warehouse: Warehouse, cloud: str, started_at: datetime) -> frozenset[str]:
    """Remove these images from the staged tables, in the load's transaction; return their ids."""
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
    """The decisions without these images."""
    if not ids:
        return decisions
    return replace(decisions, **{each.name: getattr(decisions, each.name) - ids for each in fields(Decisions)})
