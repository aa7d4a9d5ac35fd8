"""Page -> compressed file, exactly as received. Nothing is interpreted before it lies here, and replay starts here.

A try may be overtaken by another, on a machine that thought it dead, and write on for a while. It cannot harm: files of
another try have other names, and of the manifest only the lines that are of `reader` count. The files' form is in
extract.landed.
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

LOOK_SECONDS = 5.0
"""How often to look, in a store, whether the listing is still ours: on a disk that costs next to nothing."""

_LEVEL: Final = 3
_LINES_AT_ONCE: Final = 8


class Landing:
    """The folder of one listing in one run. Several readers write to it side by side; none waits for another's write.

    A page costs its reader one write. In a store its line in the manifest is written in the background: an error comes
    at the next call, or at the end.
    """

    def __init__(self, folder: Place) -> None:
        """An empty folder. What an earlier try of the same run left is put aside, for `earlier` to be taken from.

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
        self._lines = None if storage.is_local(folder) else BackgroundWrites(_LINES_AT_ONCE)
        self._lock = threading.Lock()
        self._is_open = True
        self._is_overtaken = False
        self._is_finished = False
        self._next_look = time.monotonic() + LOOK_SECONDS

    def earlier_try(self) -> Earlier | None:
        """What an earlier try of the same run landed, if there was one."""
        return earlier_reading(self._aside)

    def begin(self, start: ReadingStart) -> None:
        """Keep from when on the closing pass must look, for whoever goes on with this reading."""
        self._may_write()
        text, self._start = sealed(msgspec.json.encode(replace(start, reader=self._token)))
        storage.put(self._folder / START, text)

    def keep(self, answer: Answer) -> int:
        """Write the answer's bytes; the page's number. Raises: OSError, and CloudError as must_be_ours."""
        self._may_write()
        page = self._next_page()
        # The checksum is over the page itself. Without one, a flipped bit may decompress to other valid JSON.
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        stored = compressor.compress(answer.body)
        storage.put(self._folder / self._file(page), stored)
        self._stored[page] = sha256(stored).hexdigest()
        return page

    def landed_at(self, page: int, answer: Answer) -> LandedAt:
        """Where a page that was kept lies."""
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
        """The manifest's line for a page that was kept, now that its images could be counted. `add` writes it."""
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
        """Have a page of an earlier reading here too, so that this folder is all that a replay needs; its line."""
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
        """Write the line of a page that was kept. Raises: as `add`."""
        self.add(self.line(page, name, part, answer, query, ids, count, path=path))

    def adopt(self, landed: LandedPage, file: Place) -> LandedPage:
        """Have a page of an earlier reading here too, with its line, which is returned. Raises: as `add`."""
        line = self.keep_adopted(landed, file)
        self.add(line)
        return line

    def add(self, line: LandedPage) -> None:
        """Write a page's line into the manifest, with the hash of the line before: from then on, the page counts.

        Raises: OSError, in a store for an earlier line too; CloudError as must_be_ours.
        """
        self._may_write()
        # Held while the line goes to the disk: there, lines must lie in the order of the chain. In a store names do it.
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
        """See at the end that all lines are written, and that they count.

        Raises: OSError; CloudError where another try, on a machine that thought us dead, has taken the listing over,
        or where this one was closed.
        """
        if self._lines is not None:
            self._lines.flush()
        self._may_write(look=True)

    def finish(self) -> None:
        """All is read, and kept where a loss of power cannot take it away: what was put aside is of no more use.

        Raises: OSError.
        """
        if self._lines is not None:
            self._lines.flush()
        self._put_head()
        storage.sync(self._folder, ("page-", MANIFEST, START, OWNER, HEAD))
        storage.remove(self._aside)

    def close(self) -> None:
        """Write no more: the folder may be another try's by the time that a reader which was left behind comes back."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if self._lines is not None:
            self._lines.close()
        if was_open and not self._is_finished and self._line_count:
            # Of a reading that broke off too, damage is to be found. It counts for nothing else.
            with suppress(OSError):
                if owner_of(self._folder) == self._token:
                    self._put_head()

    def _put_head(self) -> None:
        head = Head(self._line_count, self._last_line, self._start)
        storage.put(self._folder / HEAD, sealed(msgspec.json.encode(head))[0])
        self._is_finished = True

    def _may_write(self, *, look: bool = False) -> None:
        """Raises: as must_be_ours. Unless `look`, a store is not asked each time."""
        with self._lock:
            if not self._is_open:
                raise CloudError(f"{self._folder}: its reading has ended")
            if self._is_overtaken:
                raise self._overtaken()
            now = time.monotonic()
            look = look or self._lines is None or now >= self._next_look
            if look:
                self._next_look = now + LOOK_SECONDS
        if look and owner_of(self._folder) != self._token:
            self._is_overtaken = True
            raise self._overtaken()

    def _overtaken(self) -> CloudError:
        return CloudError(f"{self._folder}: another try reads this listing, or the folder was removed")

    def _next_page(self) -> int:
        with self._lock:
            return next(self._pages)

    def _file(self, page: int) -> str:
        return f"page-{page:06d}{self._mark}.json.zst"
