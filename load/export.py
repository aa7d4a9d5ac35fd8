"""Exports the published copy for other tools: Parquet partitioned by cloud, and CSV, all of it or nothing."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from core import storage
from core.errors import SettingsError, WarehouseError
from load.exported_tables import first_day_to_write, keep_earlier_days, write_table
from load.statements import tables

FORMATS: Final = ("parquet", "csv")
_VIEWS: Final = (
    *("images", "image_events", "image_changes", "image_names", "image_promises"),
    *("daily_catalogue", "data_dictionary", "freshness"),
)
_OF_THE_WAREHOUSE: Final = ("schema_migrations", "published_copies")
_UNFINISHED: Final = ".glanceback-export.unfinished"
_EARLIER: Final = ".glanceback-export.earlier"
_NOT_OURS_TO_COUNT: Final = (_UNFINISHED, _EARLIER, "lost+found")
"""Names that an empty folder may have: leftovers of a killed export, and folders of a new file system."""


def export(
    published: Path, target: Path, formats: Sequence[str], *, overwrite: bool = False, since: date | None = None
) -> list[str]:
    """Write <target>/parquet/<table>/cloud=<cloud>/*.parquet and <target>/csv/<table>.csv; return the table names.

    A table without a cloud column is one Parquet file. A table without rows gets files without rows, so that its
    columns are known. In CSV, lists and maps are JSON, and NULL is empty. Everything is written below `target`, which
    may be a mount point. An earlier export is removed when the new one is complete.

    `since`: Parquet of tables about times is partitioned by day too, in folders <table>/cloud=<cloud>/day=<day>, from
    this day (UTC) on; the earlier days of an export that is overwritten stay. If that export ended before this day, or
    is not by day, the days between are written too. In CSV they have the rows from this day on.

    Raises: SettingsError if the target is not empty and may not be overwritten; WarehouseError if it cannot be
    written: then it stays as it was.
    """
    exported = [*_VIEWS, *(table for table in tables() if table not in _OF_THE_WAREHOUSE)]
    made = not target.exists()
    try:
        if target.exists() and not target.is_dir():
            raise SettingsError(f"{target} is a file", "Name a folder.")
        target.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            _put_back(target)
            if not overwrite and any(entry.name not in _NOT_OURS_TO_COUNT for entry in target.iterdir()):
                raise SettingsError(f"{target} is not empty", "Name an empty or a new folder, or give --overwrite.")
            unfinished = target / _UNFINISHED
            try:
                shutil.rmtree(unfinished, ignore_errors=True)
                with duckdb.connect(str(published), read_only=True) as connection:
                    parquet = target / "parquet"
                    from_day = first_day_to_write(connection, parquet, since) if since is not None else None
                    for form in formats:
                        (unfinished / form).mkdir(parents=True)
                        for name in exported:
                            first = from_day if form == "parquet" else since
                            write_table(connection, name, form, unfinished / form, first)
                if from_day is not None and "parquet" in formats:
                    keep_earlier_days(parquet, unfinished / "parquet", from_day)
                _take_the_place(target, formats)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except duckdb.CatalogException as exc:
        raise WarehouseError(
            f"the published copy {published} was made by an older glanceback: it does not have every table",
            "Run glanceback publish once.",
        ) from exc
    except (OSError, duckdb.Error) as exc:
        reason = storage.reason(exc) if isinstance(exc, OSError) else str(exc).splitlines()[0]
        raise WarehouseError(
            f"the export to {target} failed ({reason})",
            "Check that the folder is writable and the disk has free space.",
        ) from exc
    finally:
        if made:
            with suppress(OSError):
                target.rmdir()  # only where nothing was exported
    return exported


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises: SettingsError if another process exports to the folder."""
    folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise SettingsError(f"another export to {target} is running", "Wait for it, or name another folder.") from None
    except OSError:
        pass  # some network file systems have no locks
    try:
        yield
    finally:
        os.close(folder)


def _take_the_place(target: Path, formats: Sequence[str]) -> None:
    """Replace the earlier files by the new ones. Raises: OSError, after it has put the earlier ones back."""
    earlier = target / _EARLIER
    earlier.mkdir()
    placed: list[Path] = []
    try:
        for form in formats:
            if (target / form).exists() or (target / form).is_symlink():
                (target / form).replace(earlier / form)
            (target / _UNFINISHED / form).replace(target / form)
            placed.append(target / form)
    except BaseException:
        for folder in placed:
            shutil.rmtree(folder, ignore_errors=True)
        _put_back(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _put_back(target: Path) -> None:
    """Move back the files that a killed export had moved away. Raises: OSError."""
    earlier = target / _EARLIER
    if not earlier.is_dir():
        return
    for moved in earlier.iterdir():
        if not (target / moved.name).exists():
            moved.replace(target / moved.name)
    shutil.rmtree(earlier, ignore_errors=True)
