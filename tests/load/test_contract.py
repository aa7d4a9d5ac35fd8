"""What dbt and catalogues of data contracts are told of the published copy. tests/tools has the real dbt."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner

from cli.main import main
from load.contract import _no_jinja, dbt_sources, described, open_data_contract, rules
from load.publish import publish
from load.statements import names
from tests.clouds.accounts import write_settings
from tests.load.runs import Runs, image, new_warehouse


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("contract"))


def published(folder: Path, *spoiling: str) -> Path:
    with new_warehouse(folder) as warehouse:
        Runs(warehouse, folder / "stage").run({"public": [image("a", tags=["x"], odd="1"), image("b")]})
        for statement in spoiling:
            warehouse.execute(statement)
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


def loaded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


@cache
def contract_tables(copy: Path) -> dict[str, dict[str, Any]]:
    return {table["name"]: table for table in loaded(open_data_contract(copy, "1"))["schema"]}


@cache
def dbt_tables(copy: Path) -> dict[str, dict[str, Any]]:
    document = loaded(dbt_sources(copy, "1"))
    (source,) = document["sources"]
    assert (document["version"], source["name"], source["database"]) == (2, "glanceback", "published")
    return {table["name"]: table for table in source["tables"]}


def test_every_table_view_and_column_is_there_with_its_meaning(copy: Path) -> None:
    with duckdb.connect(str(copy), read_only=True) as connection:
        shown = connection.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "WHERE NOT internal AND table_name NOT IN ('schema_migrations', 'published_copies') GROUP BY 1"
        ).fetchall()
    contract = contract_tables(copy)
    assert contract.keys() == {name for name, _ in shown} > {"images", "image_changes", "cookbook", "runs"}
    sources = dbt_tables(copy)
    for name, columns in shown:
        assert [column["name"] for column in contract[name]["properties"]] == columns
        assert [column["name"] for column in sources[name]["columns"]] == columns
        for described_one in (contract[name], sources[name], *contract[name]["properties"], *sources[name]["columns"]):
            assert described_one["description"], (name, described_one["name"])
    assert sources["images"]["description"].startswith("The catalogue as it is now")


def test_table_of_versions_names_every_macro(copy: Path) -> None:
    (versions,) = (table for table in described(copy) if table.name == "image_versions")
    assert [name for name in names("macros") if f"FROM {name}(" not in versions.meaning] == []
    assert "FROM images_as_of(ts)" in versions.meaning


def test_types_are_those_of_the_columns(copy: Path) -> None:
    contract = contract_tables(copy)
    columns = {column["name"]: column for column in contract["images"]["properties"]}
    types = {name: (columns[name]["logicalType"], columns[name]["physicalType"]) for name in columns}
    assert types["min_disk"] == ("integer", "INTEGER")
    assert types["updated_at"] == ("timestamp", "TIMESTAMP")
    assert types["tags"] == ("array", "VARCHAR[]")
    assert columns["tags"]["items"] == {"logicalType": "string", "physicalType": "VARCHAR"}
    assert types["extra"] == ("object", "MAP(VARCHAR, VARCHAR)")
    assert types["protected"] == ("boolean", "BOOLEAN")
    every = {column["physicalType"] for table in contract.values() for column in table["properties"]}
    simple = {one for one in every if not re.search(r"\[\]|MAP|STRUCT", one)}
    logical = {c["physicalType"]: c["logicalType"] for t in contract.values() for c in t["properties"]}
    assert "object" not in {logical[one] for one in simple}, "each type of ours has one of the standard's"


def test_columns_that_are_never_empty_have_a_test(copy: Path) -> None:
    tables = dbt_tables(copy)
    tested = {
        column["name"] for column in tables["image_versions"]["columns"] if column.get("data_tests") == ["not_null"]
    }
    assert {"cloud", "id", "content_hash", "seen_from", "run_from"} <= tested
    assert tested.isdisjoint({"seen_to", "name", "run_to"})


def answers(copy: Path) -> dict[str, int]:
    """What dbt would find: the count of each rule's source, with the copy attached as the document says."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{copy}' AS published (READ_ONLY)")
        for name, table in dbt_tables(copy).items():
            if name.startswith("rule_"):
                broken = table["config"]["meta"]["external_location"].format_map({})
                ((found[name.removeprefix("rule_")],),) = connection.execute(f"SELECT broken FROM {broken}").fetchall()
                (column,) = table["columns"]
                assert column["data_tests"] == [{"accepted_values": {"arguments": {"values": [0], "quote": False}}}]
    return found


