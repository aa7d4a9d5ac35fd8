"""The page as a file: whole, self-contained, bounded, and text stays text. tests/browser looks at it in Chromium."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.errors import SettingsError, WarehouseError
from load.publish import publish
from load.published import ask
from load.statements import names, statement
from page import figures as figures_module
from page.dashboard import write_page
from tests.load.runs import Runs, image, new_warehouse
from tests.page.unpacking import Parts, parts_of

pytestmark = pytest.mark.slow

HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(2)>\u2028{{packed}}'
UUID = "0141daf5-a9a7-f596-4336-5f9c50587987"
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 11, day, 2) for day in (2, 3, 4))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs: on Tuesday images change, come and move; on Wednesday one ends and one waits for a decision."""
    folder = tmp_path_factory.mktemp("page")
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        images = [
            image(UUID, name="b", size=5_000_000, created_at="2026-01-02T00:00:00Z", __os_version="CentOS 7.9 64bit"),
            image("no-uuid", name="a", tags=["x", "y z"]),
            image("leaves", name="c"),
        ]
        lost = [image(f"lost-{number}") for number in range(2)]
        nights.run({"public": images, "private": lost, "shared-pending": [image("offer", owner="friend")]}, at=MONDAY)
        changed = {**images[0], "name": HOSTILE, "owner": HOSTILE, "__description": HOSTILE, HOSTILE: HOSTILE}
        touched = {**images[1], "updated_at": "2026-11-03T01:00:00Z"}
        offers: dict[str, Any] = {
            "shared-accepted": [image("offer", owner="friend")],
            "shared-pending": [image("next")],
        }
        nights.run({"public": [changed, touched, images[2]], "private": lost, **offers}, at=TUESDAY)
        nights.run(
            {"public": [changed, touched], "private": lost[:1], **offers}, at=WEDNESDAY, withheld=frozenset({"lost-1"})
        )
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


@pytest.fixture(scope="module")
def made(published: Path) -> Parts:
    return page_of(published)


def page_of(published: Path) -> Parts:
    target = published.with_name("page.html")
    write_page(published, target, "9.9", datetime(2026, 11, 4, 4))
    return parts_of(target)


def events(page: Parts) -> list[tuple[Any, ...]]:
    tables = page.tables()
    ids = [row["id"] for row in tables["images"]]
    return [
        (
            ids[row["image"]],
            row["happened_at"][8:10],
            row["event"],
            row["attribute"],
            row["old_value"],
            row["new_value"],
        )
        for row in tables["events"]
    ]


