"""Page -> compressed file, exactly as received. A page is stored here before it is parsed, and replay starts here.

Another machine may start a new try because it thinks that this one is dead, while this one still writes. That does no
harm: the files of each try have other names, and only the manifest's lines of the current try count. extract.landed
describes the format of the files.
"""

import itertools
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Final

import msgspec
import zstandard

from core import storage
from core.errors import CloudError
from core.storage import Place
from extract.background import BackgroundWrites
from extract.landed import (
    ALONE,
    CLOSING,
    HEAD,
    LISTING_PATH,
    MANIFEST,
    OWNER,
    START,
    Earlier,
    LandedAt,
    LandedPage,
    ReadingStart,
    cloud_folder,
    earlier_reading,
    landed_lines,
    landed_pages,
    listing_folder,
    owner_of,
)
from extract.parts import Part
from extract.request import Answer
from extract.seals import Head, sealed

__all__ = [
    "ALONE",
    "CLOSING",
    "HEAD",
    "LISTING_PATH",
    "MANIFEST",
    "OWNER",
    "START",
    "Earlier",
    "LandedAt",
    "LandedPage",
    "Landing",
    "ReadingStart",
    "cloud_folder",
    "earlier_reading",
    "landed_lines",
    "landed_pages",
    "listing_folder",
]

OWNER_CHECK_SECONDS = 5.0
"""How often to check in a store whether this try still owns the listing. On a disk it is checked for every write."""

_LEVEL: Final = 3
_LINE_WRITERS: Final = 8


