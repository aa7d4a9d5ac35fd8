"""Opening, locking, the schema and its comments, and the published copy."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.errors import WarehouseError, WrongClock
from load.guard import Guard, suspicious
from load.missing import Missing, MissingImage
from load.publish import publish
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.statements import names, statement
from load.warehouse import Warehouse
from tests.load.runs import Runs, held_by_another_process, image, new_warehouse

pytestmark = pytest.mark.slow


def test_second_process_is_told_that_the_warehouse_is_held(tmp_path: Path) -> None:
    path = str(tmp_path / "warehouse.duckdb")
    code = f"from load.warehouse import Warehouse; from pathlib import Path; Warehouse(Path({path!r}))"
    with new_warehouse(tmp_path):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "WarehouseHeld" in other.stderr
    assert "published copy" in other.stderr


def test_second_process_waits_for_the_first(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as holder:
        release = threading.Timer(0.5, holder.communicate)
        release.start()
        with Warehouse(tmp_path / "warehouse.duckdb", wait_seconds=60) as warehouse:
            assert warehouse.columns("runs")
        release.join()


def test_interrupt_in_the_middle_of_a_query_is_an_interrupt_and_rolls_back(tmp_path: Path) -> None:
    endless = "SELECT count(*) FROM range(1000000) AS a, range(1000000) AS b WHERE (a.range * b.range) % 7 = 3"

    def load() -> None:
        finished = {"status": "completed", "finished_at": run.started_at, "error": None}
        warehouse.run("runs", "finish_run", run_id=run.run_id, **finished)
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        warehouse.execute(endless)

    with new_warehouse(tmp_path) as warehouse:
        run = begin_run(warehouse, "full", "0")
        with pytest.raises(KeyboardInterrupt):
            warehouse.atomically(load)
        assert warehouse.execute("SELECT status FROM runs").fetchall() == [("running",)]


class InterruptingFinder:
    """Sends a signal to this process where it looks for pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            os.kill(os.getpid(), signal.SIGINT)


def test_interrupt_while_duckdb_looks_for_pandas_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_warehouse(tmp_path) as warehouse:
        monkeypatch.setattr(sys, "meta_path", [InterruptingFinder(), *sys.meta_path])
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
        with pytest.raises(KeyboardInterrupt):
            warehouse.rows("reading", "watermarks", cloud="c")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_publishing_does_not_let_go_of_the_warehouse(tmp_path: Path) -> None:
    path = str(tmp_path / "warehouse.duckdb")
    code = f"from load.warehouse import Warehouse; from pathlib import Path; Warehouse(Path({path!r}))"
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, tmp_path / "published.duckdb")
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another process" in other.stderr or "Could not set lock" in other.stderr


