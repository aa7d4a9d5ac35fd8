"""The worked case in the header of each view and macro: nights, a query, and the rows that it gives.

`-- Case: public a, b min_disk=1; private - | public b` are two nights, a day apart, from 2 November 2026 at 02:00 on;
`-` is a listing without images, and `changes:` in front makes a changes run. What follows up to SELECT or FROM goes on
with the nights. `run 1` is the id of the first run, NULL is NULL; the order of rows does not matter.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from load.statements import names, statement
from tests.load.runs import Runs, image, new_warehouse

FIRST = datetime(2026, 11, 2, 2)
OBJECTS = [(folder, name) for folder in ("views", "macros") for name in names(folder)]


def case(folder: str, name: str) -> tuple[str, str, list[str]]:
    """The nights, the query and the rows."""
    lines = re.findall(r"^-- (.*)$", statement(folder, name).text, re.MULTILINE)
    began = next((number for number, line in enumerate(lines) if line.startswith("Case: ")), None)
    assert began is not None, f"{folder}/{name} has no worked case"
    asked = next(n for n, line in enumerate(lines) if n > began and line.startswith(("SELECT", "FROM")))
    header = statement(folder, name).text.partition("CREATE")[0].count("\n")
    return " ".join(lines[began:asked]).removeprefix("Case: "), lines[asked], lines[asked + 1 : header]


def run_nights(nights: Runs, text: str) -> None:
    for number, night in enumerate(text.split("|")):
        mode = "changes" if night.strip().startswith("changes:") else "full"
        listings = {}
        for listing in night.replace("changes:", "").split(";"):
            name, _, images = listing.strip().partition(" ")
            listings[name] = [] if images.strip() == "-" else [_image(one) for one in images.split(",")]
        nights.run(listings, mode=mode, at=FIRST + timedelta(days=number))


def _image(text: str) -> dict[str, str]:
    identity, *attributes = text.split()
    return image(identity, **dict(pair.split("=", 1) for pair in attributes))


@pytest.mark.parametrize(("folder", "name"), OBJECTS)
def test_worked_case_gives_its_rows(tmp_path: Path, folder: str, name: str) -> None:
    text, query, expected = case(folder, name)
    assert f"FROM {name}" in query
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        run_nights(nights, text)
        runs = [run_id for (run_id,) in nights.rows("SELECT run_id FROM runs ORDER BY started_at")]
        found = [", ".join("NULL" if value is None else str(value) for value in row) for row in nights.rows(query)]
    for number, run_id in enumerate(runs, 1):
        found = [row.replace(run_id, f"run {number}") for row in found]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("folder", "name"), OBJECTS)
def test_worked_case_is_no_part_of_the_comment(folder: str, name: str) -> None:
    assert "Case: " not in statement(folder, name).description
