"""What must always hold in a warehouse: a query a rule in sql/checks, which returns the rows that break it.

They run inside the load's transaction, so that a load that would break one is rolled back.
"""

from core.errors import WarehouseError
from core.wording import counted
from load.statements import names, statement
from load.warehouse import Warehouse


def require(warehouse: Warehouse) -> None:
    """Raises: WarehouseError, naming the rule, where one is broken."""
    for name in names("checks"):
        broken = warehouse.rows("checks", name)
        if broken:
            raise WarehouseError(
                f"{warehouse.place}: the rule {name} is broken in {counted(len(broken), 'place')}, such as {broken[0]} "
                f"({statement('checks', name).description})",
                "Nothing of this load was kept. Report this, with the log of the run.",
            )
