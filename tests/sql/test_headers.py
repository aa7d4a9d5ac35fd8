"""What the files of the cookbook say about themselves: parameters, their defaults and choices, columns."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cli.cookbook_question import values
from core.errors import SettingsError
from load.cookbook import Question, question, questions
from load.publish import publish
from load.statements import statement
from tests.documents import columns_of
from tests.load.runs import PROJECT, Runs, image, new_warehouse
from tests.sql.asking import GIGABYTE

pytestmark = pytest.mark.slow

EACH = pytest.mark.parametrize("asked", questions(), ids=lambda asked: asked.name)


@EACH
def test_default_is_in_one_place_of_the_query(asked: Question) -> None:
    """Who changes it in a copied query changes it once."""
    sql = "".join(line for line in asked.text.splitlines(keepends=True) if not line.startswith("--"))
    for parameter in asked.parameters:
        if parameter.default is not None:
            assert len(re.findall(rf"\${parameter.name}\b", sql)) == 1, parameter.name


def test_every_column_of_an_answer_is_described(tmp_path: Path) -> None:
    """At its line, or it is a column of `images`; and nothing is described that is no column."""
    with new_warehouse(tmp_path) as warehouse:
        of_images = {name for name, _ in warehouse.typed_columns("images")}
        for asked in questions():
            columns = columns_of(warehouse, asked)
            names = {name for name, _, _ in columns}
            assert [name for name, _, meaning in columns if not meaning] == [], asked.name
            assert names - of_images <= asked.columns.keys() <= names, asked.name


def test_names_of_a_line_are_the_same_for_renewals_and_promises() -> None:
    rules = [
        re.findall(r"regexp_replace\((?:names\.)?name, ('[^']*'), ''\)", statement(folder, name).text)
        for folder, name in (("views", "image_promises"), ("queries", "name_renewals"))
    ]
    assert rules[0] == rules[1] != []


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        (
            "gigabyte_days",
            ["by=colour"],
            "no by 'colour'. There are: owner, system, platform, architecture, vis",
        ),
        ("growth_by_month", ["by=Owner"], "no by 'Owner'. There are: listing, owner"),
        ("missing_in_cloud", ["cloud=c", "other=typo"], "no other 'typo'. There are: c, d"),
        ("missing_in_cloud", ["cloud=", "other=c"], "no cloud ''. There are: c, d"),
        ("missing_in_cloud", ["cloud=c", "other=%"], "no other '%'"),
        ("missing_in_cloud", ["cloud=c", "other=d", "by=size"], "no by 'size'. There are: name, checksum, hash"),
        ("withheld_deletions", ["cloud=prod%"], "no cloud 'prod%'. There are: c, d"),
        ("incomplete_metadata", ["version=3"], "no version '3'. There are: 1, 2"),
    ],
)
def test_value_that_is_none_of_its_choices_is_refused(
    two_clouds: Path, name: str, given: Sequence[str], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        values(question(name), given, two_clouds)
    assert said in str(caught.value)


def test_values_of_their_choices_are_taken(two_clouds: Path, tmp_path: Path) -> None:
    for name, given in (
        ("gigabyte_days", ["by=visibility"]),
        ("missing_in_cloud", ["cloud=d", "other=c", "by=hash"]),
        ("withheld_deletions", ["cloud=d%"]),
    ):
        assert set(values(question(name), given, two_clouds).values()) >= {text.partition("=")[2] for text in given}
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, tmp_path / "published.duckdb")
    assert values(question("withheld_deletions"), [], tmp_path / "published.duckdb") == {"cloud": "%"}


@pytest.fixture(scope="module")
def two_clouds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two-clouds")
    with new_warehouse(folder) as warehouse:
        Runs(warehouse, folder / "stage").run({"public": [image("a"), image("b")]})
        for table in ("image_versions", "listing_memberships"):
            warehouse.execute(f"UPDATE {table} SET cloud = 'd' WHERE id = 'b'")
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


def _two_nights(folder: Path, today: date) -> Path:
    """The copy after a night in which much happened: the one before `today`."""
    folder.mkdir()
    share: dict[str, Any] = {"owner": "friend", "visibility": "shared"}
    kept = [
        image("parent", name="N", visibility="public", os_distro="ubuntu", os_version="16.04", size=GIGABYTE),
        image("child", owner=PROJECT, visibility="private", base_image_ref="parent", min_disk="much"),
        image("orphan", owner=PROJECT, visibility="private", base_image_ref="unknown"),
    ]
    ended = image("ended", name="N", owner=PROJECT, visibility="private", size=2 * GIGABYTE)
    fresh = image("new", owner=PROJECT, visibility="private")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        catalogues = (
            {"private": [*kept, ended], "shared-pending": [image("s", **share)], "shared-accepted": []},
            {"private": [fresh, {**kept[0], "min_ram": 5}, *kept[1:]], "shared-pending": [],
             "shared-accepted": [image("s", **share)]},
        )  # fmt: skip
        for number, catalogue in enumerate(catalogues):
            nights.run(catalogue, at=datetime.combine(today, time(2)) - timedelta(days=1 - number))
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


REQUIRED = {"id": "child", "name": "N", "cloud": "c", "other": "c", "from": "2026-11-29T12:00"}


def test_defaults_answer_on_the_first_of_a_month_as_on_the_day_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened in the night is in the answer of the morning."""
    rows: dict[str, list[int]] = {}
    for today in (date(2026, 11, 30), date(2026, 12, 1)):
        copy = _two_nights(tmp_path / f"{today}", today)
        monkeypatch.setattr("cli.timestamps._now", lambda day=today: datetime.combine(day, time(4)))
        for asked in questions():
            wanted = [f"{one.name}={REQUIRED[one.name]}" for one in asked.parameters if one.default is None]
            given = values(asked, wanted, copy)
            with duckdb.connect(str(copy), read_only=True) as connection:
                found = connection.execute(asked.text, given or None).fetchall()
            rows.setdefault(asked.name, []).append(len(found))
    growth = rows.pop("growth_by_month")
    assert growth[1] > growth[0], "it has a row for each month"
    assert {name: counts for name, counts in rows.items() if counts[0] != counts[1]} == {}
    assert all(rows[name] != [0, 0] for name in ("gigabyte_days", "deleted_images", "digest", "new_images"))


