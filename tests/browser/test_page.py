"""The page in a real Chromium: light and dark, wide and on a telephone, by mouse and by keyboard, and under attack."""

import csv
import io
import json
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from load.publish import publish
from load.published import ask
from page import figures
from page.dashboard import write_page
from tests.load.runs import Runs, image, new_warehouse

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = "=cmd|' /C calc'!A0"
UUID = "0141daf5-a9a7-f596-4336-5f9c50587987"
VENV = Path(__file__).resolve().parent.parent.parent / ".venv-browser"
CHROMIUM = VENV / "chromium"
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 11, day, 2) for day in (2, 3, 4))

pytestmark = pytest.mark.skipif(
    not (CHROMIUM / "chromium").exists(), reason="npm could not bring Chromium: `make .venv-browser/.ready` says why"
)


def images_of_monday() -> dict[str, list[dict[str, Any]]]:
    ubuntu = {"size": 1_000_000, "__os_type": "Linux", "__platform": "Ubuntu", "__os_version": "Ubuntu 22.04 64bit"}
    public = [image(f"{number:03d}", **ubuntu, owner=f"{number % 15:032x}") for number in range(120)]
    public[4]["tags"] = ["golden", "web"]
    for number in (5, 6):
        public[number] |= {"__platform": "CentOS", "__os_version": "CentOS 7.9 64bit"}
    public[5]["name"] = "CentOS 7.9"
    public[117]["name"] = "caf\u00e9"
    public[10] |= {"visibility": "public", "created_at": "2026-09-01T00:00:00Z", "replace_frequency": "monthly"}
    private = [
        image("needle", name=HOSTILE, owner=HOSTILE),
        image(UUID, name=FORMULA, owner="+1", tags=["@tag"]),
        image("lost"),
    ]
    return {"public": public, "private": private, "shared-pending": [image("offer")]}


