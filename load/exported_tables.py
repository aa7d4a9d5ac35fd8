"""Writes one table of an export, as Parquet or CSV. Called by load.export.

The comments of a Parquet file's columns are the metadata of its Arrow fields, and the table's is the file's. Tables
about times can be partitioned by day, beside cloud.
"""

import base64
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import duckdb

from core.errors import SettingsError
from load.interruption import interruptible
from load.statements import quoted

DAYS: Final = {"image_events": "happened_at", "image_changes": "changed_at", "daily_catalogue": "day"}
"""Tables whose rows belong to a day, each with the column that says which."""

_LONGEST_CLOUD_BYTES: Final = 255 - len("cloud=")
_DAY: Final = "day="
_ONE_FILE: Final = "data_0.parquet"


def write_table(
    connection: duckdb.DuckDBPyConnection, name: str, form: str, folder: Path, since: date | None = None
) -> None:
    """Write a table below the folder. `since`: of tables about times, only from this day on, by cloud and day.

    Raises: duckdb.Error; OSError; SettingsError if a cloud's name cannot be a folder's.
    """
    columns = connection.execute(f"DESCRIBE {name}").fetchall()
    by_day = since is not None and name in DAYS
    rows = f"(FROM {name} WHERE {DAYS[name]} >= DATE {quoted(str(since))})" if by_day else name
    if form == "csv":
        shown = [_flat(column, sql_type) for column, sql_type, *_ in columns]
        _copy(connection, f"SELECT {', '.join(shown)} FROM {rows}", folder / f"{name}.csv", "FORMAT csv, HEADER")
    elif not any(column == "cloud" for column, *_ in columns):
        _copy(connection, f"FROM {rows}", folder / f"{name}.parquet", _parquet(connection, name, f"FROM {name}"))
    else:
        left_out = "(cloud, day)" if by_day and DAYS[name] == "day" else "(cloud)"
        stored = _parquet(connection, name, f"SELECT * EXCLUDE {left_out} FROM {name}")
        for cloud in _clouds(connection, name):
            place = folder / name / f"cloud={_folder_name(cloud)}"
            place.mkdir(parents=True)
            of_cloud = f"SELECT * EXCLUDE (cloud) FROM {rows} WHERE cloud = {quoted(cloud)}"
            if by_day and since is not None:
                _copy_by_day(connection, name, of_cloud, place, since, stored)
            else:
                _copy(connection, of_cloud, place / _ONE_FILE, stored)


def first_day_to_write(connection: duckdb.DuckDBPyConnection, earlier: Path, since: date) -> date:
    """The day from which tables about times must be written, so that no day is missing after those of `earlier`.

    `since`, or the last day of the earlier export: that day went on after it. If it is not by day, the first of all.
    """
    places = [place for name in DAYS for place in (earlier / name).glob("cloud=*/*")]
    if any(not place.name.startswith(_DAY) for place in places):
        ((first,),) = connection.execute("SELECT min(day) FROM daily_catalogue").fetchall()
        return min(since, first or since)
    days = [place.name.removeprefix(_DAY) for place in places if place.match(f"daily_catalogue/*/{_DAY}*")]
    return min(since, date.fromisoformat(max(days))) if days else since


def keep_earlier_days(earlier: Path, folder: Path, since: date) -> None:
    """Take over the days before `since` of an earlier export's tables. Raises: OSError."""
    for name in DAYS:
        for place in sorted((earlier / name).glob(f"cloud=*/{_DAY}*")):
            if place.name.removeprefix(_DAY) < str(since):
                target = folder / name / place.parent.name / place.name
                if not target.exists():
                    shutil.copytree(place, target, copy_function=_linked)
        for cloud in (folder / name).glob("cloud=*"):
            _drop_needless_empty_day(cloud)


def _linked(source: str, target: str) -> str:
    """The same file under another name; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _copy_by_day(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, place: Path, since: date, stored: str
) -> None:
    if DAYS[name] != "day":
        query = f"SELECT *, {DAYS[name]}::DATE AS day FROM ({query})"
    _copy(connection, query, place, f"{stored}, PARTITION_BY (day), OVERWRITE_OR_IGNORE")
    if not any(place.glob("*/*.parquet")):
        empty = place / f"{_DAY}{since}"
        empty.mkdir()
        _copy(connection, f"SELECT * EXCLUDE (day) FROM ({query})", empty / _ONE_FILE, stored)


def _drop_needless_empty_day(cloud: Path) -> None:
    """Remove a day without rows if there are others: it is there only so that the columns are known."""
    days = sorted(cloud.glob(f"{_DAY}*"))
    for day in days[1:]:
        files = list(day.glob("*.parquet"))
        if all(_row_count(file) == 0 for file in files):
            shutil.rmtree(day)


def _row_count(file: Path) -> int:
    import pyarrow.parquet as pq  # slow to import

    count: int = pq.read_metadata(file).num_rows
    return count


def _parquet(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> str:
    """COPY's options for Parquet, with the comments: readers of Arrow find its schema under the key ARROW:schema."""
    import pyarrow as pa  # slow to import

    comments = dict(
        connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal AND table_name = $name",
            {"name": name},
        ).fetchall()
    )
    ((comment,),) = connection.execute(
        "SELECT any_value(comment) FROM (SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal "
        "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal) WHERE name = $name",
        {"name": name},
    ).fetchall()
    found: Any = connection.execute(f"SELECT * FROM ({query}) LIMIT 0").to_arrow_table().schema
    fields = [field.with_metadata({"comment": comments.get(field.name) or ""}) for field in found]
    schema = pa.schema(fields, metadata={"comment": comment or ""})
    encoded = base64.b64encode(schema.serialize().to_pybytes()).decode()
    metadata = f"{{'ARROW:schema': {quoted(encoded)}, 'comment': {quoted(comment or '')}}}"
    return f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {metadata}"


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
