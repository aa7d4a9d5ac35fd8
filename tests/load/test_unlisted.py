"""Images that no listing shows any more, in the history: state, when they are due, and what two readings decide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from load.merge import find_missing
from load.missing import Missing
from tests.load.runs import Runs, image, new_warehouse

pytestmark = pytest.mark.slow

STATES = "SELECT id, state, listings FROM images ORDER BY id"


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Runs]:
    with new_warehouse(tmp_path) as warehouse:
        yield Runs(warehouse, tmp_path / "stage")


def test_image_that_answers_by_id_is_unlisted_with_what_it_says(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]}, there=(image("b", name="old", min_disk="odd"),))
    assert (counts.changed, counts.unchanged, counts.deleted, counts.rejected) == (1, 1, 0, 1)
    assert nights.rows(STATES) == [("a", "listed", ["public"]), ("b", "unlisted", [])]
    assert nights.rows("SELECT name FROM images WHERE id = 'b'") == [("old",)]
    assert counts.listing_images == {"public": 1}


def test_change_of_state_alone_makes_no_version_and_no_change(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]}, there=(image("b"),))
    assert (counts.changed, counts.unchanged) == (0, 2)
    assert nights.rows(STATES)[1] == ("b", "unlisted", [])
    counts = nights.run({"public": [image("a"), image("b")]})
    assert (counts.changed, counts.unchanged) == (0, 2)
    assert nights.rows(STATES)[1] == ("b", "listed", ["public"])
    assert nights.rows("SELECT count(*) FROM image_versions") == [(2,)]
    assert nights.rows("FROM unlisted_images") == []


def test_state_is_not_among_the_changes_of_an_image(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    nights.run({"public": [image("a")]}, there=(image("b", name="old"),))
    assert nights.rows("SELECT attribute FROM image_changes") == [("name",)]
    ((first, last),) = nights.rows("SELECT min(started_at), max(started_at) FROM runs")
    diff = nights.warehouse.execute(
        "SELECT attribute FROM catalogue_diff($first, $last) ORDER BY ALL", {"first": first, "last": last}
    )
    assert diff.fetchall() == [("listings",), ("name",)]


def test_images_as_of_has_the_state_of_then(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    nights.run({"public": [image("a")]}, there=(image("b"),))
    starts = nights.rows("SELECT started_at FROM runs ORDER BY started_at")
    found = [
        nights.warehouse.execute("SELECT state FROM images_as_of($ts) WHERE id = 'b'", {"ts": start}).fetchall()
        for (start,) in starts
    ]
    assert found == [[("listed",)], [("unlisted",)]]


def test_image_in_a_listing_that_was_not_read_stays_listed(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")], "private": [image("b")]})
    nights.run({"public": [image("a")], "private": []}, incomplete=("private",), there=(image("b"),))
    assert nights.rows(STATES)[1] == ("b", "listed", ["private"])
    nights.run({"public": [image("a")], "private": []}, there=(image("b"),))
    assert nights.rows(STATES)[1] == ("b", "unlisted", [])


def test_changes_run_that_sees_an_unlisted_image_lists_it(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    nights.run({"public": [image("a")]}, there=(image("b"),))
    nights.run({"public": [image("b")]}, mode="changes")
    assert nights.rows(STATES)[1] == ("b", "listed", ["public"])
    assert nights.rows("FROM unlisted_images") == []


def test_change_of_what_is_unlisted_was_not_missed_by_changes_runs(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    nights.run({"public": [image("a")]}, mode="changes")
    counts = nights.run({"public": [image("a")]}, there=(image("b", name="old"),))
    assert (counts.changed, counts.missed_by_changes) == (1, 0)


def test_long_list_of_unlisted_images_is_added_piece_by_piece(nights: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load.merge._ROWS_A_PIECE", 2)
    images = [image(f"{number}") for number in range(5)]
    nights.run({"public": [image("a"), *images]})
    nights.run({"public": [image("a")]}, there=tuple(image(f"{number}", name="old") for number in range(5)))
    assert nights.rows("SELECT count(*) FROM images WHERE name = 'old' AND state = 'unlisted'") == [(5,)]


def due_in(nights: Runs, runs: int, **night: Any) -> list[int]:
    """In which of so many runs an image that is in no listing was asked for."""
    found = []
    for number in range(1, runs + 1):
        nights.run({"public": [image("a")]}, there=(image("b"),), **night)
        found += [number] if "b" in nights.asked else []
    return found


def test_runs_that_do_not_tell_are_not_counted(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    assert due_in(nights, 2) == [1, 2]
    nights.run({"public": [image("a")]}, mode="changes")
    nights.run({"public": [image("a")]}, incomplete=("public",))
    assert due_in(nights, 2) == [2]


def test_image_that_did_not_answer_is_due_until_it_does(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    assert due_in(nights, 3) == [1, 2]
    for _ in range(3):
        counts = nights.run({"public": [image("a")]}, withheld=frozenset({"b"}))
        assert (set(nights.asked), counts.withheld_deletions) == ({"b"}, 1)
    assert due_in(nights, 2) == [1, 2], "in the 7th run, which makes up for the 4th, and in the 8th"


def test_no_more_than_so_many_are_asked_for_again_at_once(nights: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load.merge.MOST_ASKED_AGAIN", 4)
    images = tuple(image(f"{number}") for number in range(10))
    nights.run({"public": [image("a"), *images]})
    counts = nights.run({"public": [image("a")]}, there=images)
    assert (len(nights.asked), counts.withheld_deletions) == (10, 0), "what vanished now is asked for whatever it costs"
    again: frozenset[str] = frozenset()
    for _ in range(3):
        nights.run({"public": [image("a")]}, there=images)
        assert len(nights.asked) <= 4
        again |= nights.asked
    assert again == {one["id"] for one in images}, "each once, before any is asked twice"


def test_what_cannot_be_asked_for_ends_with_the_second_complete_reading(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")]})
    counts = nights.run({"public": [image("a")]}, unaskable=True)
    assert (counts.deleted, counts.withheld_deletions, counts.confirmed_by) == (0, 0, None)
    assert nights.rows(STATES)[1] == ("b", "listed", ["public"])
    counts = nights.run({"public": [image("a")]}, unaskable=True)
    assert (counts.deleted, counts.confirmed_by) == (1, "two readings")
    assert nights.rows("FROM unlisted_images") == []


def test_reading_without_all_listings_is_none_of_the_two(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")], "private": [image("c")]})
    for _ in range(3):
        counts = nights.run({"public": [image("a")], "private": []}, incomplete=("private",), unaskable=True)
        assert (counts.deleted, counts.withheld_deletions) == (0, 0)
        assert nights.run({"public": [image("a")]}, unaskable=True).deleted == 0
    assert nights.rows(STATES)[1] == ("b", "listed", ["public"])
    assert nights.rows("FROM unlisted_images") == []


def test_reading_with_a_listing_that_failed_and_never_had_images_is_none_of_the_two(nights: Runs) -> None:
    nights.run({"public": [image("a"), image("b")], "private": []})
    for _ in range(2):
        nights.run({"public": [image("a")], "private": []}, incomplete=("private",), unaskable=True)
    assert nights.rows(STATES)[1] == ("b", "listed", ["public"]), "it may have moved to the one that failed"
    assert nights.rows("FROM unlisted_images") == []


def test_controls_are_listed_images_that_a_url_can_hold(nights: Runs) -> None:
    odd = [image(name) for name in ("!", "%", "..", "/")]
    more = {"community": [image("!")]}
    nights.run({**more, "public": [*odd, *(image(f"p{n}") for n in range(5))], "private": [image("q"), image("x")]})
    missing: list[Missing] = []

    def remember(*args: Any) -> Missing:
        missing.append(find_missing(*args))
        return missing[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.load.runs.find_missing", remember)
        nights.run({**more, "public": [*odd, *(image(f"p{n}") for n in range(1, 5))], "private": [image("q")]})
    assert missing[0].controls == {"public": ("p1", "p2", "p3"), "private": ("q",), "community": ("!",)}
    assert missing[0].controls_of("x") == ("q",)
    assert missing[0].was_all_read
