"""The same few operations for folders on a disk and in an object store that a URL names (`s3://bucket/folder`).

A file is complete or it does not exist. A failure raises OSError, which names the file. On a disk these are calls of
the operating system, because pyarrow.fs can neither append nor link; core.object_store does the same for stores.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias, TypeGuard
from urllib.parse import unquote, urlsplit

from core import object_store
from core.object_store import StorePath, store_path
from core.wording import reason as reason

Place: TypeAlias = Path | StorePath
"""A folder or file, on a disk or in a store."""


def folder_at(place: str, base: Path) -> Place:
    """Return the folder of this name, relative to `base`, or of this URL. Raises: SettingsError for an unusable URL."""
    if place.startswith("file://"):
        return Path(unquote(urlsplit(place).path))
    return store_path(place) if "://" in place else base / place


def is_local(folder: Place) -> TypeGuard[Path]:
    return isinstance(folder, Path)


def make(folder: Place) -> None:
    """Make a folder and its parents; in an object store there is nothing to do. Raises: OSError."""
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)


def put(file: Place, content: bytes) -> None:
    """Write a file completely or not at all. Raises: OSError."""
    if isinstance(file, Path):
        with _whole(file) as unfinished:
            unfinished.write_bytes(content)
    else:
        object_store.write(file, content)


def get(file: Place) -> bytes:
    """Return a file's content. Raises: OSError."""
    return file.read_bytes() if isinstance(file, Path) else object_store.read(file)


def add_line(file: Place, name: str, line: bytes) -> None:
    """Append a line to the file. A store cannot append: there the line becomes an object `name` in a folder `file`.

    Threads may call this concurrently: the system appends each line whole.
    Raises: OSError.
    """
    if not isinstance(file, Path):
        put(file / name, line)
        return
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        if os.write(opened, line + b"\n") <= len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as exc:
        raise OSError(exc.errno, reason(exc), str(file)) from exc
    finally:
        os.close(opened)


def lines_of(file: Place) -> Iterator[bytes]:
    """Yield the lines, in order, without the last one if a crash cut it off. Raises: OSError."""
    if isinstance(file, Path):
        with file.open("rb") as lines:
            yield from (line for line in lines if line.endswith(b"\n"))
    else:
        objects, _ = object_store.entries(file)
        if not objects:
            raise FileNotFoundError(errno.ENOENT, "the store has no such lines", str(file))
        yield from object_store.side_by_side(object_store.read, objects)


def has(file: Place) -> bool:
    """Return whether the file exists. Raises: OSError if that cannot be found out."""
    return file.is_file() if isinstance(file, Path) else object_store.is_file(file)


def files_of(folder: Place) -> frozenset[str]:
    """Return the names of the files in the folder; a store sends a thousand per request. Raises: OSError."""
    if not isinstance(folder, Path):
        return frozenset(file.name for file in object_store.entries(folder)[0])
    try:
        return frozenset(entry.name for entry in folder.iterdir() if entry.is_file())
    except FileNotFoundError:
        return frozenset()


def subfolders(folder: Place) -> Sequence[Place]:
    """Return the folders in the folder, by name; empty if the folder does not exist. Raises: OSError."""
    if not isinstance(folder, Path):
        return object_store.entries(folder)[1]
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []


def adopt(file: Place, target: Place) -> None:
    """Link or copy the file to `target`, without writing its content again if possible. Raises: OSError."""
    if isinstance(file, StorePath) and isinstance(target, StorePath) and file.bucket == target.bucket:
        object_store.copy(file, target)
    elif isinstance(file, Path) and isinstance(target, Path):
        with _whole(target) as unfinished:
            try:
                os.link(file, unfinished)
            except OSError:  # another file system, or one without links
                shutil.copyfile(file, unfinished)
    else:
        put(target, get(file))


def exists(folder: Place) -> bool:
    """Return whether the folder exists; in a store, whether it contains something. Raises: OSError."""
    return folder.exists() if isinstance(folder, Path) else any(object_store.entries(folder))


def move(folder: Place, target: Place) -> None:
    """Move a folder and replace `target`. Both must be on the same disk or in the same bucket. Raises: OSError."""
    remove(target)
    if isinstance(folder, Path) and isinstance(target, Path):
        folder.replace(target)
    elif isinstance(folder, StorePath) and isinstance(target, StorePath):
        object_store.move(folder, target)


def remove(folder: Place) -> None:
    """Remove a folder and its content. Raises: OSError in a store; on a disk it ignores what it cannot remove."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        object_store.delete_all(folder)


def try_out(folder: Place) -> None:
    """Write, read and remove a small file, as a run will. Raises: OSError with the reason."""
    make(folder)
    file, content = folder / f".tried-{secrets.token_hex(4)}", b"glanceback"
    put(file, content)
    try:
        if get(file) != content:
            raise OSError(errno.EIO, "the content read differs from the content written", str(file))
    finally:
        delete(file)


def advice(folder: Place) -> str:
    """The advice if a folder cannot be written."""
    if isinstance(folder, Path):
        return "Check that the folder is writable and that the disk has free space."
    return (
        f"Check that the bucket '{folder.bucket}' exists, that the AWS_ variables or the profile name its store and "
        "keys that may read, write and remove there, and that the store is up; glanceback check tries it."
    )


def sync(folder: Place, names: tuple[str, ...]) -> None:
    """Flush the files whose names begin with one of `names` to the disk. A store needs no flush. Raises: OSError."""
    if isinstance(folder, Path):
        for entry in (*(file for file in folder.iterdir() if file.name.startswith(names)), folder, folder.parent):
            _sync(entry)


def _sync(entry: Path) -> None:
    opened = os.open(entry, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as exc:
        # Some network file systems cannot do this, above all for folders. That must not stop a run.
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise OSError(exc.errno, reason(exc), str(entry)) from exc
    finally:
        os.close(opened)


def delete(file: Place) -> None:
    """Remove a file. Raises: OSError."""
    if isinstance(file, Path):
        file.unlink()
    else:
        object_store.delete(file)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """Yield a temporary file beside `file`; at the end it replaces `file`, or is removed after an error."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        yield unfinished
        unfinished.replace(file)
    except OSError as exc:
        raise OSError(exc.errno, reason(exc), str(file)) from exc
    finally:
        # It still exists after an error, or if both were links to one file: then renaming does nothing.
        with suppress(OSError):
            unfinished.unlink()
