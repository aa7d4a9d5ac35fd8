"""Writes a compact copy of the warehouse for readers, in one step. Connections that are open keep the previous copy."""

import logging
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from core import storage
from core.errors import WarehouseError
from core.permissions import make_folder, open_to_readers
from load.schema import bring_up_to_date
from load.statements import quoted, tables
from load.stored_views import store_views
from load.warehouse import STORAGE_VERSION, Warehouse

log = logging.getLogger(__name__)

RUN_TABLES: Final = (
    "runs",
    "run_targets",
    "run_clouds",
    "run_listings",
    "rejects",
    "unlisted_images",
    "withheld_deletions",
    "retirements",
    "renames",
    "end_of_life",
    "clouds",
)


def publish(warehouse: Warehouse, published: Path, *, anew: bool = False, quick: bool = False) -> None:
    """Write the copy: tables, views, macros and comments, for DuckDB 1.2 and later. The file is read-only.

    If the previous copy is unchanged and only runs are new, it is updated; `anew` always writes all of it again.
    `quick` avoids slow work: if all would have to be written again, it only adds the runs that are still running.
    Raises: WarehouseError if the copy cannot be written; the previous copy stays.
    """
    unfinished = published.with_name(f".{published.name}.unfinished")
    try:
        make_folder(published.parent)
        # A process that died here left its file, and a log that DuckDB would apply to our file.
        _remove(unfinished)
        with _previous(warehouse, None if anew else published) as has_previous:
            is_current = has_previous and _is_current(warehouse)
        if is_current:
            _refresh(warehouse, published, unfinished)
        elif quick and has_previous:
            _show_running(warehouse, published, unfinished)
        elif quick and published.exists():
            return
        else:
            # The previous copy is not attached here, because a checkpoint needs the memory.
            _copy(warehouse, unfinished)
            with _previous(warehouse, published if has_previous else None) as has_previous:
                _store_views(warehouse, unfinished, _common_until(warehouse) if has_previous else None)
        open_to_readers(unfinished, read_only=True)
        # If someone wrote to the last copy, DuckDB would apply its log to this one.
        _remove_log(published)
        unfinished.replace(published)
        _remove_log(published)
    except (OSError, WarehouseError) as exc:
        with suppress(OSError):
            _remove(unfinished)
        reason = storage.reason(exc) if isinstance(exc, OSError) else exc.what
        raise WarehouseError(
            f"the published copy {published} cannot be written ({reason})",
            "The runs are safe in the warehouse, and the previous copy stays. Repair the folder, or free disk space, "
            "then run glanceback publish.",
        ) from exc
    _remember(warehouse, published)


def _is_as_it_was_left(warehouse: Warehouse, published: Path) -> bool:
    known = warehouse.rows("publish", "last_copy", place=_place(published))
    return published.exists() and known == [(_fingerprint(published),)]


def _remember(warehouse: Warehouse, published: Path) -> None:
    """Record the copy's fingerprint. If the copy has already been removed, the next one is written from the start."""
    place = _place(published)

    def remember() -> None:
        warehouse.run("publish", "forget_copy", place=place)
        with suppress(FileNotFoundError):
            warehouse.run("publish", "remember_copy", place=place, fingerprint=_fingerprint(published))

    warehouse.atomically(remember)


def _place(published: Path) -> str:
    return f"{platform.node()}:{published.absolute()}"


def _fingerprint(file: Path) -> str:
    """A text that changes with every write to the file. It has the ctime, which nobody can set."""
    found = file.stat()
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _copy(warehouse: Warehouse, target: Path) -> None:
    if isinstance(warehouse.place, Path) and warehouse.settle() and _copy_bytes(warehouse.place, target):
        return
    with _attached(warehouse, target):
        if not warehouse.is_shared:
            warehouse.execute("COPY FROM DATABASE warehouse TO published")
            return
        with warehouse.using("published"):
            bring_up_to_date(warehouse, "", describes_views=True)
            for table in tables():
                warehouse.execute(f"DELETE FROM {table}")
                warehouse.execute(f"INSERT INTO {table} BY NAME FROM warehouse.{table}")


