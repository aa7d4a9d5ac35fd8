"""Every question of the cookbook, on a catalogue of which the answer is known."""

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cli.cookbook_question import values
from load.cookbook import question, questions, with_values
from load.publish import publish
from tests.load.runs import PROJECT, Runs, image, new_warehouse
from tests.sql.asking import COMPLETE, ask

pytestmark = pytest.mark.slow

MONDAY, TUESDAY = datetime(2026, 11, 2, 2), datetime(2026, 11, 3, 2)
GIGABYTE = 1_000_000_000


def _first_night() -> dict[str, list[dict[str, Any]]]:
    created = {"created_at": "2024-05-06T07:08:09Z"}
    return {
        "public": [
            image("ubuntu", __os_type="Linux", __os_version="Ubuntu 20.04 server 64bit", visibility="public",
                  __image_size=str(2 * GIGABYTE), hw_firmware_type="uefi", owner="vendor", **created),
            image("windows", __os_type="Windows", __os_version="Windows Server 2022 Standard 64bit",
                  visibility="public", __image_size=str(9 * GIGABYTE), hw_firmware_type="bios", owner="vendor",
                  **created),
        ],
        "private": [
            image("copy 1", name="base", visibility="private", owner=PROJECT, checksum="c" * 32, size=GIGABYTE,
                  updated_at="2025-01-02T03:04:05Z", created_at="2025-01-02T03:04:05Z"),
            image("copy 2", name="base", visibility="private", owner=PROJECT, checksum="c" * 32, size=GIGABYTE,
                  created_at="2026-01-02T03:04:05Z", min_disk="much"),
        ],
        "shared-pending": [image("offer", owner="friend", visibility="shared", **created)],
        "shared-accepted": [],
    }  # fmt: skip


