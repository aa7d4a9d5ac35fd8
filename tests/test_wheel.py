"""A wheel that is installed where the checkout cannot be seen: whatever a user runs works from it, in any folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.worker_check import our_version
from load.statements import names
from tests.clouds.fake import PROJECT, fake_cloud

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PROJECT_FILE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = sorted(
    path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("tests", "benchmarks")
)
SHIPPED = ("sql", "data/sample", "data/reference")


@dataclass(frozen=True, slots=True)
class Installed:
    """`folder` is the environment's; nothing of the checkout can be imported in it."""

    folder: Path
    home: Path

    def run(self, command: str, folder: Path) -> str:
        """What a shell command prints on stdout. It must end with 0 and say of no traceback."""
        environment = {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "HOME": str(self.home), "COLUMNS": "200"}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def files(self) -> set[str]:
        """What is installed of ours, but for Python's own caches."""
        return {
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and not path.is_relative_to(self.folder / "share")
        }  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build writes into the folder that it builds, and takes what an earlier one left there."""
    folder = tmp_path_factory.mktemp("wheel")
    wanted = [*PACKAGES, *SHIPPED, *(path.name for path in ROOT.iterdir() if path.suffix in (".toml", ".md"))]
    wanted += [path.name for path in ROOT.iterdir() if path.is_file() and not path.suffix]
    for name in wanted:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / "copy" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(folder / "copy")]
    subprocess.run(build, check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """In an environment of its own that sees what we depend on, as our own environment has it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Of that folder's own .pth files none is read: they would lead to the checkout.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(folder)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, timeout=300)
    return Installed(folder, tmp_path_factory.mktemp("home"))


def test_wheel_has_every_module_and_every_file_that_comes_with_them(wheel: Path) -> None:
    built = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        str(path.relative_to(ROOT)) for folder in PACKAGES for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip
    shipped = {
        f"glanceback/{path.relative_to(ROOT)}" for folder in SHIPPED for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }  # fmt: skip
    assert {name for name in built if ".dist-info/" not in name} == ours | shipped
    for listed in (PROJECT_FILE["tool"]["mypy"]["packages"], PROJECT_FILE["tool"]["importlinter"]["root_packages"]):
        assert set(PACKAGES) <= set(listed)


def test_demo_works_in_an_empty_folder_and_so_does_all_that_it_says_to_try(
    installed: Installed, tmp_path: Path
) -> None:
    before = installed.files()
    said = installed.run("glanceback demo", tmp_path)
    assert "Shares that moved" in said
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["demo"]
    asked = said.partition("Ask it yourself:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[:2] for line in asked] == [
        ["glanceback", command] for command in ("sql", "sql", "diff", "dashboard")
    ]
    for line in asked:
        installed.run(line, tmp_path)
    assert installed.files() == before


def test_what_a_user_runs_works_from_a_wheel(installed: Installed, tmp_path: Path) -> None:
    with fake_cloud() as cloud:
        cloud.add("a", __os_version="Debian GNU/Linux 9.3.0 64bit")
        settings = f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"\ntries = 1\n'
        (tmp_path / "glanceback.toml").write_text(settings)
        installed.run("glanceback check && glanceback sync", tmp_path)
    assert installed.run('glanceback sql "SELECT id FROM images" --format value', tmp_path) == "a\n"
    known = installed.run("glanceback sql --list --format value", tmp_path)
    assert all(name in known for name in names("queries"))
    assert "debian" in installed.run("glanceback sql 'FROM end_of_life' --format csv", tmp_path)
    assert "<html" in installed.run("glanceback dashboard -o page.html && head -c 2000 page.html", tmp_path)
    installed.run("glanceback status --check && glanceback verify all", tmp_path)


def test_worker_with_the_wheel_may_read_for_a_checkout_of_the_same_code(installed: Installed, tmp_path: Path) -> None:
    """And an extra that is missing is said as it is installed there: a wheel has no locked requirements."""
    asked = "from flows.worker_check import our_version as v; from core.shipped import how_to_install as h;"
    said = installed.run(f"python -c \"{asked} print(v(), h('dask'))\"", tmp_path)
    assert said == f"{our_version()} Install glanceback again, with its extra: glanceback[dask].\n"


def test_nothing_of_the_checkout_is_seen_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    asked = f"import importlib; print(*(importlib.import_module(name).__file__ for name in {PACKAGES!r}), sep='\\n')"
    for file in installed.run(f'python -c "{asked}"', tmp_path).splitlines():
        assert file.startswith(os.path.realpath(installed.folder)), file
