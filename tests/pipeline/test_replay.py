"""The history rebuilt from landing: the same versions, memberships, rejects and records, run by run."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import storage
from core.errors import GlancebackError, SettingsError
from extract.account import CloudSettings
from load.guard import Guard
from load.records import KeptRun, keep_run, kept_runs, remove_old, targets_of
from load.runs import begin_run, fail_target, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.cloud_loading import load_cloud
from pipeline.replay import replay
from pipeline.retirement import rename
from pipeline.session import open_session
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.load.runs import new_warehouse
from tests.pipeline.runs import night
from tests.pipeline.test_sync import Place

TABLES = (
    *("image_versions", "listing_memberships", "run_listings", "run_clouds", "run_targets", "rejects"),
    *("late_ends", "missed_images", "unlisted_images", "withheld_deletions"),
)
FORBIDDEN = Reply(403)


@contextmanager
def furnished_cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 3
        for number in range(12):
            running.add(f"{number:02d}", "public" if number % 2 else "private")
        running.add("odd", "public", min_disk="huge", invented={"a": 1})
        yield running


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with furnished_cloud() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_settings(tmp_path, ""))


def run_night(settings: Settings, cloud: FakeCloud, name: str = "c") -> None:
    account = CloudSettings(name, auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1)
    with new_warehouse(Path(str(settings.warehouse)).parent) as warehouse:
        night(warehouse, account, settings.landing, Guard(emptied=100))


def history(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    with Warehouse(settings.warehouse) as warehouse:
        return {table: warehouse.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with Warehouse(settings.warehouse) as warehouse:
        return warehouse.execute(query).fetchall()


@pytest.fixture(scope="module")
def after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    with furnished_cloud() as cloud:
        run_night(load_settings(write_settings(folder, "")), cloud)
    return folder


@pytest.fixture
def one_night(after_one_night: Path, settings: Settings) -> None:
    """Has the first night been at the cloud."""
    copy_to(settings, after_one_night)


@pytest.fixture(scope="module")
def after_five_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New, changed, deleted and returned images, a moved one, a marker that vanished, a listing that failed."""
    folder = tmp_path_factory.mktemp("five")
    settings = load_settings(write_settings(folder, ""))
    with furnished_cloud() as cloud:
        live_through_five_nights(settings, cloud)
    return folder


