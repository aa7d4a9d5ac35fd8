"""The flow and the command, at a fake cloud that can misbehave."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest

from cli import exit_codes
from core.errors import SettingsError, WarehouseError
from load.statements import statement
from pipeline.report import RunReport
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.clouds.prefect_server import environment_of_a_command
from tests.load.runs import held_by_another_process, new_warehouse
from tests.pipeline.syncing import Orchestrator, sync

FIVE = ("public", "private", "shared-accepted", "shared-pending", "shared-rejected")


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(30):
            running.add(f"{number:03d}", FIVE[number % 5], __os_bit="64", tags=["b", "a"])
        yield running


class Place:
    """A folder with settings for some clouds, whose runs are made by this orchestrator."""

    def __init__(self, folder: Path, orchestrator: Orchestrator = "threads", **clouds: FakeCloud) -> None:
        self.folder = folder
        self.orchestrator = orchestrator
        self.environment: dict[str, str] = {}
        """Of commands, beside ours."""
        self.config = write_settings(
            folder,
            f'orchestrator = "{orchestrator}"\n'
            + "\n".join(
                f'[clouds.{name}]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"\ntries = 1'
                for name, cloud in clouds.items()
            ),
        )

    def run(self, mode: Literal["full", "changes"] = "full", **parameters: Any) -> RunReport:
        return sync(self.config, mode, orchestrator=self.orchestrator, **parameters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "published.duckdb"), read_only=True) as reader:
            return reader.execute(query).fetchall()

    def command(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=environment_of_a_command(GLANCEBACK_CONFIG=self.config, **self.environment, **environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


both_orchestrators = pytest.mark.parametrize("orchestrator", ["threads", "prefect"], indirect=True)
"""For tests of what runs the steps. What a step does is the same with both, and a run with Prefect takes longer."""


@pytest.fixture
def orchestrator(request: pytest.FixtureRequest) -> Orchestrator:
    chosen: Orchestrator = getattr(request, "param", "threads")
    if chosen == "prefect":
        request.getfixturevalue("prefect_home")
    return chosen


@pytest.fixture
def place(tmp_path: Path, cloud: FakeCloud, orchestrator: Orchestrator, request: pytest.FixtureRequest) -> Place:
    made = Place(tmp_path, orchestrator, c=cloud)
    if orchestrator == "prefect":
        made.environment["PREFECT_API_URL"] = request.getfixturevalue("embedded_server")
    return made


@both_orchestrators
def test_sync_prints_one_object_with_the_contracts_keys(place: Place) -> None:
    done = place.command("sync", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"]) == (0, "completed")
    assert report.keys() == {"run_id", "status", "seconds", "clouds", "notices_error"}
    assert report["notices_error"] is None
    (cloud,) = report["clouds"]
    counts = ("new", "changed", "unchanged", "deleted", "returned", "rejected", "withheld_deletions")
    assert {"cloud", "status", "error", "listings", *counts} <= cloud.keys()
    assert [cloud[name] for name in counts] == [30, 0, 0, 0, 0, 0, 0]
    assert cloud["listings"][0] == {"listing": "public", "pages": 2, "images": 6, "complete": True, "error": None}
    assert "Traceback" not in done.stderr


@both_orchestrators
def test_failed_listing_leaves_the_others_and_ends_nothing(place: Place, cloud: FakeCloud) -> None:
    place.run()
    del cloud.images["000"]  # public

    def break_private(asked: Asked) -> Reply | None:
        return Reply(403, b"no") if "owner" in asked.query else None

    cloud.faults.append(break_private)
    cloud.add("new", "public")
    report = place.run()
    found = report.clouds[0]
    assert (report.status, found.status, found.new, found.deleted) == ("partial", "partial", 1, 1)
    (broken,) = [listing for listing in found.listings if not listing.complete]
    assert broken.listing == "private"
    assert "cloud c, listing private, page 1" in str(broken.error)
    assert place.rows("SELECT count(*) FROM images WHERE list_contains(listings, 'private')") == [(6,)]


@both_orchestrators
def test_transient_failure_of_a_listing_is_tried_again(place: Place, cloud: FakeCloud) -> None:
    failures = [Reply(500)]
    cloud.faults.append(lambda asked: failures.pop() if "owner" in asked.query and failures else None)
    assert place.run().status == "completed"


def test_one_cloud_that_is_down_does_not_stop_the_other(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> None:
    dead = FakeCloud("http://127.0.0.1:9")
    report = Place(tmp_path, dead=dead, alive=cloud).run()
    statuses = {found.cloud: (found.status, found.new) for found in report.clouds}
    assert statuses == {"dead": ("failed", 0), "alive": ("completed", 30)}
    assert report.status == "partial"


def test_too_many_vanished_images_are_withheld_until_accepted(place: Place, cloud: FakeCloud) -> None:
    for number in range(40):
        cloud.add(f"p{number:03d}", "public")
    place.run()
    lost = cloud.images["p000"]
    for number in range(20):
        del cloud.images[f"p{number:03d}"]
    withheld = place.run()
    assert (withheld.status, withheld.clouds[0].deleted, withheld.clouds[0].withheld_deletions) == ("partial", 0, 20)
    told = str(withheld.clouds[0].error)
    assert "cloud c: 20 of public (image p000, image p001, image p002, image p003, image p004 and 15 more)" in told
    assert "glanceback sync --cloud c --accept-deletions" in told
    assert "--query withheld_deletions" in told
    assert (withheld.clouds[0].deletions_to_decide, exit_codes.of_report(withheld)) == (20, exit_codes.WITHHELD)
    kept = "SELECT id, reason, withheld_from, run_id FROM withheld_deletions ORDER BY id"
    first = place.rows(kept)
    assert [row[:2] for row in first] == [(f"p{number:03d}", "too many") for number in range(20)]
    cloud.images["p000"] = lost
    again = place.run()
    assert place.rows(kept) == [(*row[:3], again.run_id) for row in first[1:]], "listed again, it is not withheld"
    del cloud.images["p000"]
    place.run(listings=["private"])
    assert len(place.rows(kept)) == 19, "a run of another listing decides nothing"
    accepted = place.run(accept_deletions=True)
    assert (accepted.status, accepted.clouds[0].deleted) == ("completed", 20)
    assert place.rows(kept) == []


def test_status_has_the_words_of_the_report(place: Place, cloud: FakeCloud) -> None:
    def words() -> tuple[str, str]:
        report = place.run()
        ((word, last_run),) = place.rows(
            f"SELECT last_status, last_run FROM ({statement('queries', 'status').text.replace('$now', 'now()')})"
        )
        assert last_run == report.run_id
        return report.clouds[0].status, word

    assert words() == ("completed", "completed")
    cloud.faults.append(lambda asked: Reply(403) if "owner" in asked.query else None)
    assert words() == ("partial", "partial")
    cloud.faults[:] = [lambda asked: Reply(403) if asked.query.get("sort_key") else None]
    assert words() == ("failed", "failed")
    cloud.faults[:] = [lambda asked: Reply(403)]
    assert words() == ("failed", "failed")


@both_orchestrators
def test_load_that_fails_is_the_last_run_of_its_cloud(
    place: Place, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.run()

    def fail(*_: object) -> None:
        raise WarehouseError("the disk is full")

    monkeypatch.setattr("load.merge.keep_withheld", fail)
    report = place.run()
    assert report.status == "failed"
    found = place.rows("SELECT DISTINCT last_run, is_good, error FROM freshness")
    assert found == [(report.run_id, False, "the disk is full")]


def test_run_that_is_killed_is_seen_by_monitors(place: Place, cloud: FakeCloud) -> None:
    place.run()
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", "sync"],
        env=environment_of_a_command(GLANCEBACK_CONFIG=place.config),
        stderr=subprocess.DEVNULL,
    )

    def kill(asked: Asked) -> None:
        running.kill()

    cloud.faults.append(kill)
    running.wait(300)
    cloud.faults.clear()
    ((last_run, is_good),) = place.rows("SELECT DISTINCT last_run, is_good FROM freshness")
    assert (is_good, place.rows("SELECT status FROM runs ORDER BY started_at")) == (
        None,
        [("completed",), ("running",)],
    )
    place.run(listings=["public"])
    assert place.rows(f"SELECT DISTINCT is_good FROM freshness WHERE last_run = '{last_run}'") == [(False,)]


def test_missing_image_that_the_api_still_shows_is_kept(place: Place, cloud: FakeCloud) -> None:
    place.run()
    lost = cloud.images["000"]
    cloud.faults.append(lambda asked: Reply(200, json.dumps(lost).encode()) if asked.path.endswith("/000") else None)
    del cloud.images["000"]
    assert place.run().clouds[0].deleted == 0


def test_listings_that_are_all_empty_against_the_evidence_fail_the_cloud(place: Place, cloud: FakeCloud) -> None:
    place.run()
    cloud.faults.append(
        lambda asked: Reply(200, b'{"images": []}') if asked.query.keys() - {"limit", "sort_key", "sort_dir"} else None
    )
    report = place.run()
    assert report.status == "failed"
    assert "every listing" in str(report.clouds[0].error)
    assert place.rows("SELECT count(*) FROM images") == [(30,)]


def test_only_the_named_listing_is_read(place: Place, cloud: FakeCloud) -> None:
    report = place.run(listings=["public"])
    assert [listing.listing for listing in report.clouds[0].listings] == ["public"]
    assert report.clouds[0].new == 6


def test_moved_share_seen_by_a_run_of_one_listing_is_not_deleted(place: Place, cloud: FakeCloud) -> None:
    place.run()
    cloud.member_status["003"] = "accepted"
    assert place.run(listings=["shared-pending"]).clouds[0].deleted == 0
    place.run()
    assert place.rows("SELECT listings FROM images WHERE id = '003'") == [(["shared-accepted"],)]


def test_bad_values_and_images_without_id_are_kept_in_rejects(place: Place, cloud: FakeCloud) -> None:
    cloud.add("odd", "public", min_disk="huge", invented=[1])
    report = place.run()
    assert report.clouds[0].rejected == 1
    assert place.rows("SELECT id, attribute, value FROM rejects") == [("odd", "min_disk", "huge")]
    assert place.rows("SELECT extra['invented'] FROM images WHERE id = 'odd'") == [("[1]",)]


def test_page_size_and_api_version_are_sent(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    with Path(place.config).open("a") as file:
        file.write('page_size = 7\napi_version = "Queens"\n')
    place.run()
    assert {query["limit"] for query in cloud.asked_listings()} == {"7"}
    assert {asked.api_version for asked in cloud.log} == {"Queens"}


def test_closing_pass_and_changes_run_look_back_by_the_overlap(place: Place, cloud: FakeCloud) -> None:
    place.run(listings=["public"])
    ((watermark,),) = place.rows("SELECT watermark FROM run_listings")
    bound = f"gte:{watermark - timedelta(seconds=300):%Y-%m-%dT%H:%M:%SZ}"
    assert cloud.asked_listings()[-1]["updated_at"] == bound
    place.run("changes", listings=["public"])
    assert cloud.asked_listings()[-1]["updated_at"] == bound


def test_missing_project_is_a_mistake_in_the_settings(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> None:
    config = write_settings(tmp_path, f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"')
    with pytest.raises(SettingsError, match="project_id"):
        sync(config)


@both_orchestrators
def test_warehouse_that_another_process_holds_is_said(place: Place, tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as holder:
        with Path(place.config).open("r+") as file:
            text = file.read()
            file.seek(0)
            file.write("lock_wait_seconds = 0\n" + text)
        with pytest.raises(WarehouseError, match=rf"PID {holder.pid}"):
            place.run()


@both_orchestrators
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_says_so_and_is_marked_failed(place: Place, cloud: FakeCloud, sign: signal.Signals) -> None:
    cloud.largest_page = 1
    environment = environment_of_a_command(GLANCEBACK_CONFIG=place.config, **place.environment)
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", "sync"], env=environment, stderr=subprocess.PIPE, text=True
    )
    sent: list[signal.Signals] = []

    def stop(asked: Asked) -> None:
        if "marker" in asked.query and not sent:
            sent.append(sign)
            running.send_signal(sign)

    cloud.faults.append(stop)
    _, said = running.communicate(timeout=300)
    assert (running.returncode, sent) == (130, [sign])
    assert "glanceback: stopped" in said
    assert "Traceback" not in said
    with duckdb.connect(str(place.folder / "warehouse.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT status FROM runs").fetchall() == [("failed",)]
    # Monitors see it too, though nothing was loaded that could be published.
    assert place.rows("SELECT cloud, error FROM run_targets") == [("c", "the run was interrupted")]
    assert place.rows("SELECT status FROM runs") == [("failed",)]


def test_wrong_usage_is_exit_code_2_and_no_traceback(place: Place) -> None:
    done = place.command("sync", "--listing", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no listing 'nonsense'" in done.stderr


def test_check_says_who_where_and_what(place: Place, cloud: FakeCloud) -> None:
    cloud.largest_page = 4
    done = place.command("check")
    assert done.returncode == 0
    for said in (PROJECT, cloud.url, "dialect:", "ims", "clocks:", "the server's limit is 4", "honoured"):
        assert said in done.stdout
    for listing in FIVE:
        assert f"listing {listing}:" in done.stdout


def test_check_says_what_is_in_the_way(place: Place, cloud: FakeCloud) -> None:
    cloud.faults.append(lambda asked: Reply(403) if "owner" in asked.query else None)
    done = place.command("check")
    assert done.returncode == 1
    assert "PROBLEM:" in done.stdout
    assert "listing private" in done.stdout


def test_warehouse_can_be_read_while_a_published_copy_exists(place: Place, tmp_path: Path) -> None:
    place.run()
    with new_warehouse(tmp_path):
        assert place.rows("SELECT count(*) FROM images") == [(30,)]


def test_warehouse_on_ducklake_does_for_all_commands(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text(config.read_text().replace('"warehouse.duckdb"', '"ducklake:sqlite:lake.sqlite"'))
    assert place.run().status == "completed"
    del cloud.images["000"]
    assert place.run().status == "completed"
    (tmp_path / "published.duckdb").unlink()
    assert place.command("publish").returncode == 0
    done = place.command("sql", "SELECT count(*) AS now FROM images", "--format", "csv")
    assert done.stdout == "now\n29\n", done.stderr
    assert place.command("status").returncode == 0
    replayed = place.command("replay")
    assert replayed.returncode == 0, replayed.stderr
    assert place.rows("SELECT count(*), count(seen_to) FROM image_versions") == [(30, 1)]


def test_run_that_failed_as_a_whole_says_why(cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a cloud that no run ever read, such as a mistyped one, nothing else could say it."""
    place = Place(tmp_path, c=cloud)
    place.run()
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "nowhere.yaml"))
    config = Path(place.config)
    config.write_text(config.read_text(encoding="utf-8") + "\n[clouds.mistyped]\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        place.run(clouds=["mistyped"])
    why = str(caught.value)
    assert "mistyped" in why
    ((run_id, status, error), before) = place.rows("SELECT run_id, status, error FROM runs ORDER BY started_at DESC")
    assert (status, error, before[2]) == ("failed", why, None)
    answer = place.rows(statement("queries", "runs").text)
    assert [(row[0], row[-1]) for row in answer] == [(run_id, why), (before[0], None)]
    faulty = statement("queries", "faulty_runs").text.replace("$since", "'2000-01-01'")
    assert [(row[1], row[4], row[6]) for row in place.rows(faulty)] == [(run_id, None, why)]


def test_run_is_made_without_what_it_can_do_without(
    cloud: FakeCloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A page or metrics whose place is not set lose no run; without landing there is none."""
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    written = config.read_text(encoding="utf-8")
    lost = "".join(f'{name} = "$NOWHERE/{name}"\n' for name in ("dashboard", "metrics"))
    config.write_text(lost + written, encoding="utf-8")
    assert place.run().status == "completed"
    assert f"the page is not made: {config}: dashboard names $NOWHERE, which is not set" in caplog.text
    assert f"no metrics are written: {config}: metrics names $NOWHERE, which is not set" in caplog.text
    for name in ("landing", "end_of_life"):
        config.write_text(re.sub(f"^{name} = .*\n", "", written, flags=re.MULTILINE), encoding="utf-8")
        config.write_text(f'{name} = "$NOWHERE/x"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
        asked = len(cloud.log)
        with pytest.raises(SettingsError, match=f"{name} names [$]NOWHERE"):
            place.run()
        assert len(cloud.log) == asked
