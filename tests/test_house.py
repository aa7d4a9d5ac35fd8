"""The rules of the house that a test can hold."""

import ast
from pathlib import Path

import pytest

from core.packages import PACKAGES
from tests.documents import ROOT

MODULES = sorted(path for folder in (*PACKAGES, "verify") for path in (ROOT / folder).glob("*.py"))


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
