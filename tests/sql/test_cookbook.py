"""Every question of the cookbook, on a catalogue of which the answer is known."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.cookbook import values
from load.cookbook import question, questions, with_values
from load.publish import publish
from tests.load.nights import PROJECT, Nights, image, new_warehouse

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
        nights = Nights(warehouse, folder / "stage")
        nights.night(_first_night(), at=MONDAY)
        nights.night(_second_night(), at=TUESDAY)
        nights.night({"private": []}, at=datetime(2026, 11, 4, 2), incomplete=("private",))
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
            ("changed", "offer", "listings", '["shared-accepted"]'),
            ("changed", "ubuntu", "description", "new kernel"),
            ("changed", "ubuntu", "updated_at", "2026-11-02 10:00:00"),
            ("removed", "windows", None, None),
        ],
    ),
    "deleted_images": (
        ("since=2026-11-01",),
        ("id", "system", "gigabytes", "deleted_at"),
        [("windows", "Windows Server 2022 Standard 64bit", 9.0, TUESDAY)],
    ),
    "duplicates_by_checksum": ((), ("copies", "gigabytes_saved", "ids"), [(2, 1.0, ["copy 1", "copy 2"])]),
    "duplicates_by_name": ((), ("name", "images", "ids"), [("base", 2, ["copy 1", "copy 2"])]),
    "end_of_life_systems": (("on=2026-11-04",), ("id", "ended_on"), [("ubuntu", date(2025, 5, 31))]),
    "faulty_runs": (SINCE, ("listing", "status", "error"), [("private", "partial", "it broke")]),
    "firmware": ((), ("firmware", "os_type", "images"), [("not said", None, 4), ("uefi", "Linux", 1)]),
    "growth_by_month": (
        (),
        ("listing", "month", "images", "more_images"),
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
            (MONDAY, "created", None, None),
            (TUESDAY, "changed", "description", "new kernel"),
            (TUESDAY, "changed", "updated_at", "2026-11-02 10:00:00"),
        ],
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
    "moved_shares": (
        SINCE,
        ("id", "from_listing", "to_listing", "moved_at"),
        [("offer", "shared-pending", "shared-accepted", TUESDAY)],
    ),
    "new_images": (SINCE, ("id", "listings"), [("second offer", ["shared-pending"])]),
    "operating_systems": (
        (),
        ("os_type", "os_version", "images"),
        [(None, None, 4), ("Linux", "Ubuntu 20.04 server 64bit", 1)],
    ),
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
    "untouched_images": (("before=2026-01-01",), ("id", "gigabytes_so_far"), [("copy 1", 1.0)]),
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
    wanted = [f"{one.name}=2026-11-01" for one in asked.parameters if one.default is None]
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute(asked.text, values(asked, wanted, published) or None).fetchall()
