"""Notices, sent for real: to a receiver on loopback, through Apprise."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from click.testing import CliRunner

from cli.main import main
from core.errors import WarehouseError, WarehouseHeld
from load.clouds import CloudPlace, keep_cloud_within, mark_gone_within
from load.runs import Run
from load.warehouse import Warehouse
from pipeline.notices import of_error, of_run, send, tell, tell_error
from pipeline.report import CloudReport, RunReport, Status
from pipeline.settings import Notify, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.clouds.prefect_server import environment_of_a_command
from tests.clouds.receiver import Receiver, receiving
from tests.load.runs import new_warehouse
from tests.pipeline.syncing import sync

SECRET = "s3cr3t-of-the-receiver"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def url_of(receiver: Receiver) -> str:
    """As Apprise wants it."""
    return f"json://user:{SECRET}@127.0.0.1:{receiver.port}/"


def take(receiver: Receiver) -> list[tuple[str, str]]:
    """Kind and title of what came, which is forgotten."""
    taken = [(one["type"], one["title"].partition(": ")[2]) for one in receiver.told]
    receiver.told.clear()
    return taken


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(30):
            running.add(f"{number:03d}", "private")
        yield running


def settings_of(folder: Path, cloud: FakeCloud, receiver: Receiver, more: str = "") -> str:
    return write_settings(
        folder,
        f"""[notify]