def test_storage_on_the_first_day_of_a_history_and_in_a_time_that_has_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reading is the start; what comes after the last reading is not counted."""
    monkeypatch.setattr("cli.timestamps._now", lambda: datetime(2026, 11, 3, 4))
    copy = _two_nights(tmp_path / "copy", date(2026, 11, 3))
    asked = question("gigabyte_days")

    def answer(*given: str) -> list[tuple[Any, ...]]:
        parameters = values(asked, ["by=visibility", *given], copy)
        with duckdb.connect(str(copy), read_only=True) as connection:
            found = connection.execute(asked.text, parameters).fetchall()
        return [row[1:] for row in found if row[3] or row[4]]

    one_day = [("private", 4, 2.0, 0.0, 2.0), ("public", 1, 1.0, 1.0, 1.0)]
    assert answer() == one_day
    for given in (("until=tomorrow",), ("until=2036-01-01",), ("since=2020-01-01",), ("since=2026-11-02",)):
        assert answer(*given) == one_day, given
    assert answer("until=today")[0][-1] == pytest.approx(2 * 22 / 24, abs=0.1)
    assert answer("until=2026-11-02") == []
    with new_warehouse(tmp_path / "copy") as warehouse:
        warehouse.execute("DELETE FROM image_versions WHERE seen_from > TIMESTAMP '2026-11-03'")
        warehouse.execute("UPDATE image_versions SET seen_to = NULL, end_reason = NULL")
        warehouse.execute("DELETE FROM run_clouds WHERE run_id = (SELECT max(run_id) FROM runs)")
        publish(warehouse, copy, anew=True)
    assert answer() == [("private", 3, 2.0, 2.0, 0.0), ("public", 1, 1.0, 1.0, 0.0)]
