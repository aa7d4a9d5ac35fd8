"""Promises of SCS-0102, kept and broken: two years of rotations, in which breaches are planted."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from load.cookbook import question
from tests.load.runs import Runs, image, new_warehouse
from tests.sql.rotations import FIRST, LAST, MONTHS, Line, catalogue, month, monthly, run_on

pytestmark = pytest.mark.slow

KEPT = {"replace_frequency": "monthly", "uuid_validity": "last-3", "provided_until": "2026-06-30"}
NO_ID = {**KEPT, "uuid_validity": "none"}
QUARTERS = tuple(month(number) for number in range(0, MONTHS, 3))

LINES = [
    Line("rename", "rename", monthly(), KEPT),
    Line("keep", "keep", monthly(), KEPT, behind=2),
    Line("anew", "anew", monthly(), {**NO_ID, "provided_until": "notice"}),
    Line("stamp", "stamp", monthly(), KEPT),
    Line("grace", "rename", monthly(3), KEPT),
    Line("quarterly", "anew", QUARTERS, {**NO_ID, "replace_frequency": "Quarterly"}),
    Line("yearly", "anew", (FIRST, date(2025, 1, 4)), {**NO_ID, "replace_frequency": "yearly"}),
    Line("critical", "anew", (FIRST,), {**NO_ID, "replace_frequency": "critical_bug"}),
    Line("no promise", "keep", (FIRST,), {"replace_frequency": "monthly", "provided_until": "none"}),
    Line("not of the standard", "keep", (FIRST,), {"replace_frequency": "often", "uuid_validity": "last-few"}),
    Line("done", "anew", monthly()[:17], {**NO_ID, "provided_until": "2025-05-31"}, dropped=date(2025, 6, 1)),
    Line("late", "rename", monthly(late={7: 4}), KEPT),
    Line("stale", "keep", monthly()[:3], KEPT),
    Line("early", "keep", monthly(), KEPT, deleted={5: month(7)}),
    Line("dated", "keep", monthly(), {**KEPT, "uuid_validity": "2025-06-30"}, behind=MONTHS,
         deleted={3: date(2025, 6, 1), 4: date(2025, 7, 1)}),
    Line("forever", "keep", monthly(), {**KEPT, "uuid_validity": "forever"}, behind=MONTHS, deleted={2: month(20)}),
    Line("notice", "keep", monthly(), {**KEPT, "uuid_validity": "notice"}, behind=MONTHS, deleted={2: month(20)}),
    Line("dropped", "anew", monthly()[:17], {**NO_ID, "provided_until": "2025-12-31"}, dropped=date(2025, 6, 1)),
    Line("never", "anew", (FIRST, month(5)), {**NO_ID, "replace_frequency": "never", "provided_until": "2025-12-31"}),
]  # fmt: skip

BROKEN = {
    ("late", 6, "replace_frequency", date(2024, 8, 5)),
    ("stale", 2, "replace_frequency", date(2024, 4, 5)),
    ("early", 5, "uuid_validity", month(7)),
    ("dated", 3, "uuid_validity", date(2025, 6, 1)),
    ("forever", 2, "uuid_validity", month(20)),
    ("dropped", 16, "replace_frequency", date(2025, 6, 5)),
    ("dropped", 16, "provided_until", date(2025, 6, 1)),
    ("never", 0, "replace_frequency", month(5)),
}
"""By line, number, promise, and the day from which it is broken."""

SNAPSHOT = image("snapshot", visibility="private", created_at="2024-01-01T00:00:00Z", **KEPT)


@pytest.fixture(scope="module")
def promised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Two years of LINES, read on the first of each month and on the last day."""
    folder = tmp_path_factory.mktemp("promises")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        for day in (*map(month, range(MONTHS)), LAST):
            listed, hidden = catalogue(LINES, day)
            nights.run({"public": listed, "private": [SNAPSHOT]}, at=run_on(day), there=tuple(hidden))
        yield nights


