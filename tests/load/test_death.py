"""Death at every statement of the load and the publication: before or after, and never in between."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from load.invariants import require
from load.publish import publish
from load.warehouse import Warehouse
from tests.load.nights import Nights, image, new_warehouse

ROOT = Path(__file__).resolve().parents[2]
BEFORE = [("a", "image a"), ("b", "image b"), ("gone", "image gone")]
AFTER = [("a", "changed"), ("b", "image b"), ("new", "image new")]


def live_or_die(folder: Path, statement: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.load.die", str(folder), str(statement)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    with new_warehouse(folder) as warehouse:
        Nights(warehouse, folder / "stage").night({"public": [image("a"), image("gone")], "private": [image("b")]})
        publish(warehouse, folder / "published.duckdb")
    return folder


def test_death_at_any_statement_leaves_before_or_after(first_night: Path, tmp_path: Path) -> None:
    shutil.copytree(first_night, tmp_path / "alive")
    statements = int(live_or_die(tmp_path / "alive", 0).stdout)
    assert statements > 25
    seen = set()
    for fatal in range(1, statements + 1):
        folder = tmp_path / str(fatal)
        shutil.copytree(first_night, folder)
        assert live_or_die(folder, fatal).returncode == -9
        with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
            assert reader.execute("SELECT id, name FROM images ORDER BY id").fetchall() in (BEFORE, AFTER)
        with Warehouse(folder / "warehouse.duckdb") as warehouse:
            require(warehouse)
            state = warehouse.execute("SELECT id, name FROM images ORDER BY id").fetchall()
        assert state in (BEFORE, AFTER), fatal
        seen.add(state == AFTER)
    assert seen == {False, True}


def test_next_run_after_a_death_needs_no_repair(first_night: Path, tmp_path: Path) -> None:
    folder = tmp_path / "died"
    shutil.copytree(first_night, folder)
    live_or_die(folder, 15)
    assert live_or_die(folder, 0).returncode == 0
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT id, name FROM images ORDER BY id").fetchall() == AFTER
        assert reader.execute("SELECT DISTINCT status FROM runs").fetchall() != [("running",)]