def _copy_bytes(file: Path, target: Path) -> bool:
    """Copy the warehouse's file byte by byte, ten times as fast as table by table; return whether it worked.

    Another process must do it: if a process closes a file that it has also locked, POSIX releases the lock.
    """
    try:
        copied = subprocess.run(  # noqa: S603 - cp is in every POSIX system, wherever that is
            ["cp", str(file), str(target)],  # noqa: S607
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except OSError:
        return False
    if copied.returncode:
        target.unlink(missing_ok=True)
    return copied.returncode == 0


def _refresh(warehouse: Warehouse, published: Path, target: Path) -> None:
    """Copy the previous copy, and replace those of its tables of runs that differ. For when nothing else changed."""
    shutil.copyfile(published, target)
    with _attached(warehouse, target), warehouse.transaction():
        for table in _different(warehouse, RUN_TABLES):
            warehouse.execute(f"DELETE FROM published.{table}")
            warehouse.execute(f"INSERT INTO published.{table} FROM warehouse.{table}")


def _different(warehouse: Warehouse, tables: Sequence[str]) -> list[str]:
    """Those of the tables whose rows are not the same in the warehouse and in the copy attached as `published`."""
    # Not compared by subqueries in one row: DuckDB takes three times as long to plan that.
    rows = "SELECT '{1}' AS name, count(*) AS rows, sum(hash(one)::HUGEINT) AS hashes FROM {0}.{1} AS one"
    both = (rows.format(database, name) for database in ("warehouse", "published") for name in tables)
    found = warehouse.execute(f"SELECT name FROM ({' UNION '.join(both)}) GROUP BY name HAVING count(*) > 1").fetchall()
    return [name for (name,) in found]


def _show_running(warehouse: Warehouse, published: Path, target: Path) -> None:
    """Copy the previous copy and add the running runs. For when more has changed, for example by another machine."""
    shutil.copyfile(published, target)
    with _attached(warehouse, target):
        warehouse.run("publish", "show_running_runs")
        warehouse.run("publish", "show_their_targets")


def _store_views(warehouse: Warehouse, target: Path, since: datetime | None) -> None:
    with _attached(warehouse, target), warehouse.using("published"):
        store_views(warehouse, since)


def _is_current(warehouse: Warehouse) -> bool:
    try:
        return bool(warehouse.row("publish", "previous_is_current")["is_current"])
    except WarehouseError:
        log.info("the published copy cannot be updated; writing it again")
        return False


def _common_until(warehouse: Warehouse) -> datetime | None:
    """The time (UTC) up to which the previous copy is still correct; None if nothing in it is."""
    try:
        rows = warehouse.rows("publish", "common_until")
    except WarehouseError:
        return None
    return rows[0][0] if rows else None


@contextmanager
def _previous(warehouse: Warehouse, published: Path | None) -> Iterator[bool]:
    """Attach the previous copy as `previous`; yields whether it can be used."""
    if published is None or not _is_as_it_was_left(warehouse, published):
        yield False
        return
    try:
        warehouse.execute(f"ATTACH {quoted(str(published))} AS previous (READ_ONLY)")
    except WarehouseError:
        log.info("the published copy %s cannot be opened; writing it again", published)
        yield False
        return
    try:
        yield True
    finally:
        warehouse.execute("DETACH previous")


@contextmanager
def _attached(warehouse: Warehouse, file: Path) -> Iterator[None]:
    warehouse.execute(f"ATTACH {quoted(str(file))} AS published (STORAGE_VERSION '{STORAGE_VERSION}')")
    try:
        yield
    finally:
        warehouse.execute("DETACH published")


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    _remove_log(file)


def _remove_log(file: Path) -> None:
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
