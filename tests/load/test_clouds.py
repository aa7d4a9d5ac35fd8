"""The table `clouds`, in whichever order runs and renames write it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from load.clouds import CloudPlace, keep_cloud_within, mark_gone_within
from load.retirement import Rename, rename_within
from load.warehouse import Warehouse
from tests.load.runs import new_warehouse

DAYS = [datetime(2026, 11, day) for day in range(1, 5)]


def place(region: str, settings_name: str | None = None) -> CloudPlace:
    return CloudPlace(settings_name, region, "p", "web", None, "https://images", "ims")


def rows(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    query = "SELECT cloud, settings_name, region, first_seen, last_seen, gone_since FROM clouds ORDER BY ALL"
    return warehouse.execute(query).fetchall()


@pytest.fixture
def warehouse(tmp_path: Path) -> Any:
    with new_warehouse(tmp_path) as opened:
        yield opened


def test_replay_of_an_older_run_does_not_take_back_what_a_later_one_saw(warehouse: Warehouse) -> None:
    keep_cloud_within(warehouse, "prod/b/web", place("b", "prod"), DAYS[2])
    keep_cloud_within(warehouse, "prod/b/web", place("a", "prod"), DAYS[0])
    assert rows(warehouse) == [("prod/b/web", "prod", "b", DAYS[0], DAYS[2], None)]
    keep_cloud_within(warehouse, "prod/b/web", place("c", "prod"), DAYS[3])
    assert rows(warehouse) == [("prod/b/web", "prod", "c", DAYS[0], DAYS[3], None)]


def test_cloud_is_gone_since_the_first_run_that_missed_it(warehouse: Warehouse) -> None:
    keep_cloud_within(warehouse, "c", place("a"), DAYS[1])
    for day in (DAYS[3], DAYS[2], DAYS[0]):
        mark_gone_within(warehouse, "c", day)
    assert rows(warehouse) == [("c", "c", "a", DAYS[1], DAYS[1], DAYS[2])]
    keep_cloud_within(warehouse, "c", place("a"), DAYS[3])
    assert rows(warehouse) == [("c", "c", "a", DAYS[1], DAYS[3], None)]


@pytest.mark.parametrize(
    ("settings_name", "after"), [(None, "new"), ("prod", "prod")], ids=["a table of its own", "one of many"]
)
def test_rename_takes_the_name_in_the_settings_along(
    warehouse: Warehouse, settings_name: str | None, after: str
) -> None:
    keep_cloud_within(warehouse, "old", place("a", settings_name), DAYS[0])
    rename_within(warehouse, Rename("r", "old", "new", DAYS[1]))
    assert rows(warehouse) == [("new", after, "a", DAYS[0], DAYS[0], None)]


def test_rename_to_a_cloud_that_is_read_already_leaves_one_row(warehouse: Warehouse) -> None:
    keep_cloud_within(warehouse, "old", place("a"), DAYS[0])
    keep_cloud_within(warehouse, "new", place("b"), DAYS[2])
    rename_within(warehouse, Rename("r", "old", "new", DAYS[3]))
    assert rows(warehouse) == [("new", "new", "b", DAYS[0], DAYS[2], None)]
