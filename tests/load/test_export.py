"""An export that fails, or is killed, leaves the earlier one; and empty tables keep their columns."""

import os
import shutil
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from core.errors import SettingsError, WarehouseError
from load.export import FORMATS, export
from load.exported_tables import DAYS
from load.publish import publish
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published copy."""
    made = tmp_path_factory.mktemp("one-run")
    with new_warehouse(made) as warehouse:
        Runs(warehouse, made / "stage").run({"public": [image("a")]}, at=datetime(2026, 11, 2, 2))
        publish(warehouse, made / "published.duckdb")
    return made / "published.duckdb"


@pytest.fixture
def published(one_run: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    return Path(shutil.copy(one_run, tmp_path))


def columns_of(published: Path, table: str) -> set[str]:
    with duckdb.connect(str(published), read_only=True) as reader:
        return {row[0] for row in reader.execute(f"DESCRIBE {table}").fetchall()}


def test_table_without_rows_keeps_its_columns(published: Path, tmp_path: Path) -> None:
    export(published, tmp_path / "out", ["parquet"])
    rejects = pq.read_table(tmp_path / "out" / "parquet" / "rejects")
    assert rejects.num_rows == 0
    assert set(rejects.schema.names) == columns_of(published, "rejects")
    with duckdb.connect() as reader:
        place = f"'{tmp_path}/out/parquet/rejects/*/*.parquet'"
        found = reader.execute(f"DESCRIBE FROM read_parquet({place}, hive_partitioning = true)").fetchall()
    assert {row[0] for row in found} == columns_of(published, "rejects")


def test_warehouse_without_a_run_keeps_the_columns_of_every_table(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        publish(warehouse, tmp_path / "published.duckdb")
    tables = export(tmp_path / "published.duckdb", tmp_path / "out", ["parquet"])
    for table in tables:
        place = tmp_path / "out" / "parquet" / table
        read = pq.read_table(place if place.is_dir() else place.with_name(f"{table}.parquet"))
        assert set(read.schema.names) == columns_of(tmp_path / "published.duckdb", table), table


def test_folder_above_is_not_written_to(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a mount point, out of which nothing can be moved."""
    target = tmp_path / "mounted" / "point"
    target.mkdir(parents=True)
    (target / "lost+found").mkdir()
    moved: list[tuple[Path, Path]] = []
    replace = Path.replace

    def watched(self: Path, to: Path) -> Path:
        moved.append((self, Path(to)))
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", watched)
    export(published, target, FORMATS)
    export(published, target, FORMATS, overwrite=True)
    assert all(target in one.parents for pair in moved for one in pair)
    assert sorted(path.name for path in target.iterdir()) == ["csv", "lost+found", "parquet"]
    assert [path.name for path in target.parent.iterdir()] == ["point"]


