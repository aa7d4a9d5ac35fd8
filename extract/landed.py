"""What lies in landing: where, in which form, and how to read it. extract.landing writes it.

One folder a listing: `page-000001.json.zst` and so on, `manifest.jsonl` with a line a page (a folder with an object a
line, where landing is in a store), `reading.json` with when it began, `reader` with who reads. A reading that broke off
can be gone on with from here. Knows no images.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
import zstandard

from extract import storage
from extract.object_store import StorePath
from extract.parts import Part
from extract.storage import Place

MANIFEST: Final = "manifest.jsonl"
START: Final = "reading.json"
OWNER: Final = "reader"
"""Holds the mark of whoever reads the listing; the last to begin has it."""

CLOSING: Final = "closing"
"""The part of the pages of a closing pass: a reading that goes on from an earlier one asks for those anew."""

LISTING_PATH: Final = "/v2/images"

P = TypeVar("P", Path, StorePath, Place)


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A line of the manifest. Times are UTC; `query` is what was asked (no header, no token); `bytes` uncompressed.

    `count`, `first_id` and `last_id` are of the page as received. All its images were read here, but for those that
    come after the image `until` where the page has that one: another reader begins there, as this one began after
    `after`. `reader` is the mark of the try that landed the page. `sha256` is of the page's bytes, in hexadecimal; old
    landings have none.
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


def cloud_folder(landing: P, run_id: str, cloud: str) -> P:
    """Where a cloud's listings lie. A cloud's name may hold anything; what is unfit for a folder is percent-encoded."""
    name = quote(cloud, safe="")
    return landing / run_id / (f"%2E{name[1:]}" if name.startswith(".") else name)


def listing_folder(landing: P, run_id: str, cloud: str, listing: str) -> P:
    """Where a listing's pages lie."""
    return cloud_folder(landing, run_id, cloud) / listing


@dataclass(frozen=True, slots=True)
class ReadingStart:
    """When the reading of a listing began, by the server's clock, UTC. `changed_since`: None where it is read whole.

    `parts` are what several readers share it in: whoever goes on with it must ask the same questions.
    """

    started_at: datetime
    changed_since: datetime | None
    parts: tuple[Part, ...] = ()


class Earlier:
    """The pages that an earlier reading of the same listing landed before it broke off, by what was asked.

    Shared by the readers' threads.
    """

    def __init__(self, folder: Place) -> None:
        """Raises: OSError, ValueError where there is nothing that could be gone on from."""
        self.start = msgspec.json.decode(storage.get(folder / START), type=ReadingStart)
        self._folder = folder
        self._lock = threading.Lock()
        self._pages: dict[tuple[tuple[str, str], ...], deque[LandedPage]] = {}
        for page in _lines(folder, skip_damaged=True):
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


def landed_lines(folder: Place) -> Iterator[LandedPage]:
    """The lines of a listing's manifest, in the order received, without a last one that a crash cut off.

    Raises: OSError; ValueError where a line is damaged.
    """
    return _lines(folder, skip_damaged=False)


def landed_pages(folder: Place) -> Iterator[tuple[LandedPage, bytes]]:
    """The pages of a listing with their bytes as received, in the order received.

    Raises: OSError; ValueError where a line is damaged, or a page is not what was received.
    """
    for page in landed_lines(folder):
        yield page, _content(folder, page)


def _content(folder: Place, page: LandedPage) -> bytes:
    """The page's bytes as received. Raises: OSError; ValueError, naming the file, where it holds anything else."""
    try:
        content = zstandard.decompress(storage.get(folder / page.file))
    except zstandard.ZstdError as exc:
        raise ValueError(f"{page.file} is damaged: {exc}") from exc
    if len(content) != page.bytes or page.sha256 not in (None, sha256(content).hexdigest()):
        raise ValueError(f"{page.file} is not what the manifest says was received: its length or SHA-256 differs")
    return content


def _lines(folder: Place, *, skip_damaged: bool) -> Iterator[LandedPage]:
    """The lines that are of whoever has the listing. Those of a landing of old say nothing of that."""
    owner = owner_of(folder)
    for line in storage.lines_of(folder / MANIFEST):
        try:
            page = msgspec.json.decode(line, type=LandedPage)
        except ValueError:
            if skip_damaged:
                continue
            raise
        if page.reader is None or owner is None or page.reader == owner:
            yield page


def owner_of(folder: Place) -> str | None:
    """The mark of the try that has the folder; None where there is none."""
    try:
        return storage.get(folder / OWNER).decode(errors="replace")
    except FileNotFoundError:
        return None


def _key(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(query.items()))
