"""The format of landing, and how to read it. extract.landing writes it.

One folder per listing: `page-000001.json.zst` and so on; `manifest.jsonl` with a line per page (in a store: a folder
with an object per line); `reading.json` with the start of the reading; `reader` with the mark of the try that reads.
An interrupted reading can be resumed from these. Lines and `reading.json` contain their hashes (extract.seals);
`head.json`, and the run's record of the cloud, contain the hashes of the last line and of `reading.json`.
docs/internals.md describes it all. Does not know images.
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
"""The file with the mark of the try that owns the listing: the last one to begin."""

CLOSING: Final = "closing"
"""The part name of pages of a closing pass. A resumed reading requests those again."""

ALONE: Final = "alone"
"""The part name of pages that one reader read after the listing's parts could not be shown to meet."""

LISTING_PATH: Final = "/v2/images"

_FIRST_OF_LINE: Final = "page"
_FIRST_OF_START: Final = "started_at"
"""The first fields of a line and of `reading.json`: old ones, without hashes, begin with them."""

_LONGEST_FOLDER_NAME: Final = 255
_SHORTENED: Final = 180

P = TypeVar("P", Path, StorePath, Place, PurePosixPath)


@dataclass(frozen=True, slots=True)
class LandedAt:
    """The place of an answer in its listing's folder, and when it was received, UTC. `file` None: it was not landed."""

    received_at: datetime
    page: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A line of the manifest. Times are UTC; `query`: the parameters, without headers or token; `bytes`: uncompressed.

    `count`, `first_id` and `last_id` describe the page as received. This reader began after the image `after`; it did
    not read images after the image `until`, if the page has it: another reader begins there. `reader`: the mark of the
    try that landed the page. `sha256`: of the page's bytes, in hexadecimal; `file_sha256`: of the compressed file, in
    which a flipped bit may not change the page; `previous`: the hash of the same try's previous line. Old landings lack
    the last four.
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
    """Return the folder of a cloud's listings: its name, percent-encoded as far as a folder name requires.

    A name that is too long is cut, and a part of its hash is appended.
    """
    name = quote(cloud, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    if len(name) > _LONGEST_FOLDER_NAME:
        # Encoded names never contain %~.
        name = f"{name[:_SHORTENED]}%~{sha256(cloud.encode()).hexdigest()[:32]}"
    return landing / run_id / name


def listing_folder(landing: P, run_id: str, cloud: str, listing: str) -> P:
    """Return the folder of a listing's pages."""
    return cloud_folder(landing, run_id, cloud) / listing


@dataclass(frozen=True, slots=True)
class ReadingStart:
    """The start of the reading of a listing, by the server's clock, UTC. `changed_since`: None if all of it is read.

    `parts`: those of its readers; a reading that resumes it must send the same queries. `reader`: the mark of the try
    that reads.
    """

    started_at: datetime
    changed_since: datetime | None
    parts: tuple[Part, ...] = ()
    reader: str | None = None


class Earlier:
    """The pages that an earlier, interrupted reading of the same listing landed, by query. Threads may share this.

    How many images were requested does not count: wherever a page ends, the next one begins after its last image.
    """

    def __init__(self, folder: Place) -> None:
        """Raises: OSError, ValueError if the folder does not contain a reading that can be resumed."""
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
        """Return the next page that answered this query, its bytes and its file, in the order received; else None."""
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
    """Return the interrupted reading in this folder; None if it has nothing to resume."""
    try:
        earlier = Earlier(folder)
    except (OSError, ValueError):
        return None
    return earlier if len(earlier) else None


def landed_lines(folder: Place, head: Head | None = None) -> Iterator[LandedPage]:
    """Yield the lines of a listing's manifest, in the order received, without a last line that a crash cut off.

    Raises: OSError; ValueError, naming file and line, if a line is damaged or does not follow the line before, or if
    the lines do not match `head`, from the run's record of the cloud.
    """
    count, last = 0, None
    for number, line, digest in _lines(folder, skip_damaged=False):
        is_first = count == 0
        if line.previous != last or (not is_first and (digest is None) != (last is None)):
            raise ValueError(
                f"{MANIFEST}, line {number}, does not follow the line before it: a line is missing or was changed"
            )
        count, last = count + 1, digest
        yield line
    if head is not None and (count, last) != (head.lines, head.last):
        raise ValueError(
            f"{MANIFEST} ends after line {count}, but the run's record names line {head.lines} with its hash: "
            "lines are missing or were changed"
        )
    if head is not None and head.start != seal_of(storage.get(folder / START), _FIRST_OF_START):
        raise ValueError(f"{START} is not what was written: its hash differs from the run's record")


def head_of(folder: Place) -> Head | None:
    """Return the manifest's head as its writer left it; None if the writer did not finish.

    Raises: OSError; ValueError if the file is damaged.
    """
    try:
        text = storage.get(folder / HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    seal_of(text, "")
    return msgspec.json.decode(text, type=Head)


def landed_pages(folder: Place) -> Iterator[tuple[LandedPage, bytes]]:
    """Yield the pages of a listing with their bytes as received, in the order received.

    Raises: OSError; ValueError if a line is damaged, or a page is not what was received.
    """
    for page in landed_lines(folder):
        yield page, _content(folder, page)


def _content(folder: Place, page: LandedPage) -> bytes:
    """Return the page's bytes as received. Raises: OSError; ValueError, naming the file, if it contains other bytes."""
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
    """Yield (number, line, hash) for the lines of the try that owns the listing.

    Lines of old landings do not name the try that wrote them and do not contain a hash.
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
    """Return the mark of the try that owns the folder; None if it has no owner."""
    try:
        return storage.get(folder / OWNER).decode(errors="replace")
    except FileNotFoundError:
        return None


def _key(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(item for item in query.items() if item[0] != "limit"))
