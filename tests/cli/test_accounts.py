"""An account of many clouds, in what the commands say of runs, of the clouds, and of differences."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.console import stderr_console
from cli.main import main
from cli.sync import tell
from load.clouds import CloudPlace, keep_cloud_within
from pipeline.report import CloudReport, RunReport, summary
from pipeline.settings import Settings, load_settings
from tests.cli.test_status import FIRST_NIGHT, NAMES, Runs
from tests.clouds.accounts import write_clouds_yaml, write_settings
from tests.clouds.estate import fake_estate
from tests.pipeline.syncing import sync

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


def test_errors_of_hundreds_of_clouds_fit_on_a_screen(settings: Settings, tmp_path: Path) -> None:
    """Each of them, and where all are."""
    many = [f"prod/a/{number:03d}" for number in range(40)]
    made = Runs(settings, tmp_path / "stage")
    made.run(0, clouds=many, failing=NAMES)
    for cloud in many:
        place = CloudPlace("prod", "a", cloud, cloud, None, "https://images", "ims")
        keep_cloud_within(made.warehouse, cloud, place, FIRST_NIGHT)
    made.warehouse.execute("UPDATE run_clouds SET error = cloud || ' is down' WHERE cloud <> 'prod/a/001'")
    made.warehouse.execute("UPDATE run_clouds SET error = 'prod/a/000 is down' WHERE cloud = 'prod/a/001'")
    made.publish()
    made.warehouse.connection.close()
    (row,) = json.loads(ask("runs", "--format", "json").stdout)
    assert row["error"] == (
        "prod/a/000 is down listing private broke listing public broke And 38 more: see faulty_runs."
    )
    lines = ask("status", "--max-age", "1h").stderr.splitlines()
    stale = [line for line in lines if line.startswith("cloud ")]
    assert len(stale) == 20
    assert lines[-1] == "... and 21 more clouds: glanceback status has the age of each"


def test_end_of_a_run_names_the_first_problems(capsys: pytest.CaptureFixture[str]) -> None:
    down = [CloudReport(f"c{number}", "failed", f"cloud c{number} is down") for number in range(60)]
    tell(RunReport("r", "failed", 1.0, (*down, *down)), stderr_console())
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("  ")]
    assert lines[:2] == ["  cloud c0 is down", "  cloud c1 is down"]
    assert lines[20:] == ["  And 40 more: glanceback sql --query faulty_runs."]
    assert summary(RunReport("r", "failed", 1.0, tuple(down))).endswith(
        "- cloud c49 is down\n- And 10 more: glanceback sql --query faulty_runs."
    )


def test_check_lists_what_would_be_read_and_names_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_estate(2) as estate:
        estate.fill(1, public=1)
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, prod=estate.entry)))
        config = write_settings(tmp_path, '[clouds.prod]\nprojects = "all"\nregions = "all"\n')
        monkeypatch.setenv("GLANCEBACK_CONFIG", config)
        well = ask("check")
        assert well.exit_code == 0, well.output
        lines = well.stdout.splitlines()
        assert lines[0] == "cloud prod: 4 clouds would be read: 2 projects in 2 regions"
        assert [line.split()[:3] for line in lines[2:6]] == [
            [f"prod/{region}/project-00{number}", region, f"project-00{number}"]
            for region in ("eu-de", "eu-nl")
            for number in (1, 2)
        ]
        asked = [line for line in lines[6:] if line.startswith("cloud ")]
        assert asked == ["cloud prod/eu-de/project-001", "cloud prod/eu-nl/project-001"], "the first of each region"
        assert sync(config).status == "completed"
        estate.names[next(iter(estate.names))] = "renamed"
        write_settings(tmp_path, '[clouds.prod]\nprojects = ["renamed", "wbe"]\nregions = ["eu-de"]\n')
        wrong = ask("check")
        assert wrong.exit_code == 1
        assert "prod/eu-de/project-001  eu-de   renamed" in wrong.stdout, "the name that a run would give it"
        assert "PROBLEM: cloud prod: projects has 'wbe', and the account has none such" in wrong.stdout
