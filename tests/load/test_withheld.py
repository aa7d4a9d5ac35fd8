"""Deletions that are withheld, in their table, and what a run found different."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from load.withheld import first_names
from tests.load.runs import Runs, image, new_warehouse

MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 11, day, 2) for day in (2, 3, 4))


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        yield Runs(warehouse, tmp_path / "stage")


def kept(nights: Runs) -> list[tuple[Any, ...]]:
    return nights.rows("SELECT id, reason, withheld_from FROM withheld_deletions ORDER BY id")


def test_withheld_image_is_kept_from_its_first_night_until_it_is_listed_or_decided(nights: Runs) -> None:
    everything = [image(name) for name in "abcd"]
    nights.run({"public": everything}, at=MONDAY)
    nights.run({"public": everything[:1]}, at=TUESDAY, withheld=frozenset("bcd"))
    assert kept(nights) == [(name, "no answer", TUESDAY) for name in "bcd"]
    nights.run({"public": everything[:2]}, at=WEDNESDAY, withheld=frozenset("cd"))
    assert kept(nights) == [(name, "no answer", TUESDAY) for name in "cd"], "b is listed again"
    nights.run({"public": everything[:2]}, at=WEDNESDAY + timedelta(days=1), gone=frozenset("c"), there=(image("d"),))
    assert kept(nights) == [], "c has ended, and d has answered"


def ends(nights: Runs) -> list[tuple[str, int, int]]:
    """Of each image that ended: after which run, and by which, by their numbers."""
    run_ids = [run_id for (run_id,) in nights.rows("SELECT run_id FROM runs ORDER BY started_at")]
    events = "SELECT id, after_run, by_run FROM image_events WHERE event = 'gone' OR event = 'deleted' ORDER BY id"
    return [(one, run_ids.index(after) + 1, run_ids.index(by) + 1) for one, after, by in nights.rows(events)]


def test_image_whose_end_was_withheld_ended_after_the_last_run_that_saw_it(nights: Runs) -> None:
    """b is withheld until the fourth run, c is seen again by the third, d ends at once."""
    everything = [image(name) for name in "abcd"]
    nights.run({"public": everything})
    nights.run({"public": [everything[0], everything[3]]}, withheld=frozenset("bc"))
    nights.run({"public": [everything[0], *everything[2:]]}, withheld=frozenset("b"))
    nights.run({"public": everything[:1]})
    assert ends(nights) == [("b", 1, 4), ("c", 3, 4), ("d", 3, 4)]
    nights.run({"public": everything[:2]})
    nights.run({"public": everything[:1]})
    assert ends(nights) == [("b", 1, 4), ("b", 5, 6), ("c", 3, 4), ("d", 3, 4)]


def test_image_that_two_readings_ended_or_that_answered_by_id_ended_after_the_last_run_that_saw_it(
    nights: Runs,
) -> None:
    nights.run({"public": [image("a"), image("b")], "private": [image("c")]})
    nights.run({"public": [image("a")], "private": [image("c")]}, unaskable=True)
    nights.run({"public": [image("a")], "private": []}, unaskable=True)
    nights.run({"public": [], "private": [image("c")]}, there=(image("a"),))
    assert ends(nights) == [("b", 1, 3)]
    for _ in range(3):  # it is asked again in the first and the third of them
        nights.run({"public": [], "private": [image("c")]}, there=(image("a"),))
    for _ in range(4):  # and in the last of these
        nights.run({"public": [], "private": [image("c")]})
    assert ends(nights) == [("a", 7, 11), ("b", 1, 3)]


def test_run_that_could_not_decide_about_an_image_did_not_see_it(nights: Runs) -> None:
    """No image can be asked for, and the second run's other listing broke, so that it counts for nothing."""
    everything = [image(name) for name in "abcd"]
    private = {"private": [image("p")]}
    nights.run({"public": everything, **private})
    nights.run({"public": everything[:1], **private}, incomplete=("private",), unaskable=True)
    assert nights.rows("SELECT id FROM missed_images ORDER BY id") == [("b",), ("c",), ("d",)]
    nights.run({"public": [everything[0], everything[2]], **private}, unaskable=True)
    nights.run({"public": everything[:1], **private}, gone=frozenset("d"), there=(everything[2],))
    assert ends(nights) == [("d", 1, 4)]
    nights.run({"public": everything[:3], **private})
    nights.run({"public": everything[:1], **private}, incomplete=("private",), unaskable=True)
    nights.run({"public": everything[:1], **private})
    assert ends(nights) == [("b", 5, 7), ("c", 5, 7), ("d", 1, 4)]
    assert nights.rows("FROM missed_images") == []


def test_image_that_was_withheld_and_then_waited_ended_after_the_last_run_that_saw_it(nights: Runs) -> None:
    public, private = [image("a"), image("b")], {"private": [image("p")]}
    nights.run({"public": public, **private})
    nights.run({"public": public[:1], **private}, withheld=frozenset("b"))
    nights.run({"public": public[:1], **private}, unaskable=True)
    nights.run({"public": public[:1], **private}, unaskable=True)
    assert ends(nights) == [("b", 1, 4)]


