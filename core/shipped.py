"""Finds the program's files that are not Python: its SQL, the sample catalogue, the reference tables.

A checkout has them at its root. A wheel has the same folders below `glanceback/`, beside our packages: `pyproject.toml`
names them. These files are read-only.
"""

import shlex
import sys
from pathlib import Path
from typing import Final

_BESIDE_PACKAGES: Final = Path(__file__).resolve().parent.parent


def shipped(*names: str) -> Path:
    """The folder of this name, as in a checkout: `shipped("data", "sample")`."""
    return _root(_BESIDE_PACKAGES).joinpath(*names)


def how_to_install(extra: str) -> str:
    """The advice if one of our extras is not installed, as a sentence."""
    if _root(_BESIDE_PACKAGES) == _BESIDE_PACKAGES:
        locked = str(_BESIDE_PACKAGES / f"requirements-{extra}.txt")
        pip = f"{shlex.quote(sys.executable)} -m pip install --no-deps --require-hashes"
        return f"Install it: {pip} -r {shlex.quote(locked)}"
    return f"Install glanceback again, with its extra: glanceback[{extra}]."


def _root(beside_packages: Path) -> Path:
    of_a_wheel = beside_packages / "glanceback"
    return of_a_wheel if (of_a_wheel / "sql").is_dir() else beside_packages
