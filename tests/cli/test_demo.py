"""`glanceback demo`: what a newcomer sees first."""

import os
import re
import shutil
import sys
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from openstack.connection import Connection
from rich.console import Console

from api.server import Served
from cli.cookbook_question import values
from cli.demo import run_demo as demo
from cli.main import main
from cli.program import program
from core.errors import SettingsError
from load.cookbook import questions
from tests.api.serving import serving
from tests.documents import document


def openstack_lists(said: str, folder: Path) -> list[set[str]]:
    """The ids of what openstackclient's library lists at the endpoints that the demo names, one after the other."""
    with serving(Served(folder / "published.duckdb", landing=folder / "landing")) as client:
        endpoints = [
            line.split("OS_ENDPOINT=http://127.0.0.1:9292")[1].split(" ")[0]
            for line in said.splitlines()
            if line.endswith("openstack image list")
        ]
        return [
            {image.id for image in Connection(auth_type="none", endpoint=f"{client.base_url}{path}").image.images()}
            for path in endpoints
        ]


pytestmark = pytest.mark.slow


def test_demo_shows_what_changed_between_two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the working folder, wherever the variables say that the user's own warehouse is; and again in its place."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "demo"
    for name in ("WAREHOUSE", "PUBLISHED", "LANDING"):
        monkeypatch.setenv(f"GLANCEBACK_{name}", str(tmp_path / "own" / name))
    for _ in range(2):
        shown, told = StringIO(), StringIO()
        assert demo(Console(file=shown, width=120), Console(file=told, width=120)) == 0, told.getvalue()
    for said in ("Run 2 of the sample cloud", "What changed between the runs", "Shares that moved", "deleted"):
        assert said in shown.getvalue()
    assert "WARNING" not in told.getvalue()
    assert "400" not in told.getvalue()
    assert "glanceback sql --query rejected_values" in shown.getvalue()
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM runs WHERE status = 'completed'").fetchall() == [(2,)]
        ended = reader.execute("SELECT count(*) FROM image_versions WHERE end_reason = 'deleted'").fetchall()
        moved = reader.execute("SELECT count(*) FROM listing_memberships WHERE seen_to IS NOT NULL").fetchall()
        shown_by_default = """SELECT DISTINCT id FROM listing_memberships
            WHERE listing IN ('public', 'private', 'shared-accepted', 'shared-out') AND seen_from <= $at
                AND (seen_to IS NULL OR seen_to > $at)"""
        nights = [row[0] for row in reader.execute("SELECT started_at FROM runs ORDER BY 1").fetchall()]
        expected = [{row[0] for row in reader.execute(shown_by_default, {"at": at}).fetchall()} for at in nights]
        changed = {row[0] for row in reader.execute("FROM image_events SELECT id WHERE event <> 'changed'").fetchall()}
    assert ended[0][0] > 0
    assert moved[0][0] > ended[0][0]
    assert openstack_lists(shown.getvalue(), folder) == expected
    assert expected[0] - expected[1]
    assert expected[0] ^ expected[1] <= changed
    assert not (tmp_path / "own").exists()
    assert {asked.name for asked in questions()} - answered(folder / "published.duckdb") == UNANSWERED
    about_the_demo = document("cookbook.md").partition("catalogue, add `--config")[2].partition("\n\n")[0]
    assert {word for word in re.findall(r"`(\w+)`", about_the_demo) if word != "digest"} == UNANSWERED
    assert os.environ["GLANCEBACK_WAREHOUSE"] == str(tmp_path / "own" / "WAREHOUSE")
    for name in ("WAREHOUSE", "PUBLISHED", "LANDING"):
        monkeypatch.delenv(f"GLANCEBACK_{name}")
    (line,) = (line for line in shown.getvalue().splitlines() if " diff " in line)
    compared = CliRunner().invoke(main, ["diff", *line.split(" diff ")[1].split()])
    assert compared.exit_code == 0, compared.output
    assert " 0 changed" not in compared.stderr
    for command in ("sync", "check"):
        refused = CliRunner().invoke(main, [command, "--config", "data/demo/glanceback.toml"])
        assert refused.exit_code == 2
        assert "its sample cloud runs only while the demo does" in refused.stderr


UNANSWERED = {
    "duplicates_by_checksum", "faulty_runs", "images_in_no_listing", "missing_in_cloud", "withheld_deletions",
}  # fmt: skip


def answered(copy: Path) -> set[str]:
    """The questions of the cookbook that have an answer in the demo's copy."""
    with duckdb.connect(str(copy), read_only=True) as reader:
        ((child,),) = reader.execute("SELECT id FROM images WHERE name = 'prod-web-server'").fetchall()
        ((replaced,),) = reader.execute("SELECT id FROM images WHERE name = 'Debian 12 old'").fetchall()
        ((day,),) = reader.execute("SELECT max(started_at)::DATE FROM runs").fetchall()
    found = set()
    for asked in questions():
        given = {"name": "Debian 12", "cloud": "sample", "other": "sample", "from": "2026-01-01"}
        given["id"] = replaced if asked.name == "what_replaced" else child
        wanted = [f"{one.name}={given[one.name]}" for one in asked.parameters if one.default is None]
        if asked.name == "digest":
            wanted.append(f"day={day}")
        parameters = values(asked, wanted, copy)
        with duckdb.connect(str(copy), read_only=True) as reader:
            if reader.execute(asked.text, parameters or None).fetchall():
                found.add(asked.name)
    return found


def test_demo_leaves_alone_what_it_did_not_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    (folder / "glanceback.toml").write_text("# My own settings.\n")
    with pytest.raises(SettingsError, match="data/demo has files that are not an earlier demo"):
        demo(Console(file=StringIO()), Console(file=StringIO()))
    assert [path.name for path in folder.iterdir()] == ["glanceback.toml"]
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be made"):
        demo(Console(file=StringIO()), Console(file=StringIO()))


def test_command_is_named_as_it_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "my tools" / "glanceback"
    command.parent.mkdir()
    command.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert program(str(command)) == "'my tools/glanceback'"
    monkeypatch.chdir(command.parent)
    assert program(str(command)) == "./glanceback"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert program(str(command)) == f"'{command}'"
    monkeypatch.setenv("PATH", str(command.parent))
    assert program(str(command)) == "glanceback"
    (tmp_path / "glanceback").touch(mode=0o755)
    assert program(str(tmp_path / "glanceback")) == str(tmp_path / "glanceback")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert program(str(tmp_path / "cli" / "__main__.py")) == f"{tmp_path}/python -m cli"
