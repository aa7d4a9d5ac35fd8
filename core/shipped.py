"""Where the files are that come with the program and are no Python: its SQL, a sample of a catalogue, reference tables.

A checkout has them at its root. A wheel has the same folders below `glanceback/`, beside our packages: `pyproject.toml`
says which. Nothing here is ever written.
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
    """What to do where an extra of ours is not installed, in a sentence."""
    if _root(_BESIDE_PACKAGES) == _BESIDE_PACKAGES:
        locked = str(_BESIDE_PACKAGES / f"requirements-{extra}.txt")
        pip = f"{shlex.quote(sys.executable)} -m pip install --no-deps --require-hashes"
        return f"Install it: {pip} -r {shlex.quote(locked)}"
    return f"Install glanceback again, with its extra: glanceback[{extra}]."


def _root(beside_packages: Path) -> Path:
    of_a_wheel = beside_packages / "glanceback"
    return of_a_wheel if (of_a_wheel / "sql").is_dir() else beside_packages
