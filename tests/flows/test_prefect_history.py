"""What Prefect's database remembers of our old runs goes after `prefect_days`; nobody else's does."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.embedded import take_new_database
from flows.prefect_history import DATABASE, forget_old_runs
from tests.clouds.fake import FakeCloud, fake_cloud
from tests.pipeline.test_sync import Place

NOW = datetime.now(UTC)


def times(days: float) -> str:
    return f"{NOW - timedelta(days=days):%Y-%m-%d %H:%M:%S.%f}"


def add_run(home: Path, run: str, days: float, flow: str = "nightly", state: str = "COMPLETED") -> None:
    """A run that ended so many days ago, as Prefect writes it, with a row wherever one is written."""
    at, flow_id = times(days), str(uuid.uuid5(uuid.NAMESPACE_DNS, flow))
    with closing(sqlite3.connect(home / DATABASE)) as database, database:
        write = database.execute
        write("INSERT OR IGNORE INTO flow (id, name, tags) VALUES (?, ?, '[]')", (flow_id, flow))
        ended = None if state == "RUNNING" else at
        write(
            "INSERT INTO flow_run (id, flow_id, name, start_time, end_time, created, run_count, total_run_time,"
            " auto_scheduled) VALUES (?, ?, ?, ?, ?, ?, 1, 0, 0)",
            (run, flow_id, run, at, ended, at),
        )
        write(
            "INSERT INTO task_run (id, flow_run_id, name, task_key, dynamic_key, run_count, flow_run_run_count,"
            " total_run_time) VALUES (?, ?, 't', 'k', '0', 1, 1, 0)",
            (f"task {run}", run),
        )
        write(
            "INSERT INTO task_run_state (id, task_run_id, type, name, timestamp) VALUES (?, ?, 'COMPLETED', 'x', ?)",
            (f"state of task {run}", f"task {run}", at),
        )
        write(
            "INSERT INTO flow_run_state (id, flow_run_id, type, name, timestamp) VALUES (?, ?, ?, 'x', ?)",
            (f"state {run}", run, state, at),
        )
        write(
            "INSERT INTO log (id, name, level, flow_run_id, message, timestamp) VALUES (?, 'l', 20, ?, 'm', ?)",
            (f"log {run}", run, at),
        )
        write("INSERT INTO artifact (id, flow_run_id, data) VALUES (?, ?, '1')", (f"artifact {run}", run))
        write(
            "INSERT INTO artifact_collection (id, key, latest_id, flow_run_id) VALUES (?, ?, ?, ?)",
            (f"collection {run}", run, f"artifact {run}", run),
        )
        write(
            "INSERT INTO events (id, occurred, event, resource_id, resource, payload, received, recorded)"
            " VALUES (?, ?, 'e', ?, '{}', '{}', ?, ?)",
            (f"event {run}", at, f"prefect.task-run.task {run}", at, at),
        )
        for role, resource in (("", f"prefect.task-run.task {run}"), ("flow-run", f"prefect.flow-run.{run}")):
            write(
                "INSERT INTO event_resources (id, occurred, resource_id, resource_role, resource, event_id)"
                " VALUES (?, ?, ?, ?, '{}', ?)",
                (f"{role} {run}", at, resource, role, f"event {run}"),
            )


TABLES = {
    "flow_run": "id", "task_run": "flow_run_id", "flow_run_state": "flow_run_id", "log": "flow_run_id",
    "artifact": "flow_run_id", "artifact_collection": "flow_run_id", "task_run_state": "substr(task_run_id, 6)",
    "events": "substr(id, 7)", "event_resources": "substr(event_id, 7)",
}  # fmt: skip


def runs_in(home: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(home / DATABASE)) as database:
        return {
            table: [row[0] for row in database.execute(f"SELECT DISTINCT {run} FROM {table} ORDER BY 1")]
            for table, run in TABLES.items()
        }


@pytest.fixture
def home(tmp_path: Path, new_prefect_database: Path) -> Path:
    take_new_database(tmp_path)
    return tmp_path


def test_old_runs_go_with_all_that_is_remembered_of_them(home: Path) -> None:
    add_run(home, "old", 31)
    add_run(home, "old changes", 30.1, "changes")
    add_run(home, "killed", 40, state="RUNNING")
    add_run(home, "recent", 29.9)
    add_run(home, "of others", 99, "somebody's flow")
    assert forget_old_runs(home, 30) == 3
    assert runs_in(home) == {table: ["of others", "recent"] for table in TABLES}


def test_more_old_runs_than_are_removed_at_once_all_go_and_give_the_disk_back(home: Path) -> None:
    for number in range(120):
        add_run(home, f"old {number}", 31)
    with closing(sqlite3.connect(home / DATABASE)) as database, database:
        database.execute("UPDATE log SET message = hex(zeroblob(100000))")
    before = (home / DATABASE).stat().st_size
    assert forget_old_runs(home, 30) == 120
    assert runs_in(home) == {table: [] for table in TABLES}
    assert (home / DATABASE).stat().st_size < before / 4


def test_no_more_time_is_taken_than_there_is(home: Path) -> None:
    add_run(home, "old", 31)
    assert forget_old_runs(home, 30, seconds=0) == 0
    assert "old" in runs_in(home)["flow_run"]


def test_database_that_is_locked_or_of_another_form_is_left_as_it_is(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.prefect_history._WAIT_FOR_LOCK_SECONDS", 0.1)
    add_run(home, "old", 31)
    with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert forget_old_runs(home, 30) == 0
        other.execute("ROLLBACK")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert forget_old_runs(elsewhere, 30) == 0
    assert not (elsewhere / DATABASE).exists()
    (elsewhere / DATABASE).write_bytes(b"no database at all, but a file that is long enough" * 100)
    assert forget_old_runs(elsewhere, 30) == 0
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://x")
    assert forget_old_runs(home, 30) == 0


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.add("a", "private")
        yield running


def test_sync_forgets_the_runs_of_before_prefect_days(
    cloud: FakeCloud, tmp_path: Path, new_prefect_database: Path
) -> None:
    home = tmp_path / "home"
    take_new_database(home)
    add_run(home, "old", 8)
    add_run(home, "recent", 6)
    place = Place(tmp_path, "prefect", c=cloud)
    config = Path(place.config)
    config.write_text("prefect_days = 7\n" + config.read_text())
    done = place.command("sync", PREFECT_HOME=str(home))
    assert done.returncode == 0, done.stderr
    found = runs_in(home)["flow_run"]
    assert "old" not in found
    assert "recent" in found
    assert len(found) == 2
