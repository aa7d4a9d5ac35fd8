"""Keeps the images whose deletion is withheld in a table of their own, so that a person can look at them.

Called by load.merge, during the load of a cloud, and by pipeline for the names in its message.
"""

from collections.abc import Iterable, Mapping

from load.missing import Decisions
from load.warehouse import Warehouse


def keep_withheld(warehouse: Warehouse, run: Mapping[str, object], decisions: Decisions) -> None:
    """Add what is withheld now, remove what is listed again or decided. Call it after the memberships are merged."""
    warehouse.run("merge", "withheld_before", **run)
    warehouse.table_of_ids("decided", decisions.ids)
    warehouse.run("merge", "forget_withheld", **run)
    if decisions.withheld:
        warehouse.table_of_ids("withheld_now", decisions.withheld)
        warehouse.table_of_ids("too_many", decisions.too_many)
        warehouse.run("merge", "add_withheld", **run)


def first_names(warehouse: Warehouse, cloud: str, ids: Iterable[str], most: int) -> list[str]:
    """The first `most` names of these images of a cloud, sorted."""
    warehouse.table_of_ids("named", frozenset(ids))
    return [name for (name,) in warehouse.rows("reading", "first_names", cloud=cloud, most=most)]