def test_published_copy_is_compact_where_the_warehouse_is_not(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        warehouse.execute("CREATE TABLE padding AS SELECT md5(range::VARCHAR) AS text FROM range(300000)")
        assert warehouse.settle()
        warehouse.execute("DROP TABLE padding")
        assert not warehouse.settle()
        publish(warehouse, tmp_path / "published.duckdb")
    sizes = [(tmp_path / f"{name}.duckdb").stat().st_size for name in ("warehouse", "published")]
    assert sizes[1] < sizes[0] / 2


def test_checkpoint_has_the_memory_that_all_columns_need(tmp_path: Path) -> None:
    """Many small loads, as of an account with many projects: a checkpoint that lacked memory closed the database."""
    with Warehouse(tmp_path / "warehouse.duckdb", memory_mb=64) as warehouse:
        bring_up_to_date(warehouse, "0")
        for number in range(6):
            nights = Runs(warehouse, tmp_path / f"stage{number}")
            nights.run({"public": [image(f"{number}-{one}", **{f"new_{number}": "x"}) for one in range(300)]})
            warehouse.settle()


def test_load_that_does_not_fit_into_memory_takes_more_but_not_any_amount(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "warehouse.duckdb", memory_mb=20) as warehouse:

        def load(numbers: int) -> int:
            ((listed,),) = warehouse.execute(f"SELECT len(list(range)) FROM range({numbers})").fetchall()
            return int(listed)

        assert warehouse.atomically(lambda: load(3_000_000)) == 3_000_000
        with pytest.raises(WarehouseError, match="load_memory_mb"):
            warehouse.atomically(lambda: load(100_000_000))


def test_file_that_is_no_warehouse_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_text("not a database " * 1000)
    with pytest.raises(WarehouseError, match=r"cannot be used|refused"):
        Warehouse(path)


def test_warehouse_that_is_up_to_date_is_only_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_warehouse(tmp_path) as warehouse:
        bring_up_to_date(warehouse, "0")
        with monkeypatch.context() as patched:
            patched.setattr(warehouse, "atomically", lambda _: pytest.fail("something was applied"))
            bring_up_to_date(warehouse, "1")
        begun: list[object] = []
        with monkeypatch.context() as patched:
            patched.setattr(warehouse, "atomically", begun.append)
            for outdated in (
                "UPDATE schema_migrations SET fingerprint = 'x' WHERE name = 'content hash'",
                "ALTER TABLE image_versions DROP COLUMN min_ram",
                "DELETE FROM schema_migrations WHERE name = '003_runs'",
            ):
                warehouse.execute("BEGIN")
                warehouse.execute(outdated)
                bring_up_to_date(warehouse, "1")
                warehouse.execute("ROLLBACK")
                assert begun, outdated
                begun.clear()


def test_warehouse_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        warehouse.execute("INSERT INTO schema_migrations VALUES ('999_future', '', TIMESTAMP '2030-01-01', '9.9')")
        with pytest.raises(WarehouseError, match=r"9\.9"):
            bring_up_to_date(warehouse, "0")


def test_every_table_view_and_column_has_a_comment(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        silent = warehouse.execute(
            """SELECT table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL
            UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL
            UNION ALL SELECT table_name || '.' || column_name FROM duckdb_columns()
            WHERE NOT internal AND comment IS NULL"""
        ).fetchall()
    assert silent == []


@pytest.mark.parametrize(
    "folder",
    ["schema", "schema_state", "merge", "runs", "reading", "views", "macros", "queries", "checks", "replay", "publish"],
)
def test_each_sql_file_is_one_statement_named_as_its_file(folder: str) -> None:
    for name in names(folder):
        found = statement(folder, name)
        header = found.text.splitlines()[0]
        assert header.startswith(f"-- {name.lstrip('0123456789_')}: "), name
        assert found.description, name


def test_run_left_running_by_a_dead_process_is_marked_failed(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        dead = begin_run(warehouse, "full", "0")
        alive = begin_run(warehouse, "full", "0")
        finish_run(warehouse, alive, "completed")
        found = dict(warehouse.execute("SELECT run_id, status FROM runs").fetchall())
    assert found == {dead.run_id: "failed", alive.run_id: "completed"}


def run_ahead(warehouse: Warehouse, ahead: timedelta) -> datetime:
    """When a run began by a clock that is so far ahead of ours."""
    started_at = datetime.now(UTC).replace(tzinfo=None) + ahead
    warehouse.execute(
        "INSERT INTO runs BY NAME SELECT 'future' AS run_id, $at::TIMESTAMP AS started_at, 'full' AS mode, "
        "'completed' AS status, '0' AS version",
        {"at": started_at},
    )
    return started_at


def test_run_starts_after_every_run_before_it_by_a_clock_that_is_a_little_ahead(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        last = run_ahead(warehouse, timedelta(seconds=50))
        assert timedelta(0) < begin_run(warehouse, "full", "0").started_at - last < timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=365)])
@pytest.mark.parametrize("mode", ["full", "changes", "replay"])
def test_no_run_begins_before_the_last_one(tmp_path: Path, ahead: timedelta, mode: str) -> None:
    with new_warehouse(tmp_path) as warehouse:
        last = run_ahead(warehouse, ahead)
        with pytest.raises(WrongClock, match=f"run future started at {last:%Y-%m-%d %H:%M} UTC"):
            begin_run(warehouse, mode, "0")
        assert warehouse.execute("SELECT run_id FROM runs").fetchall() == [("future",)]


def test_published_copy_answers_with_views_and_comments_while_the_warehouse_is_held(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path / "stage").run({"public": [image("a")]})
        publish(warehouse, published)
        with duckdb.connect(str(published), read_only=True) as reader:
            assert reader.execute("SELECT id, listings FROM images").fetchall() == [("a", ["public"])]
            assert reader.execute(
                "SELECT count(*) FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
            ).fetchone() == (0,)


def test_reader_of_the_old_copy_reads_on_after_a_new_one_is_published(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        publish(warehouse, published)
        with duckdb.connect(str(published), read_only=True) as reader:
            nights.run({"public": [image("a")]})
            publish(warehouse, published)
            assert reader.execute("SELECT count(*) FROM images").fetchone() == (0,)


def test_publication_that_died_half_way_does_not_spoil_the_next(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    for left_over in (".published.duckdb.unfinished", ".published.duckdb.unfinished.wal"):
        (tmp_path / left_over).write_bytes(b"half a file")
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, published)
    with duckdb.connect(str(published), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM images").fetchone() == (0,)


def vanished(listing: str, number: int, **facts: Any) -> dict[str, MissingImage]:
    return {f"{listing}{n}{sorted(facts)}": MissingImage((listing,), **facts) for n in range(number)}


def test_guard_withholds_what_is_more_than_its_share_and_number() -> None:
    many, few = vanished("public", 11), vanished("private", 10)
    missing = Missing(many | few, {"public": 50, "private": 30}, {"public": 39, "private": 20})
    assert suspicious(missing, Guard()) == {"public": many.keys()}


def test_guard_lets_a_small_share_of_a_large_listing_go() -> None:
    assert suspicious(Missing(vanished("public", 11), {"public": 55}, {"public": 44}), Guard()) == {}


@pytest.mark.parametrize(("size", "shown", "withheld"), [(2, 0, True), (1, 0, False), (3, 1, False)])
def test_guard_withholds_a_listing_that_is_suddenly_empty(size: int, shown: int, withheld: bool) -> None:
    missing = Missing(vanished("public", size - shown), {"public": size}, {"public": shown} if shown else {})
    assert bool(suspicious(missing, Guard())) is withheld


def test_guard_does_not_count_again_what_an_earlier_run_missed() -> None:
    images = vanished("public", 8, is_known=True) | vanished("public", 8)
    assert suspicious(Missing(images, {"public": 40}, {"public": 24}), Guard()) == {}
    only_known = vanished("public", 5, is_known=True)
    assert suspicious(Missing(only_known, {"public": 5}, {}), Guard()) == {}


def test_guard_counts_again_what_was_withheld() -> None:
    images = vanished("public", 11, is_known=True, is_withheld=True)
    assert suspicious(Missing(images, {"public": 40}, {"public": 29}), Guard()) == {"public": images.keys()}


def test_guard_withholds_what_was_missed_before_too_where_a_listing_cannot_be_believed() -> None:
    images = vanished("public", 2, is_known=True) | vanished("public", 30)
    assert suspicious(Missing(images, {"public": 32}, {}), Guard()) == {"public": images.keys()}


def published_rows(published: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published), read_only=True) as reader:
        return reader.execute(query).fetchall()


def test_publication_of_a_night_that_changed_nothing_brings_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a")]})
        publish(warehouse, published)
        monkeypatch.setattr("load.publish._copy", None)  # the whole copy is not needed
        nights.run({"public": [image("a")]})
        publish(warehouse, published)
        assert published_rows(published, "SELECT sum(unchanged), count(*) FROM run_clouds") == [(1, 2)]
        assert published_rows(published, "SELECT id FROM images") == [("a",)]


@pytest.mark.parametrize(
    "second", [{"public": [image("a", name="new")]}, {"private": [image("a")]}, {"public": [image("b")]}, {}]
)
def test_publication_of_a_night_that_changed_something_brings_it(
    tmp_path: Path, second: dict[str, list[dict[str, Any]]]
) -> None:
    published = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a")], "private": []})
        publish(warehouse, published)
        nights.run({"public": [], "private": [], **second})
        publish(warehouse, published)
        query = "SELECT id, name, listings FROM images"
        assert published_rows(published, query) == warehouse.execute(query).fetchall()


def test_publication_brings_what_is_known_of_unlisted_images(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    queries = ("FROM unlisted_images ORDER BY ALL", "SELECT id, state, listings FROM images ORDER BY id")
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a"), image("b"), image("c")]})
        # As an older version left it: current, in no listing, and nothing is known of it.
        warehouse.execute("UPDATE listing_memberships SET seen_to = seen_from + INTERVAL 1 SECOND WHERE id = 'c'")
        for there in ((), (image("b"), image("c")), (image("b"), image("c"))):
            publish(warehouse, published)
            nights.run({"public": [image("a")] if there else [image("a"), image("b")]}, there=there, gone=frozenset())
            publish(warehouse, published)
            for query in queries:
                assert published_rows(published, query) == warehouse.execute(query).fetchall()


def test_publication_of_a_state_alone_brings_it(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a"), image("b")]})
        warehouse.execute("UPDATE listing_memberships SET seen_to = seen_from + INTERVAL 1 SECOND WHERE id = 'b'")
        publish(warehouse, published)
        nights.run({"public": [image("a")]}, there=(image("b"),))
        publish(warehouse, published)
    assert published_rows(published, "SELECT state FROM images WHERE id = 'b'") == [("unlisted",)]


def test_publication_over_a_file_that_is_no_copy_makes_one(tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    published.write_bytes(b"no database at all" * 1000)
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, published)
    assert published_rows(published, "SELECT count(*) FROM images") == [(0,)]


def as_an_older_version_left_it(warehouse: Warehouse) -> None:
    warehouse.execute("DROP TABLE rejects")
    warehouse.execute("DELETE FROM schema_migrations WHERE name IN ('006_rejects', 'views, macros and comments')")
    warehouse.execute("COMMENT ON TABLE runs IS 'as it was'")


def comment_and_tables(warehouse: Warehouse) -> tuple[Any, int]:
    found = warehouse.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'runs'").fetchall()
    tables = warehouse.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return found[0][0], len(tables)


def test_older_warehouse_is_migrated_and_keeps_what_it_has(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path / "stage").run({"public": [image("a")]})
        new = comment_and_tables(warehouse)
        as_an_older_version_left_it(warehouse)
        bring_up_to_date(warehouse, "1")
        assert comment_and_tables(warehouse) == new
        assert warehouse.execute("SELECT id FROM images").fetchall() == [("a",)]


def test_migration_that_fails_half_way_leaves_the_warehouse_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_warehouse(tmp_path) as warehouse:
        as_an_older_version_left_it(warehouse)
        before = comment_and_tables(warehouse)

        def fail(*_: object) -> None:
            raise RuntimeError("half way")

        monkeypatch.setattr("load.schema.fill_from_extra", fail)
        with pytest.raises(RuntimeError):
            bring_up_to_date(warehouse, "1")
        assert comment_and_tables(warehouse) == before
