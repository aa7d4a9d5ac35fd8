"""The rules of the house that a test can hold."""

import ast
import tomllib
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, main
from core.packages import PACKAGES
from pipeline.settings import _CloudTable, _File

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted(path for folder in (*PACKAGES, "verify") for path in (ROOT / folder).glob("*.py"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"`glanceback {name}" in README
    command = main.get_command(click.Context(main), name)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "config":
            assert any(f"`{option}" in README for option in parameter.opts), parameter.opts


def test_every_setting_is_in_the_readmes_example_and_the_example_holds() -> None:
    example = tomllib.loads(README.split("```toml\n")[1].split("```")[0])
    assert set(example) == set(_File.__struct_fields__)
    assert set(example["clouds"]["mycloud"]) == set(_CloudTable.__struct_fields__)


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
