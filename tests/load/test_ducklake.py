"""A warehouse on DuckLake: catalogue in a real PostgreSQL and in SQLite, data in a folder and at an S3 server."""

import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer

from core.errors import SettingsError, WarehouseError
from load.lake import Lake, lake_at
from load.living_runs import going_on
from load.publish import publish
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.upkeep import keep_small
from load.warehouse import Warehouse
from tests.clouds.postgres import postgres_server
from tests.load import runs
from tests.load.runs import Runs, image, new_warehouse, place_of_warehouse

pytestmark = pytest.mark.slow

MACHINES = 2
NIGHTS = 2


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The connection string of a PostgreSQL server that listens on a socket in a folder."""
    with postgres_server() as connection:
        yield connection


def in_database(connection: str, statement: str) -> None:
    """Run the statement in PostgreSQL, outside of a transaction."""
    with duckdb.connect(config={"allow_unsigned_extensions": True}) as administrator:
        from load.lake import _extension

        administrator.execute(f"LOAD '{_extension('postgres_scanner')}'")
        administrator.execute(f"ATTACH '{connection}' AS server (TYPE postgres)")
        quoted = statement.replace("'", "''")
        administrator.execute(f"CALL postgres_execute('server', '{quoted}', use_transaction := false)")


@pytest.fixture(scope="module")
def empty_lake(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of an empty lake, whose catalogue is the database `empty_lake`: making one takes longer than a run."""
    in_database(f"{postgres} dbname=postgres", "CREATE DATABASE empty_lake")
    data = tmp_path_factory.mktemp("empty") / "lake"
    with Warehouse(Lake("postgres", f"{postgres} dbname=empty_lake", f"{data}/")) as warehouse:
        bring_up_to_date(warehouse, "0")
    return data


@pytest.fixture
def sqlite_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake in the folder."""
    monkeypatch.setattr(runs, "engine", ["ducklake"])
    with new_warehouse(tmp_path):
        pass
    place = place_of_warehouse(tmp_path)
    assert isinstance(place, Lake)
    return place


@pytest.fixture(params=["sqlite", "postgres"])
def place_of_a_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """Where a lake can be made: the machines that write it first do that too."""
    if request.param == "sqlite":
        return Lake("sqlite", str(tmp_path / "catalogue.sqlite"), f"{tmp_path / 'lake'}/")
    connection, name = request.getfixturevalue("postgres"), f"lake_{abs(hash(str(tmp_path)))}"
    in_database(f"{connection} dbname=postgres", f"CREATE DATABASE {name}")
    return Lake("postgres", f"{connection} dbname={name}", f"{tmp_path / 'lake'}/")


@pytest.fixture(params=["sqlite", "postgres"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake."""
    if request.param == "sqlite":
        found: Lake = request.getfixturevalue("sqlite_lake")
        return found
    connection, name = request.getfixturevalue("postgres"), f"lake_{abs(hash(str(tmp_path)))}"
    shutil.copytree(request.getfixturevalue("empty_lake"), tmp_path / "lake")
    in_database(f"{connection} dbname=postgres", f"CREATE DATABASE {name} TEMPLATE empty_lake")
    place = Lake("postgres", f"{connection} dbname={name}", f"{tmp_path / 'lake'}/")
    moved = f"UPDATE ducklake_metadata SET value = '{place.data}' WHERE key = 'data_path'"
    in_database(place.catalogue, moved)
    return place


def test_history_is_kept_and_published_as_from_a_file(lake: Lake, tmp_path: Path) -> None:
    with Warehouse(lake) as warehouse:
        bring_up_to_date(warehouse, "0")
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a", __os_type="Linux"), image("b")]})
        nights.run({"public": [image("a", __os_type="Linux", name="renamed")]})
        publish(warehouse, tmp_path / "published.duckdb")
        finish_run(warehouse, begin_run(warehouse, "full", "0"), "completed")
        publish(warehouse, tmp_path / "published.duckdb")
        in_the_lake = nights.rows("SELECT id, name, os_type, end_reason FROM image_versions ORDER BY ALL")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT id, name, os_type, end_reason FROM image_versions ORDER BY ALL").fetchall() == (
            in_the_lake
        )
        assert reader.execute("SELECT id, name FROM images").fetchall() == [("a", "renamed")]
        assert reader.execute("SELECT count(*) FROM runs").fetchall() == [(3,)]
        undescribed = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
        assert reader.execute(undescribed).fetchall() == []
        (first,) = reader.execute("SELECT min(started_at) FROM runs").fetchone() or (None,)
        assert reader.execute("SELECT id FROM images_as_of($ts) ORDER BY id", {"ts": first}).fetchall() == [
            ("a",),
            ("b",),
        ]