@pytest.mark.parametrize("failing", range(1, 5))
def test_earlier_export_is_whole_whichever_step_fails(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    target = tmp_path / "out"
    export(published, target, FORMATS)
    for form in FORMATS:
        (target / form / "mark").write_text("earlier")
    steps, replace = 0, Path.replace

    def fail(self: Path, to: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps == failing:
            raise OSError(28, "No space left on device")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(WarehouseError, match="No space left"):
        export(published, target, FORMATS, overwrite=True)
    assert sorted(path.name for path in target.iterdir()) == ["csv", "parquet"]
    for form in FORMATS:
        assert (target / form / "mark").read_text() == "earlier"


@pytest.mark.slow
@pytest.mark.parametrize("died_at", range(1, 6))
def test_earlier_export_is_back_after_a_death(published: Path, tmp_path: Path, died_at: int) -> None:
    target = tmp_path / "out"
    export(published, target, FORMATS)
    (target / "csv" / "mark").write_text("earlier")
    child = os.fork()
    if child == 0:
        steps, replace = 0, Path.replace

        def die(self: Path, to: Path) -> Path:
            nonlocal steps
            steps += 1
            if steps == died_at:
                os._exit(9)
            return replace(self, to)

        Path.replace = die  # type: ignore[assignment, method-assign]
        try:
            export(published, target, FORMATS, overwrite=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    left = target / "csv" / "mark", target / ".glanceback-export.earlier" / "csv" / "mark"
    assert any(file.exists() for file in left) or died_at == 5
    with pytest.raises(SettingsError, match="not empty"):
        export(published, target, FORMATS)
    assert (target / "csv" / "mark").exists() == (died_at < 5)
    export(published, target, FORMATS, overwrite=True)
    assert sorted(path.name for path in target.iterdir()) == ["csv", "parquet"]
    assert not (target / "csv" / "mark").exists()


def test_copy_of_an_older_glanceback_is_said(published: Path, tmp_path: Path) -> None:
    published.chmod(0o644)
    with duckdb.connect(str(published)) as older:
        older.execute("DROP TABLE renames")
    with pytest.raises(WarehouseError, match=r"made by an older glanceback.*glanceback publish"):
        export(published, tmp_path / "out", FORMATS)
    assert not (tmp_path / "out").exists()


def test_failed_export_leaves_no_new_folder(published: Path, tmp_path: Path) -> None:
    published.write_bytes(b"no database")
    with pytest.raises(WarehouseError):
        export(published, tmp_path / "out", FORMATS)
    assert not (tmp_path / "out").exists()


def test_long_cloud_names_are_partitions_too(published: Path, tmp_path: Path) -> None:
    name = "云" * 60 + "/="
    published.chmod(0o644)
    with duckdb.connect(str(published)) as writer:
        for table in ("image_versions", "image_listings"):
            writer.execute(f"UPDATE {table} SET cloud = $name", {"name": name})
    export(published, tmp_path / "out", ["parquet"])
    assert pq.read_table(tmp_path / "out" / "parquet" / "images")["cloud"].to_pylist() == [name]


FIRST, SECOND = date(2026, 11, 2), date(2026, 11, 3)


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published copy with a run on each of two days: an image that changes, one that comes."""
    made = tmp_path_factory.mktemp("two-days")
    with new_warehouse(made) as warehouse:
        runs = Runs(warehouse, made / "stage")
        runs.run({"public": [image("a")]}, at=datetime(2026, 11, 2, 2))
        runs.run({"public": [image("a", name="other"), image("b")]}, at=datetime(2026, 11, 3, 2))
        publish(warehouse, made / "published.duckdb")
    return made / "published.duckdb"


def days_of(out: Path, table: str) -> list[str]:
    return sorted(place.name for place in (out / "parquet" / table / "cloud=c").iterdir())


def same(published: Path, out: Path, table: str) -> bool:
    """Whether the files are, as one data set, what the copy shows."""
    with duckdb.connect(str(published), read_only=True) as reader:
        columns = ", ".join(f'"{row[0]}"' for row in reader.execute(f"DESCRIBE {table}").fetchall())
        files = f"read_parquet('{out}/parquet/{table}/**/*.parquet', hive_partitioning = true)"
        query = f"(SELECT {columns} FROM {table}) EXCEPT ALL (SELECT {columns} FROM {files})"
        other_way = f"(SELECT {columns} FROM {files}) EXCEPT ALL (SELECT {columns} FROM {table})"
        return reader.execute(f"{query} UNION ALL {other_way}").fetchall() == []


def test_since_makes_folders_by_day_that_are_one_data_set(two_days: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(two_days, out, FORMATS, since=FIRST)
    assert days_of(out, "image_events") == days_of(out, "daily_catalogue") == ["day=2026-11-02", "day=2026-11-03"]
    assert days_of(out, "image_changes") == ["day=2026-11-03"]
    for table in DAYS:
        assert same(two_days, out, table), table
        read = pq.read_table(out / "parquet" / table)
        assert set(read.schema.names) == columns_of(two_days, table) | {"day", "cloud"}
    assert days_of(out, "image_versions") == ["data_0.parquet"], "what has no day is as ever"


def test_days_from_since_on_are_replaced_and_earlier_ones_stay(two_days: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(two_days, out, ["parquet"], since=FIRST)
    events = out / "parquet" / "image_events" / "cloud=c"
    (events / "day=2026-11-02" / "data_0.parquet").rename(events / "day=2026-11-02" / "earlier.parquet")
    (events / "day=2026-11-03" / "old.parquet").write_text("not there any more")
    export(two_days, out, ["parquet"], since=SECOND, overwrite=True)
    assert [file.name for file in (events / "day=2026-11-02").iterdir()] == ["earlier.parquet"]
    assert [file.name for file in (events / "day=2026-11-03").iterdir()] == ["data_0.parquet"]
    assert all(same(two_days, out, table) for table in DAYS)


def test_no_day_is_missing_if_the_exports_of_some_nights_were_not_made(two_days: Path, tmp_path: Path) -> None:
    """The last export was made on its last day, which went on after it."""
    out, later = tmp_path / "out", date(2026, 11, 5)
    export(two_days, out, ["parquet"], since=FIRST)
    for table in DAYS:
        for place in (out / "parquet" / table / "cloud=c").glob("day=2026-11-03"):
            shutil.rmtree(place)
    events = out / "parquet" / "image_events" / "cloud=c" / "day=2026-11-02"
    (events / "data_0.parquet").rename(events / "of-the-morning.parquet")
    export(two_days, out, ["parquet"], since=later, overwrite=True)
    assert all(same(two_days, out, table) for table in DAYS)
    assert [file.name for file in events.iterdir()] == ["data_0.parquet"]


def test_export_that_was_not_by_day_loses_no_earlier_day(two_days: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(two_days, out, ["parquet"])
    export(two_days, out, ["parquet"], since=SECOND, overwrite=True)
    assert days_of(out, "daily_catalogue") == ["day=2026-11-02", "day=2026-11-03"]
    assert all(same(two_days, out, table) for table in DAYS)


def test_file_system_without_links_keeps_the_earlier_days_too(
    two_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    for since in (FIRST, SECOND):
        export(two_days, tmp_path / "out", ["parquet"], since=since, overwrite=True)
    assert all(same(two_days, tmp_path / "out", table) for table in DAYS)


def test_since_without_rows_keeps_columns_and_adds_no_empty_day(two_days: Path, tmp_path: Path) -> None:
    tomorrow = date(2026, 11, 4)
    export(two_days, tmp_path / "new", ["parquet"], since=tomorrow)
    read = pq.read_table(tmp_path / "new" / "parquet" / "image_events")
    assert (read.num_rows, set(read.schema.names) > columns_of(two_days, "image_events")) == (0, True)
    for since in (FIRST, tomorrow):
        export(two_days, tmp_path / "out", ["parquet"], since=since, overwrite=True)
    assert days_of(tmp_path / "out", "image_events") == ["day=2026-11-02", "day=2026-11-03"]


def test_csv_has_the_rows_since(two_days: Path, tmp_path: Path) -> None:
    export(two_days, tmp_path / "out", ["csv"], since=SECOND)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["csv"]
    with duckdb.connect() as reader:
        events = reader.execute(f"SELECT id, event FROM '{tmp_path}/out/csv/image_events.csv' ORDER BY id").fetchall()
    assert events == [("a", "changed"), ("b", "created")]


def test_comments_are_metadata_of_fields_and_files(one_run: Path, tmp_path: Path) -> None:
    export(one_run, tmp_path / "out", ["parquet"])
    with duckdb.connect(str(one_run), read_only=True) as reader:
        said = reader.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'images' AND column_name <> 'cloud'"
        ).fetchall()
        columns = reader.execute("SELECT column_name, column_type FROM (DESCRIBE images)").fetchall()
    (file,) = (tmp_path / "out" / "parquet" / "images").glob("*/*.parquet")
    schema = pq.read_schema(file)
    assert {field.name: field.metadata[b"comment"].decode() for field in schema} == dict(said)
    assert schema.metadata[b"comment"].startswith(b"the catalogue as it is now")
    assert pq.read_metadata(file).metadata[b"comment"] == schema.metadata[b"comment"]
    with duckdb.connect() as other:
        read = f"read_parquet('{file}', hive_partitioning = false)"
        types = other.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {read})").fetchall()
    assert types == [column for column in columns if column[0] != "cloud"], "JSON stays JSON"