@pytest.fixture
def five_nights(after_five_nights: Path, settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    copy_to(settings, after_five_nights)
    return history(settings)


def copy_to(settings: Settings, folder: Path) -> None:
    shutil.copytree(folder, Path(settings.source).parent, dirs_exist_ok=True)


def live_through_five_nights(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    cloud.add("00", name="changed")
    gone = cloud.images.pop("01")
    run_night(settings, cloud)
    cloud.images["01"] = gone
    cloud.add("02", "public")

    def vanish(asked: Asked) -> None:
        if asked.query.get("marker") == "06" and "owner" in asked.query:
            cloud.images.pop("06", None)
            cloud.add("04", name="changed behind the marker")

    cloud.faults.append(vanish)
    run_night(settings, cloud)
    cloud.faults[:] = [lambda asked: FORBIDDEN if "owner" in asked.query else None]
    run_night(settings, cloud)
    cloud.faults.clear()
    cloud.add("new")
    run_night(settings, cloud)


def test_replay_gives_the_same_history(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, five_nights: dict[str, list[tuple[Any, ...]]]
) -> None:
    monkeypatch.setattr(storage, "has", None)  # a store answers for a whole folder as fast as for one file
    done = replay(settings)
    assert (done.runs, done.cloud_runs) == (5, 5)
    assert history(settings) == five_nights


def test_replay_rebuilds_a_warehouse_that_was_lost(
    settings: Settings, five_nights: dict[str, list[tuple[Any, ...]]]
) -> None:
    Path(str(settings.warehouse)).unlink()
    replay(settings)
    assert history(settings) == five_nights
    with Warehouse(settings.warehouse) as warehouse:
        modes = warehouse.execute("SELECT mode, status FROM runs ORDER BY started_at").fetchall()
    assert modes == [("full", "completed")] * 5 + [("replay", "completed")]


def test_replay_leaves_what_landing_no_longer_holds_as_it_is(
    settings: Settings, five_nights: dict[str, list[tuple[Any, ...]]]
) -> None:
    for kept in kept_runs(settings.landing)[:2]:
        storage.remove(settings.landing / kept.run_id)
    assert replay(settings).runs == 3
    assert history(settings) == five_nights


def test_replay_loads_a_night_whose_load_had_failed(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    whole = history(settings)
    Path(str(settings.warehouse)).unlink()
    with Warehouse(settings.warehouse) as warehouse:
        bring_up_to_date(warehouse, "0")
    replay(settings)
    assert history(settings) == whole


def test_replay_after_a_load_that_failed_with_deletions_confirmed(
    settings: Settings, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_night(settings, cloud)
    del cloud.images["01"]
    cloud.add("only-then", "private")
    with monkeypatch.context() as broken:
        broken.setattr("load.merge._add_versions", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_night(settings, cloud)
    del cloud.images["only-then"]
    cloud.add("after", "private")
    run_night(settings, cloud)
    del cloud.images["02"]
    run_night(settings, cloud)
    current = rows(settings, "SELECT id FROM images ORDER BY id")
    nights = [kept.run_id for kept in kept_runs(settings.landing)]
    ends = "SELECT id, run_to FROM image_versions WHERE end_reason <> 'changed' ORDER BY seen_to"
    counts = "SELECT deleted, confirmed_by FROM run_clouds JOIN runs USING (run_id) ORDER BY started_at"
    for is_lost in (False, False, True, False):
        if is_lost:
            Path(str(settings.warehouse)).unlink()
        replay(settings)
        assert rows(settings, "SELECT id FROM images ORDER BY id") == current
        assert rows(settings, ends) == [("01", nights[1]), ("only-then", nights[2]), ("02", nights[3])]
        assert rows(settings, counts) == [(0, None), (1, "by id"), (1, "by id, replay"), (1, "by id")]


def test_replay_of_a_damaged_page_changes_nothing(
    settings: Settings, five_nights: dict[str, list[tuple[Any, ...]]]
) -> None:
    assert isinstance(settings.landing, Path)
    (page, *_) = sorted(settings.landing.glob("*/c/public/page-*"))
    os.truncate(page, 10)
    with pytest.raises(GlancebackError, match="public cannot be read") as caught:
        replay(settings)
    with Warehouse(settings.warehouse) as warehouse:
        why = warehouse.execute("SELECT status, error FROM runs WHERE mode = 'replay'").fetchall()
    assert why == [("failed", str(caught.value))]
    assert history(settings) == five_nights


def test_replay_with_an_empty_landing_is_a_mistake(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="does not have a run that can be loaded"):
        replay(settings)


def test_replay_of_clouds_with_alike_names_keeps_them_apart(settings: Settings, cloud: FakeCloud) -> None:
    accounts = [
        CloudSettings(name, auth_type="none", endpoint=cloud.url, project_id=PROJECT) for name in ("a/b", "a_b")
    ]
    with Warehouse(settings.warehouse) as warehouse:
        bring_up_to_date(warehouse, "0")
        for account in accounts:
            night(warehouse, account, settings.landing)
    before = history(settings)
    replay(settings)
    assert history(settings) == before


def test_old_runs_are_removed_from_landing_once_loaded(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud)
    run_night(settings, cloud)
    first, second = kept_runs(settings.landing)
    with Warehouse(settings.warehouse) as warehouse:
        assert remove_old(settings.landing, warehouse, first.started_at + timedelta(days=30), 30) == []
        warehouse.execute(f"DELETE FROM run_clouds WHERE run_id = '{second.run_id}'")  # as if its load had failed
        assert remove_old(settings.landing, warehouse, datetime(2100, 1, 1), 30) == [first.run_id]
    assert [kept.run_id for kept in kept_runs(settings.landing)] == [second.run_id]


@pytest.mark.usefixtures("one_night")
def test_run_that_was_killed_while_it_read_is_removed_and_what_is_no_run_stays(settings: Settings) -> None:
    assert isinstance(settings.landing, Path)
    killed, theirs = settings.landing / "20200101T020000Z-abcd", settings.landing / "keep-this"
    for folder in (killed, theirs):
        (folder / "c" / "public").mkdir(parents=True)
        (folder / "c" / "public" / "page-000001.json.zst").write_bytes(b"")
    with Warehouse(settings.warehouse) as warehouse:
        assert remove_old(settings.landing, warehouse, datetime(2026, 11, 25), 30) == [killed.name]
    assert theirs.exists()


def test_only_old_runs_are_looked_into(settings: Settings, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store is asked for each folder, and at four runs an hour there are thousands."""
    for _ in range(3):
        run_night(settings, cloud)
    looked: list[storage.Place] = []
    real = storage.subfolders

    def list_folder(folder: storage.Place) -> Sequence[storage.Place]:
        looked.append(folder)
        return real(folder)

    monkeypatch.setattr(storage, "subfolders", list_folder)
    monkeypatch.setattr(storage, "get", lambda file: 1 / 0)
    with Warehouse(settings.warehouse) as warehouse:
        assert remove_old(settings.landing, warehouse, datetime(2026, 11, 25), 30) == []
    assert looked == [settings.landing]


@pytest.mark.usefixtures("one_night")
def test_run_that_still_goes_on_is_not_removed(settings: Settings) -> None:
    with Warehouse(settings.warehouse) as warehouse:
        warehouse.execute("UPDATE runs SET status = 'running'")
        assert remove_old(settings.landing, warehouse, datetime(2100, 1, 1), 0) == []


def test_command_says_what_was_loaded_again(tmp_path: Path, cloud: FakeCloud, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    place.run()
    done = place.command("replay")
    assert (done.returncode, done.stdout) == (0, "")
    assert "runs loaded again: 1, since" in done.stderr
    assert place.rows("SELECT count(*) FROM images") == [(13,)]


@pytest.mark.parametrize(
    ("name", "damage", "match"),
    [
        ("c/public/manifest.jsonl", lambda text: text[: text.rindex(b"\n", 0, -1) + 1], "ends after line"),
        ("c/public/manifest.jsonl", lambda text: text[text.index(b"\n") + 1 :], "line 1, does not follow"),
        ("c/public/manifest.jsonl", lambda text: text.replace(b'"count":3', b'"count":2', 1), "line 1: it is not what"),
        ("c/public/page-000001.json.zst", lambda text: text + b"\0", "page-000001.json.zst is not what was written"),
        ("c/public/reading.json", lambda text: text.replace(b"2026", b"2025"), "reading.json is not|hash differs"),
        ("c/night.json", lambda text: text.replace(b'"images":6', b'"images":5'), "night.json cannot be read .*hash"),
        ("run.json", lambda text: text.replace(b"full", b"fuII"), "run.json cannot be read .*hash"),
    ],
)
@pytest.mark.usefixtures("one_night")
def test_replay_refuses_what_is_not_what_was_written_and_names_it(
    settings: Settings, name: str, damage: Callable[[bytes], bytes], match: str
) -> None:
    before = history(settings)
    file = Path(str(settings.landing)) / kept_runs(settings.landing)[0].run_id / name
    damaged = damage(file.read_bytes())
    assert damaged != file.read_bytes()
    file.write_bytes(damaged)
    with pytest.raises(GlancebackError, match=match):
        replay(settings)
    assert history(settings) == before


def test_replay_refuses_a_night_in_another_ones_place(settings: Settings, cloud: FakeCloud) -> None:
    for _ in range(2):
        run_night(settings, cloud)
    first, second = (Path(str(settings.landing)) / kept.run_id / "c" for kept in kept_runs(settings.landing))
    (second / "night.json").write_bytes((first / "night.json").read_bytes())
    with pytest.raises(GlancebackError, match=r"night\.json is not what was written: .*run\.json"):
        replay(settings)
    (second / "night.json").unlink()
    with pytest.raises(GlancebackError, match=r"night\.json is missing"):
        replay(settings)


@pytest.mark.usefixtures("one_night")
def test_landing_of_old_is_replayed_as_it_is(settings: Settings) -> None:
    before = history(settings)
    unseal(Path(str(settings.landing)))
    replay(settings)
    assert history(settings) == before


def unseal(landing: Path) -> None:
    """Make a landing as it was written before lines and records had hashes."""
    for file in [*landing.glob("*/run.json"), *landing.glob("*/*/night.json"), *landing.glob("*/*/*/*.json*")]:
        if file.name == "head.json":
            file.unlink()
        elif not file.name.startswith("page-"):
            lines = map(json.loads, file.read_text().splitlines())
            new = ("hash", "heads", "nights", "previous", "sha256", "file_sha256")
            old = [{key: value for key, value in line.items() if key not in new} for line in lines]
            file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in old))


def test_replay_of_one_machines_landing_touches_only_the_clouds_whose_runs_it_holds(
    settings: Settings, cloud: FakeCloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In a warehouse that several machines write: ours reads `ours`, another one `theirs`, and `both` before us."""
    elsewhere = replace(settings, given_landing=tmp_path / "landing of the other machine")
    run_night(settings, cloud, "both")
    for machine, name in ((settings, "ours"), (elsewhere, "theirs"), (elsewhere, "both")):
        run_night(machine, cloud, name)
    cloud.add("00", name="changed")
    cloud.images.pop("01")
    for machine, name in ((elsewhere, "theirs"), (settings, "ours")):
        run_night(machine, cloud, name)
    before = history(settings)
    with Warehouse(settings.warehouse) as warehouse:
        of_others = "FROM image_versions WHERE seen_to IS NULL AND cloud <> 'ours'"
        now = "(SELECT max(started_at) FROM runs)"
        for spoiled in (
            "UPDATE image_versions SET name = 'not what the pages say'",
            "DELETE FROM listing_memberships WHERE id = '05' AND cloud <> 'ours'",  # of a version that is called listed
            f"INSERT INTO unlisted_images SELECT cloud, id, {now}, {now}, false {of_others}",
            f"INSERT INTO withheld_deletions SELECT cloud, id, 'too many', {now}, 'r' {of_others}",
            f"INSERT INTO missed_images SELECT cloud, id, {now} {of_others}",
            f"INSERT INTO late_ends SELECT cloud, id, {now}, {now}, NULL {of_others}",
        ):
            warehouse.execute(spoiled)
    spoiled_history = history(settings)
    with caplog.at_level("INFO"):
        done = replay(settings)
    assert (done.runs, done.cloud_runs) == (2, 2)
    assert "cloud both stays as it is" in caplog.text
    after = history(settings)
    for table in TABLES:
        number = 1 if table.startswith("run_") or table == "rejects" else 0
        for expected, is_ours in ((before[table], True), (spoiled_history[table], False)):
            assert [row for row in after[table] if (row[number] == "ours") == is_ours] == [
                row for row in expected if (row[number] == "ours") == is_ours
            ], table


@pytest.mark.usefixtures("one_night")
def test_lost_warehouse_has_the_runs_that_loaded_nothing_too(settings: Settings) -> None:
    with Warehouse(settings.warehouse) as warehouse:
        run = begin_run(warehouse, "full", "0", {"c": True})
        fail_target(warehouse, run, "c", "the cloud does not answer")
        finished_at = finish_run(warehouse, run, "failed")
        targets = targets_of(warehouse, run.run_id)
    keep_run(settings.landing, KeptRun(run.run_id, run.started_at, "full", "0", "failed", finished_at, targets=targets))
    query = """SELECT run_id, mode, status, started_at, finished_at, cloud, run_targets.error
        FROM runs LEFT JOIN run_targets USING (run_id) WHERE mode <> 'replay' ORDER BY started_at"""
    before = rows(settings, query)
    assert "the cloud does not answer" in before[1]
    for is_lost in (False, True):
        if is_lost:
            Path(str(settings.warehouse)).unlink()
        replay(settings)
        assert rows(settings, query) == before


def test_what_each_run_was_to_read_is_in_landing(settings: Settings, cloud: FakeCloud) -> None:
    run_night(settings, cloud, "old")
    with Warehouse(settings.warehouse) as warehouse:
        run = begin_run(warehouse, "full", "0", {"old": False})
        fail_target(warehouse, run, "old", "the disk is full")
        kept = KeptRun(run.run_id, run.started_at, "full", "0", targets=targets_of(warehouse, run.run_id))
        account = CloudSettings("old", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1)
        load_cloud(warehouse, open_session(account), run, [], Guard(), settings.landing)
        finish_run(warehouse, run, "failed")
    keep_run(settings.landing, kept)
    rename(settings, "old", "new")
    targets = rows(settings, "SELECT cloud, is_whole, error FROM run_targets ORDER BY is_whole")
    assert targets == [("new", False, "the disk is full"), ("new", True, None)]
    Path(str(settings.warehouse)).unlink()
    replay(settings)
    assert rows(settings, "SELECT cloud, is_whole, error FROM run_targets ORDER BY is_whole") == targets
