"""The images whose deletion is withheld, in a table of their own, so that a person can see which they are.

Called by load.merge, within the load of a cloud, and by the flow for the names in its message.
"""

from collections.abc import Iterable, Mapping

from load.missing import Decisions
from load.warehouse import Warehouse


def keep_withheld(warehouse: Warehouse, run: Mapping[str, object], decisions: Decisions) -> None:
    """Keep what is withheld now, and forget what is listed again or decided. After the memberships are merged."""
    warehouse.run("merge", "withheld_before", **run)
    warehouse.table_of_ids("decided", decisions.ids)
    warehouse.run("merge", "forget_withheld", **run)
    if decisions.withheld:
        warehouse.table_of_ids("withheld_now", decisions.withheld)
        warehouse.table_of_ids("too_many", decisions.too_many)
        warehouse.run("merge", "add_withheld", **run)


def first_names(warehouse: Warehouse, cloud: str, ids: Iterable[str], most: int) -> list[str]:
    """The names of the first of these images of a cloud, in order."""
    warehouse.table_of_ids("named", frozenset(ids))
    return [name for (name,) in warehouse.rows("reading", "first_names", cloud=cloud, most=most)]
