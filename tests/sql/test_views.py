"""The views, on nights with known outcomes."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from load.statements import names, statement
from tests.load.runs import Runs, image, new_warehouse
from transform.attribute import Kind
from transform.dictionary import ATTRIBUTES
from transform.scheme import LINKS

MONDAY, TUESDAY, THURSDAY = (datetime(2026, 11, day, 2) for day in (2, 3, 5))


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        yield Runs(warehouse, tmp_path / "stage")


def test_image_changes_has_a_row_for_each_attribute_that_changed_and_no_other(nights: Runs) -> None:
    before = image("a", min_disk=10, tags=["x"], __os_feature_list={"a": "b"}, mine="1", gone="g", seen_from="theirs")
    after = image(
        "a",
        name="renamed",
        updated_at="2026-11-03T01:00:00Z",
        min_disk=20,
        tags=["x", "y"],
        __os_feature_list={"a": "b"},
        __description="told",
        mine="2",
        here={"new": 1},
        seen_from="ours",
    )
    nights.run({"public": [before, image("b")]}, at=MONDAY)
    nights.run({"public": [after, image("b")]}, at=TUESDAY)
    found = nights.rows("SELECT * EXCLUDE (run_id) FROM image_changes ORDER BY attribute")
    ours = ("c", "a", "renamed", TUESDAY)
    assert found == [
        (*ours, "description", None, "told"),
        (*ours, "gone", "g", None),
        (*ours, "here", None, '{"new":1}'),
        (*ours, "min_disk", "10", "20"),
        (*ours, "mine", "1", "2"),
        (*ours, "name", "image a", "renamed"),
        (*ours, "seen_from", "theirs", "ours"),
        (*ours, "tags", '["x"]', '["x","y"]'),
        (*ours, "updated_at", "2026-10-01 00:00:00", "2026-11-03 01:00:00"),
    ]


def test_image_changes_pairs_each_version_with_the_one_before_it(nights: Runs) -> None:
    for number in range(3):
        nights.run({"public": [image("a", min_disk=number), image("b", min_disk=number * 10)]})
    changes = nights.rows("SELECT id, old_value, new_value FROM image_changes ORDER BY id, changed_at")
    assert changes == [("a", "0", "1"), ("a", "1", "2"), ("b", "0", "10"), ("b", "10", "20")]


def test_image_that_was_deleted_and_returned_is_an_event_and_no_change(nights: Runs) -> None:
    nights.run({"public": [image("a")]})
    nights.run({"public": []})
    nights.run({"public": [image("a", min_disk=5)]})
    assert nights.rows("FROM image_changes") == []
    events = nights.rows("SELECT event FROM image_events ORDER BY happened_at")
    assert events == [("first seen",), ("deleted",), ("returned",)]


def test_daily_catalogue_counts_each_day_also_those_without_a_run(nights: Runs) -> None:
    linux = {"__os_type": "Linux", "__image_size": "100"}
    nights.run({"public": [image("a", **linux), image("b", **linux)], "private": [image("c")]}, at=MONDAY)
    nights.run(
        {"public": [image("a", **linux), image("d", **linux)], "private": [image("c", __os_type="Windows")]}, at=TUESDAY
    )
    nights.run({"public": [image("a", **linux), image("b", **linux)], "private": []}, at=THURSDAY)
    found = nights.rows(
        """SELECT day, listing, os_type, images, new, changed, deleted, returned, bytes FROM daily_catalogue
        ORDER BY listing, os_type NULLS FIRST, day"""
    )
    second, third, fourth, fifth = (date(2026, 11, day) for day in (2, 3, 4, 5))
    assert found == [
        (second, "private", None, 1, 1, 0, 0, 0, 0),
        (third, "private", None, 0, 0, 0, 0, 0, 0),
        (fourth, "private", None, 0, 0, 0, 0, 0, 0),
        (fifth, "private", None, 0, 0, 0, 0, 0, 0),
        (third, "private", "Windows", 1, 0, 1, 0, 0, 0),
        (fourth, "private", "Windows", 1, 0, 0, 0, 0, 0),
        (fifth, "private", "Windows", 0, 0, 0, 1, 0, 0),
        (second, "public", "Linux", 2, 2, 0, 0, 0, 200),
        (third, "public", "Linux", 2, 1, 0, 1, 0, 200),
        (fourth, "public", "Linux", 2, 0, 0, 0, 0, 200),
        (fifth, "public", "Linux", 2, 0, 0, 1, 1, 200),
    ]


def test_daily_catalogue_takes_an_accepted_share_from_one_listing_to_the_other(nights: Runs) -> None:
    nights.run({"shared-pending": [image("a")], "shared-accepted": []}, at=MONDAY)
    nights.run({"shared-pending": [], "shared-accepted": [image("a")]}, at=TUESDAY)
    found = nights.rows("SELECT day, listing, images, new, changed, deleted FROM daily_catalogue ORDER BY ALL")
    assert found == [
        (MONDAY.date(), "shared-pending", 1, 1, 0, 0),
        (TUESDAY.date(), "shared-accepted", 1, 0, 0, 0),
        (TUESDAY.date(), "shared-pending", 0, 0, 0, 0),
    ]


def test_daily_catalogue_agrees_with_images_as_of(nights: Runs) -> None:
    catalogue = [image(f"{number}", __os_type=["Linux", "Windows"][number % 2], size=number) for number in range(20)]
    for number, at in enumerate((MONDAY, TUESDAY, THURSDAY)):
        nights.run({"public": catalogue[number * 3 :], "private": catalogue[: number * 2]}, at=at)
    for at in (MONDAY, TUESDAY, THURSDAY):
        end = datetime.combine(at, datetime.max.time())
        (expected,) = nights.warehouse.execute(
            "SELECT count(*), sum(size) FROM (SELECT size, unnest(listings) FROM images_as_of($end))", {"end": end}
        ).fetchall()
        (found,) = nights.warehouse.execute(
            "SELECT sum(images), sum(bytes) FROM daily_catalogue WHERE day = $day", {"day": at.date()}
        ).fetchall()
        assert found == expected


def test_data_dictionary_explains_every_column_of_images(nights: Runs) -> None:
    nights.run({"public": [image("a", __os_bit="64"), image("b")]}, at=MONDAY)
    nights.run({"public": [image("a", __os_bit="64"), image("b", min_ram=1)]}, at=TUESDAY)
    rows = nights.rows("SELECT column_name, type, meaning, source FROM data_dictionary")
    described = nights.rows("SELECT column_name, column_type FROM (DESCRIBE images)")
    assert [row[:2] for row in rows] == described
    assert all(meaning and source for _, _, meaning, source in rows)
    facts = {
        row[0]: row[1:]
        for row in nights.rows("SELECT column_name, api_name, unit, images, share, first_seen FROM data_dictionary")
    }
    assert facts["os_bit"] == ("__os_bit", "bits", 1, 0.5, MONDAY)
    assert facts["min_ram"] == ("min_ram", "MB", 1, 0.5, TUESDAY)
    assert facts["backup_id"] == ("__backup_id", None, 0, 0.0, None)
    assert facts["listings"] == (None, None, 2, 1.0, MONDAY)
    assert {name for name, (api_name, *_) in facts.items() if api_name} == {one.column for one in ATTRIBUTES}


def test_data_dictionary_of_an_empty_warehouse_has_no_shares(nights: Runs) -> None:
    assert set(nights.rows("SELECT images, share, first_seen FROM data_dictionary")) == {(0, None, None)}


def test_schema_drift_shows_what_nobody_documented_and_what_vanished(nights: Runs) -> None:
    nights.run({"public": [image("a", __os_bit="64", fresh="1", shortlived="s"), image("b", fresh="1")]}, at=MONDAY)
    nights.run({"public": [image("a", fresh="1"), image("b", fresh="1")]}, at=TUESDAY)
    assert nights.rows("FROM schema_drift ORDER BY attribute") == [
        ("c", "fresh", "undocumented", False, 2, MONDAY, None, "1"),
        ("c", "os_bit", "vanished", True, 0, MONDAY, TUESDAY, "64"),
        ("c", "shortlived", "vanished", False, 0, MONDAY, TUESDAY, "s"),
    ]


def test_freshness_tells_the_last_whole_reading_from_the_last_try(nights: Runs) -> None:
    nights.run({"public": [image("a")], "private": []}, at=MONDAY)
    nights.run({"public": [image("a")]}, at=TUESDAY, mode="changes")
    nights.run({"public": [], "private": []}, at=THURSDAY, incomplete=("public",))
    found = nights.rows(
        """SELECT listing, images, last_good_at, last_full_at, last_tried_at, is_good, error FROM freshness
        ORDER BY listing"""
    )
    assert found == [
        ("private", 0, THURSDAY, THURSDAY, THURSDAY, True, None),
        ("public", 1, TUESDAY, MONDAY, THURSDAY, False, "it broke"),
    ]
    ((age, expected),) = nights.rows(
        """SELECT age_hours, epoch(make_timestamp(epoch_us(now())) - last_full_at) / 3600 FROM freshness
        WHERE listing = 'public'"""
    )
    assert age == pytest.approx(expected, abs=0.02)


def test_images_by_run_shows_each_day_as_its_last_run_left_it(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]}, at=MONDAY)
    nights.run({"public": [image("a", name="renamed")], "private": [image("b")]}, at=MONDAY + timedelta(hours=9))
    nights.run({"public": [], "private": [image("b")]}, at=TUESDAY)
    nights.run({"public": [image("a")], "private": []}, at=THURSDAY, there=(image("b"),))
    assert nights.warehouse.columns("images_by_run") == ["day", "as_of", *nights.warehouse.columns("images")]
    days = nights.rows("SELECT DISTINCT day, as_of FROM images_by_run ORDER BY day")
    assert days == [
        (date(2026, 11, 2), MONDAY + timedelta(hours=9)), (date(2026, 11, 3), TUESDAY), (date(2026, 11, 5), THURSDAY)
    ]  # fmt: skip
    for day, as_of in days:
        by_run = nights.rows(f"SELECT * EXCLUDE (day, as_of) FROM images_by_run WHERE day = DATE '{day}' ORDER BY id")
        assert by_run == nights.rows(f"SELECT * FROM images_as_of(TIMESTAMP '{as_of}') ORDER BY id")
    shown = nights.rows("SELECT day, id, name, listings, state FROM images_by_run ORDER BY day, id")
    assert [row[1:] for row in shown] == [
        ("a", "renamed", ["public"], "listed"),
        ("b", "image b", ["private"], "listed"),
        ("b", "image b", ["private"], "listed"),
        ("a", "image a", ["public"], "listed"),
        ("b", "image b", [], "unlisted"),
    ]


def test_sizes_that_tenants_make_up_break_nothing(nights: Runs) -> None:
    largest = 2**63 - 1
    huge = [image(name, __image_size=str(largest), created_at="2026-01-01T00:00:00Z") for name in "abc"]
    nights.run({"public": huge, "private": [image("d", __image_size="7")]}, at=MONDAY)
    nights.run({"public": huge[:2], "private": [image("d", __image_size="7")]}, at=TUESDAY)
    found = nights.rows("SELECT day, listing, bytes FROM daily_catalogue ORDER BY ALL")
    assert [row[1:] for row in found] == [("private", 7), ("public", largest), ("private", 7), ("public", largest)]
    for name in names("page"):
        query = statement("page", name)
        known: dict[str, object] = {"most": 100, "most_ended": 100, "longest": 300, "today": "2026-01-01"}
        given = {key: value for key, value in known.items() if key in query.parameters}
        nights.warehouse.execute(query.text, given or None).fetchall()
    for name in names("queries"):
        if not statement("queries", name).parameters:
            nights.warehouse.execute(statement("queries", name).text).fetchall()


def test_image_texts_has_every_attribute_of_the_dictionary() -> None:
    """A new attribute gets its two entries in sql/views/image_texts.sql, or its changes would be shown nowhere."""
    text = statement("views", "image_texts").text.partition("CREATE")[2]
    columns, texts = re.findall(r"^    \[$(.*?)^    \] AS", text, re.MULTILINE | re.DOTALL)
    wanted = [one for one in ATTRIBUTES if one.column not in {*LINKS, "id"}]
    assert re.findall(r"'(\w+)'", columns) == [one.column for one in wanted]
    assert [entry.strip() for entry in texts.split(",")] == [
        f"to_json({one.column})::VARCHAR" if one.kind is Kind.TAGS else f"{one.column}::VARCHAR" for one in wanted
    ]
