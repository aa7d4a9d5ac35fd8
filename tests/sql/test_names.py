"""What a name meant, and what took it over: two years in which public images are replaced every month."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.load.runs import Runs, image, new_warehouse
from tests.sql.rotations import FIRST, LAST, MONTHS, Line, catalogue, month, monthly, run_on

pytestmark = pytest.mark.slow

LINES = [Line(way, way, monthly()) for way in ("rename", "keep", "anew")]


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Two years of LINES, read on the first of each month."""
    folder = tmp_path_factory.mktemp("rotations")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        for number in range(MONTHS):
            listed, hidden = catalogue(LINES, month(number))
            nights.run({"public": listed}, at=run_on(month(number)), there=tuple(hidden))
        yield nights


def test_name_means_the_right_image_on_every_day(rotated: Runs) -> None:
    found = rotated.rows(
        f"""SELECT days.day::DATE, names.name, arg_max(names.id, names.created_at)
        FROM (SELECT unnest(generate_series(DATE '{FIRST}', DATE '{LAST}', INTERVAL 1 DAY)) AS day) AS days
        JOIN image_names AS names
            ON names.named_from <= days.day + INTERVAL 12 HOUR
            AND coalesce(names.named_to, TIMESTAMP '9999-12-31') > days.day + INTERVAL 12 HOUR
        WHERE names.name IN ('rename', 'keep', 'anew')
        GROUP BY ALL"""
    )
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    assert {(day, name): identity for day, name, identity in found} == {
        (day, line.name): line.meant_on(day) for day in days for line in LINES
    }
    for line in LINES:
        for day in days[::61]:
            noon = datetime(day.year, day.month, day.day, 12)
            rows = rotated.warehouse.execute(
                "SELECT id, cloud, owner FROM id_of($name, $ts)", {"name": line.name, "ts": noon}
            )
            assert rows.fetchall()[0] == (line.meant_on(day), "c", "vendor")


def test_every_replaced_image_leads_to_the_one_of_now(rotated: Runs) -> None:
    found = rotated.rows("SELECT name, id, replaced_by, replaced_at, successor FROM image_successors ORDER BY ALL")
    expected = [
        (
            line.name,
            line.identity(number),
            line.identity(number + 1),
            run_on(month(number + 1)),
            line.identity(MONTHS - 1),
        )
        for line in sorted(LINES, key=lambda line: line.name)
        for number in range(MONTHS - 1)
    ]
    assert found == expected
    shown = dict(rotated.rows("SELECT id, successor FROM images"))
    assert shown["rename-22"] == "rename-23"
    assert shown["keep-22"] == "keep-23"
    assert shown["keep-23"] is None


def test_ways_in_which_names_change_hands(tmp_path: Path) -> None:
    days = [date(2026, 11, day) for day in range(2, 6)]
    # By image: when it was created, what else it is, and its name in each run.
    borne: dict[str, tuple[str, dict[str, str], list[str | None]]] = {
        "a": ("01", {}, ["A", "B", "B", "B"]),  # swaps its name with b
        "b": ("02", {}, ["B", "A", "A", "A"]),
        "c": ("01", {}, ["C", "C-old", "C", "C"]),  # is replaced, and comes back
        "d": ("02", {}, [None, "C", "C-bad", "C-bad"]),
        "e": ("01", {}, ["E", None, None, None]),  # leads on to g by the name of f
        "f": ("02", {}, [None, "E", "F", None]),
        "g": ("03", {}, [None, None, None, "F"]),
        "x": ("01", {"architecture": "x86_64"}, ["X"] * 4),
        "y": ("02", {"architecture": "aarch64"}, ["X"] * 4),
        "z": ("03", {"architecture": "aarch64"}, [None, None, None, "X"]),
        "o": ("01", {"owner": "p"}, ["O"] * 4),  # another project's images do not replace it
        "q": ("02", {"owner": "q"}, [None, "O", "O", "O"]),
    }
    catalogues = [
        [
            image(identity, name=names[run], created_at=f"2026-10-{created}T00:00:00Z", **more)
            for identity, (created, more, names) in borne.items()
            if names[run]
        ]
        for run in range(len(days))
    ]
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        for day, images in zip(days, catalogues, strict=True):
            nights.run({"public": images, "private": []}, at=run_on(day))
        assert dict(nights.rows("SELECT id, successor FROM image_successors")) == {
            "a": "b", "b": "a", "d": "c", "e": "g", "f": "g", "y": "z",
        }  # fmt: skip
        found = nights.rows("SELECT name, named_from, named_to FROM image_names WHERE id = 'c' ORDER BY named_from")
        assert found == [
            ("C", run_on(days[0]), run_on(days[1])),
            ("C-old", run_on(days[1]), run_on(days[2])),
            ("C", run_on(days[2]), None),
        ]


def test_name_of_an_image_that_moves_or_is_listed_twice_is_one_time_and_a_hidden_image_has_none(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        days = [date(2026, 11, day) for day in range(2, 6)]
        moving, hidden = image("a", name="A"), image("h", name="H", os_hidden=True)
        nights.run({"private": [moving], "public": [], "hidden": [hidden]}, at=run_on(days[0]))
        nights.run({"private": [moving], "public": [moving], "hidden": [hidden]}, at=run_on(days[1]))
        nights.run({"private": [], "public": [{**moving, "min_disk": 1}], "hidden": [hidden]}, at=run_on(days[2]))
        nights.run({"private": [], "public": [], "hidden": [hidden]}, at=run_on(days[3]))
        assert nights.rows("SELECT name, id, named_from, named_to FROM image_names") == [
            ("A", "a", run_on(days[0]), run_on(days[3]))
        ]