def test_page_loads_nothing_and_lets_only_its_own_scripts_run(made: Parts) -> None:
    assert len(made.scripts) == 4
    for _, attributes in made.tags:
        assert not attributes.keys() & {"src", "srcset", "onerror", "onclick"}
        assert (attributes.get("href") or "#").startswith("#")
    (policy,) = (found["content"] for tag, found in made.tags if found.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_what_a_cloud_wrote_stays_text(published: Path, made: Parts) -> None:
    values = {attribute: new for _, _, _, attribute, _, new in events(made) if attribute}
    assert values["description"] == HOSTILE
    assert values[HOSTILE] == HOSTILE
    assert made.figures()["drift"]["rows"][0][1] == HOSTILE
    (one,) = (row for row in made.tables()["images"] if row["id"] == UUID)
    assert (one["name"], one["owner"]) == (HOSTILE, HOSTILE)
    assert not re.search(r"<script>alert", published.with_name("page.html").read_text(encoding="utf-8"))


def test_table_has_what_is_there_and_what_ended_and_what_waits_for_a_decision(made: Parts) -> None:
    images = {row["id"]: row for row in made.tables()["images"]}
    assert images.keys() == {UUID, "no-uuid", "leaves", "lost-0", "lost-1", "offer", "next"}
    assert (images[UUID]["bytes"], images[UUID]["created"], images[UUID]["versions"]) == (
        5_000_000,
        date(2026, 1, 2),
        2,
    )
    assert (images["no-uuid"]["bytes"], images["no-uuid"]["tags"]) == (None, "x\x1fy z")
    assert (images["leaves"]["ended"], images["leaves"]["end_reason"]) == (date(2026, 11, 4), "deleted")
    assert (images["leaves"]["first_seen"], images["leaves"]["listings"]) == (date(2026, 11, 2), "")
    assert {identity for identity, row in images.items() if row["ended"]} == {"leaves"}
    assert {identity for identity, row in images.items() if row["withheld"]} == {"lost-1"}
    assert {identity: row["waiting_since"] for identity, row in images.items() if row["waiting_since"]} == {
        "next": date(2026, 11, 3)
    }
    ended_support = {identity: row["release"] for identity, row in images.items() if row["support_is_over"]}
    assert ended_support == {UUID: "centos 7"}
    assert images[UUID]["support_ends"] == date(2024, 6, 30)


def test_events_begin_after_the_first_reading_and_say_what_changed_from_what(made: Parts) -> None:
    found = events(made)
    assert (UUID, "03", "changed", "name", "b", HOSTILE) in found
    assert not [row for row in found if row[0] == UUID and row[3] == "updated_at"], "not beside other changes"
    assert [row[2:4] for row in found if row[0] == "no-uuid"] == [("changed", "updated_at")], "nothing else changed"
    assert [row[1:] for row in found if row[0] == "offer"] == [
        ("03", "moved", "listings", "shared-pending", "shared-accepted")
    ]
    assert [row[1:] for row in found if row[0] == "leaves"] == [("04", "deleted", None, None, None)]
    assert [row[1:3] for row in found if row[0] == "next"] == [("03", "created")]
    assert not [row for row in found if row[0].startswith("lost")]


def test_numbers_of_a_day_count_each_image_once(published: Path, made: Parts) -> None:
    daily = [tuple(row.values())[2:] for row in made.tables()["daily"]]
    assert daily == [
        # images, bytes, new, changed, deleted, returned
        (6, 5_000_000, 6, 0, 0, 0),
        (7, 5_000_000, 1, 2, 0, 0),
        (6, 5_000_000, 0, 0, 1, 0),
    ]
    ((there,),) = ask(published, "SELECT count(*) FROM images").rows()
    assert daily[-1][0] == there


def test_events_that_do_not_fit_are_left_out_by_whole_runs_and_the_page_says_up_to_when(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = events(page_of(published))
    of_wednesday = [row for row in everything if row[1] == "04"]
    assert 0 < len(of_wednesday) < len(everything)
    for name, most in (("MOST_EVENTS", len(of_wednesday) + 2), ("_MOST_TEXT", 100)):
        with monkeypatch.context() as bounds:
            bounds.setattr(figures_module, name, most)
            page = page_of(published)
        assert events(page) == of_wednesday, name
        assert page.figures()["events_from"] == TUESDAY.isoformat()
    assert page_of(published).figures()["events_from"] is None


def test_numbers_of_many_clouds_and_days_are_those_of_the_last_days(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = page_of(published).tables()
    assert [row["day"].day for row in whole["daily"]] == [2, 3, 4]
    for most, days in ((2, [3, 4]), (1, [4]), (0, [4])):
        monkeypatch.setattr(figures_module, "MOST_DAILY", most)
        page = page_of(published)
        assert [row["day"].day for row in page.tables()["daily"]] == days, "whole days, and one at least"
        assert page.tables()["daily"] == whole["daily"][-len(days) :], "counted from the first day on"
        assert page.figures()["first_day"] == "2026-11-02", "so that the page can say what it leaves out"
    monkeypatch.setattr(figures_module, "MOST_DAILY", len(whole["daily_listings"]) - 1)
    of_listings = page_of(published).tables()["daily_listings"]
    assert of_listings == [row for row in whole["daily_listings"] if row["day"].day > 2]


def test_lists_of_many_clouds_are_shared_among_them(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_module, "_MANY_CLOUDS", 2)
    query = "SELECT 'c' || c AS cloud, n FROM range($clouds) AS r(c), range(10) AS s(n) ORDER BY n, c"

    def rows(clouds: int) -> dict[str, Any]:
        return figures_module._rows(published, query, {"clouds": clouds}, 5)

    assert len(rows(1)["rows"]) == 5
    assert rows(2)["rows"] == [(f"c{cloud}", number) for number in range(5) for cloud in range(2)]
    assert rows(4)["rows"] == [(f"c{cloud}", number) for number in range(2) for cloud in range(4)]
    assert len(rows(100)["rows"]) == 200, "each has some"
    assert rows(4)["counts"] == dict.fromkeys(("c0", "c1", "c2", "c3"), 10)


def test_page_compares_no_row_with_every_other(published: Path) -> None:
    """An outer join with a condition of one side took seconds for 100,000 images, and the square for many withheld."""
    found = []
    with duckdb.connect(str(published), read_only=True) as connection:
        for folder in ("page", "metrics", "queries"):
            for name in names(folder):
                text = statement(folder, name).text
                given = dict.fromkeys(re.findall(r"\$(\w+)", re.sub("--.*", "", text)))
                ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {text}", given or None).fetchall()
                found += [(name, kind) for kind in slow_joins(json.loads(plan)) if kind != "INNER"]
    assert found == []


def slow_joins(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        if step["name"] == "BLOCKWISE_NL_JOIN":
            yield step["extra_info"]["Join Type"]
        yield from slow_joins(step["children"])


def test_image_whose_id_has_a_line_break_is_not_taken_for_another() -> None:
    import pyarrow as pa

    keys = figures_module._keys(pa.table({"cloud": ["a\nb", "a", "a:b", "a"], "id": ["c", "b\nc", "c", "b:c"]}))
    assert len(set(keys.to_pylist())) == 4


def test_long_values_are_cut(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_module, "_LONGEST_VALUE", 10)
    values = {attribute: new for _, _, _, attribute, _, new in events(page_of(published)) if attribute}
    assert values["description"] == HOSTILE[:10] + "…"
    assert values["listings"] == "shared-acc…"


def test_run_that_was_not_completed_says_why(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a")], "private": []}, at=MONDAY)
        nights.run({"public": [image("a")], "private": []}, at=TUESDAY, incomplete=("private",))
        warehouse.execute("UPDATE runs SET status = 'partial' WHERE started_at = $at", {"at": TUESDAY})
        warehouse.execute(
            "INSERT INTO runs BY NAME SELECT 'dead' AS run_id, $at AS started_at, 'full' AS mode, 'failed' AS status, "
            "'0' AS version",
            {"at": WEDNESDAY},
        )
        warehouse.execute("INSERT INTO run_targets VALUES ('dead', 'c', true, NULL), ('dead', 'd', true, 'no login')")
        publish(warehouse, tmp_path / "published.duckdb")
    figures = page_of(tmp_path / "published.duckdb").figures()
    faults = [dict(zip(figures["faulty_runs"]["columns"], row, strict=True)) for row in figures["faulty_runs"]["rows"]]
    assert [(fault["status"], fault["cloud"], fault["listing"], fault["error"]) for fault in faults] == [
        ("failed", "c", None, "the run ended before it loaded this cloud"),
        ("failed", "d", None, "no login"),
        ("partial", "c", "private", "it broke"),
    ]


def test_page_of_an_empty_warehouse_does_not_fail(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, tmp_path / "published.duckdb")
    page = page_of(tmp_path / "published.duckdb")
    assert page.figures()["status"]["rows"] == []
    assert page.tables() == {"images": [], "events": [], "promises": [], "daily": [], "daily_listings": []}


def test_page_that_cannot_be_written_leaves_the_one_before(published: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no published copy"):
        write_page(tmp_path / "nothing.duckdb", tmp_path / "page.html", "9.9")
    with pytest.raises(WarehouseError, match=r"page\.html cannot be written"):
        write_page(published, published / "page.html", "9.9")


def test_copy_of_an_earlier_version_is_refused_with_a_sentence(published: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.duckdb"
    shutil.copyfile(published, old)
    with duckdb.connect(str(old)) as connection:
        connection.execute("DROP VIEW image_promises")
    with pytest.raises(SettingsError, match="made by an earlier version of glanceback"):
        write_page(old, tmp_path / "page.html", "9.9")
    assert not (tmp_path / "page.html").exists()
