"""One cloud's night into the history, on a real DuckDB file."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from core.errors import WarehouseError
from load.merge import CloudCounts, CloudRun, find_missing, merge, watermarks
from load.missing import Decisions, Missing
from load.runs import begin_run
from tests.load.runs import PROJECT, Runs, image, new_warehouse

CURRENT = "SELECT id, name FROM images ORDER BY id"
HISTORY = "SELECT id, name, seen_to IS NULL, end_reason FROM image_versions ORDER BY id, seen_from"
STAYS = "SELECT id, listing, seen_to IS NULL FROM listing_memberships ORDER BY id, seen_from, listing"


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        yield Runs(warehouse, tmp_path / "stage")


def test_first_night_makes_a_version_of_every_image(nights: Runs) -> None:
    counts = nights.run({"public": [image("a"), image("b")], "private": [image("c")]})
    assert (counts.new, counts.unchanged, counts.deleted) == (3, 0, 0)
    assert nights.rows(CURRENT) == [("a", "image a"), ("b", "image b"), ("c", "image c")]


def test_long_listing_is_added_piece_by_piece(nights: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load.merge._ROWS_A_PIECE", 2)
    public, private = [image(f"a{number}") for number in range(5)], [image(f"b{number}") for number in range(4)]
    nights.run({"public": public, "private": private})
    assert [row[0] for row in nights.rows(HISTORY)] == [one["id"] for one in public + private]
    counts = nights.run({"public": [*public[:3], image("a3", name="changed"), public[4]], "private": private})
    assert (counts.changed, len(nights.rows(HISTORY))) == (1, 10)


def test_same_catalogue_again_adds_no_version_and_no_membership(nights: Runs) -> None:
    catalogue = {"public": [image("a"), image("b")]}
    nights.run(catalogue)
    before = nights.rows(HISTORY), nights.rows(STAYS)
    counts = nights.run(catalogue)
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 2)
    assert (nights.rows(HISTORY), nights.rows(STAYS)) == before


def test_changed_image_ends_its_version_and_begins_one(nights: Runs) -> None:
    nights.run({"public": [image("a")]})
    counts = nights.run({"public": [image("a", name="renamed", updated_at="2026-10-02T00:00:00Z")]})
    assert counts.changed == 1
    assert nights.rows(HISTORY) == [("a", "image a", False, "changed"), ("a", "renamed", True, None)]


def test_change_within_the_same_second_is_found_by_content(nights: Runs) -> None:
    nights.run({"public": [image("a", min_disk=1)]})
    assert nights.run({"public": [image("a", min_disk=2)]}).changed == 1


def test_versions_of_an_image_follow_one_another_without_gap(nights: Runs) -> None:
    for number in range(3):
        nights.run({"public": [image("a", min_disk=number)]})
    gaps = """SELECT count(*) FROM (
        SELECT seen_to, lead(seen_from) OVER (PARTITION BY cloud, id ORDER BY seen_from) AS next FROM image_versions
    ) WHERE next IS NOT NULL AND seen_to IS DISTINCT FROM next"""
    assert nights.rows(gaps) == [(0,)]


def test_missing_image_that_is_gone_is_deleted(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]})
    assert counts.deleted == 1
    assert nights.rows(HISTORY)[-1] == ("b", "image b", False, "deleted")
    assert ("b", "public", False) in nights.rows(STAYS)


def test_missing_image_that_is_still_there_is_kept(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]}, gone=frozenset())
    assert counts.deleted == 0
    assert nights.rows("SELECT id, listings FROM images ORDER BY id") == [("a", ["public"]), ("b", [])]


def test_withheld_deletion_leaves_image_and_membership(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]}, withheld=frozenset({"b"}))
    assert (counts.deleted, counts.withheld_deletions) == (0, 1)
    assert nights.rows("SELECT listings FROM images WHERE id = 'b'") == [(["public"],)]


def test_incomplete_listing_ends_nothing(nights: Runs) -> None:
    nights.run({"public": [image("a")], "private": [image("b")]})
    counts = nights.run({"public": [image("a")], "private": []}, incomplete=("private",))
    assert counts.deleted == 0
    assert nights.rows(CURRENT) == [("a", "image a"), ("b", "image b")]


def test_changes_run_ends_nothing(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    assert nights.run({"public": [image("a")]}, mode="changes").deleted == 0
    assert len(nights.rows(CURRENT)) == 2


def test_changes_run_that_finds_nothing_is_recorded_and_leaves_the_history_as_it_is(nights: Runs) -> None:
    nights.run({"private": [image("a")], "public": [image("b")]})
    history = "FROM image_versions ORDER BY ALL", "FROM listing_memberships ORDER BY ALL"
    before = [nights.rows(query) for query in history]
    counts = nights.run({"private": [], "public": []}, mode="changes")
    assert (counts.new, counts.changed, counts.unchanged, counts.deleted, counts.rejected) == (0, 0, 0, 0, 0)
    assert [nights.rows(query) for query in history] == before
    latest = "run_id = (SELECT max_by(run_id, started_at) FROM runs)"
    assert nights.rows(f"SELECT listing, images, complete FROM run_listings WHERE {latest} ORDER BY ALL") == [
        ("private", 0, True),
        ("public", 0, True),
    ]
    assert nights.rows(f"SELECT new, changed, unchanged, deleted, error FROM run_clouds WHERE {latest}") == [
        (0, 0, 0, 0, None)
    ]


def test_changes_run_keeps_an_image_without_an_id_even_if_it_finds_nothing_else(nights: Runs) -> None:
    nights.run({"private": [image("a")]})
    counts = nights.run({"private": [{"name": "nobody"}]}, mode="changes")
    assert counts.rejected == 1
    assert nights.rows("SELECT id, reason FROM rejects") == [(None, "the image has no usable id")]


def test_full_run_reports_what_changes_runs_had_missed(nights: Runs) -> None:
    nights.run({"public": [image("a")]})
    nights.run({"public": []}, mode="changes", watermark=datetime(2026, 10, 20))
    counts = nights.run(
        {
            "public": [
                image("a", min_disk=9, updated_at="2026-10-10T00:00:00Z"),
                image("b", updated_at="2026-10-30T00:00:00Z"),
            ]
        }
    )
    assert (counts.new, counts.changed, counts.missed_by_changes) == (1, 1, 1)


def test_image_that_went_and_came_back_is_returned(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    nights.run({"public": [image("a")]})
    counts = nights.run({"public": [image("a"), image("b")]})
    assert (counts.new, counts.returned) == (0, 1)
    events = nights.rows("SELECT event FROM image_events WHERE id = 'b' ORDER BY happened_at")
    assert events == [("first seen",), ("deleted",), ("returned",)]


def test_accepted_share_moves_and_gains_no_version(nights: Runs) -> None:
    nights.run({"shared-pending": [image("a")], "shared-accepted": []})
    counts = nights.run({"shared-pending": [], "shared-accepted": [image("a")]})
    assert (counts.unchanged, counts.changed, counts.deleted) == (1, 0, 0)
    assert nights.rows(STAYS) == [("a", "shared-pending", False), ("a", "shared-accepted", True)]


def test_image_that_the_account_shares_is_in_shared_out_once(nights: Runs) -> None:
    ours = image("a", owner=PROJECT)
    counts = nights.run({"shared-pending": [ours], "shared-accepted": [ours, image("b", owner="other")]})
    assert nights.rows(STAYS) == [("a", "shared-out", True), ("b", "shared-accepted", True)]
    assert counts.listing_images.get("shared-pending", 0) == 0


def test_later_reading_of_an_image_counts(nights: Runs) -> None:
    nights.run(
        {"public": [image("a", min_disk=1)], "private": [image("a", min_disk=2, updated_at="2026-10-05T00:00:00Z")]}
    )
    assert nights.rows("SELECT min_disk, listings FROM images") == [(2, ["private", "public"])]


def test_rejects_of_an_image_in_two_listings_are_kept_once(nights: Runs) -> None:
    odd = image("a", min_disk="a lot")
    counts = nights.run({"public": [odd], "private": [odd]})
    assert counts.rejected == 1
    assert nights.rows("SELECT id, attribute, value FROM rejects") == [("a", "min_disk", "a lot")]


def test_watermark_is_that_of_the_last_complete_reading(nights: Runs) -> None:
    nights.run({"public": [image("a")]}, watermark=datetime(2026, 11, 1))
    nights.run({"public": [image("a")]}, watermark=datetime(2026, 11, 2), incomplete=("public",))
    assert watermarks(nights.warehouse, "c") == {"public": datetime(2026, 11, 1)}


def test_images_that_no_listing_shows_are_unlisted_or_end_with_the_second_reading(nights: Runs) -> None:
    states = "SELECT id, name, state, listings FROM images ORDER BY id"
    catalogue = {"public": [image("a")], "private": [image("q")]}
    nights.run({"public": [image("a"), image("b"), image("c")], "private": [image("q"), image("r")]})
    counts = nights.run({**catalogue, "private": [image("q"), image("r")]}, there=(image("b"), image("c", name="old")))
    assert (counts.changed, counts.unchanged, counts.deleted) == (1, 4, 0)
    assert nights.rows(states)[1:3] == [("b", "image b", "unlisted", []), ("c", "old", "unlisted", [])]
    counts = nights.run({**catalogue, "public": [image("a"), image("b")]}, unaskable=True)
    assert (counts.deleted, counts.withheld_deletions) == (0, 0)
    assert [row[2] for row in nights.rows(states)] == ["listed", "listed", "unlisted", "listed", "listed"]
    counts = nights.run(catalogue, unaskable=True)
    assert (counts.deleted, counts.confirmed_by) == (1, "two readings")
    assert nights.rows("SELECT id, end_reason FROM image_versions WHERE id = 'r'") == [("r", "deleted")]
    assert nights.rows("SELECT id, answered_at IS NULL FROM unlisted_images ORDER BY id") == [("b", True), ("c", False)]
    assert nights.rows("SELECT count(*) FROM image_versions WHERE id = 'b'") == [(1,)]


def test_load_that_fails_leaves_nothing_of_the_night(nights: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    nights.run({"public": [image("a")]})
    before = nights.rows(HISTORY), nights.rows(STAYS), nights.rows("SELECT count(*) FROM run_listings")
    run = type(nights.warehouse).run

    def break_at_the_end(self: object, folder: str, file: str, /, **parameters: object) -> None:
        if file == "add_run_cloud":
            raise duckdb.ConstraintException("the disk is full")
        run(nights.warehouse, folder, file, **parameters)

    monkeypatch.setattr(type(nights.warehouse), "run", break_at_the_end)
    with pytest.raises(WarehouseError):
        nights.run({"public": [image("b")]})
    assert (nights.rows(HISTORY), nights.rows(STAYS), nights.rows("SELECT count(*) FROM run_listings")) == before


def test_missing_images_come_with_what_the_decision_needs(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")], "private": [image("c")]})
    run = begin_run(nights.warehouse, "full", "0")
    outcomes = [nights.outcome("public", [image("a")]), nights.outcome("private", [image("c")])]
    missing = find_missing(nights.warehouse, CloudRun(run.run_id, run.started_at, "c", "ims", PROJECT, True, outcomes))
    assert missing.ids == {"b"}
    assert missing.sizes == {"public": 2, "private": 1}
    assert missing.shown == {"public": 1, "private": 1}
    assert missing.controls == {"public": ("a",), "private": ("c",)}
    nothing = CloudRun(run.run_id, run.started_at, "c", "ims", PROJECT, False, outcomes)
    assert find_missing(nights.warehouse, nothing) == Missing()


def test_cloud_of_which_nothing_was_read_is_recorded_with_its_error(nights: Runs) -> None:
    run = begin_run(nights.warehouse, "full", "0")
    nothing = CloudRun(run.run_id, run.started_at, "c", None, None, False, ())
    withheld = Decisions(withheld=frozenset({"a", "b"}))
    counts = CloudCounts(0, 0, 0, 0, 0, 0, withheld_deletions=2, missed_by_changes=0, listing_images={})
    assert merge(nights.warehouse, nothing, withheld, error="no login") == counts
    assert nights.rows("SELECT cloud, withheld_deletions, error FROM run_clouds") == [("c", 2, "no login")]


OPEN_STAYS = "SELECT id, listing FROM listing_memberships WHERE seen_to IS NULL ORDER BY ALL"


@pytest.mark.parametrize(
    ("owner", "visibility", "reason"),
    [
        (PROJECT, "private", "deleted"),
        ("friend", "shared", "gone"),
        ("vendor", "public", "gone"),
        (None, "public", "deleted"),
    ],
)
def test_image_of_another_project_that_answers_404_is_gone_and_not_called_deleted(
    nights: Runs, owner: str | None, visibility: str, reason: str
) -> None:
    nights.run({"public": [image("a", owner=owner, visibility=visibility), image("b")]})
    counts = nights.run({"public": [image("b")]})
    assert counts.deleted == 1
    assert nights.rows("SELECT id, end_reason FROM image_versions WHERE seen_to IS NOT NULL") == [("a", reason)]
    assert nights.rows("SELECT event FROM image_events WHERE id = 'a' ORDER BY happened_at")[-1] == (reason,)
    totals = nights.rows("SELECT sum(deleted), sum(gone) FROM daily_catalogue")
    assert totals == [(1, 0) if reason == "deleted" else (0, 1)]
    assert nights.run({"public": [image("a", owner=owner), image("b")]}).returned == 1


@pytest.mark.parametrize(
    ("dialect", "was", "became", "is_ended"),
    [
        ("ims", "shared-pending", "shared-accepted", True),
        ("ims", "public", "shared-accepted", True),
        ("ims", "market", "public", True),
        ("ims", "private", "public", False),
        ("ims", "public", "private", False),
        ("openstack", "private", "public", True),
        ("openstack", "private", "community", True),
        ("openstack", "public", "hidden", True),
        ("openstack", "hidden", "private", True),
        ("openstack", "shared-rejected", "public", True),
    ],
)
@pytest.mark.parametrize("is_read", [True, False])
def test_listing_that_excludes_the_one_before_ends_the_stay_in_it_in_a_changes_run(
    nights: Runs, dialect: str, was: str, became: str, is_ended: bool, is_read: bool
) -> None:
    nights.dialect = dialect
    moving = image("a", owner="friend")
    nights.run({was: [moving], became: [image("b", owner="friend")]})
    old: dict[str, list[dict[str, object]]] = {was: []} if is_read else {}
    nights.run({became: [moving], **old}, mode="changes")
    stays = [("a", became), ("b", became)] if is_ended else sorted([("a", became), ("a", was), ("b", became)])
    assert nights.rows(OPEN_STAYS) == stays
    ((counted,),) = nights.rows(
        "SELECT sum(images) FROM daily_catalogue WHERE day = (SELECT max(day) FROM daily_catalogue)"
    )
    assert counted == len(stays)


def test_own_image_that_is_shared_hidden_or_published_leaves_the_listing_it_was_in_on_openstack_only(
    nights: Runs,
) -> None:
    own = image("a", owner=PROJECT, visibility="shared")
    nights.run({"private": [own]})
    nights.run({"shared-pending": [own], "shared-accepted": [own]}, mode="changes")
    assert nights.rows(OPEN_STAYS) == [("a", "private"), ("a", "shared-out")]
    nights.dialect = "openstack"
    nights.run({"shared-pending": [own], "shared-accepted": [own]}, mode="changes")
    assert nights.rows(OPEN_STAYS) == [("a", "shared-out")]
