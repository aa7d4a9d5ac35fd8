"""Reads the files of landing, on a disk or from a store, and records: JSON objects that contain their own hash."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

Json = Any

_OPENING: Final = b'{"hash":"'
_REST_AT: Final = len(_OPENING) + 64 + len(b'",')
_BEFORE_HASHES: Final = (b'{"run_id":', b'{"started_at":', b'{"page":')


class Fault(Exception):
    """Says what is wrong, in a sentence."""


class Files(Protocol):
    """Landing. Names have `/` between folders on every system; the empty name is landing itself."""

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises: FileNotFoundError, OSError."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; a folder's name ends with `/`. Empty if the folder does not exist.

        Raises: OSError.
        """


@dataclass(frozen=True, slots=True)
class Disk:
    """Landing in a folder on a disk, or a copy of a store on a disk."""

    root: Path

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        place = self.root / folder
        entries = place.iterdir() if place.is_dir() else ()
        return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object; `hash` is None if it was written before records had hashes."""

    value: dict[str, Json]
    hash: str | None


def folders(files: Files, name: str) -> list[str]:
    """The folders in a folder. Names that begin with a dot were put aside, and are ignored."""
    return [entry[:-1] for entry in files.names(name) if entry.endswith("/") and not entry.startswith(".")]


def content(files: Files, name: str) -> bytes | None:
    """A file's bytes; None if the file does not exist."""
    try:
        return files.read(name)
    except (FileNotFoundError, NotADirectoryError):
        return None


def record_in(files: Files, name: str) -> Record | None:
    """The record in a file; None if the file does not exist. Raises: Fault."""
    text = content(files, name)
    return None if text is None else record(text, name)


def record(text: bytes, where: str) -> Record:
    """Parse a record and check its hash. Raises: Fault if the text is not what was written."""
    digest = None
    if not text.startswith(_BEFORE_HASHES):
        digest = hexadecimal(b"{" + text[_REST_AT:])
        if text[:_REST_AT] != _OPENING + digest.encode() + b'",':
            raise Fault(f"{where} is not what was written: its hash differs")
    try:
        return Record(json.loads(text), digest)
    except ValueError as exc:
        raise Fault(f"{where} is not JSON ({exc})") from exc


def hexadecimal(content: bytes) -> str:
    """The SHA-256 in hexadecimal."""
    return sha256(content).hexdigest()