urls = ["{url_of(receiver)}"]
{more}
[clouds.c]
auth_type = "none"
endpoint = "{cloud.url}"
project_id = "{PROJECT}"
listings = ["private"]
tries = 1
""",
    )


def test_failure_withheld_deletions_drift_and_recovery_are_told_and_nothing_else_is(
    cloud: FakeCloud, receiver: Receiver, tmp_path: Path
) -> None:
    config = settings_of(tmp_path, cloud, receiver)

    def night(mode: Literal["full", "changes"] = "full", **parameters: Any) -> RunReport:
        return sync(config, mode, **parameters)

    assert night().status == "completed"
    assert night().status == "completed"
    assert take(receiver) == [], "an ordinary night is no news"

    cloud.faults.append(lambda asked: Reply(403) if asked.query.get("sort_key") == "id" else None)
    assert night().status == "failed"
    (notice,) = receiver.told
    assert "cloud c: the account may not do this (403)" in notice["message"]
    assert "glanceback status" in notice["message"]
    assert SECRET not in json.dumps(notice)
    assert [kind for kind, _ in take(receiver)] == ["failure"]
    assert night("changes").status == "failed"
    assert night("changes").status == "failed"
    assert len(take(receiver)) == 1, "of many changes runs that fail in a row the first is told"

    cloud.faults.clear()
    assert night().status == "completed"
    assert take(receiver) == [("success", "all is well again")]

    cloud.add("with something new", "private", brand_new_attribute="x")
    night()
    (notice,) = receiver.told
    assert "brand_new_attribute is new and undocumented, on 1 image:" in notice["message"]
    assert take(receiver) == [("info", "the cloud's attributes changed")]

    for number in range(20):
        del cloud.images[f"{number:03d}"]
    assert night().status == "partial"
    (notice,) = receiver.told
    assert "--accept-deletions" in notice["message"]
    assert "glanceback sync --cloud c --accept-deletions" in notice["message"]
    assert "image 000, image 001" in notice["message"]
    assert take(receiver) == [("warning", "20 deletions withheld")]
    assert night(accept_deletions=True).status == "completed"
    assert take(receiver) == [("success", "all is well again")]


def test_only_what_was_asked_for_is_told(cloud: FakeCloud, receiver: Receiver, tmp_path: Path) -> None:
    config = settings_of(tmp_path, cloud, receiver, 'on = ["recovery"]')
    cloud.faults.append(lambda asked: Reply(403))
    sync(config)
    assert take(receiver) == []
    cloud.faults.clear()
    sync(config)
    assert [kind for kind, _ in take(receiver)] == ["success"]


def report(status: Status, *clouds: CloudReport) -> RunReport:
    return RunReport("r", status, 1.0, clouds)


WELL = CloudReport("well", "completed", None)
WITHHELD = CloudReport("kept", "partial", "50 of private vanished", withheld_deletions=50, deletions_to_decide=50)
DOWN = CloudReport("down", "failed", "cloud down: it does not answer")
UNSURE = CloudReport("unsure", "partial", "it could not be said", withheld_deletions=1)


@pytest.fixture
def told(receiver: Receiver, tmp_path: Path) -> Callable[..., list[str]]:
    """Tells of a run; the kinds of what came."""
    config = write_settings(tmp_path, f'[notify]\nurls = ["{url_of(receiver)}"]')

    def tell_of(found: RunReport | BaseException, mode: str = "full", *, is_whole: bool = True) -> list[str]:
        settings = load_settings(config)
        if isinstance(found, BaseException):
            tell_error(found, settings, mode)
        else:
            with new_warehouse(tmp_path) as warehouse:
                run = Run("r", datetime(2026, 11, 25), mode)
                news = of_run(found, run, warehouse, settings, is_whole)
            tell(news, settings)
        return [kind for kind, _ in take(receiver)]

    return tell_of


def test_withheld_deletions_of_one_cloud_do_not_hide_the_failure_of_another(
    told: Callable[..., list[str]], receiver: Receiver, tmp_path: Path
) -> None:
    assert told(report("partial", WITHHELD, DOWN)) == ["failure", "warning"]
    write_settings(tmp_path, f'[notify]\nurls = ["{url_of(receiver)}"]\non = ["failure"]')
    assert told(report("partial", WITHHELD, DOWN)) == ["failure"]
    assert told(report("partial", WITHHELD)) == []
    assert told(report("partial", UNSURE)) == ["failure"]


def test_of_changes_runs_the_first_failure_of_each_cloud_is_told(told: Callable[..., list[str]]) -> None:
    assert told(report("partial", WELL, DOWN), "changes") == ["failure"]
    assert told(report("partial", WELL, DOWN), "changes") == []
    assert told(report("partial", UNSURE, DOWN), "changes") == ["failure"], "another cloud's"
    assert told(report("completed", WELL), "changes") == [], "of the others it read nothing"
    well_again = [replace_status(cloud) for cloud in (UNSURE, DOWN)]
    assert told(report("completed", *well_again), "changes", is_whole=False) == []
    assert told(report("completed", *well_again), "changes") == ["success"]
    assert told(report("completed", *well_again), "changes") == []


def replace_status(cloud: CloudReport) -> CloudReport:
    return msgspec.structs.replace(cloud, status="completed", error=None, withheld_deletions=0)


def test_of_changes_runs_that_cannot_open_the_warehouse_the_first_is_told(told: Callable[..., list[str]]) -> None:
    assert told(WarehouseHeld("held by PID 1"), "changes") == ["failure"]
    assert told(WarehouseHeld("held by PID 1"), "changes") == []
    assert told(WarehouseHeld("held by PID 1")) == ["failure"], "a full run tells each"
    assert told(report("completed", WELL)) == ["success"]
    assert told(WarehouseHeld("held by PID 2"), "changes") == ["failure"]


def test_run_that_nobody_was_told_of_is_no_reason_to_tell_that_all_is_well(told: Callable[..., list[str]]) -> None:
    assert told(report("completed", WELL)) == []


def test_failure_that_could_not_be_sent_is_told_by_the_next_run(
    told: Callable[..., list[str]], receiver: Receiver
) -> None:
    receiver.status = 500
    told(report("failed", DOWN), "changes")
    receiver.status = 200
    assert told(report("failed", DOWN), "changes") == ["failure"]
    assert told(report("failed", DOWN), "changes") == []


def test_drift_that_cannot_be_found_out_hides_no_failure(
    told: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = Warehouse.rows

    def fail(warehouse: Warehouse, folder: str, file: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        if file == "run_drift":
            raise WarehouseError("out of memory")
        return ordinary(warehouse, folder, file, **parameters)

    monkeypatch.setattr(Warehouse, "rows", fail)
    assert told(report("failed", DOWN)) == ["failure"]


def test_run_that_cannot_be_made_is_told_once(cloud: FakeCloud, receiver: Receiver, tmp_path: Path) -> None:
    config = settings_of(tmp_path, cloud, receiver)
    (tmp_path / "warehouse.duckdb").write_text("this is no database")
    command = [sys.executable, "-m", "cli", "sync", "--config", config]
    done = subprocess.run(command, env=environment_of_a_command(), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (notice,) = receiver.told
    assert "warehouse.duckdb" in notice["message"]
    assert take(receiver) == [("failure", "a run could not be made")]


def test_notice_that_cannot_be_sent_is_logged_without_its_url_and_the_run_is_none_the_worse(
    cloud: FakeCloud, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    assert not send([of_error(ValueError("boom"))], Notify((url_of(receiver), "nonsense", "foo://x"), ("failure",)))
    assert "could not be sent to the json:// address" in caplog.text
    assert SECRET not in caplog.text


def test_test_notice_is_sent_on_demand(cloud: FakeCloud, receiver: Receiver, tmp_path: Path) -> None:
    config = settings_of(tmp_path, cloud, receiver)
    result = CliRunner().invoke(main, ["check", "--notify", "--config", config])
    assert result.exit_code == 0, result.output
    assert take(receiver) == [("failure", "this is a test")]
    receiver.status = 503
    result = CliRunner().invoke(main, ["check", "--notify", "--config", config])
    assert result.exit_code == 1
    assert "could not be sent" in result.output


def test_url_takes_its_secrets_from_the_environment(tmp_path: Path) -> None:
    config = write_settings(tmp_path, '[notify]\nurls = ["json://user:${PASS_OF_MINE}@host/"]')
    settings = load_settings(config, {"PASS_OF_MINE": SECRET})
    assert settings.notify.urls == (f"json://user:{SECRET}@host/",)
    assert SECRET not in repr(settings)
    assert load_settings(config, {}).notify.urls == ()
    assert "PASS_OF_MINE, which is not set" in str(load_settings(config, {}).notify.not_set[0])


def test_secret_of_notices_that_is_not_set_loses_no_run_and_stops_no_reader(
    cloud: FakeCloud, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other URL is told. What could be sent to nobody is told again once somebody can be reached."""
    config = settings_of(tmp_path, cloud, receiver)
    text = Path(config).read_text(encoding="utf-8")
    why = "a URL of notify names $PASS_OF_MINE, which is not set. Set it."
    Path(config).write_text(text.replace("urls = [", 'urls = ["json://u:$PASS_OF_MINE@127.0.0.1:9/", '))
    cloud.faults.append(lambda asked: Reply(403) if asked.query.get("sort_key") == "id" else None)
    done = CliRunner().invoke(main, ["sync", "--json", "--config", config])
    assert done.exit_code == 1, done.output
    assert msgspec.json.decode(done.stdout)["notices_error"] == (
        f"Notices of this run cannot be sent to one URL: {config}: {why}"
    )
    assert done.stderr.count(why) == 2, "at the start, and at the end"
    assert [kind for kind, _ in take(receiver)] == ["failure"]
    for command in (["status"], ["runs"], ["sql", "SELECT 1"], ["diff", "yesterday"], ["dashboard"], ["publish"]):
        asked = CliRunner().invoke(main, [*command, "--config", config])
        assert asked.exit_code == 0, (command, asked.output)
    checked = CliRunner().invoke(main, ["check", "--config", config])
    assert checked.exit_code == 2
    assert f"PROBLEM: {config}: {why}" in checked.output

    Path(config).write_text(text.replace(url_of(receiver), "json://u:$PASS_OF_MINE@127.0.0.1:9/"))
    (tmp_path / "notices.json").unlink()
    done = CliRunner().invoke(main, ["sync", "--json", "--config", config])
    assert "cannot be sent to anybody" in msgspec.json.decode(done.stdout)["notices_error"]
    assert not (tmp_path / "notices.json").exists()


