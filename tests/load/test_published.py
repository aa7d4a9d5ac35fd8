"""SQL on the published copy, in the four formats."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner
from rich.console import Console

from cli.display import printable, table
from cli.main import main
from load.publish import publish
from tests.load.runs import Runs, image, new_warehouse


@pytest.fixture(scope="module")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("one-run")
    with new_warehouse(made) as warehouse:
        Runs(warehouse, made / "stage").run(
            {
                "public": [
                    image("a", name='\x1b[31mred, "quoted" 大', tags=["x", "y"], odd={"n": 1}),
                    image("b", name=None),
                ]
            }
        )
        publish(warehouse, made / "published.duckdb")
    (made / "glanceback.toml").write_text('warehouse = "warehouse.duckdb"\npublished = "published.duckdb"\n')
    return made


@pytest.fixture
def config(one_run: Path, tmp_path: Path) -> str:
    """The settings of a copy of its own for each test."""
    shutil.copytree(one_run, tmp_path, dirs_exist_ok=True)
    return str(tmp_path / "glanceback.toml")


QUERY = "SELECT id, name, tags, extra, updated_at, min_disk FROM images ORDER BY id"


def run(config: str, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [*arguments, "--config", config])
    return result.exit_code, result.stdout, result.stderr


def test_table_shows_every_value_and_moves_no_cursor(config: str) -> None:
    code, out, _ = run(config, "sql", QUERY)
    assert code == 0
    assert "\x1b" not in out
    for shown in ('red, "quoted" 大', '["x", "y"]', "2026-10-01 00:00:00", "NULL"):
        assert shown in out


def test_csv_holds_header_and_rows(config: str) -> None:
    _, out, _ = run(config, "sql", QUERY, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["id"] for row in rows] == ["a", "b"]
    assert json.loads(rows[0]["extra"]) == {"odd": '{"n":1}'}
    assert rows[1]["name"] == ""


def test_json_is_an_array_of_objects(config: str) -> None:
    _, out, _ = run(config, "sql", QUERY, "--format", "json")
    rows = json.loads(out)
    assert rows[0]["tags"] == ["x", "y"]
    assert rows[0]["updated_at"] == "2026-10-01T00:00:00"
    assert rows[1]["name"] is None


def test_json_of_no_rows_is_an_empty_array(config: str) -> None:
    assert json.loads(run(config, "sql", "SELECT 1 WHERE false", "--format", "json")[1]) == []


def test_parquet_goes_to_a_file(config: str, tmp_path: Path) -> None:
    file = tmp_path / "out.parquet"
    assert run(config, "sql", QUERY, "--format", "parquet", "-o", str(file))[0] == 0
    assert pq.read_table(file).column("id").to_pylist() == ["a", "b"]


def test_parquet_without_a_file_is_wrong_usage(config: str) -> None:
    code, _, err = run(config, "sql", QUERY, "--format", "parquet")
    assert (code, "-o FILE" in err) == (2, True)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nonsense",
        "DELETE FROM image_versions",
        "CREATE TABLE x (a INTEGER)",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY images TO 'x.csv'",
        "ATTACH 'x.duckdb'",
        "SET enable_external_access = true",
    ],
)
def test_query_that_is_wrong_or_not_allowed_is_said_without_a_traceback(config: str, query: str) -> None:
    code, out, err = run(config, "sql", query)
    assert (code, out) == (2, "")
    assert err.startswith("glanceback: the query cannot be answered")


def test_missing_copy_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "glanceback.toml"
    path.write_text("")
    code, _, err = run(str(path), "sql", "SELECT 1")
    assert (code, "glanceback sync" in err) == (2, True)


def test_runs_are_listed(config: str) -> None:
    code, out, _ = run(config, "runs", "--format", "json")
    (found,) = json.loads(out)
    assert (code, found["mode"], found["status"], found["new"]) == (0, "full", "completed", 2)


def test_publish_makes_the_copy_anew(config: str, tmp_path: Path) -> None:
    (tmp_path / "published.duckdb").unlink()
    assert run(config, "publish")[0] == 0
    assert run(config, "sql", "SELECT 1")[0] == 0


def test_printable_escapes_what_moves_the_cursor() -> None:
    assert printable("a\x1b[2J\u202eb\n大") == "a\\x1b[2J\\u202eb\\n大"


FORMS = ("table", "csv", "json", "yaml", "value", "parquet")
TYPES = "SELECT * FROM test_all_types()"


@pytest.mark.parametrize("form", FORMS)
def test_every_type_of_duckdb_can_be_written(config: str, tmp_path: Path, form: str) -> None:
    code, _, err = run(config, "sql", TYPES, "-f", form, "-o", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    if form == "parquet":
        assert pq.read_table(tmp_path / "out").num_rows == 3


def test_json_and_yaml_hold_the_same_and_nothing_that_is_no_json(config: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    rows = json.loads(run(config, "sql", TYPES, "-f", "json")[1], parse_constant=refuse)
    assert rows == yaml.safe_load(run(config, "sql", TYPES, "-f", "yaml")[1])
    assert rows[0]["hugeint"] == -(2**127)
    assert rows[1]["double_array"] == [42.0, None, None, None, None, -42.0]
    (row,) = json.loads(run(config, "sql", "SELECT 'nan'::DOUBLE AS a, 1.5 AS b, '{}'::JSON AS c", "-f", "json")[1])
    assert row == {"a": None, "b": 1.5, "c": "{}"}


@pytest.mark.parametrize("form", ["csv", "json", "yaml", "parquet"])
def test_columns_of_one_name_are_all_there(config: str, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    assert run(config, "sql", "SELECT 1 AS a, 2 AS a, 3 AS a_1", "-f", form, "-o", str(out))[0] == 0
    if form == "parquet":
        values = list(pq.read_table(out).to_pylist()[0].values())
    elif form == "csv":
        values = [int(value) for value in next(csv.DictReader(out.read_text().splitlines())).values()]
    else:
        values = list(yaml.safe_load(out.read_text())[0].values())
    assert values == [1, 2, 3]


@pytest.mark.parametrize("query", ["", " ; ", "/* nothing */"])
@pytest.mark.parametrize("form", ["table", "json"])
def test_empty_query_is_a_sentence(config: str, query: str, form: str) -> None:
    code, out, err = run(config, "sql", query, "-f", form)
    assert (code, out, "it is empty" in err) == (2, "", True)


@pytest.mark.parametrize("query", ["EXPLAIN SELECT 1", "PRAGMA database_list", "CALL pragma_version()", "SHOW TABLES"])
@pytest.mark.parametrize("form", FORMS)
def test_statements_that_are_no_select_are_answered(config: str, tmp_path: Path, query: str, form: str) -> None:
    assert run(config, "sql", query, "-f", form, "-o", str(tmp_path / "out"))[0] == 0


@pytest.mark.parametrize("form", FORMS)
def test_value_that_fails_late_is_a_sentence_and_an_earlier_file_stays(config: str, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    out.write_text("earlier")
    query = "SELECT CAST(if(i = 90000, 'x', '1') AS INT) FROM range(100000) AS t(i)"
    code, _, err = run(config, "sql", query, "-f", form, "-o", str(out))
    assert (code, "cannot be answered" in err, out.read_text()) == (2, True, "earlier")
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_value_and_yaml_are_as_openstackclients(config: str) -> None:
    query = "SELECT id, name, tags FROM images ORDER BY id"
    out = run(config, "sql", query, "-f", "value")[1]
    assert out.splitlines() == ['a \\x1b[31mred, "quoted" 大 ["x", "y"]', "b None None"]
    assert yaml.safe_load(run(config, "sql", query, "-f", "yaml")[1])[1] == {"id": "b", "name": None, "tags": None}
    assert run(config, "sql", "SELECT 1 WHERE false", "-f", "yaml")[1] == "[]\n"
    assert run(config, "runs", "-f", "value")[0] == run(config, "sql", "--list", "-f", "csv")[0] == 0


@pytest.mark.slow
def test_output_in_an_older_encoding(config: str) -> None:
    def sql(form: str) -> bytes:
        command = [sys.executable, "-m", "cli", "sql", "SELECT name FROM images ORDER BY id", "-f", form]
        done = subprocess.run(
            [*command, "--config", config], capture_output=True, check=True, env={"PYTHONIOENCODING": "latin-1"}
        )
        return done.stdout

    assert b"\\u5927" in sql("table")
    for form in ("csv", "json", "yaml", "value"):
        assert "大" in sql(form).decode("utf-8")


def test_query_on_stdin_may_begin_with_a_byte_order_mark(config: str) -> None:
    asked = CliRunner().invoke(main, ["sql", "-", "-f", "value", "--config", config], input=b"\xef\xbb\xbfSELECT 1")
    assert (asked.exit_code, asked.stdout) == (0, "1\n")
    asked = CliRunner().invoke(main, ["sql", "-", "--config", config], input=b"SELECT '\xff'")
    assert (asked.exit_code, "not UTF-8" in asked.stderr) == (2, True)


@pytest.mark.parametrize("file", ["warehouse.duckdb", "published.duckdb", "link"])
def test_answer_never_replaces_what_the_runs_keep(config: str, tmp_path: Path, file: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "warehouse.duckdb")
    for arguments in (["sql", "SELECT 1"], ["diff", "yesterday"], ["dashboard"]):
        code, _, err = run(config, *arguments, "-o", str(tmp_path / file))
        assert (code, "Name another file" in err) == (2, True)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM image_versions").fetchone() == (2,)


def shown_on_a_terminal(columns: list[str], rows: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]) -> str:
    table(columns, rows, Console(force_terminal=True, width=60, no_color=True))
    return "".join(capsys.readouterr())


def test_wide_table_on_a_terminal_leaves_out_empty_columns_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"column_{number}" for number in range(9)]
    rows: list[tuple[object, ...]] = [(number, *(None, "") * 4) for number in range(1001)]
    rows[-1] = (1, None, "late", *(None, "") * 3)
    said = " ".join(shown_on_a_terminal(columns, rows, capsys).split())
    assert "left out, because they are empty in every row: column_1, column_3, column_4" in said
    assert "--vertical shows all columns" in said
    assert "and 1 more row:" in said
    table(columns, rows, Console(force_terminal=True, width=60), vertical=True)
    assert "column_8" in capsys.readouterr().out


@pytest.mark.slow
def test_hundred_thousand_rows_take_seconds_elsewhere(config: str, tmp_path: Path) -> None:
    query = "SELECT images.* FROM images, range(10000)"
    done = subprocess.run(
        [sys.executable, "-m", "cli", "sql", query, "-o", str(tmp_path / "out"), "--config", config],
        check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0
    assert len((tmp_path / "out").read_text().splitlines()) == 20_001
