"""Exports the published copy for other tools: Parquet partitioned by cloud, and CSV, all of it or nothing."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import duckdb

from core import storage
from core.errors import SettingsError, WarehouseError
from load.interruption import interruptible
from load.statements import quoted, tables

FORMATS: Final = ("parquet", "csv")
_VIEWS: Final = (
    *("images", "image_events", "image_changes", "image_names", "image_promises"),
    *("daily_catalogue", "data_dictionary", "freshness"),
)
_OF_THE_WAREHOUSE: Final = ("schema_migrations", "published_copies")
_PARQUET: Final = "FORMAT parquet, COMPRESSION zstd"
_UNFINISHED: Final = ".glanceback-export.unfinished"
_EARLIER: Final = ".glanceback-export.earlier"
_LONGEST_CLOUD_BYTES: Final = 255 - len("cloud=")
_NOT_OURS_TO_COUNT: Final = (_UNFINISHED, _EARLIER, "lost+found")
"""Names that an empty folder may have: leftovers of a killed export, and folders of a new file system."""


def export(published: Path, target: Path, formats: Sequence[str], *, overwrite: bool = False) -> list[str]:
    """Write <target>/parquet/<table>/cloud=<cloud>/*.parquet and <target>/csv/<table>.csv; return the table names.

    A table without a cloud column is one Parquet file. A table without rows gets files without rows, so that its
    columns are known. In CSV, lists and maps are JSON, and NULL is empty. Everything is written below `target`, which
    may be a mount point. An earlier export is removed when the new one is complete.

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
                    for form in formats:
                        (unfinished / form).mkdir(parents=True)
                        for name in exported:
                            _write(connection, name, form, unfinished / form)
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


def _write(connection: duckdb.DuckDBPyConnection, name: str, form: str, folder: Path) -> None:
    columns = connection.execute(f"DESCRIBE {name}").fetchall()
    if form == "csv":
        shown = [_flat(column, sql_type) for column, sql_type, *_ in columns]
        _copy(connection, f"SELECT {', '.join(shown)} FROM {name}", folder / f"{name}.csv", "FORMAT csv, HEADER")
    elif not any(column == "cloud" for column, *_ in columns):
        _copy(connection, f"FROM {name}", folder / f"{name}.parquet", _PARQUET)
    else:
        for cloud in _clouds(connection, name):
            partition = folder / name / f"cloud={_folder_name(cloud)}"
            partition.mkdir(parents=True)
            of_cloud = f"SELECT * EXCLUDE (cloud) FROM {name} WHERE cloud = {quoted(cloud)}"
            _copy(connection, of_cloud, partition / "data_0.parquet", _PARQUET)


def _clouds(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The clouds in the table; all clouds if it has no rows, because without a partition there would be no file."""
    for table in (name, "run_clouds"):
        if clouds := connection.execute(f"SELECT DISTINCT cloud FROM {table} ORDER BY cloud").fetchall():
            return [cloud for (cloud,) in clouds]
    return ["none"]


def _folder_name(cloud: str) -> str:
    """The cloud's name percent-encoded, as readers of partitions decode it. If too long, only what must be encoded."""
    encoded = quote(cloud, safe="")
    if len(encoded) > _LONGEST_CLOUD_BYTES:
        encoded = "".join(char if not char.isascii() else quote(char, safe=" ") for char in cloud)
    if len(encoded.encode()) > _LONGEST_CLOUD_BYTES:
        raise SettingsError(f"the cloud name {cloud} is too long for a folder", "Export with --format csv.")
    return encoded


def _copy(connection: duckdb.DuckDBPyConnection, query: str, place: Path, options: str) -> None:
    with interruptible(connection):
        connection.execute(f"COPY ({query}) TO {quoted(str(place))} ({options})")


def _flat(column: str, sql_type: str) -> str:
    nested = sql_type.endswith("[]") or sql_type.startswith("MAP")
    return f'to_json("{column}") AS "{column}"' if nested else f'"{column}"'
