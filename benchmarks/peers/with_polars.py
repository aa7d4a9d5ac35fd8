"""httpx, polars and DuckDB: what a competent engineer writes in an afternoon, with the history kept by MERGE.

One thread for each listing, one HTTP connection each, orjson, a Parquet file for each page, and then SQL over all of
them. It keeps its pages on the disk, not in memory, so that it also reads a million images. What it leaves out, and
glanceback does, is no part of the race: it asks no image by id before it ends it, proves no listing complete, keeps
no raw pages, knows no types but text, and publishes no copy that people can read while it writes.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import httpx
import orjson
import polars
from peers.asked import Asked, asked

PAGE = 1000
LINKS = ("self", "file", "schema")
FOREVER = "TIMESTAMP '9999-12-31'"
ENDED = "UPDATE SET valid_to = now()::TIMESTAMP"


def fetch(given: Asked, name: str, filters: dict[str, str], pages: Path) -> None:
    """Every page of the listing, as a Parquet file: its attributes as text, and the hash of all of them."""
    query = {**filters, "limit": str(PAGE), "sort_key": "id", "sort_dir": "asc"}
    if given.since:
        query["updated_at"] = f"gte:{given.since}"
    number = 0
    with httpx.Client(base_url=given.url, timeout=300) as client:
        while True:
            page = orjson.loads(client.get("/v2/images", params=query).raise_for_status().content)
            if page["images"]:
                frame(name, page["images"]).write_parquet(pages / f"{name}-{number:06d}.parquet", compression="lz4")
            if "next" not in page:
                return
            number += 1
            query["marker"] = page["images"][-1]["id"]


def frame(name: str, images: list[dict[str, Any]]) -> polars.DataFrame:
    # One hash of an image's sorted JSON: a hash of the columns would change whenever a new attribute makes a column.
    texts = [orjson.dumps(image, option=orjson.OPT_SORT_KEYS).decode() for image in images]
    rows = [{key: as_text(value) for key, value in image.items() if key not in LINKS} for image in images]
    # The whole page decides which columns there are, not its first hundred images. All are text: no type is inferred.
    columns = dict.fromkeys(key for row in rows for key in row)
    found = polars.from_dicts(rows, schema=dict.fromkeys(columns, polars.String))
    return found.with_columns(polars.lit(name).alias("listing"), polars.Series("_hash", texts).hash(0))


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def merge(given: Asked, pages: Path) -> None:
    """End what changed or is gone, and insert what is new or changed.

    A current row ends in FOREVER, not in NULL: with an equality of all keys MERGE can hash, where with `valid_to IS
    NULL` it compared each row with each, for two minutes.
    """
    if not any(pages.iterdir()):
        return
    with duckdb.connect(str(given.folder / "polars.duckdb")) as database:
        database.execute(
            f"CREATE TEMP TABLE staged AS SELECT *, now()::TIMESTAMP AS valid_from, {FOREVER} AS valid_to "
            f"FROM read_parquet('{pages}/*.parquet', union_by_name = true)"
        )
        database.execute("CREATE TABLE IF NOT EXISTS images AS FROM staged LIMIT 0")
        known = {row[0] for row in database.execute("DESCRIBE images").fetchall()}
        for column, kind, *_ in database.execute("DESCRIBE staged").fetchall():
            if column not in known:
                quoted = column.replace('"', '""')
                database.execute(f'ALTER TABLE images ADD COLUMN "{quoted}" {kind}')
        gone = "" if given.since else f"WHEN NOT MATCHED BY SOURCE AND images.valid_to = {FOREVER} THEN {ENDED}"
        database.execute("BEGIN")
        database.execute(
            f"""
            MERGE INTO images USING staged USING (listing, id, valid_to)
            WHEN MATCHED AND images._hash <> staged._hash THEN {ENDED}
            {gone}
            """
        )
        # A row that MERGE ended cannot be inserted anew by the same MERGE.
        database.execute(
            "INSERT INTO images BY NAME FROM staged WHERE (listing, id) NOT IN "
            f"(SELECT (listing, id) FROM images WHERE valid_to = {FOREVER})"
        )
        database.execute("COMMIT")


def load(given: Asked) -> None:
    pages = given.folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir()
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda listing: fetch(given, *listing, pages), given.listings.items()))
    merge(given, pages)


if __name__ == "__main__":
    load(asked())
