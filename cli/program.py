"""What to type for this command again: its name as it was called, in texts that people copy."""

import shlex
import shutil
import sys
from pathlib import Path


def program(called: str | None = None) -> str:
    """`glanceback` where that finds what was called, else its path from the working folder, or `python -m cli`."""
    path = Path(called or sys.argv[0])
    if path.name == "__main__.py":
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {path.parent.name}"
    found = shutil.which(path.name)
    if found is not None and path.exists() and path.samefile(found):
        return path.name
    return shlex.quote(_short(path))


def _short(path: Path) -> str:
    """Seen from the working folder, if it is below that; with a slash, without which a shell would search for it."""
    here = Path.cwd()
    short = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return short if "/" in short else f"./{short}"