def test_machines_that_load_different_clouds_at_once_all_succeed(place_of_a_lake: Lake, tmp_path: Path) -> None:
    lake = place_of_a_lake
    command = [sys.executable, "-m", "tests.load.load_again", lake.kind, lake.catalogue, lake.data, str(tmp_path)]
    machines = [
        subprocess.Popen(
            [*command, f"cloud{number}", str(NIGHTS)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(MACHINES)
    ]
    for machine in machines:
        _, errors = machine.communicate(timeout=200)
        assert machine.returncode == 0, errors
    with Warehouse(lake) as warehouse:
        counts = "SELECT cloud, count(*), count(*) FILTER (WHERE seen_to IS NULL) FROM image_versions GROUP BY ALL"
        # Each night one image gets its number and one loses it: but for the first, whose number is the usual 0.
        expected = 20 + 1 + 2 * (NIGHTS - 2)
        assert sorted(warehouse.execute(counts).fetchall()) == [
            (f"cloud{number}", expected, 20) for number in range(MACHINES)
        ]
        assert warehouse.execute("SELECT status, count(*) FROM runs GROUP BY ALL").fetchall() == [
            ("completed", MACHINES * NIGHTS)
        ]
        assert warehouse.execute("SELECT count(*) FROM run_clouds").fetchall() == [(MACHINES * NIGHTS,)]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's bucket `lake`, in a store that this process is led to."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t'of the store")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield boto3.resource("s3").create_bucket(Bucket="lake")
    finally:
        server.stop()


def test_data_may_lie_in_an_object_store(bucket: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also there small files are merged, old snapshots expire, and files of killed loads are removed; no others are."""

    def keys() -> set[str]:
        return {one.key for one in bucket.objects.all()}

    lake = Lake("sqlite", str(tmp_path / "catalogue.sqlite"), "s3://lake/data")
    others = {"data-of-others/image_versions/ducklake-theirs.parquet", "data/main/README.txt", "other.parquet"}
    with Warehouse(lake) as warehouse, caplog.at_level(logging.INFO):
        bring_up_to_date(warehouse, "0")
        for key in others:
            bucket.put_object(Key=key, Body=b"")
        nights = Runs(warehouse, tmp_path / "stage")
        files = []
        for number in range(3):
            nights.run({"public": [image(str(one), name=f"{number if one % 3 == 0 else 0}") for one in range(60)]})
            lost = f"data/main/image_versions/ducklake-lost-{number}.parquet"
            bucket.copy({"Bucket": "lake", "Key": next(key for key in keys() if "image_versions" in key)}, lost)
            before = len(keys())
            keep_small(warehouse, datetime.now(UTC).replace(tzinfo=None))
            assert lost in keys(), "it may be a load that goes on"
            keep_small(warehouse, datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2))
            assert lost not in keys()
            assert len(keys()) < before
            files.append(len(keys()))
        assert others <= keys()
        assert files[-1] == files[0]
        assert warehouse.execute("SELECT count(*) FROM ducklake_snapshots('warehouse')").fetchall() == [(1,)]
    assert "waits for the next run" not in caplog.text
    with Warehouse(lake) as again:
        found = "SELECT count(*), count(*) FILTER (WHERE seen_to IS NULL) FROM image_versions"
        assert again.execute(found).fetchall() == [(100, 60)]


def test_unreachable_catalogue_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError) as caught:
        Warehouse(Lake("postgres", "host=127.0.0.1 port=9 user=me password=s3cr3t dbname=x", f"{tmp_path}/"))
    assert "ducklake:postgres:host=127.0.0.1 port=9 user=me password=... dbname=x" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("place", ["ducklake:", "ducklake:mysql:db", "ducklake:sqlite:", "ducklake:x password=s3cr3t"])
def test_catalogue_that_is_none_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not name a catalogue") as caught:
        lake_at(place, "data", tmp_path)
    assert "s3cr3t" not in str(caught.value)


def test_files_are_seen_from_the_settings_folder(tmp_path: Path) -> None:
    assert lake_at("ducklake:sqlite:c.sqlite", "lake", tmp_path) == Lake(
        "sqlite", str(tmp_path / "c.sqlite"), f"{tmp_path / 'lake'}/"
    )
    assert lake_at("ducklake:postgres:dbname=x", "s3://b/d", tmp_path) == Lake("postgres", "dbname=x", "s3://b/d")


@pytest.mark.parametrize("mode", ["changes", "full"])
def test_run_that_began_first_and_loads_last_leaves_what_the_later_one_saw(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full run on DuckLake; after a changes run in a file that is taken for shared, which is quicker."""
    monkeypatch.setattr(runs, "engine", ["ducklake" if mode == "full" else "duckdb"])
    with new_warehouse(tmp_path) as warehouse:
        warehouse.is_shared = True
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("same"), image("changed"), image("goes")], "private": [image("other")]})
        first = begin_run(warehouse, "full", "0")
        # Another machine begins later and is done sooner: it sees what the first one read too early to see.
        rest = [image("other"), image("same")] if mode == "full" else [image("same")]
        public = [image("changed", name="newest"), image("came"), *([image("same")] if mode == "full" else [])]
        nights.run({"public": public, "private": rest}, mode=mode)
        read_before = [image("same"), image("changed", name="older"), image("goes"), image("new")]
        counts = nights.run({"public": read_before, "private": [image("other", name="renamed")]}, run=first)
        assert (counts.new, counts.changed, counts.deleted) == (1, 1, 0)
        assert nights.rows("SELECT id, name, listings FROM images WHERE id <> 'goes' ORDER BY id") == [
            ("came", "image came", ["public"]),
            ("changed", "newest", ["public"]),
            ("new", "image new", ["public"]),
            ("other", "renamed", ["private"]),
            ("same", "image same", ["private", "public"]),
        ]
        assert nights.rows("SELECT id FROM images WHERE id = 'goes'") == ([] if mode == "full" else [("goes",)])
        assert nights.asked == frozenset()
        # The next night finds all as it is.
        nights.run(
            {
                "public": [image("same"), image("changed", name="newest"), image("came"), image("new")],
                "private": [image("other", name="renamed"), image("same")],
            }
        )
        assert nights.rows("SELECT count(*) FROM images") == [(5,)]


