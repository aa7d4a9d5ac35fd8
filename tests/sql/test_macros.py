"""The macros, on nights with known outcomes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.load.runs import Runs, image, new_warehouse


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        yield Runs(warehouse, tmp_path / "stage")


def test_images_as_of_shows_what_images_showed_then(nights: Runs) -> None:
    shown = []
    for catalogue in (
        {"public": [image("a"), image("b")]},
        {"public": [image("a", name="renamed")], "private": [image("b")]},
        {"public": [image("a", name="renamed")]},
        {"public": [image("a", name="renamed"), image("b", min_disk=1)]},
    ):
        nights.run(catalogue)
        ((start,),) = nights.rows("SELECT max(started_at) FROM runs")
        shown.append((start, nights.rows("SELECT * FROM images ORDER BY id")))
    for start, images in shown:
        ts = {"ts": start}
        found = nights.warehouse.execute("SELECT * FROM images_as_of($ts) ORDER BY id", ts).fetchall()
        assert len(found) == len(images)
        assert [row[:3] for row in found] == [row[:3] for row in images]
        assert [row[-5:-1] for row in found] == [row[-5:-1] for row in images], "listings, first_seen, bytes, system"
        assert nights.warehouse.execute("SELECT count(*) FROM images_as_of($ts)", ts).fetchall() == [(len(images),)]
    before = {"ts": shown[0][0] - timedelta(microseconds=1)}
    assert nights.warehouse.execute("SELECT * FROM images_as_of($ts)", before).fetchall() == []


def test_images_as_of_has_the_columns_of_images(nights: Runs) -> None:
    columns = nights.warehouse.columns
    assert columns("(FROM images_as_of(now()::TIMESTAMP))") == columns("images")


def test_catalogue_diff_compares_two_moments_whatever_lay_between(nights: Runs) -> None:
    first = {"public": [image("a", mine="1"), image("b"), image("c"), image("e")], "shared-pending": [image("s")]}
    between = {"public": [image("a", mine="9"), image("c", min_disk=5), image("x")], "shared-pending": [image("s")]}
    last = {"public": [image("a", mine="2"), image("c"), image("d"), image("e")], "shared-accepted": [image("s")]}
    for day, catalogue in enumerate((first, between, {"shared-pending": [], **last}), 2):
        nights.run(catalogue, at=datetime(2026, 11, day, 2))
    found = nights.rows(
        """SELECT id, event, attribute, old_value, new_value
        FROM catalogue_diff(TIMESTAMP '2026-11-02 12:00', TIMESTAMP '2026-11-04 12:00') ORDER BY id"""
    )
    assert found == [
        ("a", "changed", "mine", "1", "2"),
        ("b", "removed", None, None, None),
        ("d", "added", None, None, None),
        ("s", "moved", "listings", '["shared-pending"]', '["shared-accepted"]'),
    ]
    backwards = nights.rows(
        """SELECT id, event, attribute, old_value, new_value
        FROM catalogue_diff(TIMESTAMP '2026-11-04 12:00', TIMESTAMP '2026-11-02 12:00') ORDER BY id"""
    )
    assert [row[:2] for row in backwards] == [("a", "changed"), ("b", "added"), ("d", "removed"), ("s", "moved")]
    same = "FROM catalogue_diff(TIMESTAMP '2026-11-04 12:00', TIMESTAMP '2026-11-04 13:00')"
    assert nights.rows(same) == []


def test_cloud_is_compared_from_its_first_reading_on(nights: Runs) -> None:
    """Nobody knows what was there before. What another cloud had then does not count for it."""
    nights.run({"public": [image("old")]}, at=datetime(2026, 10, 1, 2))
    for table in ("image_versions", "listing_memberships", "run_listings", "run_clouds"):
        nights.warehouse.execute(f"UPDATE {table} SET cloud = 'older'")
    nights.run({"public": [image("a"), image("b")], "private": []}, at=datetime(2026, 11, 2, 2))
    nights.run({"public": [image("a", min_disk=5)], "private": [image("b")]}, at=datetime(2026, 11, 3, 2))

    def compared(begin: str, end: str) -> list[tuple[Any, ...]]:
        return nights.rows(
            f"SELECT cloud, id, event FROM catalogue_diff(TIMESTAMP '{begin}', TIMESTAMP '{end}') ORDER BY ALL"
        )

    differences = [("c", "a", "changed"), ("c", "b", "moved")]
    for begin in ("1970-01-01", "2026-09-01", "2026-10-15", "2026-11-02 02:00"):
        assert compared(begin, "2026-12-01") == differences, begin
    assert compared("1970-01-01", "2026-10-20") == []
    assert compared("1970-01-01", "1971-01-01") == []
    assert compared("2026-12-01", "2026-10-20") == [("c", "a", "removed"), ("c", "b", "removed")]
