"""How each cloud is doing, for people and for monitors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.status import duration
from core.errors import SettingsError
from extract.account import CloudSettings
from extract.landed import LandedAt
from load.living_runs import DIED, going_on
from load.merge import CloudRun, ListingOutcome, merge
from load.publish import publish
from load.runs import begin_run, finish_run
from load.statements import statement
from load.warehouse import Warehouse
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.load.runs import READ_AT, image, new_warehouse
from tests.pipeline.runs import night
from transform.batch import flatten
from transform.stage import StageWriter

pytestmark = pytest.mark.slow


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.add("a", "public")
        yield running


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    config = write_settings(tmp_path, "[clouds.c]")
    monkeypatch.setenv("GLANCEBACK_CONFIG", config)
    return load_settings(config)


def run_night(settings: Settings, cloud: FakeCloud, *spoiling: str) -> None:
    account = CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1)
    with new_warehouse(settings.published.parent) as warehouse:
        night(warehouse, account, settings.landing)
        for statement in spoiling:
            warehouse.execute(statement)
        publish(warehouse, settings.published)


def status(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["status", *arguments])


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(status("--format", "json").stdout)
    return found


def test_quiet_status_prints_only_what_is_wrong(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    for option in ("-q", "--quiet"):
        well = status(option, "--max-age", "1h")
        assert (well.exit_code, well.stdout, well.stderr) == (0, "", "")
    stale = status("--quiet", "--max-age", "0s")
    assert (stale.exit_code, stale.stdout) == (1, "")
    assert stale.stderr.startswith("cloud c: all its listings were last read in full at")


def test_status_tells_what_failed_last_and_when_all_was_well(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    (well,) = rows()
    assert (well["cloud"], well["last_status"], well["images"], well["error"]) == ("c", "completed", 1, None)
    assert well["age_hours"] < 1
    cloud.faults.append(lambda asked: Reply(403) if "owner" in asked.query else None)
    run_night(settings, cloud)
    (partial,) = rows()
    assert (partial["last_status"], partial["last_good_at"]) == ("partial", well["last_good_at"])
    assert "listing private" in partial["error"]


def test_prometheus_gets_metrics_and_monitors_the_same_exit_code(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    well = status("--format", "prometheus", "--cloud", "c", "--max-age", "26h")
    assert (well.exit_code, well.stderr) == (0, "")
    assert 'glanceback_images{cloud="c"} 1.0\n' in well.stdout
    stale = status("-f", "prometheus", "--max-age", "0s")
    assert (stale.exit_code, "too long ago" in stale.stderr) == (1, True)
    assert "too long ago" not in stale.stdout


def test_max_age_is_for_a_monitor(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    assert status("--max-age", "26h").exit_code == 0
    stale = status("--max-age", "0s")
    assert stale.exit_code == 1
    assert "which is too long ago" in stale.stderr


def test_cloud_that_was_never_read_is_stale(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    with (settings.published.parent / "glanceback.toml").open("a") as file:
        file.write("[clouds.new]\n")
    never = status("--max-age", "26h")
    assert never.exit_code == 1
    assert "cloud new" in never.stderr


def test_check_finds_a_rule_that_is_broken(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    assert status("--check").exit_code == 0
    run_night(settings, cloud, "INSERT INTO image_versions FROM image_versions")
    broken = status("--check")
    assert broken.exit_code == 1
    assert "one_current_version" in broken.stderr


NAMES = ("public", "private")
FIRST_NIGHT = datetime(2026, 11, 1, 2)


class Runs:
    """Runs with known starts and targets, of clouds with two listings, as monitors see them."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.warehouse = new_warehouse(settings.published.parent)
        self._settings, self._folder, self._number = settings, folder, 0

    def run(
        self,
        after_hours: float,
        *,
        mode: str = "full",
        clouds: Sequence[str] = ("c",),
        listings: Sequence[str] = NAMES,
        failing: Sequence[str] = (),
        resume: bool = False,
        died: str | None = None,
        error: str | None = None,
    ) -> str:
        """A run that reads these listings of each cloud, some `failing`; or died, its status left as it is."""
        self._number += 1
        at = FIRST_NIGHT + timedelta(hours=after_hours)
        is_whole = tuple(listings) == NAMES and not resume
        run = begin_run(self.warehouse, mode, "0", dict.fromkeys(clouds, is_whole))
        self.warehouse.execute(
            "UPDATE runs SET started_at = $at WHERE run_id = $run_id", {"at": at, "run_id": run.run_id}
        )
        if died == "running":
            return run.run_id
        if died:
            finish_run(self.warehouse, run, died, error)
            return run.run_id
        for cloud in clouds:
            outcomes = [self._outcome(cloud, name, name not in failing) for name in listings]
            merge(self.warehouse, CloudRun(run.run_id, at, cloud, "ims", "p", mode == "full", outcomes))
        finish_run(self.warehouse, run, "partial" if failing else "completed")
        return run.run_id

    def _outcome(self, cloud: str, name: str, complete: bool) -> ListingOutcome:
        folder = self._folder / f"{self._number}-{cloud}" / name
        folder.mkdir(parents=True)
        with StageWriter(folder, name) as writer:
            writer.write(flatten([image(f"{name} {cloud}")]), LandedAt(READ_AT))
        error = None if complete else f"listing {name} broke"
        staged = writer.staged if complete else None
        return ListingOutcome(name, 1, 1, 1, 0.1, complete, {}, error, READ_AT, staged)

    def of(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query).fetchall()

    def status(self, at_hours: float, cloud: str = "c") -> dict[str, Any]:
        now = FIRST_NIGHT + timedelta(hours=at_hours)
        return {row["cloud"]: row for row in _named(self.warehouse, statement("queries", "status").text, {"now": now})}[
            cloud
        ]

    def publish(self) -> None:
        publish(self.warehouse, self._settings.published)


