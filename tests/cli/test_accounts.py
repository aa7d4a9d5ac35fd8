"""An account of many clouds, in what the commands say of runs, of the clouds, and of differences."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from load.clouds import CloudPlace, keep_cloud_within
from pipeline.settings import Settings, load_settings
from tests.cli.test_status import FIRST_NIGHT, Runs
from tests.clouds.accounts import write_settings

pytestmark = pytest.mark.slow

CLOUDS = ("prod/a/web", "prod/a/db", "prod/b/web")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    config = write_settings(tmp_path, '[clouds.prod]\nprojects = "all"\n[clouds.lab]\n')
    monkeypatch.setenv("GLANCEBACK_CONFIG", config)
    return load_settings(config)


@pytest.fixture
def runs(settings: Settings, tmp_path: Path) -> Iterator[Runs]:
    """The account could not be asked; then two of three clouds were loaded whole; then all."""
    made = Runs(settings, tmp_path / "stage")
    made.run(0, clouds=["prod"], died="failed", error="no login")
    made.run(24, clouds=CLOUDS[:1], failing=["private"])
    made.run(48, clouds=[*CLOUDS, "lab"])
    for cloud in CLOUDS:
        place = CloudPlace("prod", cloud.split("/")[1], "p", cloud.split("/")[2], None, "https://images", "ims")
        keep_cloud_within(made.warehouse, cloud, place, FIRST_NIGHT)
    keep_cloud_within(
        made.warehouse, "lab", CloudPlace(None, None, "p", None, None, "https://images", "ims"), FIRST_NIGHT
    )
    made.publish()
    yield made
    made.warehouse.connection.close()


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_runs_say_of_how_many_clouds_of_an_account_they_completed_how_many(runs: Runs) -> None:
    found = [row["clouds"] for row in json.loads(ask("runs", "--format", "json").stdout)]
    assert found == ["lab 1 of 1, prod 3 of 3", "prod 0 of 1", "prod 0 of 1"]


def test_status_has_clouds_and_no_row_for_their_account(runs: Runs) -> None:
    answer = ask("status", "--format", "json")
    assert [row["cloud"] for row in json.loads(answer.stdout)] == sorted(["lab", *CLOUDS])
    assert "prod: 3 of 3 clouds completed in the last run" in answer.stderr
    runs.run(72, clouds=CLOUDS, failing=["private"])
    runs.publish()
    assert "prod: 0 of 3 clouds completed in the last run" in ask("status").stderr


def test_account_that_was_a_cloud_itself_before_keeps_its_row(runs: Runs) -> None:
    keep_cloud_within(
        runs.warehouse, "prod", CloudPlace(None, "a", "p", "web", None, "https://images", "ims"), FIRST_NIGHT
    )
    assert runs.status(72, "prod")["last_status"] == "failed"


def test_diff_says_in_how_many_clouds_of_an_account_something_differs(runs: Runs) -> None:
    """The first run of the first cloud could not read its private listing. The others have no earlier reading."""
    lines = ask("diff", "2026-11-02 03:00", "2026-11-05").stderr.splitlines()
    assert [line for line in lines if "differ" in line] == ["prod: 1 of 3 clouds differ"]
    some = ask("diff", "2026-11-02 03:00", "2026-11-05", "--cloud", "prod/*/web").stderr.splitlines()
    assert [line for line in some if "differ" in line] == ["prod: 1 of 2 clouds differ"]