def test_planted_breaches_are_found_and_none_is_invented(promised: Runs) -> None:
    found = promised.rows("SELECT name, id, promise, broken_from::DATE FROM image_promises WHERE status = 'broken'")
    assert set(found) == {(name, f"{name}-{number:02}", promise, since) for name, number, promise, since in BROKEN}
    assert promised.rows("SELECT id, promise FROM image_promises WHERE status = 'unknown'") == [
        ("notice-02", "uuid_validity")
    ]
    names = {name for (name,) in promised.rows("SELECT DISTINCT name FROM image_promises")}
    assert names == {line.name for line in LINES} - {"no promise", "not of the standard"}


def test_promise_says_since_when_it_stood_and_which_image_replaced(promised: Runs) -> None:
    assert promised.rows(
        """SELECT id, value, promised_from::DATE, promised_to::DATE, due_on, replaced_by, replaced_at::DATE
        FROM image_promises WHERE promise = 'replace_frequency' AND id IN ('late-06', 'rename-03', 'stale-02')
        ORDER BY id"""
    ) == [
        ("late-06", "monthly", date(2024, 7, 1), date(2024, 12, 1), date(2024, 8, 1), "late-07", date(2024, 8, 5)),
        ("rename-03", "monthly", month(3), month(7), month(4), "rename-04", month(4)),
        ("stale-02", "monthly", month(2), None, month(3), None, None),
    ]


def test_query_of_broken_promises(promised: Runs) -> None:
    found = promised.warehouse.execute(question("broken_promises").text, {"since": "2025-01-01"})
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    assert [(row["id"], row["promise"], row["days"]) for row in rows] == [
        ("forever-02", "uuid_validity", 121),
        ("dropped-16", "replace_frequency", 209),
        ("dated-03", "uuid_validity", 213),
        ("dropped-16", "provided_until", 213),
    ]


def as_written(images: list[dict[str, Any]], day: date) -> set[str]:
    """The images that a reader of SCS-0102 finds outdated on a day, with nothing but that day's list before him."""
    outdated = set()
    for one in images:
        frequency, until = one.get("replace_frequency", "").lower(), one.get("provided_until", "notice")
        if frequency not in ("yearly", "quarterly", "monthly") or until == "none":
            continue
        months = {"yearly": 12, "quarterly": 3, "monthly": 1}[frequency]
        published = date.fromisoformat(one["created_at"][:10])
        years, to_month = divmod(published.month - 1 + months, 12)
        due = date(published.year + years, to_month + 1, 1)
        due = due.replace(day=min(published.day, monthrange(due.year, due.month)[1]))
        line = one["name"].removesuffix(f" {published:%Y%m%d}")
        newer = [
            date.fromisoformat(other["created_at"][:10])
            for other in images
            if other["name"] == line or other["name"].startswith(f"{line} 2")
        ]
        replaced = min((at for at in newer if at > published), default=day)
        if replaced > due + timedelta(days=3) and (until == "notice" or due <= date.fromisoformat(until)):
            outdated.add(one["id"])
    return outdated


@pytest.mark.parametrize("day", [date(2024, 4, 4), date(2024, 4, 5), date(2024, 8, 15), date(2025, 6, 20)], ids=str)
def test_on_a_single_day_the_answer_is_that_of_the_standard(tmp_path: Path, day: date) -> None:
    listed, _ = catalogue(LINES, day)
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": listed}, at=run_on(day))
        found = nights.rows("SELECT id FROM image_promises WHERE status = 'broken'")
    expected = as_written(listed, day)
    assert {identity for (identity,) in found} == expected
    assert bool(expected) == (day > date(2024, 4, 4))