def _second_night() -> dict[str, list[dict[str, Any]]]:
    listings = _first_night()
    listings["public"] = [
        {**listings["public"][0], "__description": "new kernel", "updated_at": "2026-11-02T10:00:00Z"}
    ]
    listings["shared-accepted"], listings["shared-pending"] = listings["shared-pending"], []
    listings["shared-pending"].append(image("second offer", owner="friend", visibility="shared"))
    return listings


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published copy of two nights, and of one that failed in part."""
    folder = tmp_path_factory.mktemp("cookbook")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        nights.run(_first_night(), at=MONDAY)
        nights.run(_second_night(), at=TUESDAY)
        nights.run({"private": []}, at=datetime(2026, 11, 4, 2), incomplete=("private",))
        warehouse.execute(
            """INSERT INTO withheld_deletions VALUES ('c', 'copy 2', 'too many', TIMESTAMP '2026-11-04 02:00', 'r'),
            ('c', 'windows', 'too many', TIMESTAMP '2026-11-04 02:00', 'r')"""
        )
        warehouse.execute("UPDATE runs SET status = 'partial' WHERE started_at = TIMESTAMP '2026-11-04 02:00'")
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


SINCE = ("since=2026-11-03",)
ANSWERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[tuple[Any, ...]]]] = {
    "catalogue_at": (
        ("at=2026-11-02",),
        ("listing", "images", "gigabytes"),
        [("private", 2, 2.0), ("public", 2, 11.0), ("shared-pending", 1, None)],
    ),
    "changes_between": (
        ("from=2026-11-02", "to=2026-11-03"),
        ("event", "id", "attribute", "new_value"),
        [
            ("added", "second offer", None, None),
            ("changed", "ubuntu", "description", "new kernel"),
            ("changed", "ubuntu", "updated_at", "2026-11-02 10:00:00"),
            ("moved", "offer", "listings", '["shared-accepted"]'),
            ("removed", "windows", None, None),
        ],
    ),
    "deleted_images": (
        ("since=2026-11-01",),
        ("id", "system", "gigabytes", "deleted_at"),
        [("windows", "windows 2022", 9.0, TUESDAY)],
    ),
    "digest": (
        ("day=2026-11-03",),
        ("event", "images", "examples", "attributes"),
        [
            ("gone", 1, ["image windows"], None),
            ("created", 1, ["image second offer"], None),
            ("moved to shared-accepted", 1, ["image offer"], None),
            ("changed", 1, ["image ubuntu"], ["description (1)"]),
        ],
    ),
    "duplicates_by_checksum": ((), ("copies", "gigabytes_saved", "ids"), [(2, 1.0, ["copy 1", "copy 2"])]),
    "duplicates_by_name": ((), ("name", "images", "ids"), [("base", 2, ["copy 1", "copy 2"])]),
    "end_of_life_systems": (
        ("on=2026-11-04",),
        ("id", "system", "ended_on"),
        [("ubuntu", "ubuntu 20.04", date(2025, 5, 31))],
    ),
    "faulty_runs": (SINCE, ("listing", "status", "error"), [("private", "partial", "it broke")]),
    "firmware": ((), ("firmware", "os_type", "images"), [("not said", None, 4), ("uefi", "Linux", 1)]),
    "gigabyte_days": (
        ("since=2026-11-02", "until=2026-11-05"),
        ("held_by", "images", "gigabytes_at_start", "gigabytes_at_end", "gigabyte_days"),
        [("vendor", 2, 11.0, 2.0, 13.0), (PROJECT, 2, 2.0, 2.0, 4.0), ("friend", 2, 0.0, 0.0, 0.0)],
    ),
    "growth_by_month": (
        (),
        ("held_by", "month", "images", "more_images"),
        [
            ("private", "2026-11", 2, None),
            ("public", "2026-11", 1, None),
            ("shared-accepted", "2026-11", 1, None),
            ("shared-pending", "2026-11", 1, None),
        ],
    ),
    "image_history": (
        ("id=ubuntu",),
        ("happened_at", "event", "attribute", "new_value"),
        [
            (MONDAY, "first seen", None, None),
            (TUESDAY, "changed", "description", "new kernel"),
            (TUESDAY, "changed", "updated_at", "2026-11-02 10:00:00"),
        ],
    ),
    "images_by_tag": ((), ("tag", "images", "owners"), [(None, 5, 3)]),
    "images_in_no_listing": ((), ("id",), []),
    "incomplete_metadata": (
        (),
        ("id", "missing", "wrong"),
        [("ubuntu", sorted(set(COMPLETE) - {"os_version", "size", "visibility", "owner"}), [])],
    ),
    "images_by_age": (
        (),
        ("listing", "created_in", "images"),
        [
            ("private", 2025, 1),
            ("private", 2026, 1),
            ("public", 2024, 1),
            ("shared-accepted", 2024, 1),
            ("shared-pending", None, 1),
        ],
    ),
    "largest_images": (("top=2",), ("id", "gigabytes"), [("ubuntu", 2.0), ("copy 1", 1.0)]),
    "largest_owners": (
        (),
        ("owner", "images", "gigabytes", "percent_of_cloud"),
        [(PROJECT, 2, 2.0, 50.0), ("vendor", 1, 2.0, 50.0), ("friend", 2, None, None)],
    ),
    "missing_in_cloud": (("cloud=c", "other=c", "by=checksum"), ("id",), []),
    "moved_shares": (
        SINCE,
        ("id", "from_listing", "to_listing", "moved_at"),
        [("offer", "shared-pending", "shared-accepted", TUESDAY)],
    ),
    "name_on_day": (("name=base", "at=2026-11-02"), ("id", "successor"), [("copy 2", None), ("copy 1", "copy 2")]),
    "name_renewals": (
        ("on=2026-11-04",),
        ("name", "renewals", "last_on", "days", "is_overdue"),
        [("image ubuntu", 0, date(2024, 5, 6), 912, None)],
    ),
    "newest_images": ((), ("system", "architecture", "id"), [("ubuntu 20.04", None, "ubuntu")]),
    "newly_visible": (SINCE, ("id", "was", "became"), [("second offer", None, "shared")]),
    "new_images": (SINCE, ("id", "listings"), [("second offer", ["shared-pending"])]),
    "operating_systems": (
        (),
        ("os_type", "os_version", "images"),
        [(None, None, 4), ("Linux", "Ubuntu 20.04 server 64bit", 1)],
    ),
    "broken_promises": (SINCE, ("id",), []),
    "orphaned_images": (("on=2026-11-04",), ("id",), []),
    "unjudged_parents": ((), ("owner",), []),
    "public_changes": (
        SINCE,
        ("id", "attribute", "old_value", "new_value"),
        [
            ("ubuntu", "description", None, "new kernel"),
            ("ubuntu", "updated_at", "2026-10-01 00:00:00", "2026-11-02 10:00:00"),
        ],
    ),
    "rejected_values": ((), ("attribute", "times", "example", "example_id"), [("min_disk", 1, "much", "copy 2")]),
    "restless_images": (SINCE, ("id", "changes", "attributes"), [("ubuntu", 1, ["description", "updated_at"])]),
    "runs": ((), ("status", "new", "deleted"), [("partial", 0, 0), ("completed", 1, 1), ("completed", 5, 0)]),
    "slow_listings": (
        (),
        ("listing", "images", "readings"),
        [("private", 2, 2), ("public", 1, 2), ("shared-accepted", 1, 2), ("shared-pending", 1, 2)],
    ),
    "status": (("now=2026-11-04T04:00",), ("cloud", "age_hours", "images"), [("c", 26.0, 5)]),
    "unencrypted_images": ((), ("id",), [("copy 1",), ("copy 2",), ("offer",), ("second offer",)]),
    "unjudged_systems": (
        (),
        ("system", "images", "reason"),
        [(None, 4, "the image names no system")],
    ),
    "untouched_images": (("before=2026-01-01",), ("id", "gigabytes_so_far"), [("copy 1", 1.0)]),
    "what_replaced": (("id=copy 1",), ("step", "id", "is_there"), [(1, "copy 2", True)]),
    "withdrawn_shares": (SINCE, ("id",), []),
    "withheld_deletions": ((), ("id", "listings", "reason"), [("copy 2", ["private"], "too many")]),
    "waiting_shares": (("on=2026-11-13",), ("id", "owner", "days"), [("second offer", "friend", 10)]),
}


def test_there_are_enough_questions_and_every_one_has_an_answer_here() -> None:
    assert {known.name for known in questions()} == ANSWERS.keys()
    assert all(known.asks.endswith("?") for known in questions())


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_question_has_its_answer(published: Path, name: str) -> None:
    given, columns, expected = ANSWERS[name]
    asked = question(name)
    parameters = values(asked, given, published)
    with duckdb.connect(str(published), read_only=True) as connection:
        for text, filled_in in ((asked.text, parameters or None), (with_values(asked, parameters), None)):
            answer = connection.execute(text, filled_in)
            places = [[column[0] for column in answer.description].index(column) for column in columns]
            assert [tuple(row[place] for place in places) for row in answer.fetchall()] == expected


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_question_runs_with_its_defaults_and_says_what_its_parameters_are(published: Path, name: str) -> None:
    asked = question(name)
    named = {parameter.name for parameter in asked.parameters}
    assert named == set(duckdb.extract_statements(asked.text)[0].named_parameters)
    wanted = [f"{one.name}={'c' if one.choices else '2026-11-01'}" for one in asked.parameters if one.default is None]
    parameters = values(asked, wanted, published)
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute(asked.text, parameters or None).fetchall()


def test_copy_has_the_questions_with_sql_that_runs_as_it_is(published: Path) -> None:
    required = {asked.name: [one for one in asked.parameters if one.default is None] for asked in questions()}
    wanted = {
        name: {one.name: "c" if one.choices else "2026-11-01" for one in parameters}
        for name, parameters in required.items()
    }
    given = {
        asked.name: values(asked, [f"{key}={value}" for key, value in wanted[asked.name].items()], published)
        for asked in questions()
    }
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute("SELECT name, question, sql, parameters FROM cookbook ORDER BY name").fetchall()
        assert [row[:2] for row in rows] == [(asked.name, asked.asks) for asked in questions()]
        for name, _, sql, parameters in rows:
            assert parameters == [f"{one.name}: {one.meaning}" for one in required[name]]
            answer = connection.execute(sql, wanted[name] or None).fetchall()
            # Of a day, a time on the command line is its end.
            if all(one.type != "TIMESTAMP" for one in question(name).parameters):
                assert answer == connection.execute(question(name).text, given[name] or None).fetchall(), name
    (sql,) = (sql for name, _, sql, _ in rows if name == "new_images")
    assert sql.startswith("-- new_images: Which images came to the catalogue lately?")
    assert "(make_timestamp(epoch_us(now()))::DATE - 7)::DATE" in sql


def test_hash_of_nothing_makes_no_copies_of_one_file(tmp_path: Path) -> None:
    nothing, empty_sha512 = "D41D8CD98F00B204E9800998ECF8427E", hashlib.sha512(b"").hexdigest()
    images = [
        image("a", checksum=nothing, size=5),
        image("b", checksum=nothing.lower(), size=5),
        image("c", os_hash_algo="sha512", os_hash_value=empty_sha512),
        image("d", os_hash_algo="sha512", os_hash_value=empty_sha512),
        image("e", checksum="e" * 32, os_hash_algo="sha512", os_hash_value="1" * 128, size=GIGABYTE),
        image("f", checksum="E" * 32, size=GIGABYTE),
        image("g", checksum=nothing, os_hash_algo="sha256", os_hash_value="2" * 64),
        image("h", os_hash_algo="sha256", os_hash_value="2" * 64),
    ]
    found = ask(tmp_path, "duplicates_by_checksum", [{"public": images}])
    assert [row["ids"] for row in found] == [["e", "f"], ["g", "h"]]


SHARED = {"owner": "friend", "visibility": "shared"}


@pytest.mark.parametrize("between", ["both", "neither", "changes run"])
def test_share_that_a_run_saw_in_both_listings_or_in_neither_has_moved(tmp_path: Path, between: str) -> None:
    share, other = image("a", **SHARED), image("b", **SHARED)
    first = {"shared-pending": [share], "shared-accepted": [other]}
    middle: dict[str, Any] = {
        "both": {"shared-pending": [share], "shared-accepted": [other]},
        "neither": {"shared-pending": [], "shared-accepted": [other], "there": [share]},
        "changes run": {"changes": [], "shared-accepted": [share]},
    }[between]
    last = {"shared-pending": [], "shared-accepted": [share, other]}
    found = ask(tmp_path, "moved_shares", [first, middle, last], since="2026-11-01")
    moved_at = {"changes run": TUESDAY}.get(between, datetime(2026, 11, 4, 2))
    assert [(row["id"], row["from_listing"], row["to_listing"], row["moved_at"]) for row in found] == [
        ("a", "shared-pending", "shared-accepted", moved_at)
    ]


def test_stays_that_overlap_are_a_move_and_an_own_shared_image_has_not_moved(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        own, share = image("own", owner=PROJECT, visibility="shared"), image("a", **SHARED)
        nights.run({"private": [own], "shared-pending": [share], "shared-accepted": []}, at=MONDAY)
        nights.run({"private": [own], "shared-pending": [own, share], "shared-accepted": []}, at=TUESDAY)
        warehouse.execute(  # as runs of before left it: a changes run opened the new stay, a full run closed the old
            "INSERT INTO listing_memberships VALUES ('c', 'a', 'shared-accepted', TIMESTAMP '2026-11-03 12:00', NULL)"
        )
        nights.run({"private": [], "shared-pending": [], "shared-accepted": [share]}, at=datetime(2026, 11, 5, 2))
        found = nights.rows("SELECT id, from_listing, to_listing, moved_at FROM image_moves")
    assert found == [("a", "shared-pending", "shared-accepted", datetime(2026, 11, 3, 12))]


def test_share_that_ended_and_came_back_elsewhere_has_returned_and_not_moved(tmp_path: Path) -> None:
    share, other = image("a", **SHARED), image("b", **SHARED)
    catalogues = [
        {"shared-pending": [share], "shared-accepted": [other]},
        {"shared-pending": [], "shared-accepted": [other]},
        {"shared-pending": [], "shared-accepted": [share, other]},
    ]
    assert ask(tmp_path, "moved_shares", catalogues, since="2026-11-01") == []


def test_history_of_an_image_shows_its_moves(tmp_path: Path) -> None:
    share, other = image("a", **SHARED), image("b", **SHARED)
    catalogues: list[dict[str, Any]] = [
        {"shared-pending": [share], "shared-accepted": [other]},
        {"shared-pending": [], "shared-accepted": [share, other]},
        {"shared-pending": [], "shared-accepted": [other], "there": [share]},
        {"shared-pending": [share], "shared-accepted": [other]},
        {"shared-pending": [], "shared-accepted": [other]},
    ]
    found = ask(tmp_path, "image_history", catalogues, id="a")
    assert [(row["event"], row["old_value"], row["new_value"]) for row in found] == [
        ("first seen", None, None),
        ("moved", '["shared-pending"]', '["shared-accepted"]'),
        ("unlisted", '["shared-accepted"]', None),
        ("listed again", None, '["shared-pending"]'),
        ("gone", None, None),
    ]


def test_history_of_an_unknown_image_says_so(tmp_path: Path) -> None:
    found = ask(tmp_path, "image_history", [{"public": [image("a")]}], id="b")
    assert [row["event"] for row in found] == ["never seen"]


def test_deleted_images_are_those_that_are_not_there_again(tmp_path: Path) -> None:
    foreign, own = {"owner": "friend"}, {"owner": PROJECT}
    both = [image("back", **own), image("foreign", **foreign), image("own", **own)]
    found = ask(
        tmp_path, "deleted_images", [{"public": both}, {"public": []}, {"public": both[:1]}], since="2026-11-01"
    )
    assert [(row["id"], row["event"]) for row in found] == [("foreign", "gone"), ("own", "deleted")]


def test_new_images_are_not_those_of_the_first_reading_of_a_cloud_or_listing(tmp_path: Path) -> None:
    fresh = image("fresh", created_at="2026-11-02T12:00:00Z")
    shared = image("shared", created_at="2020-01-01T00:00:00Z")
    catalogues = [
        {"public": [image("a", created_at="2026-11-01T12:00:00Z")]},
        {"public": [image("a", created_at="2026-11-01T12:00:00Z"), fresh, shared], "private": [image("b")]},
    ]
    found = ask(tmp_path, "new_images", catalogues, since="2026-11-01")
    assert [(row["id"], row["event"]) for row in found] == [("fresh", "created"), ("shared", "first seen")]
