"""The commands that ask: the cookbook, diff, export, completion. What they must not do is import Prefect."""

import csv
import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cli.beginnings import beginnings
from cli.main import main
from load.publish import publish
from tests.load.runs import Runs, image, new_warehouse

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert(1)</script> "quoted", \x1b[31mred'


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("two-runs")
    with new_warehouse(made) as warehouse:
        nights = Runs(warehouse, made / "stage")
        nights.run({"public": [image("a", tags=["x"]), image("b")]}, at=datetime(2026, 11, 2, 2))
        nights.run({"public": [image("a", name=HOSTILE), image("c")]}, at=datetime(2026, 11, 3, 2))
        warehouse.execute("UPDATE runs SET run_id = '20261102T020000Z-aaaa' WHERE started_at < TIMESTAMP '2026-11-03'")
        publish(warehouse, made / "published.duckdb")
    (made / "glanceback.toml").write_text('warehouse = "warehouse.duckdb"\npublished = "published.duckdb"\n')
    return made


@pytest.fixture
def folder(two_runs: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    shutil.copytree(two_runs, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [*arguments, "--config", str(folder / "glanceback.toml")])
    return result.exit_code, result.stdout, result.stderr


def test_list_names_every_query_with_its_question_and_parameters(folder: Path) -> None:
    code, out, _ = run(folder, "sql", "--list")
    assert code == 0
    assert "Who owns the most bytes?" in out
    assert "since = 7 days ago" in out
    _, out, _ = run(folder, "sql", "--list", "--format", "json")
    assert {
        "query": "largest_owners",
        "question": "Who owns the most bytes?",
        "parameters": {"top": "20"},
    } in json.loads(out)


def test_query_of_the_cookbook_is_answered_with_its_parameters(folder: Path) -> None:
    code, out, _ = run(folder, "sql", "--query", "image_history", "--param", "id=b", "--format", "json")
    assert code == 0
    assert [row["event"] for row in json.loads(out)] == ["first seen", "deleted"]


def test_shown_query_can_be_pasted(folder: Path) -> None:
    _, text, _ = run(folder, "sql", "--query", "image_history", "--param", "id=it's", "--show")
    assert "$" not in text
    assert run(folder, "sql", text)[0] == 0
    config = str(folder / "glanceback.toml")
    result = CliRunner().invoke(main, ["sql", "-", "--config", config], input=f"-- a comment\n{text}")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of"),
        (("FROM images", "--list"), "give one of"),
        (("FROM images", "--param", "a=b"), "go with --query"),
        (("--query", "largest_owner"), "Did you mean largest_owners"),
        (("--query", "image_history"), "needs id"),
        (("--query", "image_history", "--param", "id"), "is not name=value"),
        (("--query", "image_history", "--param", "name=x"), "It has: id"),
        (("--query", "firmware", "--param", "name=x"), "It has none"),
        (("--query", "largest_owners", "--param", "top=many"), "whole number"),
        (("--query", "public_changes", "--param", "since=soon"), "'soon' is not a valid day"),
    ],
)
def test_question_that_cannot_be_asked_is_refused_with_what_to_do(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(folder, "sql", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_diff_shows_images_that_came_went_and_changed(folder: Path) -> None:
    code, out, err = run(folder, "diff", "2026-11-02", "2026-11-03", "--format", "csv")
    rows = [(row["event"], row["id"], row["attribute"]) for row in csv.DictReader(out.splitlines())]
    assert code == 0
    assert rows == [("added", "c", ""), ("changed", "a", "name"), ("changed", "a", "tags"), ("removed", "b", "")]
    assert "2026-11-02 23:59:59 to 2026-11-03 23:59:59 UTC, images: 1 added, 1 removed, 1 changed, 0 moved" in err


def test_diff_of_a_run_is_what_it_left(folder: Path) -> None:
    _, out, _ = run(folder, "diff", "20261102T020000Z-aaaa", "--format", "json")
    assert {row["id"] for row in json.loads(out)} == {"a", "b", "c"}
    _, out, _ = run(folder, "diff", "20261102T020000Z-aaaa", "2026-11-02", "--format", "json")
    assert json.loads(out) == []


def test_diff_of_one_cloud_leaves_the_others_out(folder: Path) -> None:
    with new_warehouse(folder) as warehouse:
        for table in ("run_clouds", "run_listings"):
            warehouse.execute(f"INSERT INTO {table} SELECT * REPLACE ('elsewhere' AS cloud) FROM {table}")
        warehouse.execute(
            """INSERT INTO image_versions
            SELECT * REPLACE ('elsewhere' AS cloud, TIMESTAMP '2026-11-02 02:00:00' AS seen_from)
            FROM image_versions WHERE id = 'c'"""
        )
        publish(warehouse, folder / "published.duckdb")
    _, out, err = run(folder, "diff", "2026-11-02", "--cloud", "elsewhere", "--format", "json")
    assert json.loads(out) == []
    assert "0 added, 0 removed, 0 changed, 0 moved" in err


def test_diff_that_goes_back_to_before_the_history_says_where_it_begins(folder: Path) -> None:
    code, out, err = run(folder, "diff", "2026-10-01", "2026-11-02", "--format", "json")
    assert (code, json.loads(out)) == (0, []), "what the first reading found was not added"
    assert "cloud c: the history begins at 2026-11-02 02:00:00 UTC" in err
    _, out, _ = run(folder, "diff", "2026-10-01", "2026-11-03", "--format", "json")
    _, whole, err = run(folder, "diff", "2026-11-02", "2026-11-03", "--format", "json")
    assert json.loads(out) == json.loads(whole) != []
    assert "begins" not in err
    code, out, err = run(folder, "diff", "2026-10-01", "2026-10-02", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert "nothing to compare before" in err


def test_diff_begins_with_each_cloud_where_its_own_history_does(folder: Path) -> None:
    with duckdb.connect(str(folder / "published.duckdb")) as connection:
        for table in ("image_versions", "listing_memberships"):
            connection.execute(f"INSERT INTO {table} SELECT * REPLACE ('younger' AS cloud) FROM {table} "
                               "WHERE seen_from >= TIMESTAMP '2026-11-03'")  # fmt: skip
    _, out, err = run(folder, "diff", "2026-11-02", "2026-11-03", "--format", "json")
    assert {row["cloud"] for row in json.loads(out)} == {"c"}
    assert "cloud younger: the history begins at 2026-11-03" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2026-11-03", "2026-11-02"), "later than"),
        (("20261102T020000Z-ffff",), "there is no run"),
        (("soon",), "'soon' is not a valid time"),
        (("now",), "the same time"),
        (("2026-11-02", "2026-11-02"), "the same time"),
    ],
)
def test_diff_that_cannot_be_made_is_refused(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = run(folder, "diff", *arguments)
    assert code == 2
    assert said in err


def test_export_holds_every_table_as_parquet_by_cloud_and_as_csv(folder: Path) -> None:
    target = folder / "out"
    code, _, err = run(folder, "export", str(target))
    assert code == 0
    assert "image_versions" in err
    table = pq.read_table(target / "parquet" / "images")
    assert table.num_rows == 2
    assert set(table["cloud"].to_pylist()) == {"c"}
    assert sorted(path.name for path in (target / "parquet" / "images").iterdir()) == ["cloud=c"]
    with (target / "csv" / "image_versions.csv").open(newline="") as file:
        rows = {(row["id"], row["end_reason"]): row for row in csv.DictReader(file)}
    assert json.loads(rows["a", "changed"]["tags"]) == ["x"]
    assert rows["a", ""]["name"] == HOSTILE
    with duckdb.connect() as connection:
        counted = connection.execute(f"SELECT count(*) FROM read_parquet('{target}/parquet/runs.parquet')").fetchone()
    assert counted == (2,)


def test_export_replaces_an_earlier_one_only_if_told_and_leaves_other_files(folder: Path) -> None:
    target = folder / "out"
    run(folder, "export", str(target), "--format", "csv")
    assert sorted(path.name for path in target.iterdir()) == ["csv"]
    (target / "notes.txt").write_text("mine")
    (target / "csv" / "stale.csv").write_text("old")
    code, _, err = run(folder, "export", str(target))
    assert code == 2
    assert "not empty" in err
    assert run(folder, "export", str(target), "--overwrite")[0] == 0
    assert sorted(path.name for path in target.iterdir()) == ["csv", "notes.txt", "parquet"]
    assert not (target / "csv" / "stale.csv").exists()


def test_export_since_a_day_that_is_to_come_is_refused(folder: Path) -> None:
    code, _, err = run(folder, "export", str(folder / "out"), "--since", "2999-01-01")
    assert (code, "2999-01-01 is in the future" in err) == (2, True)
    assert not (folder / "out").exists()
    assert run(folder, "export", str(folder / "out"), "--since", "today", "--format", "csv")[0] == 0


def test_export_to_where_nothing_can_be_written_fails_with_a_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    code, _, err = run(folder, "export", str(folder / "file" / "out"))
    assert code == 1
    assert "failed" in err
    assert "Traceback" not in err


def test_commands_that_ask_do_not_import_prefect(folder: Path) -> None:
    """One process for all of them: `-X importtime` would only say the same."""
    script = """
import sys
from click.testing import CliRunner
from cli.main import main
for arguments in (["sql", "FROM runs"], ["status"], ["runs"], ["diff", "2026-11-02"], ["sql", "--list"], ["--help"]):
    config = [] if arguments == ["--help"] else ["--config", sys.argv[1]]
    result = CliRunner().invoke(main, [*arguments, *config])
    assert result.exit_code == 0, (arguments, result.output)
assert "prefect" not in sys.modules
"""
    command = [sys.executable, "-c", script, str(folder / "glanceback.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_runs_say_why_listings_were_not_read(folder: Path) -> None:
    """At most three reasons, each once."""
    with new_warehouse(folder) as warehouse:
        for number, why in enumerate(("d", "b", "a", "a", "c")):
            warehouse.execute(
                """INSERT INTO run_listings BY NAME
                SELECT * REPLACE ($name AS listing, false AS complete, $why AS error) FROM run_listings
                WHERE listing = 'public' AND run_id = (SELECT arg_max(run_id, started_at) FROM runs)""",
                {"name": f"listing {number}", "why": f"{why} broke."},
            )
        publish(warehouse, folder / "published.duckdb", anew=True)
    _, out, _ = run(folder, "runs", "--format", "json")
    assert json.loads(out)[0]["error"] == "d broke. b broke. a broke. And 1 more: see faulty_runs."


def test_question_about_a_time_before_the_history_says_so(folder: Path) -> None:
    begins = (
        "cloud c: the history begins at 2026-11-02 02:00:00 UTC, with the first reading; nothing is known before that"
    )
    for name, given in (
        ("changes_between", ["from=2026-11-01"]),
        ("catalogue_at", ["at=2020-01-01"]),
        ("name_on_day", ["name=image a", "at=2026-11-02T01:59"]),
        ("digest", ["day=2026-11-01"]),
        ("new_images", ["since=2026-10-01"]),
    ):
        parameters = [word for text in given for word in ("--param", text)]
        code, _, said = run(folder, "sql", "--query", name, *parameters, "--format", "csv")
        assert (code, said.strip()) == (0, begins), name
    for name, given in (
        ("changes_between", ["from=2026-11-02"]),
        ("digest", ["day=2026-11-02"]),
        ("untouched_images", ["before=2020-01-01"]),
        ("new_images", []),
        ("largest_images", []),
    ):
        parameters = [word for text in given for word in ("--param", text)]
        assert run(folder, "sql", "--query", name, *parameters)[2] == "", name


def test_changes_before_the_history_are_those_since_its_beginning(folder: Path) -> None:
    _, early, _ = run(folder, "sql", "--query", "changes_between", "--param", "from=2020-01-01", "-f", "csv")
    _, first, _ = run(folder, "sql", "--query", "changes_between", "--param", "from=2026-11-02", "-f", "csv")
    _, compared, told = run(folder, "diff", "2020-01-01", "-f", "csv")
    assert early == first == compared
    assert "images: 1 added, 1 removed, 1 changed, 0 moved" in told


def test_diff_counts_changed_images_as_sync_does_and_moved_ones_apart(tmp_path: Path) -> None:
    both = {"owner": "friend", "visibility": "shared"}
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        first = [image(name, **both) for name in ("moved", "changed", "both", "same")]
        nights.run({"shared-pending": first, "shared-accepted": []}, at=datetime(2026, 11, 2, 2))
        moved = [first[0], {**first[2], "min_ram": 5}]
        last = {"shared-pending": [{**first[1], "min_ram": 5}, first[3]], "shared-accepted": moved}
        counts = nights.run(last, at=datetime(2026, 11, 3, 2))
        publish(warehouse, tmp_path / "published.duckdb")
    (tmp_path / "glanceback.toml").write_text('warehouse = "warehouse.duckdb"\npublished = "published.duckdb"\n')
    assert counts.changed == 2
    _, _, told = run(tmp_path, "diff", "2026-11-02")
    assert "images: 0 added, 0 removed, 2 changed, 2 moved" in told


def test_clouds_whose_history_begins_later_are_named_up_to_five() -> None:
    asked = datetime(2026, 11, 2)
    readings = {f"c{number}": asked + timedelta(days=number) for number in range(-1, 8)}
    lines = beginnings(readings, asked, "so it is")
    assert len(lines) == 6
    assert lines[0] == "cloud c1: the history begins at 2026-11-03 00:00:00 UTC, with the first reading; so it is"
    assert lines[5] == "and 2 other clouds whose history begins later"
    assert len(beginnings(readings, asked + timedelta(days=2), "so it is")) == 5
    assert beginnings(readings, asked + timedelta(days=7), "so it is") == []
