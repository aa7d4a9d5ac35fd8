"""The page in a real Chromium: light and dark, wide and on a telephone, by mouse and by keyboard, and under attack."""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from load.publish import publish
from page.dashboard import write_page
from tests.load.runs import Runs, image, new_warehouse

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
VENV = Path(__file__).resolve().parent.parent.parent / ".venv-browser"
CHROMIUM = VENV / "chromium"

pytestmark = pytest.mark.skipif(
    not (CHROMIUM / "chromium").exists(), reason="npm could not bring Chromium: `make .venv-browser/.ready` says why"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("page")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        sizes = {"size": 1_000_000, "__os_type": "Linux", "__platform": "Ubuntu"}
        images = [image(f"{number:03d}", **sizes, owner=f"owner {number % 15}") for number in range(120)]
        nights.run({"public": images, "private": [image("needle", name=HOSTILE, owner=HOSTILE)]})
        changed = {**images[0], "size": 9_000_000, "__description": HOSTILE, HOSTILE: HOSTILE}
        nights.run({"public": [changed, *images[2:]], "private": [image("needle", name=HOSTILE, owner=HOSTILE)]})
        for table in ("image_versions", "listing_memberships", "run_clouds", "run_listings"):
            warehouse.execute(f"CREATE TEMP TABLE more AS SELECT * REPLACE ('second' AS cloud) FROM {table}")
            warehouse.execute(f"INSERT INTO {table} FROM more")
            warehouse.execute("DROP TABLE more")
        warehouse.execute("UPDATE image_versions SET id = id || '-2' WHERE cloud = 'second'")
        warehouse.execute("UPDATE listing_memberships SET id = id || '-2' WHERE cloud = 'second'")
        publish(warehouse, folder / "published.duckdb")
    write_page(folder / "published.duckdb", folder / "page.html", "9.9", datetime(2026, 11, 24, 10))
    command = [str(VENV / "bin" / "python"), str(Path(__file__).with_name("look.py"))]
    command += [str(CHROMIUM), str(folder / "page.html"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("view", ["wide", "dark", "telephone"])
def test_page_is_drawn_without_complaint_and_accessible(seen: dict[str, Any], view: str) -> None:
    assert seen[view]["complaints"] == []
    assert seen[view]["axe"] == []
    assert seen[view]["charts"] == 7
    assert seen[view]["overflow"] <= 0, "nothing is wider than the screen"


def test_page_asks_for_nothing_but_itself_and_runs_nothing_that_a_cloud_wrote(seen: dict[str, Any]) -> None:
    for view in ("wide", "dark", "telephone", "use"):
        assert len(seen[view]["requests"]) == 1
        assert seen[view]["dialogs"] == 0
    assert HOSTILE in seen["use"]["names"]


def test_table_is_searched_sorted_and_filtered(seen: dict[str, Any]) -> None:
    use = seen["use"]
    assert use["complaints"] == []
    assert use["all"] == "240 of 240 images"
    assert len(use["names"]) == 50
    assert use["largest"] == "image 000"
    assert use["sorted"] == "Size"
    assert use["of_second"] == "120 of 240 images"
    assert use["dark"] == "rgb(16, 22, 29)"
    assert use["size"].startswith("Size over time")
