"""Page <-> compressed file, exactly as received. Nothing is interpreted before it lies here, and replay starts here.

One folder a listing: `page-000001.json.zst` and so on, `manifest.jsonl` with a line a page, `reading.json` with when it
began, `reader` with who reads. A reading that broke off can be gone on with from here. Knows no images.
"""

import itertools
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import msgspec
import zstandard

from extract import storage
from extract.errors import CloudError
from extract.paging import Part
from extract.request import Answer

MANIFEST = "manifest.jsonl"
START = "reading.json"
OWNER = "reader"
"""Holds the mark of whoever reads the listing; the last to begin has it."""

CLOSING = "closing"
"""The part of the pages of a closing pass: a reading that goes on from an earlier one asks for those anew."""

_LEVEL = 3


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A line of the manifest. Times are UTC; `query` is what was asked (no header, no token); `bytes` uncompressed.

    `count`, `first_id` and `last_id` are of the page as received. Of it, the ids beyond `after` up to `until` (None: no
    bound) were read here; the others belong to other readers.
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


def cloud_folder(landing: Path, run_id: str, cloud: str) -> Path:
    """Where a cloud's listings lie. A cloud's name may hold anything; what is unfit for a folder is percent-encoded."""
    name = quote(cloud, safe="")
    return landing / run_id / (f"%2E{name[1:]}" if name.startswith(".") else name)


def listing_folder(landing: Path, run_id: str, cloud: str, listing: str) -> Path:
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
    """The pages that an earlier reading of the same listing landed before it broke off, by what was asked."""

    def __init__(self, folder: Path) -> None:
        """Raises: OSError, ValueError where there is nothing that could be gone on from."""
        self.start = msgspec.json.decode(storage.get(folder / START), type=ReadingStart)
        self._folder = folder
        self._pages: dict[tuple[tuple[str, str], ...], deque[LandedPage]] = {}
        for page in landed_lines(folder):
            if page.part != CLOSING:
                self._pages.setdefault(_key(page.query), deque()).append(page)

    def __len__(self) -> int:
        return sum(map(len, self._pages.values()))

    def take(self, query: Mapping[str, str]) -> tuple[LandedPage, bytes, Path] | None:
        """The page that answered this question, its bytes and its file; each is given once, in the order received."""
        pages = self._pages.get(_key(query))
        if not pages:
            return None
        page = pages.popleft()
        file = self._folder / page.file
        try:
            return page, zstandard.decompress(storage.get(file)), file
        except (OSError, zstandard.ZstdError):
            return None


class Landing:
    """The folder of one listing in one run. Several readers may write to it side by side."""

    def __init__(self, folder: Path) -> None:
        """An empty folder. What an earlier try of the same run left is put aside, for `earlier` to be taken from."""
        self._aside = folder.with_name(f".{folder.name}.earlier")
        if storage.exists(folder):
            storage.move(folder, self._aside)
        storage.make(folder)
        self._folder = folder
        self._token = secrets.token_hex(8).encode()
        storage.put(folder / OWNER, self._token)
        self._pages = itertools.count(1)
        self._lock = threading.Lock()
        self._is_open = True

    def earlier_try(self) -> Earlier | None:
        """What an earlier try of the same run landed, if there was one."""
        return earlier_reading(self._aside)

    def begin(self, start: ReadingStart) -> None:
        """Keep from when on the closing pass must look, for whoever goes on with this reading."""
        storage.put(self._folder / START, msgspec.json.encode(start))

    def keep(self, answer: Answer) -> int:
        """Write the answer's bytes; the page's number."""
        page = self._next_page()
        self.must_be_ours()
        storage.put(self._folder / _file(page), zstandard.compress(answer.body, _LEVEL))
        return page

    def record(
        self, page: int, name: str, part: Part, answer: Answer, query: Mapping[str, str], ids: list[str], count: int
    ) -> None:
        """A line in the manifest for the page that was kept, now that its images could be counted."""
        self._add_line(
            LandedPage(
                page=page,
                file=_file(page),
                part=name,
                path="/v2/images",
                query=dict(query),
                status=answer.status,
                received_at=answer.received_at,
                served_at=answer.served_at,
                bytes=len(answer.body),
                count=count,
                first_id=ids[0] if ids else None,
                last_id=ids[-1] if ids else None,
                after=part.after,
                until=part.until,
            )
        )

    def adopt(self, landed: LandedPage, file: Path) -> None:
        """Have a page of an earlier reading here too, so that this folder is all that a replay needs."""
        page = self._next_page()
        storage.adopt(file, self._folder / _file(page))
        self._add_line(replace(landed, page=page, file=_file(page)))

    def finish(self) -> None:
        """All is read: what was put aside is of no more use."""
        storage.remove(self._aside)

    def close(self) -> None:
        """Write no more: the folder may be another try's by the time that a reader which was left behind comes back."""
        with self._lock:
            self._is_open = False

    def _next_page(self) -> int:
        with self._lock:
            if not self._is_open:
                raise CloudError(f"{self._folder}: its reading has ended")
            return next(self._pages)

    def _add_line(self, line: LandedPage) -> None:
        with self._lock:
            storage.add_line(self._folder / MANIFEST, line.page, msgspec.json.encode(line))

    def must_be_ours(self) -> None:
        """Raises: CloudError where another try, on a machine that thought us dead, has taken the listing over."""
        if storage.get(self._folder / OWNER) != self._token:
            raise CloudError(f"{self._folder}: another try reads this listing")


def earlier_reading(folder: Path) -> Earlier | None:
    """What a reading that broke off left in this folder; None where that is nothing to go on from."""
    try:
        earlier = Earlier(folder)
    except (OSError, ValueError):
        return None
    return earlier if len(earlier) else None


def landed_lines(folder: Path) -> Iterator[LandedPage]:
    """The lines of a listing's manifest, in the order received. A last line that a crash cut off is none."""
    for line in storage.lines_of(folder / MANIFEST):
        yield msgspec.json.decode(line, type=LandedPage)


def landed_pages(folder: Path) -> Iterator[tuple[LandedPage, bytes]]:
    """The pages of a listing with their bytes as received, in the order received. Raises: OSError, ZstdError."""
    for page in landed_lines(folder):
        yield page, zstandard.decompress(storage.get(folder / page.file))


def _file(page: int) -> str:
    return f"page-{page:06d}.json.zst"


def _key(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(query.items()))