def test_promise_that_was_taken_back_in_time_is_not_broken_and_a_new_one_counts_from_then_on(tmp_path: Path) -> None:
    created = {"visibility": "public", "created_at": "2026-01-10T00:00:00Z"}
    days = (date(2026, 1, 11), date(2026, 2, 12), date(2026, 3, 1), date(2026, 3, 6))
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        for day, value in zip(days, ("monthly", "yearly", "daily", "daily"), strict=True):
            nights.run({"public": [image("a", replace_frequency=value, **created)]}, at=run_on(day))
        assert nights.rows("SELECT value, due_on, status FROM image_promises ORDER BY promised_from") == [
            ("monthly", date(2026, 2, 10), "kept"),
            ("yearly", date(2027, 2, 12), "kept"),
            ("daily", date(2026, 3, 2), "broken"),
        ]
        # What was not read to its end breaks no promise.
        nights.run({"public": []}, at=run_on(date(2027, 6, 1)), incomplete=("public",))
        assert nights.rows("SELECT max(judged_at) FROM image_promises") == [(run_on(date(2026, 3, 6)),)]


def test_image_that_was_there_before_it_had_its_name_is_published_with_it(tmp_path: Path) -> None:
    old = image("a", name="N", visibility="public", created_at="2026-01-01T00:00:00Z", replace_frequency="monthly")
    ready = image("b", visibility="public", created_at="2026-01-02T00:00:00Z", replace_frequency="monthly")
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [old]}, at=run_on(date(2026, 1, 5)))
        nights.run({"public": [old]}, at=run_on(date(2026, 2, 1)))
        nights.run({"public": [{**old, "name": "N old"}, {**ready, "name": "N"}]}, at=run_on(date(2026, 2, 3)))
        nights.run({"public": [{**ready, "name": "N"}]}, at=run_on(date(2026, 3, 5)))
        assert nights.rows("SELECT name, id, due_on, status, replaced_by FROM image_promises ORDER BY id") == [
            ("N", "a", date(2026, 2, 1), "kept", "b"),
            ("N", "b", date(2026, 3, 3), "kept", None),
        ]


def test_value_that_the_standard_does_not_have_is_no_promise_and_spoils_no_other(tmp_path: Path) -> None:
    """Anybody may publish an image with whatever values; for DuckDB `infinity` is a date that overflows."""
    odd = [
        "infinity",
        "-infinity",
        "epoch",
        "5881580-07-10",
        "5877642-06-25 (BC)",
        "2027-1-5",
        "2027/01/05",
        "20270105",
    ]
    odd += [
        "2027-02-30",
        "2027-01-05 10:00",
        "0000-00-00",
        "last-",
        "last--1",
        "last-9999999999",
        "2 weeks",
        "\u0662\u0660\u0662\u0667",
    ]
    odd += ["'; --", "\x01", "x" * 10_000]
    of_others = {"replace_frequency": ["notice", "2027-01-05"], "uuid_validity": ["monthly", "never"]}
    of_others["provided_until"] = ["last-3", "forever", "daily"]
    right = {"replace_frequency": "Monthly ", "uuid_validity": " last-03", "provided_until": "9999-12-31"}
    images = [
        image(f"{promise}-{number}", name=f"{promise} {number}", visibility="public", owner="v", **{promise: value})
        for promise, more in of_others.items()
        for number, value in enumerate([*odd, *more])
    ]
    for number, created in enumerate(("0001-01-01", "9999-12-31", "294246-12-31")):
        made = {"created_at": f"{created}T00:00:00Z", "visibility": "public", "owner": "v"}
        images.append(image(f"right-{number}", name=f"right {number}", **made, **right))
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": images}, at=run_on(month(0)))
        nights.run({"public": images[-3:]}, at=run_on(month(1)))
        found = nights.rows("SELECT id, promise, value FROM image_promises ORDER BY ALL")
        for name in ("broken_promises", "name_renewals"):
            warehouse.execute(question(name).text, {"on": LAST} if name == "name_renewals" else {"since": FIRST})
    stated = (("provided_until", "9999-12-31"), ("replace_frequency", "monthly"), ("uuid_validity", "last-03"))
    assert found == [(f"right-{number}", *promise) for number in range(3) for promise in stated]
