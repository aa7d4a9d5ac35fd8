"""The rules of the house that a test can hold."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, main
from core.packages import PACKAGES
from pipeline.settings import _CloudTable, _File
from tests.documents import ROOT, document

REFERENCE = document("reference.md")
MODULES = sorted(path for folder in (*PACKAGES, "verify") for path in (ROOT / folder).glob("*.py"))


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
    assert set(example["clouds"]["mycloud"]) == set(_CloudTable.__struct_fields__)


def headings(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a Markdown text."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def links() -> Iterator[tuple[Path, str]]:
    """Every link of our Markdown files to a place of this repository, with the file that has it."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                yield path, target


def test_every_link_in_the_documents_leads_somewhere() -> None:
    found = list(links())
    assert len(found) > 10
    for path, target in found:
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), (path.name, target)
        if anchor:
            assert anchor in headings(linked.read_text(encoding="utf-8")), (path.name, target)


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = {target.partition("#")[0] for path, target in links() if path.name == "README.md"}
    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= linked


def test_readme_can_be_read_in_one_go() -> None:
    assert len(document("README.md").splitlines()) <= 150


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_module_opens_with_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), path
    assert len(text.splitlines()) <= 300, path


def test_only_the_command_line_and_the_display_print() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path


def test_locked_requirements_have_hashes_and_name_no_index() -> None:
    locked = [*ROOT.glob("requirements*.txt"), *ROOT.glob("*/requirements.txt"), *ROOT.glob("tests/*/requirements.txt")]
    assert len(locked) == 11
    for name in locked:
        text = name.read_text()
        assert "://" not in text, name
        assert "--index" not in text, name
        assert text.count("==") <= text.count("--hash="), name