ESTATE = '[clouds.prod]\nprojects = "all"\n'
WEB = CloudReport("prod/eu/web", "failed", "cloud prod/eu/web: it does not answer")
DB = CloudReport("prod/eu/db", "completed", None)


@pytest.fixture
def told_of_an_account(told: Callable[..., list[str]], receiver: Receiver, tmp_path: Path) -> Callable[..., list[str]]:
    write_settings(tmp_path, f'[notify]\nurls = ["{url_of(receiver)}"]\n{ESTATE}')
    return told


def test_clouds_of_an_account_are_told_of_like_others(told_of_an_account: Callable[..., list[str]]) -> None:
    assert told_of_an_account(report("partial", WEB, DB), "changes") == ["failure"]
    assert told_of_an_account(report("partial", WEB, DB), "changes") == []
    assert told_of_an_account(report("completed", replace_status(WEB), DB), "changes") == ["success"]


def test_account_that_could_not_be_asked_is_well_again_when_its_clouds_are_read(
    told_of_an_account: Callable[..., list[str]],
) -> None:
    account = CloudReport("prod", "failed", "cloud prod: the identity service does not answer")
    assert told_of_an_account(report("failed", account)) == ["failure"]
    assert told_of_an_account(report("completed", replace_status(WEB), DB)) == ["success"]


