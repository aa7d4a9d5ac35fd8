"""Views whose rows are stored in the published copy: there, a table of the same name, columns and comments has them.

They cost a pass over all versions, and readers want them at once. Called when a copy is made. What the copy before says
of times that are still the same is taken from there, so that a night costs what it changed.
"""

from datetime import datetime
from typing import Final

from load.schema import descriptions_of
from load.warehouse import Warehouse, quoted

WHOLE: Final = ("image_listings", "image_successors", "image_systems")
"""Views that are stored anew each time."""

BY_TIME: Final = {"image_changes": "changed_at"}
"""Views whose rows of a time never change, unless the history is rewritten: the column with that time."""

_ROWS_A_PIECE: Final = 30_000
"""Versions whose changes are worked out at once: at a time all take more memory than a load has."""

_NEVER: Final = datetime(9999, 12, 31)  # noqa: DTZ001 - the warehouse's times are UTC without saying so

_STORED: Final = "being_stored"


def store_views(warehouse: Warehouse, since: datetime | None) -> None:
    """Store them in the copy in USE. Those by time anew from `since` on (UTC), None: whole; the rest is in `previous`.

    Raises: WarehouseError.
    """
    for view in WHOLE:
        warehouse.execute(f"CREATE TABLE {_STORED} AS FROM {view}")
        _replace_view(warehouse, view)
    for view, time in BY_TIME.items():
        if since is None:
            warehouse.execute(f"CREATE TABLE {_STORED} AS FROM {view} LIMIT 0")
            pieces = warehouse.rows("publish", "slices", rows=_ROWS_A_PIECE)
        else:
            before = f"{time} < {_literal(since)}"
            warehouse.execute(f"CREATE TABLE {_STORED} AS FROM previous.{view} WHERE {before}")
            pieces = [(since, _NEVER)]
        for first, end in pieces:
            piece = f"{time} >= {_literal(first)} AND {time} < {_literal(end)}"
            warehouse.execute(f"INSERT INTO {_STORED} FROM {view} WHERE {piece}")
        _replace_view(warehouse, view)


def _replace_view(warehouse: Warehouse, view: str) -> None:
    warehouse.execute(f"DROP VIEW {view}")
    warehouse.execute(f"ALTER TABLE {_STORED} RENAME TO {view}")
    warehouse.describe(descriptions_of(warehouse, "views", view, "TABLE"))


def _literal(time: datetime) -> str:
    return f"TIMESTAMP {quoted(time.isoformat(sep=' '))}"