class Landing:
    """The folder of one listing in one run. Several readers write pages to it concurrently, without waiting for others.

    A reader waits for one write per page. In a store, the manifest's line is written in the background: an error is
    raised by the next call, or at the end.
    """

    def __init__(self, folder: Place) -> None:
        """Make an empty folder. The pages of an earlier try of the same run are moved aside, for `earlier_try`.

        Raises: OSError.
        """
        self._aside = folder.with_name(f".{folder.name}.earlier")
        is_first = not storage.exists(folder)
        if not is_first:
            storage.move(folder, self._aside)
        storage.make(folder)
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._mark = "" if is_first else f"-{self._token[:8]}"
        storage.put(folder / OWNER, self._token.encode())
        self._pages = itertools.count(1)
        self._stored: dict[int, str] = {}
        self._line_count = 0
        self._last_line: str | None = None
        self._start: str | None = None
        self._chain_lock = threading.Lock()
        self._lines = None if storage.is_local(folder) else BackgroundWrites(_LINE_WRITERS)
        self._lock = threading.Lock()
        self._is_open = True
        self._is_overtaken = False
        self._is_finished = False
        self._next_owner_check = time.monotonic() + OWNER_CHECK_SECONDS

    def earlier_try(self) -> Earlier | None:
        """Return the pages that an earlier try of the same run landed, if there was one."""
        return earlier_reading(self._aside)

    def begin(self, start: ReadingStart) -> None:
        """Save the start of the reading, and its parts, for a reading that resumes this one."""
        self._may_write()
        text, self._start = sealed(msgspec.json.encode(replace(start, reader=self._token)))
        storage.put(self._folder / START, text)

    def keep(self, answer: Answer) -> int:
        """Write the answer's bytes and return the page's number. Raises: OSError; CloudError as must_be_ours."""
        self._may_write()
        page = self._next_page()
        # The checksum covers the page. Without it, a flipped bit could decompress to other valid JSON.
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        stored = compressor.compress(answer.body)
        storage.put(self._folder / self._file(page), stored)
        self._stored[page] = sha256(stored).hexdigest()
        return page

    def landed_at(self, page: int, answer: Answer) -> LandedAt:
        """Return the place of a page that was kept."""
        return LandedAt(answer.received_at, page, self._file(page))

    def line(
        self,
        page: int,
        name: str,
        part: Part,
        answer: Answer,
        query: Mapping[str, str],
        ids: list[str],
        count: int,
        *,
        path: str = LISTING_PATH,
    ) -> LandedPage:
        """Return the manifest's line for a kept page, whose images are now counted. `add` writes the line."""
        return LandedPage(
            page=page,
            file=self._file(page),
            part=name,
            path=path,
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
            sha256=sha256(answer.body).hexdigest(),
            file_sha256=self._stored.pop(page, None),
        )

    def keep_adopted(self, landed: LandedPage, file: Place) -> LandedPage:
        """Copy or link a page of an earlier reading here, so that a replay needs only this folder. Return its line."""
        self._may_write()
        page = self._next_page()
        storage.adopt(file, self._folder / self._file(page))
        return replace(landed, page=page, file=self._file(page))

    def record(
        self,
        page: int,
        name: str,
        part: Part,
        answer: Answer,
        query: Mapping[str, str],
        ids: list[str],
        count: int,
        *,
        path: str = LISTING_PATH,
    ) -> None:
        """Write the line of a kept page. Raises: as `add`."""
        self.add(self.line(page, name, part, answer, query, ids, count, path=path))

    def adopt(self, landed: LandedPage, file: Place) -> LandedPage:
        """Copy or link a page of an earlier reading here, write its line and return it. Raises: as `add`."""
        line = self.keep_adopted(landed, file)
        self.add(line)
        return line

    def add(self, line: LandedPage) -> None:
        """Write a page's line, with the hash of the previous line, into the manifest. From then on the page counts.

        Raises: OSError, in a store also for an earlier line; CloudError as must_be_ours.
        """
        self._may_write()
        # Held during the write: on a disk, lines must be in the order of their hashes. In a store, names order them.
        with self._chain_lock:
            linked = replace(line, reader=self._token, previous=self._last_line)
            text, digest = sealed(msgspec.json.encode(linked))
            number = self._line_count + 1
            add = partial(storage.add_line, self._folder / MANIFEST, f"{number:06d}{self._mark}", text)
            if self._lines is None:
                add()
            else:
                self._lines.add(add)
            self._line_count, self._last_line = number, digest

    def must_be_ours(self) -> None:
        """Check at the end that all lines are written, and that this try still owns the listing.

        Raises: OSError; CloudError if another try has taken over the listing, or this one was closed.
        """
        if self._lines is not None:
            self._lines.flush()
        self._may_write(check_owner=True)

    def finish(self) -> None:
        """Flush everything to the disk after a complete reading, then remove the pages of an earlier try.

        Raises: OSError.
        """
        if self._lines is not None:
            self._lines.flush()
        self._put_head()
        storage.sync(self._folder, ("page-", MANIFEST, START, OWNER, HEAD))
        storage.remove(self._aside)

    def close(self) -> None:
        """Refuse further writes: a slow reader of this try may return when the folder belongs to another try."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if self._lines is not None:
            self._lines.close()
        if was_open and not self._is_finished and self._line_count:
            # So that damage is detected in an interrupted reading too. The head has no other use there.
            with suppress(OSError):
                if owner_of(self._folder) == self._token:
                    self._put_head()

    def _put_head(self) -> None:
        head = Head(self._line_count, self._last_line, self._start)
        storage.put(self._folder / HEAD, sealed(msgspec.json.encode(head))[0])
        self._is_finished = True

    def _may_write(self, *, check_owner: bool = False) -> None:
        """Raises: as must_be_ours. Without `check_owner`, a store is asked only every OWNER_CHECK_SECONDS."""
        with self._lock:
            if not self._is_open:
                raise CloudError(f"{self._folder}: its reading has ended")
            if self._is_overtaken:
                raise self._overtaken()
            now = time.monotonic()
            check_owner = check_owner or self._lines is None or now >= self._next_owner_check
            if check_owner:
                self._next_owner_check = now + OWNER_CHECK_SECONDS
        if check_owner and owner_of(self._folder) != self._token:
            self._is_overtaken = True
            raise self._overtaken()

    def _overtaken(self) -> CloudError:
        return CloudError(f"{self._folder}: another try reads this listing, or the folder was removed")

    def _next_page(self) -> int:
        with self._lock:
            return next(self._pages)

    def _file(self, page: int) -> str:
        return f"page-{page:06d}{self._mark}.json.zst"
