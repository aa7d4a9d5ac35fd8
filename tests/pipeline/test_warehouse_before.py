"""A warehouse and a landing that glanceback made before the content hash's scheme had a number, used as ever."""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
import zstandard

from extract.body import parse_page
from load.guard import Guard
from load.invariants import require
from load.lake import Lake
from load.publish import publish
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.replay import replay
from pipeline.settings import load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import FakeCloud, fake_cloud
from tests.clouds.postgres import postgres_server
from tests.load.runs import new_warehouse
from tests.pipeline.runs import _settings, night

BEFORE = Path(__file__).parent / "before_scheme_2"
VERSIONS = """
    SELECT cloud, id, run_from, seen_from, seen_to, run_to, end_reason, name, state FROM image_versions ORDER BY ALL
"""
MEMBERSHIPS = "FROM listing_memberships ORDER BY ALL"
SIZES = "SELECT DISTINCT virtual_size_gb, virtual_size FROM images ORDER BY ALL"
HASHES = "SELECT id, content_hash FROM images WHERE id <> '35-floats' ORDER BY ALL"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        yield running


def before(folder: Path, name: str = "warehouse") -> Path:
    """A warehouse of three nights, and its landing, as glanceback made them before the scheme had a number.

    `later` is a warehouse of the last version without one; it has no landing.
    """
    unpack = zstandard.ZstdDecompressor()
    warehouse = folder / "warehouse.duckdb"
    warehouse.write_bytes(unpack.decompress((BEFORE / f"{name}.duckdb.zst").read_bytes(), 1 << 25))
    with zipfile.ZipFile(BEFORE / "landing.zip") as landing:
        landing.extractall(folder)
    return warehouse


@contextmanager
def lake_of_before(folder: Path) -> Iterator[Lake]:
    """The later warehouse's tables on DuckLake, whose catalogue is in a real PostgreSQL."""
    with postgres_server() as connection:
        lake = Lake("postgres", f"{connection} dbname=postgres", f"{folder / 'lake'}/")
        with Warehouse(lake) as warehouse:
            warehouse.execute(f"ATTACH '{before(folder, 'later')}' AS old (READ_ONLY)")
            of_old = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'"
            for (table,) in warehouse.execute(of_old).fetchall():
                warehouse.execute(f"CREATE TABLE {table} AS FROM old.{table}")
        yield lake


Made = Callable[[Path], AbstractContextManager[Path | Lake]]
PLACES: dict[str, tuple[Made, list[tuple[str, int, int]]]] = {
    "first": (lambda folder: nullcontext(before(folder)), [("31-odd", 10, 2), ("32-odd", 5, 1)]),
    "last": (lambda folder: nullcontext(before(folder, "later")), [("31-odd", 5, 1), ("32-odd", 5, 1)]),
    "last on PostgreSQL": (lake_of_before, [("31-odd", 5, 1), ("32-odd", 5, 1)]),
}


@pytest.mark.parametrize("version", PLACES)
def test_warehouse_of_before_keeps_its_history_and_nothing_looks_changed(
    tmp_path: Path, cloud: FakeCloud, version: str
) -> None:
    place, rejects = PLACES[version]
    held = json.loads((BEFORE / "catalogue.json").read_text())
    cloud.images, cloud.member_status = held["images"], held["member_status"]
    with place(tmp_path) as made, Warehouse(made) as warehouse:
        history = [warehouse.execute(query).fetchall() for query in (VERSIONS, MEMBERSHIPS)]
        bring_up_to_date(warehouse, "0")
        require(warehouse)
        assert [warehouse.execute(query).fetchall() for query in (VERSIONS, MEMBERSHIPS)] == history
        assert warehouse.execute(SIZES).fetchall() == [
            (40, 42949672960), (40, None), (100, None), (None, 42949672960), (None, None),
        ]  # fmt: skip
        rejected = warehouse.execute("SELECT id, count(*), count(DISTINCT run_id) FROM rejects GROUP BY id ORDER BY id")
        assert rejected.fetchall() == rejects
        _, counts = night(warehouse, _settings(cloud.url), tmp_path / "landing", Guard())
        assert (counts.new, counts.changed, counts.deleted, counts.rejected) == (0, 0, 0, 10)
        cloud.images["35-floats"]["ratio"] = 1.2
        cloud.images["32-odd"]["min_ram"] = "2.5"
        _, counts = night(warehouse, _settings(cloud.url), tmp_path / "landing", Guard())
        assert (counts.new, counts.changed, counts.deleted) == (0, 2, 0)


def test_landing_of_before_is_replayed(tmp_path: Path) -> None:
    place = before(tmp_path)
    with Warehouse(place) as warehouse:
        bring_up_to_date(warehouse, "0")
        publish(warehouse, tmp_path / "published.duckdb")
        kept = [warehouse.execute(query).fetchall() for query in (VERSIONS, MEMBERSHIPS)]
        hashes = warehouse.execute(
            "SELECT id, content_hash FROM images WHERE id <> '35-floats' ORDER BY ALL"
        ).fetchall()
    replay(load_settings(write_settings(tmp_path, "")))
    with Warehouse(place) as warehouse:
        after = warehouse.execute(HASHES).fetchall()
        assert after == hashes
        assert warehouse.execute(MEMBERSHIPS).fetchall() == kept[1]
        # The second night only spelled one image otherwise: that was a version, and is none.
        respelled = [row for row in kept[0] if row[1] == "33-spelled"]
        assert len(respelled) == 2
        assert len(warehouse.execute(VERSIONS).fetchall()) == len(kept[0]) - 1
        assert warehouse.execute("SELECT count(*) FROM images WHERE landed_hash IS NULL").fetchone() == (0,)


def test_version_names_the_page_that_it_came_from(tmp_path: Path, cloud: FakeCloud) -> None:
    cloud.largest_page = 3
    for number in range(7):
        cloud.add(f"{number}")
    with new_warehouse(tmp_path) as warehouse:
        night(warehouse, _settings(cloud.url), tmp_path / "landing")
        rows = warehouse.execute("SELECT id, landed_page, landed_file, landed_hash FROM image_versions").fetchall()
    assert len({file for _, _, file, _ in rows}) == 3
    for identity, page, file, landed_hash in rows:
        assert file.endswith(f"/c/private/page-{page:06d}.json.zst")
        body = zstandard.ZstdDecompressor().decompressobj().decompress((tmp_path / "landing" / file).read_bytes())
        images = parse_page(body, "test").images
        position = images.column("id").index(identity)
        assert images.hashes is not None
        assert images.hashes[position] == landed_hash
