"""Death at every statement of the load and the publication: before or after, and never in between."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from load.invariants import require
from load.publish import publish
from load.warehouse import Warehouse
from tests.load.die import second_night
from tests.load.runs import Runs, image, new_warehouse

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
BEFORE = [("a", "image a"), ("b", "image b"), ("gone", "image gone")]
AFTER = [("a", "changed"), ("b", "image b"), ("new", "image new")]


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    with new_warehouse(folder) as warehouse:
        Runs(warehouse, folder / "stage").run({"public": [image("a"), image("gone")], "private": [image("b")]})
        publish(warehouse, folder / "published.duckdb")
    return folder


@dataclass(frozen=True, slots=True)
class Deaths:
    """What the second night left in folder `n` when it died at its n-th statement; it has `statements` of them."""

    folder: Path
    statements: int


@pytest.fixture(scope="module")
def deaths(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Deaths:
    folder = tmp_path_factory.mktemp("deaths")
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.die", str(first_night), str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Deaths(folder, int(done.stdout))


def published(folder: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        return reader.execute("SELECT id, name FROM images ORDER BY id").fetchall()


def test_death_at_any_statement_leaves_before_or_after(deaths: Deaths) -> None:
    assert deaths.statements > 25
    seen = set()
    for fatal in range(1, deaths.statements + 2):
        folder = deaths.folder / str(fatal)
        assert published(folder) in (BEFORE, AFTER)
        with Warehouse(folder / "warehouse.duckdb") as warehouse:
            require(warehouse)
            state = warehouse.execute("SELECT id, name FROM images ORDER BY id").fetchall()
        assert state in (BEFORE, AFTER), fatal
        seen.add(state == AFTER)
    assert seen == {False, True}
    assert published(deaths.folder / str(deaths.statements + 1)) == AFTER


def test_next_run_after_a_death_needs_no_repair(deaths: Deaths, tmp_path: Path) -> None:
    folder = tmp_path / "died"
    shutil.copytree(deaths.folder / "15", folder)
    second_night(folder, "stage-of-the-next-run")
    assert published(folder) == AFTER
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT DISTINCT status FROM runs").fetchall() != [("running",)]
