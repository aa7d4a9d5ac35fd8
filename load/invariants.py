"""Checks the rules that always hold in a warehouse. Each is a query in sql/checks that returns the rows that break it.

They run inside the load's transaction, so that a load that breaks a rule is rolled back.
"""

from core.errors import WarehouseError
from core.wording import counted
from load.statements import names, statement
from load.warehouse import Warehouse


def require(warehouse: Warehouse, cloud: str | None = None) -> None:
    """Raises: WarehouseError, which names the rule, if a rule is broken. `cloud`: look only at rows of this cloud."""
    for name in names("checks"):
        broken = warehouse.rows("checks", name) if cloud is None else _broken_in(warehouse, name, cloud)
        if broken:
            raise WarehouseError(
                f"{warehouse.place}: the rule {name} is broken in {counted(len(broken), 'place')}, such as {broken[0]} "
                f"({statement('checks', name).description})",
                "Nothing of this load was kept. Report this, with the log of the run.",
            )


def _broken_in(warehouse: Warehouse, name: str, cloud: str) -> list[tuple[object, ...]]:
    """DuckDB moves the filter into the rule's own joins and windows, so that a load does not pay for other clouds."""
    rule = statement("checks", name).text
    return warehouse.execute(f"FROM ({rule}\n) WHERE cloud = $cloud", {"cloud": cloud}).fetchall()
