"""Bytes by name, from wherever landing lies; and texts that carry the hash of themselves."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

Json = Any

_OPENING: Final = b'{"hash":"'
_REST_AT: Final = len(_OPENING) + 64 + len(b'",')


class Fault(Exception):
    """What is wrong, in a sentence."""


class Files(Protocol):
    """Landing. Names have `/` between folders, whatever the system; the empty name is landing itself."""

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises: FileNotFoundError, OSError."""

    def names(self, folder: str) -> list[str]:
        """The names of what is in a folder, sorted; none where there is no such folder. Raises: OSError."""

    def is_folder(self, name: str) -> bool:
        """Whether this is a folder. Raises: OSError."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Landing in a folder on a disk, or a copy of a store's there."""

    root: Path

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        place = self.root / folder
        return sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []

    def is_folder(self, name: str) -> bool:
        return (self.root / name).is_dir()


def hexadecimal(content: bytes) -> str:
    """The SHA-256."""
    return sha256(content).hexdigest()


def record(text: bytes, where: str, *, old: str) -> tuple[dict[str, Json], str | None]:
    """The JSON object and the hash that it carries of itself; no hash where it is from before, and begins with `old`.

    Raises: Fault.
    """
    digest = None
    if not text.startswith(f'{{"{old}":'.encode()):
        digest = text[len(_OPENING) : _REST_AT - 2].decode("ascii", "replace")
        is_sealed = text.startswith(_OPENING) and text[_REST_AT - 2 : _REST_AT] == b'",'
        if not is_sealed or hexadecimal(b"{" + text[_REST_AT:]) != digest:
            raise Fault(f"{where} is not what was written: its hash differs")
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise Fault(f"{where} is no JSON ({exc})") from exc
    return value, digest


def record_in(files: Files, name: str, *, old: str) -> tuple[dict[str, Json], str | None] | None:
    """The record in a file, as `record`; None where there is no such file. Raises: Fault."""
    try:
        text = files.read(name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return record(text, name, old=old)


def lines(files: Files, name: str) -> Iterator[bytes]:
    """The lines of a file, or what is in the objects of a folder, in the order of their names.

    A last line that a crash cut off is none. Raises: Fault.
    """
    if files.is_folder(name):
        with ThreadPoolExecutor(16) as pool:
            yield from pool.map(lambda entry: files.read(f"{name}/{entry}"), files.names(name))
        return
    try:
        text = files.read(name)
    except (FileNotFoundError, NotADirectoryError):
        raise Fault(f"{name} is missing") from None
    yield from text.split(b"\n")[:-1]
