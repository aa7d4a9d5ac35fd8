"""Knows which runs of this machine are still running: each holds a lock, which the system releases when it dies.

The lock files are beside the warehouse: `running/<run id> <machine>`. For a run of another machine, the lock says
nothing. Called by pipeline and by load.runs. It must not know the warehouse.
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

DIED: Final = "the run died: its process was killed or crashed"
_FOLDER: Final = "running"


@contextmanager
def going_on(home: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run. If that is impossible, the run continues without it, and is never reported as dead."""
    file = _file(home, run_id)
    held = None
    with suppress(OSError):
        make_folder(file.parent)
        held = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)  # _is_free of another process holds it briefly
    try:
        yield
    finally:
        if held is not None:
            with suppress(OSError):
                file.unlink()
            os.close(held)


def died(home: Path, *, anywhere: bool = False) -> list[str]:
    """The ids of this machine's runs whose process died, oldest first.

    `anywhere`: the runs of all machines and containers that use the folder. Only for a warehouse with one writer.
    """
    return [file.name.partition(" ")[0] for file in _left(home, anywhere)]


def forget_died(home: Path, run_ids: Iterable[str]) -> None:
    """Remove the lock files of these runs of this machine. Call it when the warehouse has them as failed."""
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
