"""The published copy in other people's tools: an older DuckDB, SQLAlchemy, pandas, polars, ADBC."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from load.publish import publish
from tests.drivers.read import SURFACE
from tests.load.runs import Runs, image, new_warehouse

PYTHON = Path(__file__).resolve().parent.parent.parent / ".venv-drivers" / "bin" / "python"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("drivers")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        nights.run({"public": [image("a", tags=["x", "y"], odd="1"), image("b")]})
        nights.run({"public": [image("a", name="大", odd="2"), image("b")], "private": [image("c")]})
        publish(warehouse, folder / "published.duckdb")
    answers = {}
    for way in ("with_duckdb", "with_sqlalchemy", "with_pandas", "with_polars", "with_adbc"):
        command = [str(PYTHON), str(Path(__file__).with_name("read.py")), str(folder / "published.duckdb"), way]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        answers[way] = json.loads(done.stdout)
    return answers


def test_older_duckdb_reads_every_view_and_macro(found: dict[str, Any]) -> None:
    assert found["with_duckdb"]["version"].startswith("1.2.")
    counts = found["with_duckdb"]["counts"]
    assert counts.keys() == set(SURFACE)
    assert counts["images"] == 3
    assert counts["image_changes"] == 3, "name, tags and odd"
    assert all(counts.values())


def test_sqlalchemy_inspects_and_asks(found: dict[str, Any]) -> None:
    assert {"images", "image_events", "daily_catalogue"} <= set(found["with_sqlalchemy"]["views"])
    assert found["with_sqlalchemy"]["columns"][:3] == ["cloud", "id", "name"]
    assert found["with_sqlalchemy"]["ids"] == ["a", "b", "c"]


def test_pandas_and_polars_make_frames(found: dict[str, Any]) -> None:
    assert found["with_pandas"] == {"ids": ["a", "b", "c"], "years": [2026, 2026, 2026]}
    assert found["with_polars"]["ids"] == ["a", "b", "c"]


def test_adbc_hands_over_arrow(found: dict[str, Any]) -> None:
    assert found["with_adbc"]["ids"] == ["a", "b", "c"]
