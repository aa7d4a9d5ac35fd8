"""The published copy: what somebody else wrote to it is in no copy after it, whichever way it is made."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from load import publish as publication
from load import stored_views
from load.publish import publish
from load.runs import begin_run, finish_run
from load.statements import names, statement, views
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse
from tests.load.test_stored_views import assert_same

pytestmark = pytest.mark.slow

WRITE_AND_DIE = """
import os, signal, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SET checkpoint_threshold = '1TB'")
connection.execute("UPDATE image_versions SET name = 'not ours'")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with new_warehouse(tmp_path) as made:
        Runs(made, tmp_path / "stage").run({"public": [image("a"), image("b")]})
        yield made


@pytest.fixture
def published(warehouse: Warehouse, tmp_path: Path) -> Path:
    file = tmp_path / "published.duckdb"
    publish(warehouse, file)
    return file


def run_that_changes_nothing(warehouse: Warehouse) -> None:
    finish_run(warehouse, begin_run(warehouse, "full", "0"), "completed")


def shown(published: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(published), read_only=True) as reader:
        return reader.execute("SELECT id, name FROM images ORDER BY id").fetchall()


def leave_a_log(published: Path) -> None:
    writer = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(published)], check=False)
    assert writer.returncode == -signal.SIGKILL
    assert published.with_name("published.duckdb.wal").exists()


def edit(published: Path) -> None:
    with duckdb.connect(str(published)) as writer:
        writer.execute("UPDATE image_versions SET name = 'not ours'")


