"""The rules of the house that a test can hold."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

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


def test_hooks_before_a_commit_need_no_network() -> None:
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    for repository in configuration["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            assert f"\n{hook['entry'].removeprefix('make ')}:" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_locked_requirements_have_hashes_and_name_no_index() -> None:
    locked = [*ROOT.glob("requirements*.txt"), *ROOT.glob("*/requirements.txt"), *ROOT.glob("tests/*/requirements.txt")]
    locked += [*ROOT.glob("tests/newer/*.txt"), *ROOT.glob("tests/tools/duckdb-*.txt")]
    assert len(locked) == 18
    for name in locked:
        text = name.read_text()
        assert "://" not in text, name
        assert "--index" not in text, name
        assert text.count("==") <= text.count("--hash="), name


def test_an_errors_reason_is_never_none() -> None:
    """An OSError of a store may have no `strerror`: core.wording.reason says something all the same."""
    for path in MODULES:
        if path.parts[-2:] != ("core", "wording.py"):
            assert ".strerror" not in path.read_text(encoding="utf-8").replace("os.strerror(", ""), path


def test_no_message_says_1_images() -> None:
    """core.wording.counted has the noun for each number."""
    nouns = "image page listing run row value deletion cloud worker attribute place URL day part fault file"
    plural = re.compile(rf"(?:(?<!name)\}}|%d) (?:{'|'.join(nouns.split())})s\b")
    for path in MODULES:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not plural.search(line) or "log.debug(" in line or "counted(" in line, (path, line)


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {_normal(re.split(r"[\[<>=;! ]", one)[0]) for one in wanted}
    ours, distributions = {path.parent.name for path in MODULES}, packages_distributions()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for package in {name.partition(".")[0] for name in names} - ours - sys.stdlib_module_names:
                held_by = {_normal(one) for one in distributions.get(package, [])}
                # An extra that is not installed here is known by how its name begins.
                is_declared = any(one == _normal(package) or one.startswith(f"{_normal(package)}-") for one in declared)
                assert held_by & declared or (not held_by and is_declared), f"{path} imports {package}"


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")
