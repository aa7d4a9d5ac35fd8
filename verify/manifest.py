"""(a) One listing's folder in landing: every hash, and the chain of the manifest's lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import zstandard

from verify.files import Fault, Files, hexadecimal, lines, record, record_in

Json = Any


@dataclass(frozen=True, slots=True)
class Landed:
    """What a folder says: `start` is reading.json; `lines` those of the manifest that count.

    `is_proven`: all of it carries hashes, and ends as a head says that is in the night's record.
    """

    name: str
    start: dict[str, Json] | None
    lines: list[dict[str, Json]]
    is_proven: bool


def landed(files: Files, name: str, head: dict[str, Json] | None) -> Landed:
    """A listing's folder. `head` is what the night's record says of it, None where that says nothing.

    Raises: Fault where a hash differs, or a line does not follow the one before.
    """
    start, start_hash = record_in(files, f"{name}/reading.json", old="started_at") or (None, None)
    reader = _reader(files, name)
    if start and start_hash and start.get("reader") != reader:
        raise Fault(f"{name}: reader and reading.json are of different tries")
    found: list[dict[str, Json]] = []
    last: str | None = None
    own = record_in(files, f"{name}/head.json", old="")
    if not head and not own and "manifest.jsonl" not in files.names(name):
        return Landed(name, start, [], is_proven=False)  # a reading that broke off before its first page
    for number, text in enumerate(lines(files, f"{name}/manifest.jsonl"), 1):
        where = f"{name}/manifest.jsonl, line {number},"
        line, digest = record(text, where, old="page")
        if line.get("reader") not in (None, reader) and reader is not None:
            continue  # of a try that was overtaken
        if line.get("previous") != last or (found and (digest is None) != (last is None)):
            raise Fault(f"{where} does not follow the line before it: one is missing, or not what was written")
        found.append(line)
        last = digest
    ends = {"lines": len(found), "last": last, "start": start_hash}
    for said, whose in ((head, "the night's record"), (own and own[0], f"{name}/head.json")):
        if said is not None and {key: said.get(key) for key in ends} != ends:
            raise Fault(
                f"{name}/manifest.jsonl ends after line {len(found)}, and {whose} says {said.get('lines')}, or has "
                "another hash of the last line or of reading.json: something is missing, or not what was written"
            )
    return Landed(name, start, found, is_proven=head is not None and last is not None and start_hash is not None)


def page_bytes(files: Files, name: str, line: dict[str, Json]) -> bytes:
    """The bytes of a line's page as received. Raises: Fault where they are not what the line says."""
    where = f"{name}/{line['file']}"
    try:
        stored = files.read(where)
    except (FileNotFoundError, NotADirectoryError):
        raise Fault(f"{where} is missing") from None
    if line.get("file_sha256") not in (None, hexadecimal(stored)):
        raise Fault(f"{where} is not what was written: its SHA-256 differs from the manifest's")
    body = decompressed(stored, where)
    if len(body) != line["bytes"] or line.get("sha256") not in (None, hexadecimal(body)):
        raise Fault(f"{where} is not what was received: its length or SHA-256 differs from the manifest's")
    return body


def decompressed(stored: bytes, where: str) -> bytes:
    """Raises: Fault."""
    try:
        return zstandard.decompress(stored)
    except zstandard.ZstdError as exc:
        raise Fault(f"{where} is damaged: {exc}") from exc


def listing_folders(files: Files, cloud_folder: str) -> Iterator[str]:
    """The names of a cloud's listings. What begins with a dot was put aside, and counts for nothing."""
    for entry in files.names(cloud_folder):
        if not entry.startswith(".") and files.is_folder(f"{cloud_folder}/{entry}"):
            yield entry


def _reader(files: Files, name: str) -> str | None:
    try:
        return files.read(f"{name}/reader").decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
