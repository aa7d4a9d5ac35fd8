"""Reads a published copy as another tool does, and writes what it found, as JSON: `read.py COPY with_pandas`.

Run with the drivers' own Python, a process a tool: in one process, all would have to open the copy alike.
"""

import json
import sys
from typing import Any

QUERY = "SELECT id, name, tags, listings, updated_at FROM images ORDER BY id"
SURFACE = (
    "images",
    "image_events",
    "image_changes",
    "daily_catalogue",
    "data_dictionary",
    "schema_drift",
    "freshness",
    "images_as_of(TIMESTAMP '2100-01-01')",
    "catalogue_diff(TIMESTAMP '2000-01-01', TIMESTAMP '2100-01-01')",
)


def with_duckdb(path: str) -> Any:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in SURFACE}
    return {"version": duckdb.__version__, "counts": counts}


def with_sqlalchemy(path: str) -> Any:
    """As Superset does: an engine by URL, the inspector for tables and columns, then SQL."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"duckdb:///{path}", connect_args={"read_only": True})
    inspector = sqlalchemy.inspect(engine)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text(QUERY)).fetchall()
    return {
        "views": sorted(inspector.get_view_names()),
        "columns": [column["name"] for column in inspector.get_columns("image_events")],
        "ids": [row[0] for row in rows],
    }


def with_pandas(path: str) -> Any:
    import pandas
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"duckdb:///{path}", connect_args={"read_only": True})
    frame = pandas.read_sql(QUERY, engine)
    return {"ids": frame["id"].tolist(), "years": frame["updated_at"].dt.year.tolist()}


def with_polars(path: str) -> Any:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        frame = connection.execute(QUERY).pl()
    return {"ids": frame["id"].to_list(), "tags": frame["tags"].to_list()}


def with_adbc(path: str) -> Any:
    """Without access_mode, the driver opens the file to write, and keeps others out."""
    import adbc_driver_duckdb
    import adbc_driver_manager.dbapi

    opened = adbc_driver_manager.dbapi.connect(
        driver=adbc_driver_duckdb._driver_path(),  # without _ in newer ones
        entrypoint="duckdb_adbc_init",
        db_kwargs={"path": path, "access_mode": "READ_ONLY"},
    )
    with opened as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        return {"ids": cursor.fetch_arrow_table()["id"].to_pylist()}


if __name__ == "__main__":
    json.dump(globals()[sys.argv[2]](sys.argv[1]), sys.stdout)