def edit_and_turn_the_time_back(published: Path) -> None:
    before = published.stat()
    edit(published)
    os.utime(published, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_another_in_its_place(published: Path) -> None:
    other = published.with_name("other.duckdb")
    shutil.copyfile(published, other)
    edit(other)
    other.replace(published)


MISCHIEF = [
    leave_a_log,
    edit,
    edit_and_turn_the_time_back,
    put_another_in_its_place,
]


@pytest.mark.parametrize("mischief", MISCHIEF)
@pytest.mark.parametrize("anew", [False, True])
def test_what_others_wrote_into_the_copy_is_in_no_later_one(
    warehouse: Warehouse, published: Path, mischief: Callable[[Path], None], anew: bool
) -> None:
    published.chmod(0o644)
    mischief(published)
    run_that_changes_nothing(warehouse)
    publish(warehouse, published, anew=anew)
    assert shown(published) == [("a", "image a"), ("b", "image b")]
    assert not published.with_name("published.duckdb.wal").exists()
    run_that_changes_nothing(warehouse)
    publish(warehouse, published)
    assert shown(published) == [("a", "image a"), ("b", "image b")]


def test_copy_that_is_as_it_was_left_is_only_brought_up_to_date(
    warehouse: Warehouse, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(*_: object) -> None:
        raise AssertionError("copied whole")

    monkeypatch.setattr(publication, "_copy", copied)
    for _ in range(2):
        run_that_changes_nothing(warehouse)
        publish(warehouse, published)
    with duckdb.connect(str(published), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM runs").fetchall() == [(3,)]
    with pytest.raises(AssertionError, match="copied whole"):
        publish(warehouse, published, anew=True)


_OF_TYPE = {"VARCHAR": "'x'", "TIMESTAMP": "'2026-01-01'", "DATE": "'2026-01-01'", "JSON": "'{}'", "BOOLEAN": "true"}


def test_copy_that_is_brought_up_to_date_has_the_same_rows_of_runs(
    warehouse: Warehouse, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "_copy", lambda *_: pytest.fail("copied whole"))
    changes: list[list[str]] = [[], [], [], []]
    for table in publication.RUN_TABLES:
        columns = warehouse.typed_columns(table)
        values = ", ".join(f"{_OF_TYPE.get(kind, '1')}::{kind} AS {name}" for name, kind in columns)
        text = next(name for name, kind in columns if kind == "VARCHAR")
        # The second of two equal rows, and one row instead of another, are differences too.
        changes[0].append(f"INSERT INTO {table} SELECT {values}")
        changes[1].append(f"INSERT INTO {table} SELECT {values}")
        changes[2].append(f"UPDATE {table} SET {text} = 'y' WHERE {text} = 'x'")
        changes[3].append(f"DELETE FROM {table} WHERE {text} = 'y'")
    for change in changes:
        warehouse.execute("; ".join(change))
        publish(warehouse, published)
        warehouse.execute(f"ATTACH '{published}' AS shown (READ_ONLY)")
        for table in publication.RUN_TABLES:
            ours = warehouse.execute(f"SELECT one::VARCHAR FROM {table} AS one ORDER BY ALL").fetchall()
            assert warehouse.execute(f"SELECT one::VARCHAR FROM shown.{table} AS one ORDER BY ALL").fetchall() == ours
        warehouse.execute("DETACH shown")


@pytest.mark.parametrize("times", [1, 2])
def test_nobody_may_write_to_the_copy(warehouse: Warehouse, published: Path, times: int) -> None:
    for _ in range(times):
        publish(warehouse, published)
    assert stat.S_IMODE(published.stat().st_mode) & 0o222 == 0
    assert stat.S_IMODE(published.stat().st_mode) & 0o400


def test_copy_that_is_taken_away_at_once_is_made_anew(
    warehouse: Warehouse, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def taken(file: Path, target: Path) -> Path:
        real(file, target)
        target.unlink()
        return target

    with monkeypatch.context() as thief:
        thief.setattr(Path, "replace", taken)
        publish(warehouse, published)
    publish(warehouse, published)
    assert shown(published) == [("a", "image a"), ("b", "image b")]


def test_each_place_has_a_copy_of_its_own(warehouse: Warehouse, published: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "published.duckdb"
    publish(warehouse, other)
    edit(other)
    run_that_changes_nothing(warehouse)
    for file in (published, other):
        publish(warehouse, file)
        assert shown(file) == [("a", "image a"), ("b", "image b")]


def test_views_answer_from_their_own_copy_whichever_is_in_use(
    warehouse: Warehouse, published: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with new_warehouse(other) as second:
        Runs(second, other / "stage").run({"public": [image("x")]})
        publish(second, other / "published.duckdb")
    with duckdb.connect() as client:
        client.execute(f"ATTACH '{published}' AS g (READ_ONLY)")
        client.execute(f"ATTACH '{other / 'published.duckdb'}' AS h (READ_ONLY)")
        for use in ("memory", "h", "g"):
            client.execute(f"USE {use}")
            for view in ("images", "images_by_run"):
                found = client.execute(f"SELECT id FROM g.{view} UNION ALL SELECT id FROM h.{view} ORDER BY id")
                assert found.fetchall() == [("a",), ("b",), ("x",)]


def test_changes_worked_out_in_pieces_are_all_changes_and_stored_views_keep_their_comments(
    warehouse: Warehouse, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = Runs(warehouse, tmp_path / "more")
    for number in range(4):
        nights.run({"public": [image("a", min_disk=number), image("b", min_disk=number // 2), image("c")]})
    for rows in (1, 3, 100):
        monkeypatch.setattr(stored_views, "_ROWS_A_PIECE", rows)
        publish(warehouse, published, anew=True)
        assert_same(warehouse, published)
    with duckdb.connect(str(published), read_only=True) as reader:
        for view in (*stored_views.WHOLE, *stored_views.BY_TIME):
            found = reader.execute("SELECT comment FROM duckdb_tables() WHERE table_name = $view", {"view": view})
            assert found.fetchall() == [(statement("views", view).description,)]
            columns = reader.execute("SELECT comment FROM duckdb_columns() WHERE table_name = $view", {"view": view})
            assert all(comment for (comment,) in columns.fetchall())


def test_views_are_made_after_those_that_they_read() -> None:
    ordered = views()
    assert sorted(ordered) == names("views")
    assert ordered.index("image_texts") < ordered.index("image_changes")
    assert ordered.index("image_listings") < min(ordered.index("images"), ordered.index("images_by_run"))
