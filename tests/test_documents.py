"""The documents hold: links lead somewhere, generated parts are current, and nothing that users meet is left out."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from cli.main import COMMANDS, main
from core.packages import PACKAGES
from extract.listing import known_names
from pipeline.cloud_table import CloudTable
from pipeline.report import CloudReport, ListingReport, RunReport
from pipeline.settings import _File
from tests.documents import GENERATED, ROOT, anchors, document, links, written_anew

REFERENCE = document("reference.md")


def test_every_link_in_the_documents_leads_somewhere() -> None:
    found = list(links())
    assert len(found) > 20
    for path, target in found:
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), (path.name, target)
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), (path.name, target)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_no_two_headings_of_a_page_have_the_same_anchor(page: Path) -> None:
    found = anchors(page.read_text(encoding="utf-8"))
    assert [anchor for anchor in found if found.count(anchor) > 1] == []


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda path: path.name)
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    """The changelog tells of files of its day."""
    if path.name != "CHANGELOG.md":
        folders = "|".join((*PACKAGES, "verify", "sql", "tests", "docs", "benchmarks"))
        named = re.findall(rf"`((?:{folders})/[\w./-]*)`", path.read_text(encoding="utf-8"))
        assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = {target.partition("#")[0] for path, target in links() if path.name == "README.md"}
    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= linked


def test_readme_can_be_read_in_one_go() -> None:
    assert len(document("README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", GENERATED)
def test_generated_parts_are_current(page: str) -> None:
    assert document(page) == written_anew(page), "`make docs` writes them"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    assert f"`glanceback {name}" in REFERENCE
    command = main.get_command(click.Context(main), name)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "config":
            assert any(f"`{option}" in REFERENCE for option in parameter.opts), parameter.opts


def test_every_setting_is_in_the_references_example_and_the_example_holds() -> None:
    example = tomllib.loads(REFERENCE.split("```toml\n")[1].split("```")[0])
    assert set(example) == set(_File.__struct_fields__)
    assert set(example["clouds"]["mycloud"]) == set(CloudTable.__struct_fields__)


def test_numbers_in_the_references_example_are_the_defaults() -> None:
    example = tomllib.loads(REFERENCE.split("```toml\n")[1].split("```")[0])
    shown = {**example, **example["clouds"]["mycloud"]}
    defaults = {**dict(_defaults(_File)), **dict(_defaults(CloudTable))}
    assert {name: shown[name] for name in defaults} == defaults


def _defaults(table: type[msgspec.Struct]) -> Iterator[tuple[str, object]]:
    for name, default in zip(
        table.__struct_fields__[-len(table.__struct_defaults__) :], table.__struct_defaults__, strict=True
    ):
        if isinstance(default, int | float):
            yield name, default


def test_every_listing_is_in_the_reference() -> None:
    listings = REFERENCE.split("\n## Listings\n")[1].split("\n## ")[0]
    assert [name for name in known_names() if f"| `{name}` |" not in listings] == []


@pytest.mark.parametrize("report", [RunReport, CloudReport, ListingReport])
def test_every_field_of_the_json_report_is_in_the_reference(report: type[msgspec.Struct]) -> None:
    described = REFERENCE.split("\n## The JSON report of a run\n")[1].split("\n## ")[0]
    assert [field for field in report.__struct_fields__ if f"| `{field}` |" not in described] == []


def _texts() -> Iterator[str]:
    """Every text in the program, with … where a value is filled in."""
    for package in (*PACKAGES, "verify"):
        for path in (ROOT / package).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_message_of_the_troubleshooting_page_is_one_of_the_programs() -> None:
    tables = document("troubleshooting.md").split("\n## No message")[0]
    messages = re.findall(r"^\| `([^`]+)` \|", tables, re.MULTILINE)
    assert len(messages) > 20
    texts = list(_texts())
    assert [message for message in messages if not any(message in text for text in texts)] == []


def test_changelog_begins_with_the_version_of_the_program() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert changelog.split("\n## ")[1].startswith(f"{version} - ")


def test_licences_of_what_is_embedded_are_named() -> None:
    notices = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    assert (ROOT / "page" / "parts" / "echarts.NOTICE").read_text(encoding="utf-8").strip() in notices
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "endoflife.date contributors" in notices


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, "", (0, "OK: every cloud was read in full within 26 hours")),
        (1, "cloud c: too old", (2, "cloud c: too old")),
        (2, "no such file", (2, "no such file")),
        (3, "a person must decide", (1, "a person must decide")),
    ],
)
def test_script_for_nagios_turns_our_exit_codes_into_those_of_nagios(
    tmp_path: Path, code: int, said: str, expected: tuple[int, str]
) -> None:
    (script,) = re.findall(r"^   ```sh\n(   #!/bin/sh\n.*?)^   ```", document("operating.md"), re.MULTILINE | re.DOTALL)
    text = "".join(line.removeprefix("   ") for line in script.splitlines(keepends=True))
    command = tmp_path / ".venv" / "bin" / "glanceback"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\necho "{said}" | grep . >&2\nexit {code}\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", text.replace("/srv/glanceback", str(tmp_path))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == expected


def test_units_for_systemd_say_who_runs_what_where_and_when() -> None:
    units = re.findall(r"^```ini\n(.*?)^```", document("operating.md"), re.MULTILINE | re.DOTALL)
    services = [unit for unit in units if "[Service]" in unit]
    assert len(services) == 2
    for unit in services:
        for needed in ("User=", "WorkingDirectory=", "EnvironmentFile=-", "ExecStart=/", "After=network-online.target"):
            assert f"\n{needed}" in unit, needed
    (timer,) = (unit for unit in units if "[Timer]" in unit)
    assert "\nOnCalendar=" in timer
    assert "\n[Install]\nWantedBy=timers.target\n" in timer
