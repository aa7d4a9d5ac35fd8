"""The published copy as files for other tools: Parquet partitioned by cloud, and CSV. Made whole or not at all."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from extract.errors import SettingsError, WarehouseError
from load.interruption import interruptible
from load.statements import tables
from load.warehouse import quoted

FORMATS: Final = ("parquet", "csv")
_VIEWS: Final = ("images", "image_events")
_OF_THE_WAREHOUSE: Final = ("schema_migrations", "published_copies")


def export(published: Path, target: Path, formats: Sequence[str], *, overwrite: bool = False) -> list[str]:
    """Write <target>/parquet/<table>/cloud=<cloud>/*.parquet and <target>/csv/<table>.csv; the names of the tables.

    Tables that are not of a cloud are one Parquet file. In CSV, lists and maps are JSON, and NULL is empty.

    Raises: SettingsError where the target holds anything and may not be overwritten; WarehouseError where it cannot
    be written: it is then as it was.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())) and not overwrite:
        raise SettingsError(f"{target} is not empty", "Name an empty or a new folder, or give --overwrite.")
    unfinished = target.with_name(f".{target.name}.unfinished")
    exported = [*_VIEWS, *(table for table in tables() if table not in _OF_THE_WAREHOUSE)]
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        with duckdb.connect(str(published), read_only=True) as connection:
            for form in formats:
                (unfinished / form).mkdir(parents=True)
                for name in exported:
                    _write(connection, name, form, unfinished / form)
        target.mkdir(parents=True, exist_ok=True)
        for form in formats:
            shutil.rmtree(target / form, ignore_errors=True)
            (unfinished / form).replace(target / form)
        unfinished.rmdir()
    except (OSError, duckdb.Error) as exc:
        shutil.rmtree(unfinished, ignore_errors=True)
        reason = exc.strerror if isinstance(exc, OSError) else str(exc).splitlines()[0]
        raise WarehouseError(
            f"the export to {target} failed ({reason})", "See that the folder can be written and the disk has room."
        ) from exc
    return exported


def _write(connection: duckdb.DuckDBPyConnection, name: str, form: str, folder: Path) -> None:
    columns = connection.execute(f"DESCRIBE {name}").fetchall()
    if form == "csv":
        shown = [_flat(column, sql_type) for column, sql_type, *_ in columns]
        place = quoted(str(folder / f"{name}.csv"))
        with interruptible(connection):
            connection.execute(f"COPY (SELECT {', '.join(shown)} FROM {name}) TO {place} (FORMAT csv, HEADER)")
        return
    by_cloud = any(column == "cloud" for column, *_ in columns)
    place = quoted(str(folder / name) if by_cloud else str(folder / f"{name}.parquet"))
    partition = ", PARTITION_BY (cloud)" if by_cloud else ""
    with interruptible(connection):
        connection.execute(f"COPY (FROM {name}) TO {place} (FORMAT parquet, COMPRESSION zstd{partition})")


def _flat(column: str, sql_type: str) -> str:
    nested = sql_type.endswith("[]") or sql_type.startswith("MAP")
    return f'to_json("{column}") AS "{column}"' if nested else f'"{column}"'
