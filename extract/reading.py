"""Reads one listing of one cloud to its end: lands, checks and passes on each page; then makes the closing pass.

Called by pipeline.listing_reading; several listings may be read concurrently through one connection. A long listing is
cut into parts for several readers; it proves that the parts meet, or one reader reads the listing again.
"""

import builtins
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, TypeVar

from core.errors import CloudError, Refused
from core.wording import counted
from extract.asking import is_listed
from extract.body import PageParser
from extract.connection import Connection
from extract.cutting import FIRST_LOOK, guessed_parts, probe
from extract.evidence import Evidence, together
from extract.images import column
from extract.known_texts import KnownTexts
from extract.landing import ALONE, CLOSING, Earlier, LandedAt, LandedPage, Landing, ReadingStart
from extract.listing import Listing
from extract.paging import Page, Pass
from extract.parts import WHOLE, Chain, NotProven, Part
from extract.request import get
from extract.retry import with_retry
from extract.side_by_side import side_by_side
from extract.stopping import PROCESS_STOP, StopSignal

log = logging.getLogger(__name__)

_PARSE_SLOT: Final = threading.Semaphore(1)
"""A process parses and flattens one page at a time, however many readers fetch pages.

A parsed page takes ten times the memory of its bytes, and threads that parse concurrently slow each other down.
"""

