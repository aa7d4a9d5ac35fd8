"""(c): the warehouse holds what the pages say. And the command."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from load.warehouse import Warehouse
from tests.clouds.accounts import write_settings
from tests.verify.landings import Reader, faults, fill, reader


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reader(tmp_path_factory.mktemp("landing")) as opened:
        fill(opened.cloud)
        opened.cloud.add("rich", "private", tags=["b", "a"], x=1.10, __os_bit="no", __os_feature_list={"b": 1, "a": []})
        opened.run()
        opened.cloud.images["00"]["name"] = "renamed"
        opened.run()
        yield opened


def test_nights_pass_as_they_are(here: Reader) -> None:
    assert faults(here.landing, None, here.warehouse) == []


EDITS = {
    "UPDATE image_versions SET min_disk = 7 WHERE id = '01'": "does not match its content_hash",
    "UPDATE image_versions SET extra = MAP {'x': '1.2'} WHERE id = 'rich'": "does not match its content_hash",
    "UPDATE image_versions SET tags = ['a'] WHERE id = 'rich'": "does not match its content_hash",
    "UPDATE image_versions SET content_hash = repeat('0', 32) WHERE id = '02'": "does not match its content_hash",
    "UPDATE rejects SET value = 'yes' WHERE id = 'rich'": "does not match its content_hash",
    "DELETE FROM rejects WHERE id = 'odd'": "does not match its content_hash",
    "UPDATE image_versions SET landed_hash = repeat('0', 64) WHERE id = '03'": "does not have the image with the hash",
    "UPDATE image_versions SET landed_file = landed_file || 'x' WHERE id = '01'": "missing",
    "DELETE FROM listing_memberships WHERE id = '04'": "the pages show image 04 in",
    "INSERT INTO listing_memberships SELECT * REPLACE ('new' AS id) FROM listing_memberships WHERE id = '04'":
        "no page shows that",
    "UPDATE listing_memberships SET listing = 'private' WHERE id = '06'": "image 06",
    "DELETE FROM image_versions WHERE id = '05'": "no version at that time",
    "INSERT INTO image_versions SELECT * REPLACE ('new' AS id) FROM image_versions WHERE id = '04'": "no page shows it",
}  # fmt: skip


@pytest.mark.parametrize(("edit", "fault"), EDITS.items(), ids=EDITS)
def test_edited_row_is_found(here: Reader, edit: str, fault: str) -> None:
    here.warehouse.execute("BEGIN")
    try:
        here.warehouse.execute(edit)
        assert any(fault in found for found in faults(here.landing, None, here.warehouse))
    finally:
        here.warehouse.execute("ROLLBACK")


def command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    config = write_settings(folder, "")
    return subprocess.run(
        [sys.executable, "-m", "cli", "verify", *arguments, "--config", config],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.slow
def test_command_says_what_is_wrong_and_exits_with_1(tmp_path: Path) -> None:
    with reader(tmp_path) as here:
        fill(here.cloud)
        runs = [here.run().run_id]
        time.sleep(1)  # ids of one second do not tell which run is the last
        runs.append(here.run().run_id)
        pages = sorted((here.landing / runs[0]).rglob("page-*.zst"))
    done = command(tmp_path, "all")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "faults: 0" in done.stderr
    assert "Proven" in done.stderr
    pages[0].write_bytes(pages[0].read_bytes()[:-1])
    assert command(tmp_path).returncode == 0, "the last run is whole"
    for chosen in (runs[0], "all"):
        done = command(tmp_path, chosen)
        assert done.returncode == 1
        assert pages[0].name in done.stdout
    done = command(tmp_path, "nonsense")
    assert (done.returncode, "does not have run nonsense" in done.stderr) == (2, True)
    with Warehouse(tmp_path / "warehouse.duckdb"):
        done = command(tmp_path, runs[1])
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
