"""What lies in landing: where, in which form, and how to read it. extract.landing writes it.

One folder a listing: `page-000001.json.zst` and so on, `manifest.jsonl` with a line a page (a folder with an object a
line, where landing is in a store), `reading.json` with when it began, `reader` with who reads. A reading that broke off
can be gone on with from here. Lines and `reading.json` carry hashes (extract.seals), `head.json` has those of the last
line and of `reading.json`; so has the record of the cloud's night. docs/internals.md has all of it. Knows no images.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
import zstandard

from core import storage
from core.object_store import StorePath
from core.storage import Place
from extract.parts import Part
from extract.seals import Head, seal_of

MANIFEST: Final = "manifest.jsonl"
START: Final = "reading.json"
HEAD: Final = "head.json"
OWNER: Final = "reader"
"""Holds the mark of whoever reads the listing; the last to begin has it."""

CLOSING: Final = "closing"
"""The part of the pages of a closing pass: a reading that goes on from an earlier one asks for those anew."""

ALONE: Final = "alone"
"""The part of the pages of one reader's pass over the whole listing, after its parts could not be shown to meet."""

LISTING_PATH: Final = "/v2/images"

_FIRST_OF_LINE: Final = "page"
_FIRST_OF_START: Final = "started_at"
"""The first fields of what is written: a text of old begins with them."""

_LONGEST_FOLDER_NAME: Final = 255
_SHORTENED: Final = 180

P = TypeVar("P", Path, StorePath, Place, PurePosixPath)


@dataclass(frozen=True, slots=True)
class LandedAt:
    """Where an answer lies in its listing's folder, and when it was received, UTC. Without `file` it was not landed."""

    received_at: datetime
    page: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A line of the manifest. Times are UTC; `query` is what was asked (no header, no token); `bytes` uncompressed.

    `count`, `first_id` and `last_id` are of the page as received. All its images were read here, but for those that
    come after the image `until` where the page has that one: another reader begins there, as this one began after
    `after`. `reader` is the mark of the try that landed the page. `sha256` is of the page's bytes, in hexadecimal, and
    `previous` the hash of the try's line before; `file_sha256` is of the file, which a flipped bit may leave with the
    same page. Old landings have none of these.
    """

    page: int
    file: str
    part: str
    path: str
    query: dict[str, str]
    status: int
    received_at: datetime
    served_at: datetime | None
    bytes: int
    count: int
    first_id: str | None
    last_id: str | None
    after: str | None = None
    until: str | None = None
    reader: str | None = None
    sha256: str | None = None
    file_sha256: str | None = None
    previous: str | None = None

    @property
    def landed_at(self) -> LandedAt:
        return LandedAt(self.received_at, self.page, self.file)


def cloud_folder(landing: P, run_id: str, cloud: str) -> P:
    """Where a cloud's listings lie. A cloud's name may hold anything; what is unfit for a folder is percent-encoded.

    A name that is too long for that is cut, and a part of its hash follows.
    """
    name = quote(cloud, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    if len(name) > _LONGEST_FOLDER_NAME:
        # No encoded name has %~ in it.
        name = f"{name[:_SHORTENED]}%~{sha256(cloud.encode()).hexdigest()[:32]}"
    return landing / run_id / name


def listing_folder(landing: P, run_id: str, cloud: str, listing: str) -> P:
    """Where a listing's pages lie."""
    return cloud_folder(landing, run_id, cloud) / listing


@dataclass(frozen=True, slots=True)
class ReadingStart:
    """When the reading of a listing began, by the server's clock, UTC. `changed_since`: None where it is read whole.

    `parts` are what several readers share it in: whoever goes on with it must ask the same questions. `reader` is the
    mark of the try that reads.
    """

    started_at: datetime
    changed_since: datetime | None
    parts: tuple[Part, ...] = ()
    reader: str | None = None


