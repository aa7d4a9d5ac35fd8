"""The macros, on nights with known outcomes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.load.nights import Nights, image, new_warehouse


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    with new_warehouse(tmp_path) as warehouse:
        yield Nights(warehouse, tmp_path / "stage")


def test_images_as_of_shows_what_images_showed_then(nights: Nights) -> None:
    shown = []
    for catalogue in (
        {"public": [image("a"), image("b")]},
        {"public": [image("a", name="renamed")], "private": [image("b")]},
        {"public": [image("a", name="renamed")]},
        {"public": [image("a", name="renamed"), image("b", min_disk=1)]},
    ):
        nights.night(catalogue)
        ((start,),) = nights.rows("SELECT max(started_at) FROM runs")
        shown.append((start, nights.rows("SELECT * FROM images ORDER BY id")))
    for start, images in shown:
        ts = {"ts": start}
        found = nights.warehouse.execute("SELECT * FROM images_as_of($ts) ORDER BY id", ts).fetchall()
        assert len(found) == len(images)
        assert [row[:3] for row in found] == [row[:3] for row in images]
        assert [row[-2:] for row in found] == [row[-2:] for row in images], "listings and first_seen"
        assert nights.warehouse.execute("SELECT count(*) FROM images_as_of($ts)", ts).fetchall() == [(len(images),)]
    before = {"ts": shown[0][0] - timedelta(microseconds=1)}
    assert nights.warehouse.execute("SELECT * FROM images_as_of($ts)", before).fetchall() == []


def test_images_as_of_has_the_columns_of_images(nights: Nights) -> None:
    columns = nights.warehouse.columns
    assert columns("(FROM images_as_of(now()::TIMESTAMP))") == columns("images")
