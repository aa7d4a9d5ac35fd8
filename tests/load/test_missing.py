"""What becomes of missing images, and when those in no listing are asked for again. On a DuckDB file."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from load.missing import NOTHING_MISSING, Decisions, Missing, MissingImage, decide, decide_in_replay
from tests.load.runs import Runs, image, new_warehouse


@pytest.mark.slow
def test_unlisted_image_is_due_after_1_2_4_runs_and_then_every_32(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a"), image("b")]})
        nights.run({"public": [image("a")]}, there=(image("b"),))
        ((started_at,),) = nights.rows("SELECT max(started_at) FROM runs")
        due_in = [1] if nights.asked else []
        warehouse.execute("DELETE FROM incoming WHERE id = 'b'")
        for number in range(2, 140):
            if warehouse.rows("reading", "missing_images", cloud="c", whole_listings=["public"], most_asked_again=10):
                due_in.append(number)
            started_at += timedelta(days=1)
            run = {"run_id": f"run {number}", "started_at": started_at}
            warehouse.run("runs", "add_run", **run, mode="full", version="0")
            warehouse.execute(
                "INSERT INTO run_listings BY NAME SELECT * REPLACE ($run_id AS run_id) FROM run_listings LIMIT 1",
                {"run_id": run["run_id"]},
            )
            if due_in[-1] == number:
                warehouse.execute("UPDATE unlisted_images SET answered_at = $at", {"at": started_at})
        assert due_in == [1, 2, 4, 8, 16, 32, 64, 96, 128]


@pytest.mark.slow
def test_rotation_costs_a_bounded_number_of_questions(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        asked = []
        for number in range(12):
            there = tuple(image(f"v{old}") for old in range(number))
            nights.run({"public": [image("a"), image(f"v{number}")]}, there=there)
            asked.append(len(nights.asked))
        assert asked == [0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
        assert nights.rows("SELECT count(*) FROM images WHERE state = 'unlisted'") == [(11,)]


def test_controls_are_of_the_same_listing_if_it_shows_any() -> None:
    controls = {"private": ("q",), "public": ("p",)}
    images = {
        "a": MissingImage(("gone", "public")),
        "b": MissingImage(last_listing="public"),
        "c": MissingImage(("gone",)),
        "d": MissingImage(),
    }
    missing = Missing(images, controls=controls)
    assert [missing.controls_of(identity)[0] for identity in images] == ["p", "p", "q", "q"]
    assert Missing(images).controls_of("a") == ()


LISTED = MissingImage(("public",))
KNOWN = MissingImage(("public",), is_known=True)
WITHHELD = MissingImage(("public",), is_known=True, is_withheld=True)
ANSWERED = MissingImage(("public",), is_known=True, has_answered=True)
OUT_OF_SIGHT = MissingImage((), is_known=True)


@pytest.mark.parametrize(
    ("one", "accepted", "all_read", "becomes"),
    [
        (LISTED, False, True, "waiting"),
        (LISTED, True, True, "waiting"),
        (LISTED, False, False, "undecided"),
        (KNOWN, False, True, "missed_twice"),
        (KNOWN, False, False, "undecided"),
        (WITHHELD, False, True, "waiting"),
        (WITHHELD, True, True, "missed_twice"),
        (ANSWERED, True, True, None),
        (OUT_OF_SIGHT, True, True, None),
    ],
)
def test_what_becomes_of_an_image_that_cannot_be_asked_for(
    one: MissingImage, accepted: bool, all_read: bool, becomes: str | None
) -> None:
    decisions = decide(Missing({"x": one}, was_all_read=all_read), unaskable={"x"}, accepted=accepted)
    names = ("gone", "withheld", "answered", "waiting", "undecided", "too_many", "missed_twice")
    found = {name for name in names if getattr(decisions, name)}
    assert found == ({"gone", "missed_twice"} if becomes == "missed_twice" else {becomes} - {None})


def test_how_deletions_were_confirmed_is_said() -> None:
    one, other = frozenset("a"), frozenset("b")
    assert Decisions().confirmed_by is None
    assert Decisions(gone=one).confirmed_by == "by id"
    assert Decisions(gone=one, missed_twice=one).confirmed_by == "two readings"
    assert Decisions(gone=one | other, missed_twice=one).confirmed_by == "by id, two readings"


def test_missing_images_by_the_listings_that_had_them() -> None:
    missing = Missing(
        {"a": MissingImage(("private", "public")), "b": MissingImage(("public",)), "c": MissingImage((), "public")}
    )
    assert missing.by_listing() == {"private": {"a"}, "public": {"a", "b"}}
    assert Missing().by_listing() == {}


SEEN_BY_NOBODY_ELSE = {"left", "answered", "waiting", "undecided", "withheld", "gone", "not-missing"}
KEPT = Decisions(
    gone=frozenset({"gone"}),
    withheld=frozenset({"withheld"}),
    answered=frozenset({"answered"}),
    waiting=frozenset({"waiting"}),
    undecided=frozenset({"undecided"}),
)
MISSED = Missing({name: MissingImage(("public",)) for name in SEEN_BY_NOBODY_ELSE - {"not-missing"} | {"known"}})


def test_replay_ends_what_a_run_did_not_know_of_and_decides_nothing_else_anew() -> None:
    decided = decide_in_replay(MISSED, KEPT, SEEN_BY_NOBODY_ELSE)
    assert decided == replace(KEPT, gone=frozenset({"gone", "left"}), not_known_then=frozenset({"left"}))
    assert decided.confirmed_by == "by id, replay"
    assert decide_in_replay(MISSED, KEPT, set()) == KEPT
    only = decide_in_replay(Missing({"left": MissingImage(("public",))}), NOTHING_MISSING, {"left"})
    assert (only.gone, only.confirmed_by) == (frozenset({"left"}), "replay")


def test_replay_withholds_what_a_run_did_not_know_of_where_the_run_withheld_the_rest() -> None:
    kept = replace(KEPT, withheld=frozenset({"withheld"}), too_many=frozenset({"withheld"}))
    decided = decide_in_replay(MISSED, kept, SEEN_BY_NOBODY_ELSE)
    both = frozenset({"withheld", "left"})
    assert decided == replace(kept, withheld=both, too_many=both)
    assert decided.confirmed_by == "by id"
