"""Finds the command that a user types to start this program, for texts that people copy."""

import shlex
import shutil
import sys
from pathlib import Path


def program(called: str | None = None) -> str:
    """`glanceback` if the shell finds this program under that name; else its path, or `python -m cli`."""
    path = Path(called or sys.argv[0])
    if path.name == "__main__.py":
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {path.parent.name}"
    found = shutil.which(path.name)
    if found is not None and path.exists() and path.samefile(found):
        return path.name
    return shlex.quote(_short(path))


def _short(path: Path) -> str:
    """The path, relative if below the working folder; with a slash, because a shell searches names without one."""
    here = Path.cwd()
    short = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return short if "/" in short else f"./{short}"