def _named(warehouse: Warehouse, query: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    result = warehouse.execute(query, parameters)
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


@pytest.fixture
def runs(settings: Settings, tmp_path: Path) -> Iterator[Runs]:
    made = Runs(settings, tmp_path / "stage")
    yield made
    made.warehouse.connection.close()


def test_nights_that_cannot_read_a_listing_are_stale_whatever_changes_runs_read(runs: Runs) -> None:
    runs.run(0)
    for number in range(1, 4):
        runs.run(24 * number, failing=["private"])
        runs.run(24 * number + 1, mode="changes")
    found = runs.status(24 * 3 + 2)
    assert (found["last_good_at"], found["age_hours"]) == (FIRST_NIGHT, 24 * 3 + 2)
    assert found["last_changes_at"] == FIRST_NIGHT + timedelta(hours=24 * 3 + 1)
    assert (found["mode"], found["last_status"], found["last_full_status"]) == ("changes", "completed", "partial")
    assert "listing private broke" in found["error"]
    ages = runs.of("SELECT listing, last_full_at FROM freshness ORDER BY listing")
    assert ages == [("private", FIRST_NIGHT), ("public", FIRST_NIGHT + timedelta(hours=24 * 3))]
    ((age, expected),) = runs.of(
        f"""SELECT max(age_hours), epoch(make_timestamp(epoch_us(now())) - TIMESTAMP '{FIRST_NIGHT}') / 3600
        FROM freshness"""
    )
    assert age == pytest.approx(expected, abs=0.02)


def test_run_of_some_listings_is_no_full_reading_and_two_of_all_together_are_one(runs: Runs) -> None:
    runs.run(0)
    runs.run(24, listings=["public"])
    assert runs.status(25)["last_good_at"] == FIRST_NIGHT
    runs.run(26, listings=["private"])
    assert runs.status(27)["last_good_at"] == FIRST_NIGHT + timedelta(hours=24)


def test_resumed_run_and_the_one_that_broke_off_are_a_full_reading_together(runs: Runs) -> None:
    runs.run(0)
    runs.run(24, failing=["private"])
    runs.run(25, listings=["private"], resume=True)
    assert runs.status(26)["last_good_at"] == FIRST_NIGHT + timedelta(hours=24)
    assert runs.of("SELECT count(*) FROM freshness") == [(2,)]


def test_listing_that_was_taken_out_of_the_settings_is_not_waited_for(runs: Runs) -> None:
    runs.run(0)
    runs.warehouse.execute("UPDATE run_listings SET listing = 'market' WHERE listing = 'private'")
    runs.run(48)
    assert runs.status(49)["last_good_at"] == FIRST_NIGHT + timedelta(hours=48)


def test_what_was_retired_is_not_waited_for_until_it_is_read_again(runs: Runs) -> None:
    runs.run(0, clouds=["c", "old"])
    retire = "INSERT INTO retirements VALUES ('r', $cloud, $listing, $at)"
    at = FIRST_NIGHT + timedelta(hours=1)
    runs.warehouse.execute(retire, {"cloud": "old", "listing": None, "at": at})
    runs.warehouse.execute(retire, {"cloud": "c", "listing": "private", "at": at})
    shown = "SELECT cloud, listing FROM freshness ORDER BY ALL"
    assert runs.of(shown) == [("c", "public")]
    with pytest.raises(KeyError):
        runs.status(2, "old")
    runs.run(24, clouds=["c", "old"])
    assert runs.of(shown) == [("c", "private"), ("c", "public"), ("old", "private"), ("old", "public")]
    assert runs.status(25, "old")["last_status"] == "completed"


def test_listing_that_no_full_run_could_ever_read_has_the_age_of_its_first_try(runs: Runs) -> None:
    runs.run(0, failing=["private"])
    runs.run(24, failing=["private"])
    runs.run(25, mode="changes")
    assert runs.status(26)["last_good_at"] is None
    ((age, expected),) = runs.of(
        f"""SELECT age_hours, epoch(make_timestamp(epoch_us(now())) - TIMESTAMP '{FIRST_NIGHT}') / 3600
        FROM freshness WHERE listing = 'private'"""
    )
    assert age == pytest.approx(expected, abs=0.02)


def test_run_that_died_or_failed_to_load_is_the_last_run(runs: Runs) -> None:
    runs.run(0)
    died = runs.run(24, died="failed", error="the disk is full")
    found = runs.status(25)
    assert (found["last_run"], found["last_status"], found["error"]) == (died, "failed", "the disk is full")
    assert (found["last_good_at"], found["images"]) == (FIRST_NIGHT, 2)
    assert runs.of("SELECT DISTINCT last_run, is_good, error FROM freshness") == [(died, False, "the disk is full")]
    going_on = runs.run(48, died="running")
    found = runs.status(49)
    assert (found["last_run"], found["last_status"], found["last_full_status"]) == (going_on, "running", "running")
    runs.run(72, died="running")
    assert runs.of(f"SELECT status, error FROM runs WHERE run_id = '{going_on}'") == [("failed", DIED)]


def test_cloud_of_which_no_run_ever_read_anything_is_there(runs: Runs) -> None:
    runs.run(0)
    run_id = runs.run(24, clouds=["new"], died="failed")
    found = runs.status(25, "new")
    assert (found["last_run"], found["last_status"], found["last_good_at"]) == (run_id, "failed", None)
    assert "ended before it loaded" in found["error"]
    ((listing, images, is_good, age),) = runs.of(
        "SELECT listing, images, is_good, age_hours FROM freshness WHERE cloud = 'new'"
    )
    assert (listing, images, is_good) == (None, 0, False)
    assert age is not None


def test_stale_cloud_is_said_with_the_listings_that_are_behind(runs: Runs) -> None:
    runs.run(0, clouds=["c", "other"])
    runs.run(24, failing=["private"])
    runs.publish()
    stale = status("--max-age", "26h", "--cloud", "c")
    assert stale.exit_code == 1
    assert "(private, public)" in stale.stderr
    assert "listing private broke" in stale.stderr
    assert "other" not in stale.output
    assert status("--cloud", "c").exit_code == 0
    unknown = status("--cloud", "nonsense")
    assert unknown.exit_code == 2
    assert "there is no cloud 'nonsense'" in unknown.stderr


def test_copy_of_an_older_glanceback_is_said(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    settings.published.unlink()
    with duckdb.connect(str(settings.published)) as connection:
        connection.execute("CREATE TABLE runs (run_id VARCHAR)")
    old = status()
    assert old.exit_code == 2
    assert "glanceback publish" in old.stderr


def test_reader_that_has_had_enough_does_not_hide_that_a_cloud_is_stale(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "cli", "status", "--max-age", "0s"],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "which is too long ago" in done.stderr


def test_durations_are_read_as_people_write_them() -> None:
    assert [duration(text) for text in ("26h", "1.5h", "2d", "30s")] == [
        timedelta(hours=26), timedelta(hours=1.5), timedelta(days=2), timedelta(seconds=30),
    ]  # fmt: skip
    with pytest.raises(SettingsError, match="not a duration"):
        duration("a while")


def test_withheld_deletion_that_the_next_run_asks_about_again_waits_for_nobody(runs: Runs) -> None:
    runs.run(0)
    withhold = "INSERT INTO withheld_deletions VALUES ('c', $id, $reason, $at, 'r')"
    at = FIRST_NIGHT
    runs.warehouse.execute(withhold, {"id": "public c", "reason": "no answer", "at": at})
    runs.warehouse.execute(withhold, {"id": "ended long ago", "reason": "too many", "at": at})
    runs.publish()
    asked_again = status()
    assert (asked_again.exit_code, "1 deletion withheld, the next run asks again" in asked_again.stderr) == (0, True)
    runs.warehouse.execute(withhold, {"id": "private c", "reason": "too many", "at": at})
    runs.publish()
    assert status().exit_code == 3
    assert "2 deletions withheld, a person must decide" in status("--cloud", "c").stderr
    ((shown,), metrics) = rows(), status("--format", "prometheus").stdout
    assert (shown["withheld"], shown["to_decide"]) == (2, 1)
    for reason in ("too_many", "no_answer"):
        assert f'glanceback_withheld_deletions{{cloud="c",reason="{reason}"}} 1.0' in metrics


def test_deletion_that_was_withheld_and_has_ended_since_is_not_withheld(runs: Runs) -> None:
    runs.run(0)
    runs.warehouse.execute("UPDATE run_clouds SET withheld_deletions = 5")
    runs.publish()
    assert rows()[0]["withheld"] == 0
    assert "withheld" not in status().stderr


def test_error_of_several_listings_is_said_once(runs: Runs) -> None:
    runs.run(0)
    runs.warehouse.execute("UPDATE run_listings SET complete = false, error = if(listing = 'public', 'B.', 'A.')")
    runs.publish()
    (shown,) = rows()
    assert shown["error"].endswith("A. B.")
    assert shown["error"].count("A.") == 1


def test_run_that_was_killed_is_said_to_have_failed_before_the_next_one(runs: Runs, settings: Settings) -> None:
    runs.run(0)
    killed = runs.run(24, died="running")
    runs.publish()
    with going_on(settings.home, killed):
        assert rows()[0]["last_status"] == "running"
        lock = next((settings.home / "running").iterdir())
        lock.rename(lock.with_name(f"{lock.name} aside"))
    (left,) = (settings.home / "running").iterdir()
    left.rename(lock)  # as a process leaves it that is killed
    (found,) = rows()
    assert found["last_run"] == killed
    assert (found["last_status"], found["last_full_status"], found["error"]) == ("failed", "failed", DIED)
    newest, before = json.loads(CliRunner().invoke(main, ["runs", "--format", "json"]).stdout)
    assert (newest["run_id"], newest["status"], newest["error"]) == (killed, "failed", DIED)
    assert (before["status"], before["error"]) == ("completed", None)


def test_run_that_has_gone_on_for_more_than_a_day_counts_as_none_that_is_well(runs: Runs) -> None:
    runs.run(0)
    runs.run(24, died="running")
    for hours, expected in ((25, (False,)), (23, (None,))):
        runs.warehouse.execute(
            f"""UPDATE runs SET started_at = make_timestamp(epoch_us(now())) - INTERVAL {hours} HOUR
            WHERE status = 'running'"""
        )
        assert runs.of("SELECT DISTINCT is_good FROM freshness") == [expected]
    assert runs.of("SELECT DISTINCT error FROM freshness") == [(None,)]
