"""Reads, writes, lists, copies and removes objects in a store that a URL names (`s3://bucket/folder`).

pyarrow.fs sends the requests; tests/core/test_storage.py counts them. A failure raises OSError with a sentence that
names the bucket. The sentence does not quote the store's answer, which may repeat what was sent. Called through
core.storage.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from core.errors import SettingsError
from core.redaction import shown_url
from core.store_client import SCHEMES, filesystem
from core.store_errors import store_error

CONCURRENT_REQUESTS: Final = 16
"""The most concurrent requests when many objects are copied, read or removed."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StorePath:
    """A folder or file in an object store, with the operations of Path that derive one path from another.

    `path` begins with the bucket. It does not contain credentials, so it may be shown and sent to other machines.
    """

    scheme: str
    path: str

    def __truediv__(self, name: str) -> Self:
        return type(self)(self.scheme, f"{self.path}/{name}")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @property
    def bucket(self) -> str:
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> Self:
        return type(self)(self.scheme, self.path.rpartition("/")[0] or self.path)

    def with_name(self, name: str) -> Self:
        return self.parent / name


def store_path(url: str) -> StorePath:
    """Return the folder that the URL names. Raises: SettingsError if it cannot be opened or contains credentials."""
    scheme, _, rest = url.partition("://")
    bucket = rest.partition("/")[0]
    if "@" in bucket or ":" in bucket:
        raise SettingsError(
            f"a landing of the form {scheme}://...@... contains credentials",
            "Write s3://bucket/folder, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if scheme not in SCHEMES or not bucket or "?" in rest:
        raise SettingsError(
            f"{shown_url(url)} cannot be opened",
            "Use a folder, or a URL such as s3://bucket/folder; set AWS_ENDPOINT_URL for stores other than AWS. "
            f"Known schemes: {', '.join(SCHEMES)}.",
        )
    path = "/".join(part for part in rest.split("/") if part)
    return StorePath(scheme, path)


def write(file: StorePath, content: bytes) -> None:
    """Write an object completely or not at all: one request up to 5 MB. Raises: OSError."""
    with _explained(file):
        store = filesystem(file.scheme, file.bucket)
        # Not `with`: it would close the stream after an error, and so store a part of the content.
        stream = store.open_output_stream(file.path, compression=None)
        stream.write(content)
        stream.close()


def read(file: StorePath) -> bytes:
    """Return an object's content. Two requests: pyarrow 26.0 asks for the size first, and cannot be told it.

    Raises: OSError.
    """
    with _explained(file), filesystem(file.scheme, file.bucket).open_input_file(file.path) as stream:
        content: bytes = stream.read(stream.size())
        return content


def is_file(file: StorePath) -> bool:
    with _explained(file):
        store = filesystem(file.scheme, file.bucket)
        return bool(store.get_file_info(file.path).is_file)


def entries(folder: StorePath, *, recursive: bool = False) -> tuple[list[StorePath], list[StorePath]]:
    """Return the files and the folders in a folder, by name; empty if the folder does not exist. Raises: OSError."""
    from pyarrow import fs

    with _explained(folder):
        store = filesystem(folder.scheme, folder.bucket)
        selector = fs.FileSelector(folder.path, allow_not_found=True, recursive=recursive)
        found = sorted(store.get_file_info(selector), key=lambda info: str(info.path))
    return (
        [StorePath(folder.scheme, info.path) for info in found if info.is_file],
        [StorePath(folder.scheme, info.path) for info in found if not info.is_file],
    )


def copy(file: StorePath, target: StorePath) -> None:
    """Copy an object within the store, without a download. Raises: OSError."""
    with _explained(file):
        store = filesystem(file.scheme, file.bucket)
        store.copy_file(file.path, target.path)


def delete(file: StorePath) -> None:
    """Remove an object. Raises: OSError."""
    with _explained(file):
        store = filesystem(file.scheme, file.bucket)
        store.delete_file(file.path)


def delete_all(folder: StorePath) -> None:
    """Remove the content of a folder; a missing folder is not an error. Raises: OSError."""
    files, folders = entries(folder)
    if not files and not folders:
        return
    with _explained(folder):
        try:
            filesystem(folder.scheme, folder.bucket).delete_dir(folder.path)
        except OSError as exc:
            if "NETWORK_CONNECTION" in str(exc):
                raise
        else:
            return
    # Not every store accepts the checksum that the AWS SDK sends to delete many objects at once.
    list(side_by_side(delete, entries(folder, recursive=True)[0]))


def move(folder: StorePath, target: StorePath) -> None:
    """Copy the content of a folder, then remove the folder. Raises: OSError."""
    files, _ = entries(folder, recursive=True)
    targets = [StorePath(folder.scheme, target.path + file.path.removeprefix(folder.path)) for file in files]
    list(side_by_side(copy, files, targets))
    delete_all(folder)


def side_by_side(function: Callable[..., T], *arguments: list[StorePath]) -> Iterator[T]:
    """Call the function for each object, several at once; yield the results in the order of the objects."""
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        yield from pool.map(function, *arguments)


@contextmanager
def _explained(file: StorePath) -> Iterator[None]:
    try:
        yield
    except SettingsError:
        raise
    except Exception as exc:
        # Not `from exc`: its text contains the store's answer.
        raise store_error(str(file), file.bucket, exc) from None
