"""(a) Checks the folder of one listing in landing: every hash, and the chain of the manifest's lines."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import zstandard

from verify.files import Fault, Files, content, hexadecimal, record, record_in

Json = Any

_MANIFEST: Final = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class Landed:
    """The content of a folder. `start`: reading.json. `lines`: the lines of the manifest that count.

    `is_proven`: everything has hashes, and the last line is the one in the cloud's record.
    """

    name: str
    start: dict[str, Json] | None
    lines: list[dict[str, Json]]
    is_proven: bool


def landed(files: Files, name: str, head: dict[str, Json] | None) -> Landed:
    """The content of a listing's folder. `head`: from the cloud's record; None if it has none for this listing.

    Raises: Fault if a hash differs, or a line does not follow the previous line.
    """
    start, own = (record_in(files, f"{name}/{file}.json") for file in ("reading", "head"))
    start_value, start_hash = (start.value, start.hash) if start else (None, None)
    reader = content(files, f"{name}/reader")
    mark = None if reader is None else reader.decode("utf-8", "replace")
    if start_value and start_hash and start_value.get("reader") != mark:
        raise Fault(f"{name}: reader and reading.json are of different tries")
    found, last = list[dict[str, Json]](), None
    texts = _lines(files, name)
    if texts is None:
        if head or own:
            raise Fault(f"{name}/{_MANIFEST} is missing")
        return Landed(name, start_value, [], is_proven=False)  # a reading that broke off before its first page
    for number, text in enumerate(texts, 1):
        where = f"{name}/{_MANIFEST}, line {number},"
        line = record(text, where)
        if line.value.get("reader") not in (None, mark) and mark is not None:
            continue  # written by a try that another try replaced
        if line.value.get("previous") != last or (found and (line.hash is None) != (last is None)):
            raise Fault(f"{where} does not follow the line before it: one is missing, or not what was written")
        found.append(line.value)
        last = line.hash
    ends = {"lines": len(found), "last": last, "start": start_hash}
    for said, whose in ((head, "the cloud's record"), (own.value if own else None, f"{name}/head.json")):
        if said is not None and {key: said.get(key) for key in ends} != ends:
            raise Fault(
                f"{name}/{_MANIFEST} ends after line {len(found)}, and {whose} says {said.get('lines')}, or has "
                "another hash of the last line or of reading.json: something is missing, or not what was written"
            )
    is_proven = head is not None and last is not None and start_hash is not None
    return Landed(name, start_value, found, is_proven)


def _lines(files: Files, name: str) -> Iterable[bytes] | None:
    """The lines of the manifest, without a last line that a crash cut off; None if there is no manifest.

    In a store it is a folder with one object per line, ordered by name.
    """
    if f"{_MANIFEST}/" in files.names(name):
        with ThreadPoolExecutor(16) as pool:
            folder = f"{name}/{_MANIFEST}"
            return list(pool.map(lambda entry: files.read(f"{folder}/{entry}"), files.names(folder)))
    text = content(files, f"{name}/{_MANIFEST}")
    return None if text is None else text.split(b"\n")[:-1]


def page_bytes(files: Files, name: str, line: dict[str, Json]) -> bytes:
    """The bytes of a line's page as received. Raises: Fault if they differ from the line."""
    where = f"{name}/{line['file']}"
    stored = content(files, where)
    if stored is None:
        raise Fault(f"{where} is missing")
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
