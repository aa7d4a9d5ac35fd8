"""A compact copy of the warehouse for readers, replaced in one step. Who has the old one open reads on in it."""

from contextlib import suppress
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
        _remove(unfinished)
        _copy(warehouse, unfinished)
        unfinished.replace(published)
    except (OSError, WarehouseError) as exc:
        with suppress(OSError):
            _remove(unfinished)
        reason = exc.strerror if isinstance(exc, OSError) else exc.what
        raise WarehouseError(
            f"the published copy {published} cannot be written ({reason})",
            "The runs are safe in the warehouse, and the copy before this one stays: mend the folder, or make room, "
            "then run glanceback publish.",
        ) from exc


def _copy(warehouse: Warehouse, target: Path) -> None:
    warehouse.execute(f"ATTACH {quoted(str(target))} AS published (STORAGE_VERSION '{STORAGE_VERSION}')")
    try:
        warehouse.execute("COPY FROM DATABASE warehouse TO published")
    finally:
        warehouse.execute("DETACH published")


def _remove(file: Path) -> None:
    for part in (file, file.with_name(file.name + ".wal")):
        part.unlink(missing_ok=True)