def test_image_that_a_changes_run_saw_again_is_missed_no_more(nights: Runs) -> None:
    public, private = [image("a"), image("b")], {"private": [image("p")]}
    nights.run({"public": public, **private})
    nights.run({"public": public[:1], **private}, withheld=frozenset("b"))
    nights.run({"public": public[1:]}, mode="changes")
    assert nights.rows("FROM missed_images") == []


def test_run_of_another_listing_or_of_what_changed_leaves_them(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")], "private": [image("c")]}, at=MONDAY)
    nights.run({"public": [image("a")], "private": [image("c")]}, at=TUESDAY, withheld=frozenset("b"))
    nights.run({"private": [image("c")]}, at=WEDNESDAY)
    nights.run({"public": []}, mode="changes", at=WEDNESDAY + timedelta(hours=1))
    assert kept(nights) == [("b", "no answer", TUESDAY)]
    nights.run({"public": [image("b", name="there")]}, mode="changes", at=WEDNESDAY + timedelta(hours=2))
    assert kept(nights) == []


def test_first_names_are_in_order_and_an_image_without_one_has_its_id(nights: Runs) -> None:
    nights.run({"public": [image("a", name="z"), image("b", name=None), image("c", name="m"), image("d")]})
    assert first_names(nights.warehouse, "c", {"a", "b", "c"}, 2) == ["b", "m"]


def changes(nights: Runs, most: int = 100) -> list[tuple[Any, ...]]:
    ((run_id, started_at),) = nights.rows("SELECT run_id, started_at FROM runs ORDER BY started_at DESC LIMIT 1")
    rows = nights.warehouse.rows("runs", "run_changes", run_id=run_id, started_at=started_at, most=most)
    return sorted((row[0], *row[3:]) for row in rows)


def test_changes_of_a_run_are_what_came_ended_and_changed(nights: Runs) -> None:
    nights.run({"public": [image("a", mine="1", min_disk=1), image("b"), image("touched")]}, at=MONDAY)
    touched = image("touched", updated_at="2026-11-03T00:00:00Z")
    nights.run({"public": [image("a", mine="2", min_disk=2), image("c"), touched]}, at=TUESDAY)
    assert changes(nights) == [
        ("came", "c", None, None, None),
        ("changed", "a", "min_disk", "1", "2"),
        ("changed", "a", "mine", "1", "2"),
        ("deleted", "b", None, None, None),
    ]


def test_changes_are_found_among_images_that_were_only_touched(nights: Runs) -> None:
    def several(updated_at: str, last_name: str) -> list[dict[str, Any]]:
        return [image(f"{n:03d}", updated_at=updated_at) for n in range(50)] + [image("zzz", name=last_name)]

    nights.run({"public": several("2026-11-01T00:00:00Z", "before")}, at=MONDAY)
    nights.run({"public": several("2026-11-02T00:00:00Z", "after")}, at=TUESDAY)
    assert changes(nights, most=2) == [("changed", "zzz", "name", "before", "after")]


@pytest.mark.slow
def test_night_in_which_all_images_changed_fits_into_little_memory(nights: Runs) -> None:
    nights.run({"public": [image(f"{n:05d}", note="x" * 500) for n in range(20_000)]}, at=MONDAY)
    nights.run({"public": [image(f"{n:05d}", note="y" * 500) for n in range(20_000)]}, at=TUESDAY)
    nights.warehouse.execute("SET memory_limit = '130MB'")
    assert len(changes(nights)) == 100


def drift(nights: Runs) -> list[tuple[Any, ...]]:
    ((run_id, started_at),) = nights.rows("SELECT run_id, started_at FROM runs ORDER BY started_at DESC LIMIT 1")
    return [row[:4] for row in nights.warehouse.rows("runs", "run_drift", run_id=run_id, started_at=started_at)]


def test_drift_of_a_run_is_what_the_view_has_of_that_run(nights: Runs) -> None:
    before = [image("a", __os_bit="64", ours="1", passing="1"), image("b", __os_version="x", ours="1")]
    nights.run({"public": before}, at=MONDAY)
    assert drift(nights) == [], "a cloud's first run is none"
    nights.run({"public": [image("a", ours="1", brand_new="1"), image("b", __os_version="y", ours="2")]}, at=TUESDAY)
    assert drift(nights) == [
        ("c", "brand_new", "undocumented", 1),
        ("c", "os_bit", "vanished", 0),
        ("c", "passing", "vanished", 0),
    ]
    shown = nights.rows(
        f"""SELECT cloud, attribute, drift, images FROM schema_drift
        WHERE first_seen = TIMESTAMP '{TUESDAY}' OR gone_since = TIMESTAMP '{TUESDAY}' ORDER BY ALL"""
    )
    assert sorted(shown) == sorted(drift(nights))
    nights.run({"public": [image("a", brand_new="2"), image("b", __os_version="y", ours="2")]}, at=WEDNESDAY)
    assert drift(nights) == []
