"""Clouds and listings that are no longer read, and clouds with another name: the history, and its replay."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from cli.main import main
from core.errors import SettingsError, WarehouseError
from extract.account import CloudSettings
from load.guard import Guard
from load.records import kept_runs, remove_old
from load.warehouse import Warehouse
from pipeline.replay import replay
from pipeline.retirement import rename, retire
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, fake_cloud
from tests.load.runs import new_warehouse
from tests.pipeline.runs import night

TABLES = (
    *("image_versions", "listing_memberships", "run_listings", "run_clouds", "rejects", "retirements", "renames"),
    *("run_targets", "late_ends", "missed_images", "unlisted_images"),
)
CURRENT = "SELECT cloud, id FROM images ORDER BY ALL"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for identity in ("a", "b"):
            running.add(identity, "public")
        running.add("c", "private")
        running.add("d", "shared-pending")
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_settings(tmp_path, ""))


def read(settings: Settings, cloud: FakeCloud, name: str = "c", listings: tuple[str, ...] = ()) -> None:
    account = CloudSettings(
        name, auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1, listings=listings, dialect="ims"
    )
    with new_warehouse(Path(str(settings.warehouse)).parent) as warehouse:
        night(warehouse, account, settings.landing, Guard(emptied=100))


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with Warehouse(settings.warehouse) as warehouse:
        return warehouse.execute(query).fetchall()


def history(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    with Warehouse(settings.warehouse) as warehouse:
        return {table: warehouse.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


def same_after_replay(settings: Settings, *, lost: bool = False) -> None:
    before = history(settings)
    if lost:
        settings.warehouse.unlink()  # type: ignore[union-attr]
    replay(settings)
    assert history(settings) == before


@pytest.mark.parametrize("lost", [False, True])
def test_retired_cloud_has_ended_and_a_replay_ends_it_in_its_place(
    settings: Settings, cloud: FakeCloud, lost: bool
) -> None:
    read(settings, cloud, "old")
    read(settings, cloud, "c")
    assert retire(settings, "old", None) == {"old": 4}
    assert {name for name, _ in rows(settings, CURRENT)} == {"c"}
    assert rows(settings, "SELECT DISTINCT event, run_id = by_run FROM image_events WHERE event = 'retired'") == [
        ("retired", True)
    ]
    with duckdb.connect(str(settings.published), read_only=True) as reader:
        assert reader.execute("SELECT DISTINCT cloud FROM images").fetchall() == [("c",)]
    cloud.add("a", "public", name="changed")
    read(settings, cloud, "c")
    read(settings, cloud, "old")
    assert rows(
        settings, "SELECT new, returned FROM run_clouds JOIN runs USING (run_id) ORDER BY started_at DESC LIMIT 1"
    ) == [(0, 4)]
    retire(settings, "old", None)
    same_after_replay(settings, lost=lost)


def test_retired_listing_ends_only_what_nothing_else_shows(settings: Settings, cloud: FakeCloud) -> None:
    cloud.add("own", "private", visibility="shared")
    read(settings, cloud)
    with Warehouse(settings.warehouse) as warehouse:
        warehouse.execute(
            "INSERT INTO listing_memberships SELECT cloud, id, 'shared-out', seen_from, NULL FROM listing_memberships"
            " WHERE id = 'own'"
        )
    assert retire(settings, "c", "private") == {"c": 1}
    assert retire(settings, "c", "shared-pending") == {"c": 1}
    assert [row[1] for row in rows(settings, CURRENT)] == ["a", "b", "own"]
    assert retire(settings, "c", "shared-accepted") == {"c": 0}
    assert retire(settings, "c", "shared-rejected") == {"c": 1}
    assert [row[1] for row in rows(settings, CURRENT)] == ["a", "b"]
    read(settings, cloud, listings=("public",))
    assert [row[1] for row in rows(settings, CURRENT)] == ["a", "b"]


@pytest.mark.parametrize("lost", [False, True])
def test_image_that_was_unlisted_before_ends_when_the_last_listing_that_had_shown_it_is_retired(
    settings: Settings, cloud: FakeCloud, lost: bool
) -> None:
    """It left the listing, but still answers by id."""
    cloud.add("e", "public", owner=PROJECT)
    read(settings, cloud)
    for identity in ("a", "c", "e"):
        cloud.images[identity] |= {"owner": "somebody else's project", "protected": False}
    read(settings, cloud)
    assert rows(settings, "SELECT id FROM images WHERE state = 'unlisted' ORDER BY id") == [("a",), ("c",), ("e",)]
    ended = [retire(settings, "c", listing)["c"] for listing in ("shared-pending", "private", "public")]
    assert ended == [1, 1, 3], "e was in both listings"
    assert rows(settings, CURRENT) == []
    events = rows(settings, "SELECT id, after_run, by_run FROM image_events WHERE event = 'retired' ORDER BY id")
    _, second, *retirements = [run for (run,) in rows(settings, "SELECT run_id FROM runs ORDER BY started_at")]
    by_run = {"a": 2, "b": 2, "c": 1, "d": 0, "e": 2}
    assert events == [(identity, second, retirements[number]) for identity, number in by_run.items()]
    assert rows(settings, "FROM unlisted_images") == []
    same_after_replay(settings, lost=lost)


def test_unknown_clouds_and_listings_are_refused_and_leave_no_run(settings: Settings, cloud: FakeCloud) -> None:
    read(settings, cloud)
    for attempt in (
        lambda: retire(settings, "x", None),
        lambda: retire(settings, "c", "market"),
        lambda: rename(settings, "x", "y"),
        lambda: rename(settings, "c", "c"),
    ):
        with pytest.raises(SettingsError):
            attempt()
    assert rows(settings, "SELECT mode FROM runs") == [("full",)]


@pytest.mark.parametrize("lost", [False, True])
def test_renamed_cloud_keeps_its_history_and_a_replay_knows_both_names(
    settings: Settings, cloud: FakeCloud, lost: bool
) -> None:
    read(settings, cloud, "old")
    rename(settings, "old", "middle")
    cloud.add("a", "public", name="changed")
    read(settings, cloud, "middle")
    rename(settings, "middle", "new")
    cloud.images.pop("b")
    read(settings, cloud, "new")
    retire(settings, "new", "private")
    read(settings, cloud, "old")  # another cloud now, with the name of before
    for table in ("image_versions", "run_clouds", "run_listings", "listing_memberships"):
        assert rows(settings, f"SELECT DISTINCT cloud FROM {table} ORDER BY 1") == [("new",), ("old",)]
    events = rows(settings, "SELECT event FROM image_events WHERE id = 'a' AND cloud = 'new' ORDER BY happened_at")
    assert events == [("first seen",), ("changed",)]
    same_after_replay(settings, lost=lost)


def test_what_was_read_under_the_new_name_already_is_put_together(settings: Settings, cloud: FakeCloud) -> None:
    read(settings, cloud, "old")
    cloud.add("a", "public", name="changed")
    cloud.images.pop("b")
    cloud.add("e", "public")
    read(settings, cloud, "new")
    rename(settings, "old", "new")
    assert rows(settings, CURRENT) == [("new", identity) for identity in "abcde"], "the next full run asks for b"
    assert rows(settings, "SELECT event FROM image_events WHERE id = 'a' ORDER BY happened_at") == [
        ("first seen",),
        ("changed",),
    ]
    assert rows(
        settings, "SELECT new, changed, unchanged FROM run_clouds JOIN runs USING (run_id) ORDER BY started_at"
    ) == [(4, 0, 0), (1, 1, 2)]
    same_after_replay(settings)
    read(settings, cloud, "new")
    assert rows(settings, CURRENT) == [("new", "a"), ("new", "c"), ("new", "d"), ("new", "e")]


def test_clouds_that_were_read_side_by_side_are_two(settings: Settings, cloud: FakeCloud) -> None:
    for name in ("old", "new", "old"):
        read(settings, cloud, name)
    before = history(settings)
    with pytest.raises(SettingsError, match="two clouds"):
        rename(settings, "old", "new")
    assert history(settings) == before


def test_renaming_onto_a_cloud_without_pages_is_refused_and_changes_nothing(
    settings: Settings, cloud: FakeCloud
) -> None:
    read(settings, cloud, "old")
    read(settings, cloud, "new")
    shutil.rmtree(settings.landing)  # type: ignore[arg-type]
    before = history(settings)
    with pytest.raises(SettingsError, match="retire old"):
        rename(settings, "old", "new")
    assert history(settings) == before


def test_landing_of_a_renamed_cloud_is_removed_when_it_is_old(settings: Settings, cloud: FakeCloud) -> None:
    read(settings, cloud, "old")
    rename(settings, "old", "new")
    kept = [run.run_id for run in kept_runs(settings.landing)]
    with Warehouse(settings.warehouse) as warehouse:
        now = rows_now(warehouse)
        assert sorted(remove_old(settings.landing, warehouse, now, 30)) == sorted(kept)


def rows_now(warehouse: Warehouse) -> Any:
    ((now,),) = warehouse.execute("SELECT max(started_at) + INTERVAL 40 DAY FROM runs").fetchall()
    return now


def test_neither_waits_for_ever_for_a_run_that_goes_on(settings: Settings, cloud: FakeCloud) -> None:
    read(settings, cloud)
    held = f"c = duckdb.connect({str(settings.warehouse)!r}); print('ready', flush=True); sys.stdin.read()"
    script = f"import duckdb, sys; {held}"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        for attempt in (
            lambda: retire(replace(settings, lock_wait_seconds=0), "c", None),
            lambda: rename(replace(settings, lock_wait_seconds=0), "c", "d"),
        ):
            with pytest.raises(WarehouseError, match="lock"):
                attempt()
        holder.communicate()
    assert {name for name, _ in rows(settings, CURRENT)} == {"c"}


def test_commands_say_what_they_did(settings: Settings, cloud: FakeCloud) -> None:
    read(settings, cloud)
    config = ["--config", settings.source]
    renamed = CliRunner().invoke(main, ["rename", "c", "k", *config])
    assert (renamed.exit_code, renamed.stderr) == (0, "renamed cloud c to k\n")
    retired = CliRunner().invoke(main, ["retire", "k", *config])
    assert (retired.exit_code, retired.stderr) == (0, "retired cloud k: 4 images ended\n")
    for name in ("prod/eu/a", "prod/eu/b", "prod/nl/a"):
        read(settings, cloud, name)
    with Path(settings.source).open("a") as file:
        file.write('[clouds.prod]\nprojects = "all"\n')
    several = CliRunner().invoke(main, ["retire", "prod/eu/*", *config])
    read_again = "if the account of prod still has it, the next run reads it again"
    assert (several.exit_code, several.stderr.splitlines()) == (
        0,
        [
            "retired cloud prod/eu/a: 4 images ended", read_again,
            "retired cloud prod/eu/b: 4 images ended", read_again,
        ],
    )  # fmt: skip
    with duckdb.connect(str(settings.published), read_only=True) as published:
        assert published.execute("SELECT DISTINCT cloud FROM images").fetchall() == [("prod/nl/a",)]
    nothing = CliRunner().invoke(main, ["retire", "prod/*", "market", *config])
    assert (nothing.exit_code, "no listing 'market' of cloud prod/* was ever read" in nothing.stderr) == (2, True)
    unknown = CliRunner().invoke(main, ["retire", "nowhere", *config])
    assert unknown.exit_code == 2
    assert "It knows: k, prod/eu/a, prod/eu/b, prod/nl/a." in unknown.stderr