def live_through(nights: Runs) -> None:
    """Three runs of a cloud. An image comes on Tuesday and is gone on Wednesday; another one changes on both days."""
    listings = images_of_monday()
    nights.run(listings, at=MONDAY)
    first, _, _, *others = listings["public"]
    first = {**first, "size": 9_000_000, "__description": HOSTILE, HOSTILE: HOSTILE}
    for one in others[:25]:
        one["__description"] = "patched"
    shares = {"shared-accepted": listings["shared-pending"], "shared-pending": [image("waits")]}
    listings |= {"public": [first, *others, image("120"), image("passing")], **shares}
    nights.run(listings, at=TUESDAY)
    last = [{**first, "__description": "settled"}, *others, image("120")]
    nights.run(
        {**listings, "public": last, "private": listings["private"][:2]}, at=WEDNESDAY, withheld=frozenset({"lost"})
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clouds, `c` and `second`, that are alike."""
    folder = tmp_path_factory.mktemp("page")
    with new_warehouse(folder) as warehouse:
        live_through(Runs(warehouse, folder / "stage"))
        warehouse.execute("UPDATE runs SET status = 'partial' WHERE started_at = $at", {"at": WEDNESDAY})
        warehouse.execute("UPDATE withheld_deletions SET reason = 'too many'")
        warehouse.execute(
            "UPDATE run_clouds SET error = 'one deletion is withheld' "
            "WHERE run_id = (SELECT run_id FROM runs WHERE started_at = $at)",
            {"at": WEDNESDAY},
        )
        for table in ("image_versions", "listing_memberships", "run_clouds", "run_listings", "withheld_deletions"):
            warehouse.execute(f"CREATE TEMP TABLE more AS SELECT * REPLACE ('second' AS cloud) FROM {table}")
            warehouse.execute(f"INSERT INTO {table} FROM more")
            warehouse.execute("DROP TABLE more")
        for table in ("image_versions", "listing_memberships", "withheld_deletions"):
            warehouse.execute(f"UPDATE {table} SET id = id || '-2' WHERE cloud = 'second'")
        warehouse.execute(
            "INSERT INTO clouds BY NAME SELECT 'c' AS cloud, 'c' AS settings_name, $project AS project_id, "
            "'web-shop' AS project_name, 'https://image' AS endpoint, $at AS first_seen, $at AS last_seen",
            {"project": f"{1:032x}", "at": MONDAY},
        )
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


def write_little(folder: Path, made_at: datetime) -> None:
    """Pages of a run without an image, of one run, and of a catalogue that is empty now."""
    one = [image("a")]
    pages: dict[str, list[list[dict[str, Any]]]] = {"bare": [[]], "single": [one], "all gone": [one, []]}
    for name, catalogues in pages.items():
        place = folder / f"{name} history"
        with new_warehouse(place) as warehouse:
            nights = Runs(warehouse, place / "stage")
            for images, at in zip(catalogues, (MONDAY, TUESDAY), strict=False):
                offers = {"shared-pending": [image("offer")]} if name == "single" else {}
                nights.run({"public": images, **offers}, at=at)
            publish(warehouse, place / "published.duckdb")
        write_page(place / "published.duckdb", folder / f"{name}.html", "9.9", MONDAY if offers else made_at)


def write_many(folder: Path, made_at: datetime) -> None:
    """The page of 20 clouds over three days, of which it has the numbers of two, and of the listings those of one."""
    place = folder / "many history"
    with new_warehouse(place) as warehouse:
        nights = Runs(warehouse, place / "stage")
        for at, images in ((MONDAY, "ab"), (TUESDAY, "abc"), (WEDNESDAY, "abcd")):
            listings = {"public": [image(one) for one in images], "private": [image("x")]}
            nights.run(listings, at=at)
        for table in ("image_versions", "listing_memberships", "run_clouds", "run_listings", "run_targets"):
            warehouse.execute(f"CREATE TEMP TABLE one AS FROM {table}")
            warehouse.execute(f"DELETE FROM {table}")
            many = "SELECT one.* REPLACE (printf('c-%02d', n) AS cloud) FROM one, range(20) AS r(n)"
            warehouse.execute(f"INSERT INTO {table} {many}")
            warehouse.execute("DROP TABLE one")
        warehouse.execute("UPDATE run_clouds SET error = 'no' WHERE cloud IN ('c-03', 'c-18')")
        publish(warehouse, place / "published.duckdb")
    most = figures.MOST_DAILY
    try:
        figures.MOST_DAILY = 40  # type: ignore[misc]
        write_page(place / "published.duckdb", folder / "many.html", "9.9", made_at)
    finally:
        figures.MOST_DAILY = most  # type: ignore[misc]


@pytest.fixture(scope="module")
def seen(published: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("seen")
    made_at = datetime(2026, 11, 4, 10)
    with new_warehouse(folder) as warehouse:
        publish(warehouse, folder / "empty.duckdb")
    write_page(folder / "empty.duckdb", folder / "empty.html", "9.9", made_at)
    write_page(published, folder / "page.html", "9.9", made_at)
    write_little(folder, made_at)
    write_many(folder, made_at)
    command = [str(VENV / "bin" / "python"), str(Path(__file__).with_name("look.py"))]
    command += [str(CHROMIUM), str(folder / "page.html"), str(folder / "empty.html"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("view", ["wide", "dark", "telephone"])
def test_page_is_drawn_without_complaint_and_accessible(seen: dict[str, Any], view: str) -> None:
    assert seen[view]["complaints"] == []
    assert seen[view]["axe"] == []
    assert seen[view]["axe of an image"] == []
    assert seen[view]["charts"] == 9
    assert seen[view]["overflow"] <= 0, "nothing is wider than the screen"
    assert seen[view]["overflow of an image"] <= 0


def test_page_asks_for_nothing_but_itself_and_runs_nothing_that_a_cloud_wrote(seen: dict[str, Any]) -> None:
    for view in ("wide", "dark", "telephone", "table", "news"):
        assert [address for address in seen[view]["requests"] if not address.startswith(("file:", "blob:"))] == []
        assert seen[view]["complaints"] == []
        assert seen[view]["dialogs"] == 0
    assert seen["table"]["by name"] == [HOSTILE, HOSTILE]


def test_table_is_searched_sorted_and_filtered(seen: dict[str, Any]) -> None:
    table = seen["table"]
    assert table["all"] == "248 of 248 images"
    assert len(table["names"]) == 50
    assert table["largest"] == "image 000"
    assert table["sorted"].startswith("Size")
    assert table["by id"] == ["image offer"]
    assert table["by project"] == ["image 016"]
    assert table["by another spelling"] == ["caf\u00e9"]
    assert table["by tag"] == ["image 004", "image 004"]
    assert "No image has all of these words" in table["nothing found"][0]
    assert table["ended"] == ["gone 2026-11-03"] * 4
    assert table["of a listing"] == "6 of 248 images"
    assert table["cleared"] == "248 of 248 images"
    assert table["of second"] == "124 of 124 images"
    assert table["dark"] == "rgb(16, 22, 29)"
    assert table["size"].startswith("Size over time")


def test_table_shows_ids_whole_at_1440_pixels_and_owners_short_but_whole_for_who_copies(seen: dict[str, Any]) -> None:
    assert seen["table"]["ids"].count(UUID) == 1
    assert seen["table"]["ids past the edge"] == 0
    assert seen["table"]["table past the edge"] <= 0
    text, title, is_cut = seen["table"]["owner"]
    assert len(text) == 32
    assert text == title
    assert is_cut


def test_system_is_not_the_name_again(seen: dict[str, Any]) -> None:
    assert seen["table"]["systems"] == ["", "Linux", "centos 7.9", "ubuntu 22.04"]


def test_saved_table_is_what_was_found_and_no_cell_is_a_formula(seen: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(seen["table"]["csv"].removeprefix("\ufeff"))))
    assert seen["table"]["csv"].startswith("\ufeff"), "spreadsheets take it for UTF-8"
    assert Counter(row["name"] for row in rows) == {HOSTILE: 2, f"'{FORMULA}": 2, "image lost": 2}
    assert {row["owner id"] for row in rows} == {HOSTILE, "'+1", ""}
    assert {row["tags"] for row in rows} == {"", "'@tag"}
    assert {row["id"] for row in rows} == {"needle", "needle-2", UUID, f"{UUID}-2", "lost", "lost-2"}


def test_what_needs_a_decision_is_at_the_top_with_its_number(seen: dict[str, Any]) -> None:
    news = seen["news"]
    assert news["sections"][:3] == ["To decide", "Health", "What is new"]
    numbers = [text.split(" ", 1) for text in news["decisions"]]
    assert [(number, text.split(" ")[0]) for number, text in numbers[:5]] == [
        ("1", "deletion"),
        ("1", "share"),
        ("2", "images"),
        ("1", "promise"),
        ("1", "public"),
    ]
    assert "1 image vanished at once: glanceback sync --accept-deletions" in numbers[0][1]
    assert "waits since 2026-11-03: 1 day." in numbers[1][1]
    assert "centos 7 has no free maintenance since 2024-06-30" in numbers[2][1]
    assert "image 010 has its image since 2026-09-01" in numbers[4][1]
    assert news["without support"] == "2 of 2 images, centos 7"


def test_run_that_was_not_completed_says_why(seen: dict[str, Any]) -> None:
    assert seen["news"]["strip"] == ["completed", "completed", "partial"]
    assert seen["news"]["reasons"] == ["2026-11-04 02:00 partial c all one deletion is withheld"]


def test_news_begin_with_what_ended_and_came_and_group_changes_by_attribute(
    seen: dict[str, Any], published: Path
) -> None:
    news = seen["news"]
    assert news["sentence"] == "0 new, 1 ended: −1 images. 1 changed, 0 moved between listings."
    assert [group.split(" ")[:2] for group in news["groups"]] == [["1", "Ended"], ["1", "description"]]
    assert news["sentence since the first"].startswith(
        "2 new, 2 ended: ±0 images. 26 changed, 1 moved between listings."
    )
    assert "Compared with the first reading, on 2026-11-02." in news["sentence since the first"]
    assert "1 image came and went in between" in news["sentence since the first"]
    assert news["groups since the first"] == [
        "Ended",
        "New",
        "Moved between listings",
        "description",
        HOSTILE,
        "size",
    ]
    assert news["shown"] == "10 of 26"
    assert news["shown after more"] == "all 26"
    assert news["changes"] == 26
    compared = ask(
        published,
        "SELECT event, attribute, count(*) FROM catalogue_diff($from, $to) WHERE cloud = 'c' GROUP BY ALL",
        {"from": MONDAY, "to": WEDNESDAY},
    )
    assert {(event, attribute): count for event, attribute, count in compared.rows()} == {
        ("added", None): 2,
        ("removed", None): 2,
        ("moved", "listings"): 1,
        ("changed", "description"): 26,
        ("changed", HOSTILE): 1,
        ("changed", "size"): 1,
    }, "the page counts as glanceback diff does"


def test_before_and_after_are_not_coloured_as_bad_and_good(seen: dict[str, Any]) -> None:
    assert set(seen["news"]["colours"]).isdisjoint(seen["news"]["judging colours"])


def test_axis_of_growth_does_not_begin_at_zero(seen: dict[str, Any]) -> None:
    ticks = [int(text) for text in seen["news"]["ticks"] if text.isdigit()]
    assert len(ticks) > 1
    assert min(ticks) > 100


def test_new_and_ended_images_have_a_chart_without_the_changed_ones_and_net_change_is_a_line(
    seen: dict[str, Any],
) -> None:
    assert seen["news"]["events"] == [
        ["new", "bar", [0, 3, 0]],
        ["ended", "bar", [0, -2, -1]],
        ["net", "line", [0, 1, -1]],
    ]
    assert seen["news"]["changed"] == [["changed", "bar", [0, 26, 1]]]
    assert ["shared-accepted", "line", [0, 1, 1]] in seen["news"]["parts"], "from the first day on, so from 0"


def test_bars_of_a_year_are_weeks_of_which_the_last_is_whole(seen: dict[str, Any]) -> None:
    weeks = seen["news"]["weeks"]
    assert weeks["word"] == "week"
    assert (weeks["starts"][0], weeks["starts"][1], weeks["starts"][-1]) == ("2026-08-20", "2026-08-25", "2026-11-24")
    assert weeks["each"][0]["values"] == [10] + [14] * 14
    assert (seen["news"]["days"]["word"], seen["news"]["days"]["each"][0]["values"]) == ("day", [5])


def test_cells_of_a_csv_file_are_quoted_and_no_formulas(seen: dict[str, Any]) -> None:
    *formulas, plain, dashed, quoted, lines, nothing, number = seen["news"]["cells"]
    assert all(cell.lstrip('"').startswith("'") for cell in formulas)
    assert (plain, dashed, nothing, number) == ("a=1", "1-2", "", "-1.5")
    assert next(csv.reader([quoted])) == ['a "b", c']
    assert next(csv.reader(io.StringIO(lines))) == ["x\ny"]


def test_timeline_of_an_image_has_its_versions_moves_and_promises(seen: dict[str, Any]) -> None:
    last, change, first = seen["news"]["timeline"]
    assert last == f"2026-11-04 02:00 Changed version 3 description {HOSTILE} → settled"
    assert change.startswith("2026-11-03 02:00 Changed version 2")
    assert "size 1000000 → 9000000" in change
    assert first == "2026-11-02 First seen version 1, by the first reading: it was there before"
    assert seen["news"]["linked"] == [
        "2026-11-03 02:00 Moved to other listings listings shared-pending → shared-accepted",
        "2026-11-02 First seen version 1, by the first reading: it was there before",
    ]
    assert not seen["news"]["open after closing"]
    assert seen["news"]["linked to nothing"] == "Not in this file"


def test_print_leaves_out_what_only_a_screen_can_use(seen: dict[str, Any]) -> None:
    assert seen["news"]["printed"] == []
    assert seen["news"]["print styles"] == ["block", "normal"], (
        "no heading alone above a grid, no word cut in a heading"
    )


def test_empty_and_damaged_pages_say_what_is_the_matter(seen: dict[str, Any]) -> None:
    nothing = seen["nothing"]
    assert nothing["complaints"] == []
    assert nothing["axe"] == []
    assert "No run has loaded a cloud yet" in nothing["empty"]["health"]
    assert "nothing is known that waits for a decision" in nothing["empty"]["decisions"]
    assert "There is no run yet" in nothing["empty"]["news"]
    assert "No run has seen an image yet" in nothing["empty"]["images"]
    assert "cannot be unpacked here" in nothing["damaged"]
    assert nothing["health of the damaged"] == 2
    assert "No run has seen an image yet" in nothing["bare"]["news"]
    assert "nothing is known" in nothing["bare"]["decisions"]
    assert nothing["bare"]["charts"] == nothing["all gone"]["charts"] - 4 == 0, "no axes without anything"
    assert "No day yet" in nothing["bare"]["events"]
    assert "The first waits since 2026-11-02, today." in nothing["single"]["decisions"]
    assert nothing["single"]["runs"].endswith("It was completed.")
    assert "There was one run. From the next one on" in nothing["single"]["news"]
    assert "“That were ever seen” has those that have ended" in nothing["all gone"]["images"]


def test_page_of_many_clouds_counts_them_and_says_what_it_leaves_out(seen: dict[str, Any]) -> None:
    many = seen["nothing"]["many"]
    assert (many["complaints"], many["cards"]) == ([], 12)
    assert many["overflow"] <= 0
    assert "20 clouds with 100 images: 18 stale, 2 partial." in many["clouds"][0], "the clock is today's"
    assert many["size"].startswith("100 on 2026-11-04, 20 more than on 2026-11-03")
    assert "The days before 2026-11-03 are not in this file" in many["size"]
    assert many["events"].startswith("In these 2 days: 40 new"), "the first day that is shown is no first day"
    assert many["parts of one"] == "Change since 2026-11-04, by listing"
    assert many["size of one"].startswith("5 on 2026-11-04, 1 more than on 2026-11-03")
