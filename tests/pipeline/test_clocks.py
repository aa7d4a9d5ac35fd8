"""A wrong clock, ours or a cloud's: no run stands where none was, and whoever looks is told."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import duckdb
import pytest
from click.testing import CliRunner

from cli.main import main
from core.errors import WrongClock
from tests.clouds.fake import FakeCloud, fake_cloud
from tests.pipeline.test_sync import Place

HOUR = 3600


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.add("a")
        yield running


@pytest.fixture
def place(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> Place:
    return Place(tmp_path, c=cloud)


def test_run_an_hour_from_the_clouds_time_leaves_no_trace(place: Place, cloud: FakeCloud) -> None:
    first = place.run()
    modes: tuple[Literal["full", "changes"], ...] = ("full", "changes")
    for mode, hours in itertools.product(modes, (-2, 24 * 365)):
        cloud.clock_ahead_seconds = hours * HOUR
        with pytest.raises(WrongClock, match="cloud c: by this machine's clock"):
            place.run(mode)
    cloud.clock_ahead_seconds = 0
    cloud.add("b")
    last = place.run()
    assert place.rows("SELECT run_id FROM runs ORDER BY started_at") == [(first.run_id,), (last.run_id,)]
    assert place.rows("SELECT id FROM images ORDER BY id") == [("a",), ("b",)]
    assert {entry.name for entry in (place.folder / "landing").iterdir()} == {first.run_id, last.run_id}


def test_cloud_with_a_clock_of_its_own_fails_alone(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> None:
    with fake_cloud() as other:
        other.add("b")
        other.clock_ahead_seconds = 8 * HOUR
        report = Place(tmp_path, right=cloud, wrong=other).run()
    assert [(one.cloud, one.status) for one in report.clouds] == [("right", "completed"), ("wrong", "failed")]
    assert "by this machine's clock" in str(report.clouds[1].error)


def test_check_says_whose_clock_says_what(place: Place, cloud: FakeCloud) -> None:
    cloud.clock_ahead_seconds = 8 * HOUR
    done = place.command("check")
    assert done.returncode == 1
    assert "by this machine's clock" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_status_takes_a_run_of_the_future_for_a_fault(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANCEBACK_CONFIG", place.config)
    place.run()
    published = place.folder / "published.duckdb"
    assert CliRunner().invoke(main, ["status", "--max-age", "26h"]).exit_code == 0
    published.chmod(0o644)
    with duckdb.connect(str(published)) as writer:
        writer.execute("UPDATE runs SET started_at = started_at + INTERVAL 1 YEAR")
    for arguments in ([], ["--max-age", "26h"]):
        found = CliRunner().invoke(main, ["status", *arguments])
        assert (found.exit_code, "which is in the future: a clock was wrong" in found.stderr) == (1, True)
