"""SQL on the published copy, in the four formats."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli import main
from flows.display import printable
from load.publish import publish
from tests.load.nights import Nights, image, new_warehouse


@pytest.fixture
def config(tmp_path: Path) -> str:
    with new_warehouse(tmp_path) as warehouse:
        Nights(warehouse, tmp_path / "stage").night(
            {
                "public": [
                    image("a", name='\x1b[31mred, "quoted" 大', tags=["x", "y"], odd={"n": 1}),
                    image("b", name=None),
                ]
            }
        )
        publish(warehouse, tmp_path / "published.duckdb")
    path = tmp_path / "glanceback.toml"
    path.write_text('warehouse = "warehouse.duckdb"\npublished = "published.duckdb"\n')
    return str(path)


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
