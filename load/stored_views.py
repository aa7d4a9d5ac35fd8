"""Stores the rows of some views in the published copy, in tables with the same names, columns and comments.

These views read all versions, which takes too long for readers. Called when a copy is made. Rows of times that have not
changed are copied from the previous copy, so that a run takes time only for what it changed.
"""

from datetime import datetime
from typing import Final

from load.schema import descriptions_of
from load.statements import quoted
from load.warehouse import Warehouse

WHOLE: Final = ("image_listings", "image_successors", "image_systems")
"""Views that are stored again each time."""

BY_TIME: Final = {"image_changes": "changed_at"}
"""Views whose rows never change unless the history is rewritten, each with its column of the time."""

_ROWS_A_PIECE: Final = 30_000
"""Versions whose changes are computed at once: all of them need more memory than a load has."""

_NEVER: Final = datetime(9999, 12, 31)  # noqa: DTZ001 - the warehouse's times are UTC without saying so

_STORED: Final = "being_stored"


def store_views(warehouse: Warehouse, since: datetime | None) -> None:
    """Store the views in the copy in USE. Views by time are computed from `since` (UTC) on, and copied before that.

    The older rows come from the attached `previous`. `since` None: all rows are computed. Raises: WarehouseError.
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
