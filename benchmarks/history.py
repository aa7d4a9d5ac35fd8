"""A year of nights over one catalogue: how long the last load takes beside the first, how large the file gets.

`python -m benchmarks.history [--images 100000] [--nights 365] [--share 0.01]`, in glanceback's own environment.
The pages are flattened once; each night a share of the images is changed in the staged files, and the night is loaded.
"""

import argparse
import statistics
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks import service
from benchmarks.catalogue import Catalogue
from benchmarks.questions import table
from load.publish import publish
from load.runs import begin_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from page.dashboard import write_page
from transform.stage import StagedListing

FIRST_NIGHT = datetime(2025, 1, 1, 2)


def stage(images: int, folder: Path) -> list[StagedListing]:
    """The catalogue, flattened."""
    listings = Catalogue(images).listings
    return [service.flattened(listing.pages(), name, folder / name, FIRST_NIGHT) for name, listing in listings.items()]


def change(staged: list[StagedListing], night: int, every: int) -> None:
    """Give one image in `every` another description, time and hash; other ones each night."""
    for listing in staged:
        changed = listing.images.with_suffix(".changed")
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(
                f"""COPY (SELECT * REPLACE (
                    if(position % {every} = {night % every}, 'changed in night {night}', description) AS description,
                    if(position % {every} = {night % every}, TIMESTAMP '{FIRST_NIGHT + timedelta(days=night)}',
                       updated_at) AS updated_at,
                    if(position % {every} = {night % every}, md5(id || '{night}'), content_hash) AS content_hash)
                    FROM read_parquet('{listing.images}')) TO '{changed}' (FORMAT parquet)"""
            )
        changed.replace(listing.images)


def load(warehouse: Warehouse, staged: list[StagedListing], number: int = 0) -> float:
    """Load the night, each a day after the one before; the seconds that it took."""
    began = time.perf_counter()
    run = begin_run(warehouse, "full", "0")
    run = replace(run, started_at=FIRST_NIGHT + timedelta(days=number))
    day = {"at": run.started_at, "run_id": run.run_id}
    warehouse.execute("UPDATE runs SET started_at = $at WHERE run_id = $run_id", day)
    service.load(warehouse, run, staged)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--folder", type=Path, help="where the files are made, and stay; else they are removed")
    given = parser.parse_args()
    temporary = tempfile.TemporaryDirectory(prefix="glanceback-bench-")
    with nullcontext(given.folder) if given.folder else temporary as place:
        folder = Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        staged = stage(given.images, folder)
        seconds, publications = [], []
        for night in range(given.nights):
            if night:
                change(staged, night, round(1 / given.share))
            with Warehouse(folder / "warehouse.duckdb") as warehouse:
                bring_up_to_date(warehouse, "0")
                seconds.append(load(warehouse, staged, night))
                if night >= given.nights - 2:
                    began = time.perf_counter()
                    publish(warehouse, folder / "published.duckdb")
                    publications.append(time.perf_counter() - began)
        last = statistics.median(seconds[-5:])
        print(f"{given.images:,} images, {given.nights} nights, {given.share:.0%} changed a night")
        print(f"load: first night {seconds[0]:.2f} s, second {seconds[1]:.2f} s, last {last:.2f} s")
        print(f"publication: whole {publications[0]:.2f} s, after one more night {publications[-1]:.2f} s")
        for name in ("warehouse", "published"):
            print(f"{name}: {(folder / f'{name}.duckdb').stat().st_size / 1e6:.0f} MB")
        with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as connection:
            (moment,) = connection.execute("SELECT median(started_at) FROM runs").fetchone() or (None,)
            for query in (
                "SELECT count(*) FROM images_as_of($moment)",
                "SELECT max(name), max(extra) FROM images_as_of($moment)",
            ):
                began = time.perf_counter()
                connection.execute(query, {"moment": moment}).fetchall()
                print(f"{query}: {time.perf_counter() - began:.2f} s")
            print(table(connection))
        began = time.perf_counter()
        size = write_page(folder / "published.duckdb", folder / "dashboard.html", "0")
        print(f"page: {size / 1e6:.1f} MB in {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
