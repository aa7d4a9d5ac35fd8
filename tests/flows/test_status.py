"""How each cloud is doing, for people and for monitors."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from extract.account import CloudSettings
from extract.errors import SettingsError
from flows.cli import main
from flows.settings import Settings, load_settings
from flows.status import duration
from load.publish import publish
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.flows.accounts import write_settings
from tests.flows.nights import night


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
    with Warehouse(settings.warehouse) as warehouse:
        bring_up_to_date(warehouse, "0")
        night(warehouse, account, settings.landing)
        for statement in spoiling:
            warehouse.execute(statement)
        publish(warehouse, settings.published)


def status(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["status", *arguments])


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(status("--format", "json").stdout)
    return found


def test_status_tells_what_failed_last_and_when_all_was_well(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    (well,) = rows()
    assert (well["cloud"], well["last_status"], well["images"], well["error"]) == ("c", "completed", 1, None)
    assert well["age_hours"] < 1
    cloud.faults.append(lambda asked: Reply(403) if "owner" in asked.query else None)
    run_night(settings, cloud)
    (faulty,) = rows()
    assert (faulty["last_status"], faulty["last_good_at"]) == ("faulty", well["last_good_at"])
    assert "listing private" in faulty["error"]


def test_max_age_is_for_a_monitor(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    assert status("--max-age", "26h").exit_code == 0
    stale = status("--max-age", "0s")
    assert stale.exit_code == 1
    assert "longer ago than allowed" in stale.stderr


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


def test_durations_are_read_as_people_write_them() -> None:
    assert [duration(text) for text in ("26h", "1.5h", "2d", "30s")] == [
        timedelta(hours=26), timedelta(hours=1.5), timedelta(days=2), timedelta(seconds=30),
    ]  # fmt: skip
    with pytest.raises(SettingsError, match="no duration"):
        duration("a while")