def test_every_rule_is_a_test_that_holds(copy: Path) -> None:
    assert answers(copy) == dict.fromkeys(names("checks"), 0)


def test_rule_that_is_broken_is_found(tmp_path: Path) -> None:
    copy = published(tmp_path, "INSERT INTO image_versions FROM image_versions WHERE id = 'a'")
    broken = {name for name, count in answers(copy).items() if count}
    assert {"one_current_version", "counts_agree"} <= broken
    tables = contract_tables(copy)
    with duckdb.connect(str(copy), read_only=True) as connection:
        for table in tables.values():
            for rule in table.get("quality", ()):
                ((count,),) = connection.execute(rule["query"]).fetchall()
                assert (count != rule["mustBe"]) == (rule["name"] in broken)


def test_every_rule_stands_at_the_table_that_it_is_about(copy: Path) -> None:
    placed = {rule["name"]: name for name, table in contract_tables(copy).items() for rule in table.get("quality", ())}
    assert placed.keys() == {rule.name for rule in rules()}
    assert placed["counts_agree"] == "run_clouds"
    assert placed["one_current_version"] == "image_versions"


def test_age_is_that_of_the_last_full_run(copy: Path) -> None:
    tables = dbt_tables(copy)
    config = tables["runs"]["config"]
    with duckdb.connect(str(copy), read_only=True) as connection:
        query = f"SELECT max({config['loaded_at_field']}) FROM runs WHERE {config['freshness']['filter']}"
        assert (
            connection.execute(query).fetchall()
            == connection.execute("SELECT max(started_at) AT TIME ZONE 'UTC' FROM runs").fetchall()
        )
    assert [name for name, table in tables.items() if "freshness" in table["config"]] == ["runs"]


def test_nothing_in_it_is_a_template(copy: Path) -> None:
    assert not re.search(r"{[{%#]", dbt_sources(copy, "1"))
    assert _no_jinja("a {{ b }} {% c %} {d}") == "a { { b }} { % c %} {d}"


def test_no_two_tables_have_a_name(copy: Path) -> None:
    assert len(dbt_tables(copy)) == len(described(copy)) + len(names("checks"))


@pytest.fixture
def config(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GLANCEBACK_PUBLISHED", str(copy))
    return write_settings(tmp_path, "")


def test_command_prints_or_writes(copy: Path, config: str, tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, ["contract", "odcs", "--config", config])
    assert printed.exit_code == 0, printed.output
    document = loaded(printed.stdout)
    assert document["servers"][0]["database"] == str(copy)
    file = tmp_path / "sources.yml"
    written = CliRunner().invoke(main, ["contract", "dbt", "-o", str(file), "--config", config])
    assert (written.exit_code, written.stdout) == (0, "")
    assert len(loaded(file.read_text())["sources"][0]["tables"]) > 30


@pytest.mark.parametrize(("output", "code"), [("published", 2), ("no/folder/x.yml", 1)])
def test_place_that_cannot_be_written_is_said(copy: Path, config: str, output: str, code: int) -> None:
    before = copy.stat().st_mtime_ns
    target = str(copy) if output == "published" else str(copy.parent / output)
    failed = CliRunner().invoke(main, ["contract", "dbt", "-o", target, "--config", config])
    assert (failed.exit_code, failed.stderr.count("\n")) == (code, 1)
    assert copy.stat().st_mtime_ns == before


def test_without_a_copy_it_says_what_to_do(tmp_path: Path) -> None:
    failed = CliRunner().invoke(main, ["contract", "odcs", "--config", write_settings(tmp_path, "")])
    assert failed.exit_code == 2
    assert "Run glanceback sync first" in failed.stderr