class Earlier:
    """The pages that an earlier reading of the same listing landed before it broke off, by what was asked.

    Shared by the readers' threads.
    """

    def __init__(self, folder: Place) -> None:
        """Raises: OSError, ValueError where there is nothing that could be gone on from."""
        start = storage.get(folder / START)
        seal_of(start, _FIRST_OF_START)
        self.start = msgspec.json.decode(start, type=ReadingStart)
        self._folder = folder
        self._lock = threading.Lock()
        self._pages: dict[tuple[tuple[str, str], ...], deque[LandedPage]] = {}
        for _, page, _ in _lines(folder, skip_damaged=True):
            if page.part != CLOSING and page.path == LISTING_PATH:
                self._pages.setdefault(_key(page.query), deque()).append(page)

    def __len__(self) -> int:
        return sum(map(len, self._pages.values()))

    def take(self, query: Mapping[str, str]) -> tuple[LandedPage, bytes, Place] | None:
        """The page that answered this question, its bytes and its file; each is given once, in the order received."""
        key = _key(query)
        while (page := self._next(key)) is not None:
            with suppress(OSError, ValueError):
                return page, _content(self._folder, page), self._folder / page.file
        return None

    def _next(self, key: tuple[tuple[str, str], ...]) -> LandedPage | None:
        with self._lock:
            pages = self._pages.get(key)
            return pages.popleft() if pages else None


def earlier_reading(folder: Place) -> Earlier | None:
    """What a reading that broke off left in this folder; None where that is nothing to go on from."""
    try:
        earlier = Earlier(folder)
    except (OSError, ValueError):
        return None
    return earlier if len(earlier) else None


def landed_lines(folder: Place, head: Head | None = None) -> Iterator[LandedPage]:
    """The lines of a listing's manifest, in the order received, without a last one that a crash cut off.

    Raises: OSError; ValueError, naming file and line, where one is damaged, or does not follow the one before; and
    where all together are not what the `head` says, which the night's record has.
    """
    count, last = 0, None
    for number, line, digest in _lines(folder, skip_damaged=False):
        is_first = count == 0
        if line.previous != last or (not is_first and (digest is None) != (last is None)):
            raise ValueError(
                f"{MANIFEST}, line {number}, does not follow the line before it: one is missing or not what was written"
            )
        count, last = count + 1, digest
        yield line
    if head is not None and (count, last) != (head.lines, head.last):
        raise ValueError(
            f"{MANIFEST} ends after line {count}, and not as the night's record says, with its line {head.lines}: "
            "lines are missing, or not what was written"
        )
    if head is not None and head.start != seal_of(storage.get(folder / START), _FIRST_OF_START):
        raise ValueError(f"{START} is not what the night's record says was written")


def head_of(folder: Place) -> Head | None:
    """What the manifest comes to, as its writer left it; None where that one did not come to its end.

    Raises: OSError; ValueError where the file is damaged.
    """
    try:
        text = storage.get(folder / HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    seal_of(text, "")
    return msgspec.json.decode(text, type=Head)


def landed_pages(folder: Place) -> Iterator[tuple[LandedPage, bytes]]:
    """The pages of a listing with their bytes as received, in the order received.

    Raises: OSError; ValueError where a line is damaged, or a page is not what was received.
    """
    for page in landed_lines(folder):
        yield page, _content(folder, page)


def _content(folder: Place, page: LandedPage) -> bytes:
    """The page's bytes as received. Raises: OSError; ValueError, naming the file, where it holds anything else."""
    stored = storage.get(folder / page.file)
    if page.file_sha256 not in (None, sha256(stored).hexdigest()):
        raise ValueError(f"{page.file} is not what was written: its SHA-256 differs from the manifest's")
    try:
        content = zstandard.decompress(stored)
    except zstandard.ZstdError as exc:
        raise ValueError(f"{page.file} is damaged: {exc}") from exc
    if len(content) != page.bytes or page.sha256 not in (None, sha256(content).hexdigest()):
        raise ValueError(f"{page.file} is not what the manifest says was received: its length or SHA-256 differs")
    return content


def _lines(folder: Place, *, skip_damaged: bool) -> Iterator[tuple[int, LandedPage, str | None]]:
    """The lines that are of whoever has the listing, with their numbers and hashes.

    Those of a landing of old say nothing of who wrote them, and carry no hash.
    """
    owner = owner_of(folder)
    for number, text in enumerate(storage.lines_of(folder / MANIFEST), 1):
        try:
            digest = seal_of(text.removesuffix(b"\n"), _FIRST_OF_LINE)
            line = msgspec.json.decode(text, type=LandedPage)
        except ValueError as exc:
            if skip_damaged:
                continue
            raise ValueError(f"{MANIFEST}, line {number}: {exc}") from exc
        if line.reader is None or owner is None or line.reader == owner:
            yield number, line, digest


def owner_of(folder: Place) -> str | None:
    """The mark of the try that has the folder; None where there is none."""
    try:
        return storage.get(folder / OWNER).decode(errors="replace")
    except FileNotFoundError:
        return None


def _key(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(query.items()))
