"""Folders on a disk, or in an object store that a URL names (`s3://bucket/folder`), by the same few operations.

A URL is opened by universal-pathlib, an extra; credentials are found as its stores' own clients find them. What fails
there raises OSError, as on a disk. A file is there whole or not at all.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from extract.errors import SettingsError


def folder_at(place: str, base: Path) -> Path:
    """The folder of this name, seen from `base`, or of this URL. Raises: SettingsError where it cannot be opened."""
    if "://" not in place:
        return base / place
    try:
        from upath import UPath  # an extra
    except ImportError as exc:
        raise SettingsError(
            f"{place} is in an object store, for which universal-pathlib is not installed",
            "Install it: .venv/bin/python -m pip install --no-deps --require-hashes -r requirements-storage.txt",
        ) from exc
    try:
        # What others write there is to be seen at once. It has the methods of a Path, and is none by inheritance.
        return cast("Path", UPath(place, use_listings_cache=False))
    except (ValueError, ImportError) as exc:
        raise SettingsError(
            f"{place} cannot be opened ({exc})", "Take a folder, or a URL such as s3://bucket/folder."
        ) from exc


def is_local(folder: Path) -> bool:
    return isinstance(folder, Path)


def make(folder: Path) -> None:
    """Make a folder and those above it; object stores have none."""
    if is_local(folder):
        folder.mkdir(parents=True, exist_ok=True)


def put(file: Path, content: bytes) -> None:
    """Write a file whole. Raises: OSError."""
    with _mapped(file):
        if is_local(file):
            unfinished = file.with_name(f".{file.name}")
            unfinished.write_bytes(content)
            unfinished.replace(file)
        else:
            file.write_bytes(content)


def get(file: Path) -> bytes:
    """A file's content. Raises: OSError."""
    with _mapped(file):
        return file.read_bytes()


def add_line(file: Path, number: int, line: bytes) -> None:
    """Add a line, the `number`th. A store cannot append: there each line is an object, in a folder of the file's name.

    Raises: OSError.
    """
    if is_local(file):
        with file.open("ab") as lines:
            lines.write(line + b"\n")
    else:
        put(file / f"{number:06d}", line)


def lines_of(file: Path) -> Iterator[bytes]:
    """The lines, in order. One that a crash cut off is none. Raises: OSError."""
    if is_local(file):
        with file.open("rb") as lines:
            yield from (line for line in lines if line.endswith(b"\n"))
    else:
        yield from map(get, matching(file, "*"))


def has(file: Path) -> bool:
    """Whether the file is there. Raises: OSError where that cannot be said."""
    with _mapped(file):
        return file.is_file()


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files of this pattern in the folder, by name; none where there is no such folder. Raises: OSError."""
    with _mapped(folder):
        return sorted(folder.glob(pattern), key=str)


def subfolders(folder: Path) -> list[Path]:
    """The folders in the folder. Raises: OSError."""
    with _mapped(folder):
        return [entry for entry in folder.iterdir() if entry.is_dir()]


def adopt(file: Path, target: Path) -> None:
    """Have the file at another place too. Raises: OSError."""
    if is_local(file) and is_local(target):
        try:
            os.link(file, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(file, target)
    else:
        put(target, get(file))


def exists(folder: Path) -> bool:
    """Whether the folder is there, with something in it where it is in a store. Raises: OSError."""
    with _mapped(folder):
        return folder.exists()


def move(folder: Path, target: Path) -> None:
    """Have a folder at another place, and what was there gone. Raises: OSError."""
    remove(target)
    if is_local(folder):
        folder.replace(target)
        return
    for file in matching(folder, "**/*"):
        if has(file):
            put(target / str(file.relative_to(folder)), get(file))
    remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder and all in it, as far as that can be done."""
    if is_local(folder):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with _mapped(folder):
            if folder.exists():
                folder.fs.rm(folder.path, recursive=True)  # type: ignore[attr-defined]


@contextmanager
def _mapped(file: Path) -> Iterator[None]:
    """Stores' clients have errors of their own."""
    try:
        yield
    except OSError:
        raise
    except Exception as exc:
        if is_local(file):
            raise
        raise OSError(errno.EIO, f"{type(exc).__name__}: {exc}", str(file)) from exc
