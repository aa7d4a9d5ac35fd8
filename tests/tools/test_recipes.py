"""The recipes of docs/tools.md, run as they are written there, with the versions that it names."""

import json
import os
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from load.export import export
from tests.documents import document
from tests.pipeline.test_metrics import expressions
from tests.tools.copies import BIN, on_a_screen, published, run

PATH = "/srv/glanceback/data/published.duckdb"
TOOLS = document("tools.md")
LINES = ("1.2", "1.3", "1.4", "2.0")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("tools"))


def python_block(name: str) -> str:
    (found,) = re.findall(rf"```python\n# {name}\n(.*?)```", TOOLS, re.DOTALL)
    return str(found)


def shown(copy: Path, recipe: str, more: str, folder: Path, **variables: str) -> str:
    """What the recipe's code prints if `more` follows it."""
    script = folder / "recipe.py"
    script.write_text(f"{recipe.replace(PATH, str(copy))}\n{more}\n")
    done = run(folder, "python", str(script), variables=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("duckdb", "print(sorted(images['id']), changes.height)", "['a', 'b', 'c'] 3"),
        ("ibis", "print(int(systems['images'].sum()))", "3"),
        ("adbc", "print(sorted(images['id'].to_pylist()))", "['a', 'b', 'c']"),
        ("sqlalchemy", "print(sorted(image.id for image in images))", "['a', 'b', 'c']"),
    ],
)
def test_python_recipe_reads_the_images(copy: Path, tmp_path: Path, name: str, more: str, expected: str) -> None:
    assert shown(copy, python_block(name), more, tmp_path) == expected


def test_adbc_recipe_lets_others_in(copy: Path, tmp_path: Path) -> None:
    other = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_reading(copy)!r}], check=True)"
    recipe = python_block("adbc").replace("    images = cursor", f"    {other}\n    images = cursor")
    assert "3" in shown(copy, recipe, "", tmp_path)


def _reading(copy: Path) -> str:
    count = "execute('SELECT count(*) FROM images').fetchone()"
    return f"import duckdb; print(duckdb.connect({str(copy)!r}, read_only=True).{count})"


def test_marimo_notebook_shows_the_answer(copy: Path, tmp_path: Path) -> None:
    notebook = python_block("marimo").replace(PATH, str(copy))
    command = ["marimo", "export", "html", "notebook.py", "-o", "notebook.html", "--no-include-code"]
    for text, code in ((notebook, 0), (notebook.replace("images_brief", "images_of_nobody"), 1)):
        (tmp_path / "notebook.py").write_text(text)
        done = run(tmp_path, *command)
        assert done.returncode == code, done.stderr


def test_shell_recipe_answers(copy: Path, tmp_path: Path) -> None:
    (command,) = re.findall(r"^hsql (.*) -c \"(.*)\"$", TOOLS, re.MULTILINE)
    done = run(tmp_path, "hsql", *command[0].replace(PATH, str(copy)).split(), "--json", "-c", command[1])
    assert done.returncode == 0, done.stderr
    assert {row["listing"] for row in json.loads(done.stdout)} == {"public", "private"}


def test_shell_in_the_terminal_answers_on_its_screen(copy: Path) -> None:
    (command,) = re.findall(r"^(harlequin .*)$", TOOLS, re.MULTILINE)
    words = command.replace(PATH, str(copy)).split()
    on_a_screen(
        words,
        [
            (b"Query Editor", b"SELECT id FROM images"),
            (b"FROM", b"\n"),  # Ctrl+J
            (b"Query Results (3 Records)", b""),
        ],
    )


def test_mcp_server_shows_comments_and_answers(copy: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n({\n  \"mcpServers\".*?)```", TOOLS, re.DOTALL)
    server = json.loads(block.replace(PATH, str(copy)))["mcpServers"]["images"]
    (tmp_path / "client.py").write_text(Path(__file__).with_name("mcp_client.py").read_text())
    done = run(tmp_path, "python", "client.py", str(BIN / server["command"]), *server["args"])
    assert done.returncode == 0, done.stderr
    columns, count = json.loads(done.stdout)
    assert "Name of the cloud, as in the settings." in columns
    assert "3" in count


@pytest.mark.parametrize("line", LINES)
def test_each_duckdb_reads_every_view_and_macro(copy: Path, tmp_path: Path, line: str) -> None:
    """Each line in a folder of .venv-tools of its own; 1.5 is what made the copy."""
    of_this_line = str(BIN.parent / f"duckdb-{line}")
    said = "print(duckdb.__version__, len(images), changes.height)"
    version, *counts = shown(copy, python_block("duckdb"), said, tmp_path, PYTHONPATH=of_this_line).split()
    assert (version.rpartition(".")[0], counts) == (line, ["3", "3"])
    environment = {**os.environ, "PYTHONPATH": of_this_line}
    reader = Path(__file__).resolve().parent.parent / "drivers" / "read.py"
    command = [str(BIN / "python"), str(reader), str(copy), "with_duckdb"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["version"].startswith(f"{line}.")
    assert found["counts"]["images"] == 3
    assert found["counts"]["image_changes"] > 0


def test_export_is_one_data_set_for_each_reader(copy: Path, tmp_path: Path) -> None:
    export(copy, tmp_path / "lake", ["parquet"], since=date(2000, 1, 1))
    (block,) = re.findall(r"```python\n(import duckdb, polars, pyarrow.*?)```", TOOLS, re.DOTALL)
    lines = block.replace("/srv/lake/images", str(tmp_path / "lake")).splitlines()
    duck, polar = (next(line for line in lines if line.startswith(start)) for start in ("duckdb.", "polars."))
    more = f"counts = [len({duck}.fetchall()), {polar}.collect().height, table.num_rows]\nprint(counts, {lines[-1]})"
    said = shown(copy, "\n".join(lines), more, tmp_path)
    counts, _, comment = said.partition("] ")
    assert len(set(json.loads(f"{counts}]"))) == 1
    assert "first seen, created, changed" in comment


def test_expressions_of_rules_and_dashboard_are_promql(tmp_path: Path) -> None:
    asked = [one for one in expressions() if not one.startswith("label_values")]
    code = f"import promql_parser\nfor one in {asked!r}: promql_parser.parse(one)"
    assert shown(Path(), code, "print('all')", tmp_path) == "all"


def test_versions_that_the_page_names_are_those_that_ran() -> None:
    locked = dict(
        re.findall(r"^([a-z0-9-]+)==([\d.]+)", Path(__file__).with_name("requirements.txt").read_text(), re.MULTILINE)
    )
    for name, version in (
        ("Harlequin", locked["harlequin"]), ("mcp-server-motherduck", locked["mcp-server-motherduck"]),
        ("ibis-framework", locked["ibis-framework"]), ("marimo", locked["marimo"]), ("polars", locked["polars"]),
        ("pandas", locked["pandas"]),
        ("adbc-driver-manager", locked["adbc-driver-manager"]), ("dbt-core", locked["dbt-core"]),
        ("dbt-duckdb", locked["dbt-duckdb"]), ("duckdb-engine", locked["duckdb-engine"]),
        ("datacontract-cli", locked["datacontract-cli"]),
    ):  # fmt: skip
        assert f"{name} {'.'.join(version.split('.')[:2])}" in TOOLS, (name, version)