_MOST_ASKED_AGAIN: Final = 20
"""How many images that only the parts' readers saw are asked for before the single reader's result is accepted."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _PageMade(Generic[T]):
    """The result of a page, and its line for the manifest, which is written when the result is passed on."""

    made: T
    line: LandedPage


class Reading(Generic[T]):
    """Reads one listing. Iterate `pages()` to its end; `evidence` shows the state at any time."""

    def __init__(
        self,
        connection: Connection,
        listing: Listing,
        landing: Landing,
        start: ReadingStart,
        prepare: Callable[[Page], T],
        *,
        closing_since: datetime | None = None,
        earlier: Earlier | None = None,
        is_new: bool = False,
        known: KnownTexts | None = None,
        stopped: StopSignal = PROCESS_STOP,
    ) -> None:
        """`start`: what to read, changes or everything, and in which parts; without parts they are found here.

        `prepare` turns each page into a value of `pages()`, while the parsed page is in memory. `closing_since` (UTC,
        by the server): make a closing pass over changes since then; of an image that comes again, the later version
        counts. Pages of an `earlier` reading are not requested again; `closing_since` must then cover that reading too.
        `is_new`: no run has read the listing, so a small first page soon tells how long it is. `known`: see parse_page.
        """
        self._connection, self._listing, self._landing = connection, listing, landing
        self._start = start
        self._prepare = prepare
        self._earlier = earlier
        self._is_new = is_new
        self._closing_since = closing_since
        self._stopped = StopSignal(stopped)
        self.where = f"cloud {connection.settings.name}, listing {listing.name}"
        self._started = time.monotonic()
        self._passes: list[Pass] = []
        self._closing: Pass | None = None
        self._shared_out: list[int] = []
        self._adopted = 0
        self._read_again = 0
        self._parse = PageParser(known)

    def pages(self) -> Iterator[T]:
        """Yield the results of all pages, those of the closing pass last. An image may occur more than once.

        Raises: CloudError if the listing cannot be shown to be complete.
        """
        for page in self._pages_made():
            # Only now, so that the manifest has exactly the pages that were passed on, in this order.
            self._landing.add(page.line)
            yield page.made
        log.info("%s: %s on %s, complete", self.where, counted(self.images, "image"), counted(self.page_count, "page"))

    @property
    def images(self) -> int:
        """Images received, without those that the account itself shares: every listing of shares shows them too."""
        return sum(one.evidence.images for one in self._passes) - sum(self._shared_out)

    @property
    def page_count(self) -> int:
        return sum(one.pages for one in self._all_evidence())

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self._all_evidence())

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def evidence(self) -> dict[str, Any]:
        """The evidence that the listing is complete, for `run_listings.evidence`; with `parts` for several readers."""
        parts = [{"after": one.part.after, "until": one.part.until, **asdict(one.evidence)} for one in self._passes]
        return {
            **asdict(together([one.evidence for one in self._passes])),
            "shared_out": sum(self._shared_out),
            "pages_landed_before": self._adopted,
            "seams_read_again": self._read_again,
            "parts": parts if len(parts) > 1 else [],
            "closing": asdict(self._closing.evidence) if self._closing else None,
        }

    def _pages_made(self) -> Iterator[_PageMade[T]]:
        try:
            yield from self._in_parts()
        except NotProven as exc:
            log.warning("%s; one reader reads it all", exc)
            yield from self._by_one_reader_again()
        if self._closing_since is not None:
            self._closing = self._pass(since=self._closing_since, closing=True)
            yield from self._pages_of(self._closing, CLOSING)

    def _in_parts(self) -> Iterator[_PageMade[T]]:
        """Read the listing, with several readers if it is long. Raises: NotProven, CloudError."""
        if self._start.changed_since is not None:
            yield from self._by_one_reader()
            return
        if self._start.parts:
            passes = [self._pass(part) for part in self._start.parts]
        else:
            self._passes = [first := self._pass()]
            first.first_limit = FIRST_LOOK if self._is_new else None
            yield from self._at_most_one_page(first, _part_name(0))
            parts = self._found_parts(first)
            if not parts:
                yield from self._pages_of(first, _part_name(0))
                return
            first.part = parts[0]
            self._landing.begin(replace(self._start, parts=parts))
            passes = [first, *(self._pass(part) for part in parts[1:])]
        chain = Chain(passes)
        self._passes = passes
        stopped = StopSignal(self._stopped)
        works = [partial(self._pages_of, one, _part_name(n), chain, stopped) for n, one in chain.longest_first()]
        slots = self._connection.prefetch_slots.seen_by(urgent=self._listing.is_shared)
        yield from side_by_side(works, self._connection.settings.max_connections, slots, stopped)
        yield from self._until_proven(chain)

    def _found_parts(self, first: Pass) -> tuple[Part, ...]:
        """Return the parts of a listing whose first page was read; empty if one reader should read it all."""
        if first.is_finished or not first.evidence.in_order or self._earlier:
            return ()
        ids, page_size = first.last_ids, self._connection.settings.page_size
        is_small = self._is_new and len(ids) >= FIRST_LOOK
        cuts = probe(self._connection, self._listing, ids, self.where, self._stopped, page_size * is_small)
        return guessed_parts(ids, cuts) if cuts else ()

    def _until_proven(self, chain: Chain) -> Iterator[_PageMade[T]]:
        """Continue each part that does not meet the next. Raises: NotProven if that does not help."""
        while (one := chain.open_seam()) is not None:
            number = chain.passes.index(one)
            after = one.part.after
            log.warning("%s: the part after %s does not meet the next one; reading continues there", self.where, after)
            self._read_again += 1
            images_before = one.evidence.images
            one.reopen()
            while not one.is_finished and not chain.meets_next(one):
                yield from self._at_most_one_page(one, _part_name(number), chain)
            if chain.open_seam() is one and one.evidence.images == images_before:
                raise NotProven(f"{self.where}: two parts of the listing cannot be shown to meet")

    def _by_one_reader(self, name: str = "listing", *, doubts_end: bool = False) -> Iterator[_PageMade[T]]:
        whole = self._pass(since=self._start.changed_since)
        whole.doubts_end = doubts_end
        self._passes = [whole]
        yield from self._pages_of(whole, name)

    def _by_one_reader_again(self) -> Iterator[_PageMade[T]]:
        """Read the whole listing with one reader, after its parts did not meet.

        Raises: CloudError if the cloud still lists an image that only the parts had.
        """
        in_parts, self._passes, self._shared_out, self._earlier = self._passes, [], [], None
        yield from self._by_one_reader(ALONE, doubts_end=True)
        (whole,) = self._passes
        lost = [identity for one in in_parts for identity in one.sample_ids if identity not in whole.read]
        for identity in lost[:: max(1, len(lost) // _MOST_ASKED_AGAIN)]:
            if is_listed(self._connection, self._listing.filters, identity, self.where, self._stopped):
                raise CloudError(
                    f"{self.where}: several readers got image {identity}, but one reader did not",
                    "The image service answers the same query differently; check whether its servers disagree.",
                )

    def _pages_of(
        self, one: Pass, name: str, chain: Chain | None = None, stopped: StopSignal | None = None
    ) -> Iterator[_PageMade[T]]:
        """Yield the results of a pass's pages, to its end. If the image of a part's cut is gone, drop the part."""
        while not one.is_finished or (chain is not None and not chain.leave(one)):
            try:
                page = self._next_page(one, name, chain, stopped)
            except Refused as exc:
                if chain is None or one.part.after is None or one.evidence.pages or exc.status not in (400, 404):
                    raise
                log.info("%s, %s: the image that it begins after is gone", self.where, name)
                one.evidence.markers_gone += 1
                if (before := chain.drop(one)) is not None:
                    yield from self._pages_of(before, _part_name(chain.passes.index(before)), chain, stopped)
                return
            if page is not None:
                yield page

    def _at_most_one_page(self, one: Pass, name: str, chain: Chain | None = None) -> Iterator[_PageMade[T]]:
        page = self._next_page(one, name, chain)
        if page is not None:
            yield page

    def _next_page(
        self, one: Pass, name: str, chain: Chain | None = None, stopped: StopSignal | None = None
    ) -> _PageMade[T] | None:
        """Fetch, land, check and prepare the next page; return None at the end. Raises: CloudError, Refused."""
        stopped = stopped or self._stopped
        while True:
            shown = {CLOSING: "closing pass, ", "listing": "", ALONE: ""}.get(name, f"{name}, ")
            where = f"{self.where}, {shown}page {one.evidence.pages + 1}"
            read_page = partial(self._page_once, one, name, chain, where, stopped)
            try:
                return with_retry(read_page, self._connection.settings.retry_policy, where, stopped=stopped)
            except Refused as exc:
                if chain is not None and one.part.after is not None and not one.evidence.pages:
                    raise
                one.step_back(exc)
                if one.is_finished:
                    return None

    def _page_once(self, one: Pass, name: str, chain: Chain | None, where: str, stopped: StopSignal) -> _PageMade[T]:
        query = one.query()
        until = chain.until(one) if chain else None
        landed = self._earlier.take(query) if self._earlier and name != CLOSING else None
        if landed is not None:
            page, content, file = landed
            line = replace(self._landing.keep_adopted(page, file), part=name, after=one.part.after, until=until)
            self._adopted += 1
            return _PageMade(self._made_of(one, name, content, line.landed_at, until, where)[0], line)
        one.evidence.requests += 1
        answer = get(self._connection, self._connection.images_url, query, where, stopped)
        stopped.check(where)
        landed_at = self._landing.landed_at(number := self._landing.keep(answer), answer)
        made, ids, count = self._made_of(one, name, answer.body, landed_at, until, where)
        log.debug("%s: %d images, %d bytes", where, count, len(answer.body))
        part = Part(one.part.after, until)
        return _PageMade(made, self._landing.line(number, name, part, answer, query, ids, count))

    def _made_of(
        self, one: Pass, name: str, content: builtins.bytes, landed_at: LandedAt, until: str | None, where: str
    ) -> tuple[T, list[str], int]:
        """Return the page's result, its ids, and its number of images, and release the parsed page."""
        with _PARSE_SLOT:
            body = self._parse(content, where)
            images = one.take(body, len(content), until)
            if self._listing.is_shared and name != CLOSING and self._connection.project_id is not None:
                self._shared_out.append(column(images, "owner").count(self._connection.project_id))
            return self._prepare(Page(images, landed_at)), body.ids, len(body.images)

    def _pass(self, part: Part = WHOLE, since: datetime | None = None, *, closing: bool = False) -> Pass:
        settings, where = self._connection.settings, f"{self.where}, closing pass" if closing else self.where
        return Pass(self._listing, settings.page_size, where, since, settings.most_pages, part)

    def _all_evidence(self) -> list[Evidence]:
        return [one.evidence for one in (*self._passes, *([self._closing] if self._closing else []))]


def _part_name(number: int) -> str:
    """The part's name in landing. The first is `listing`, because it may turn out to be the whole listing."""
    return f"part-{number}" if number else "listing"
