"""Which runs of this machine go on: each holds a lock, which the system takes away from a process that dies.

Beside the warehouse, in `running/<run id> <machine>`. A run of another machine says nothing here: whether it goes on is
not known. Called by flows, and by load.runs through them. Must not know the warehouse.
"""

import fcntl
import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from core.permissions import make_folder

_FOLDER: Final = "running"


@contextmanager
def going_on(home: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run. Where none can be had, the run goes on without: nobody will say of it that it died."""
    file = _file(home, run_id)
    held = None
    with suppress(OSError):
        make_folder(file.parent)
        held = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)  # whoever looks whether it is free has it for a moment
    try:
        yield
    finally:
        if held is not None:
            with suppress(OSError):
                file.unlink()
            os.close(held)


def died(home: Path, *, anywhere: bool = False) -> list[str]:
    """The ids of the runs of this machine whose process ended without a word, the oldest first.

    `anywhere`: of all machines and containers that have the folder; for a warehouse that one of them writes at a time.
    """
    return [file.name.partition(" ")[0] for file in _left(home, anywhere)]


def forget_died(home: Path, run_ids: Iterable[str]) -> None:
    """Remove what these runs of this machine left, once the warehouse says that they died."""
    for run_id in run_ids:
        with suppress(OSError):
            _file(home, run_id).unlink()


def _file(home: Path, run_id: str) -> Path:
    return home / _FOLDER / f"{run_id} {_machine()}"


def _left(home: Path, anywhere: bool) -> list[Path]:
    try:
        files = list((home / _FOLDER).iterdir())
    except OSError:
        return []
    return sorted(file for file in files if (anywhere or file.name.partition(" ")[2] == _machine()) and _is_free(file))


def _is_free(file: Path) -> bool:
    try:
        looked_at = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(looked_at, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(looked_at)


def _machine() -> str:
    return quote(platform.node(), safe="")
