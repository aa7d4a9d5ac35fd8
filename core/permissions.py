"""Who may read the files of a run: only its owner, except for the published copy, which follows the umask.

The original umask is kept in this module, because a process can only read its umask by setting it.
"""

import os
import stat
from pathlib import Path
from typing import Final

_OWNER_ALONE: Final = 0o077
_usual: list[int] = []


def keep_to_owner() -> None:
    """Let only the owner read new files and folders from now on. The first call remembers the original umask."""
    mask = os.umask(_OWNER_ALONE)
    if not _usual:
        _usual.append(mask)


def open_to_readers(path: Path, *, read_only: bool = False) -> None:
    """Give a file or folder the permissions of the original umask; with `read_only`, without write permission."""
    usual = (0o777 if path.is_dir() else 0o666) & ~_usual[0] if _usual else stat.S_IMODE(path.stat().st_mode)
    path.chmod(usual & 0o555 if read_only else usual)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, with the permissions of the original umask."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        open_to_readers(path)