def test_project_that_is_gone_is_told_of_and_is_no_problem_that_lasts(
    told_of_an_account: Callable[..., list[str]], tmp_path: Path
) -> None:
    assert told_of_an_account(report("partial", WEB, DB)) == ["failure"]
    with new_warehouse(tmp_path) as warehouse:
        place = CloudPlace("prod", "eu", "p", "web", None, "https://images", "openstack")
        with warehouse.transaction():
            keep_cloud_within(warehouse, "prod/eu/web", place, datetime(2026, 11, 24))
            mark_gone_within(warehouse, "prod/eu/web", datetime(2026, 11, 25))
    assert told_of_an_account(report("partial", WEB, DB), "changes") == ["failure"]
    assert told_of_an_account(report("completed", DB)) == []
    other = CloudReport("prod/eu/db", "failed", "cloud prod/eu/db: it does not answer")
    assert told_of_an_account(report("failed", other)) == ["failure"]
    assert told_of_an_account(report("completed", DB)) == ["success"]
    assert told_of_an_account(report("failed", other)) == ["failure"]
    assert told_of_an_account(report("partial", WEB, DB)) == ["failure"], "not that all is well"


def test_notice_about_hundreds_of_clouds_can_be_read(
    told_of_an_account: Callable[..., list[str]], receiver: Receiver, tmp_path: Path
) -> None:
    down = [CloudReport(f"prod/eu/{number}", "failed", f"cloud {number} is down") for number in range(200)]
    held = [
        msgspec.structs.replace(cloud, status="partial", withheld_deletions=50, deletions_to_decide=50)
        for cloud in down[:12]
    ]
    well = [CloudReport(f"prod/nl/{number}", "completed", None, new=2, deleted=1) for number in range(200)]
    with new_warehouse(tmp_path) as warehouse:
        settings = load_settings(str(tmp_path / "glanceback.toml"))
        run = Run("r", datetime(2026, 11, 25), "full")
        (failure, withheld) = of_run(report("partial", *down, *held, *well), run, warehouse, settings).notices
        assert failure.title.endswith("run partial: prod/eu/0, prod/eu/1, prod/eu/2 and 197 more")
        assert failure.lines[:2] == ("cloud 0 is down", "cloud 1 is down")
        assert failure.lines[10] == "And 190 more: glanceback sql --query faulty_runs."
        assert "prod/eu/9 and 202 more). See: glanceback status" in failure.lines[11]
        assert len(failure.lines) == 13
        assert "glanceback sync --cloud NAME --accept-deletions" in "".join(withheld.lines)
        tell(of_run(report("partial", *down), run, warehouse, settings), settings)
        (over,) = of_run(report("completed", *map(replace_status, down), *well), run, warehouse, settings).notices
        assert over.lines == ("Run r completed; 400 clouds: 400 new, 200 deleted.",)
