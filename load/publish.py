"""A compact copy of the warehouse for readers, replaced in one step. Who has the old one open reads on in it."""

from pathlib import Path

from extract.errors import WarehouseError
from load.warehouse import STORAGE_VERSION, Warehouse, quoted


def publish(warehouse: Warehouse, published: Path) -> None:
    """Write the copy: tables, views, macros and comments, readable by DuckDB 1.2 and later.

    Raises: WarehouseError when it cannot be written; the copy before it stays.
    """
    unfinished = published.with_name(f".{published.name}.unfinished")
    try:
        published.parent.mkdir(parents=True, exist_ok=True)
        # A process that died here left its file, and a log that DuckDB would play back into ours.
        for left_over in (unfinished, unfinished.with_name(unfinished.name + ".wal")):
            left_over.unlink(missing_ok=True)
        warehouse.execute(f"ATTACH {quoted(str(unfinished))} AS published (STORAGE_VERSION '{STORAGE_VERSION}')")
        try:
            warehouse.execute("COPY FROM DATABASE warehouse TO published")
        finally:
            warehouse.execute("DETACH published")
        unfinished.replace(published)
    except OSError as exc:
        raise WarehouseError(
            f"the published copy {published} cannot be written ({exc.strerror})",
            "The runs are safe in the warehouse: mend the folder, then run glanceback publish.",
        ) from exc