def test_files_and_snapshots_do_not_grow_without_end(lake: Lake, tmp_path: Path) -> None:
    def files() -> set[Path]:
        return set((tmp_path / "lake").rglob("*.parquet"))

    with Warehouse(lake) as warehouse:
        bring_up_to_date(warehouse, "0")
        nights = Runs(warehouse, tmp_path / "stage")
        sizes = []
        for number in range(3):
            nights.run({"public": [image(str(one), name=f"{number if one % 3 == 0 else 0}") for one in range(60)]})
            # A load that was killed leaves such a file.
            lost = tmp_path / "lake" / "main" / "image_versions" / f"ducklake-lost-{number}.parquet"
            shutil.copy(next(iter(files())), lost)
            keep_small(warehouse, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2))
            assert not lost.exists()
            sizes.append(len(files()))
        assert max(sizes) <= 6
        assert sizes[-1] <= sizes[1]
        assert warehouse.execute("SELECT count(*) FROM ducklake_snapshots('warehouse')").fetchall() == [(1,)]
        assert nights.rows("SELECT count(*), count(*) FILTER (WHERE seen_to IS NULL) FROM image_versions") == [
            (100, 60)
        ]


def test_what_another_machine_may_still_write_or_read_stays(sqlite_lake: Lake, tmp_path: Path) -> None:
    with Warehouse(sqlite_lake) as warehouse:
        bring_up_to_date(warehouse, "0")
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image(str(one)) for one in range(60)]})
        written = tmp_path / "lake" / "main" / "image_versions" / "ducklake-being-written.parquet"
        shutil.copy(next((tmp_path / "lake").rglob("*.parquet")), written)
        now = datetime.now(UTC).replace(tzinfo=None)
        keep_small(warehouse, now)
        assert written.exists()
        other, ours = begin_run(warehouse, "full", "0"), begin_run(warehouse, "full", "0")
        keep_small(warehouse, now + timedelta(hours=20), ours.run_id)
        assert written.exists(), "another run goes on"
        finish_run(warehouse, other, "completed")
        keep_small(warehouse, now + timedelta(hours=20), ours.run_id)
        assert not written.exists()


def test_run_is_shown_while_it_goes_on_and_known_as_dead_on_the_machine_where_it_died(
    sqlite_lake: Lake, tmp_path: Path
) -> None:
    published = tmp_path / "published.duckdb"
    shown = "SELECT run_id, status, target.cloud FROM runs LEFT JOIN run_targets AS target USING (run_id) ORDER BY 1"

    def published_runs() -> list[tuple[str, ...]]:
        with duckdb.connect(str(published), read_only=True) as reader:
            assert reader.execute("SELECT count(*) FROM images").fetchall() == [(1,)]
            return reader.execute(shown).fetchall()

    with Warehouse(sqlite_lake) as warehouse:
        bring_up_to_date(warehouse, "0")
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a")]})
        publish(warehouse, published)
        nights.run({"public": [image("a"), image("b")]})  # another machine's: our copy does not have it
        ours = begin_run(warehouse, "full", "0", {"c": True})
        for _ in range(2):
            publish(warehouse, published, quick=True)
            assert [row for row in published_runs() if row[1] == "running"] == [(ours.run_id, "running", "c")]
        theirs = begin_run(warehouse, "full", "0")
        with going_on(tmp_path, ours.run_id):
            begin_run(warehouse, "full", "0", home=tmp_path)
            (lock,) = (tmp_path / "running").iterdir()
            lock.rename(tmp_path / "lock")
        (tmp_path / "lock").rename(lock)  # as a process leaves it that is killed
        begin_run(warehouse, "full", "0", home=tmp_path)
        statuses = dict(warehouse.execute("SELECT run_id, status FROM runs").fetchall())
        assert (statuses[ours.run_id], statuses[theirs.run_id]) == ("failed", "running")
        assert not lock.exists()
