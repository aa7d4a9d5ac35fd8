"""Who may read what a run leaves: its owner alone, but for the published copy, which is for whom the umask allows.

The state is the process's own: a umask cannot be asked for without being set.
"""

import os
import stat
from pathlib import Path
from typing import Final

_OWNER_ALONE: Final = 0o077
_usual: list[int] = []


def keep_to_owner() -> None:
    """From now on, new files and folders are for their owner alone. What the umask was is remembered, once."""
    mask = os.umask(_OWNER_ALONE)
    if not _usual:
        _usual.append(mask)


def open_to_readers(path: Path, *, read_only: bool = False) -> None:
    """Give a file or folder the permissions that the usual umask leaves; with `read_only`, none to write."""
    usual = (0o777 if path.is_dir() else 0o666) & ~_usual[0] if _usual else stat.S_IMODE(path.stat().st_mode)
    path.chmod(usual & 0o555 if read_only else usual)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, that readers may pass through."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        open_to_readers(path)
