"""One listing of one cloud, read to its end: each page landed, then checked, then handed on; then the closing pass.

Called by the flows, a listing at a time; several may read from one connection side by side. A long listing is cut into
parts, which several readers share; that the parts meet is proven, or the listing is read again.
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
from extract.body import parse_page
from extract.connection import Connection
from extract.cutting import probe
from extract.evidence import Evidence, together
from extract.images import column
from extract.landing import ALONE, CLOSING, Earlier, LandedAt, LandedPage, Landing, ReadingStart
from extract.listing import Listing
from extract.paging import Page, Pass
from extract.parts import WHOLE, Chain, NotProven, Part, parts_between
from extract.request import get
from extract.retry import with_retry
from extract.side_by_side import side_by_side
from extract.stopping import PROCESS_STOP, StopSignal

log = logging.getLogger(__name__)

_PARSE_SLOT: Final = threading.Semaphore(1)
"""One page at a time is parsed and flattened in a process, however many readers fetch pages.

A parsed page takes ten times the memory of its bytes, and threads that take turns at it slow each other down.
"""

_MOST_ASKED_AGAIN: Final = 20
"""Images that only the parts' readers saw, asked for again before the one reader's listing is believed."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _PageMade(Generic[T]):
    """What was made of a page, and the page's line for the manifest, which is written when it is handed on."""

    made: T
    line: LandedPage


class Reading(Generic[T]):
    """The reading of one listing. Iterate `pages()` to its end; `evidence` says how far it came at any time."""

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
        stopped: StopSignal = PROCESS_STOP,
    ) -> None:
        """`start` says what is read: changes since then or all, in which parts; none: they are found, or one reads all.

        `prepare` makes of each page what `pages()` yields: by its reader, while the parsed page is in memory.
        `closing_since` asks for a closing pass from then on, by the server's clock, UTC. An image that changed behind a
        reader's back comes a second time there: of two readings the later one counts. Pages that an `earlier` reading
        landed are not asked for again; `closing_since` must then cover that one too.
        """
        self._connection = connection
        self._listing = listing
        self._landing = landing
        self._start = start
        self._prepare = prepare
        self._earlier = earlier
        self._closing_since = closing_since
        self._stopped = StopSignal(stopped)
        self.where = f"cloud {connection.settings.name}, listing {listing.name}"
        self._started = time.monotonic()
        self._passes: list[Pass] = []
        self._closing: Pass | None = None
        self._shared_out: list[int] = []
        self._adopted = 0
        self._read_again = 0
        self._expected = frozenset[str]()

    def pages(self) -> Iterator[T]:
        """What is made of all pages, those of the closing pass last. An image may come more than once.

        Raises: CloudError where the listing cannot be shown to be complete.
        """
        for page in self._pages_made():
            # Only now, so that the manifest has the pages that were handed on, and no others, in that order.
            self._landing.add(page.line)
            yield page.made
        found = counted(self.images, "image"), counted(self.page_count, "page")
        log.info("%s: %s on %s, complete", self.where, *found)

    @property
    def images(self) -> int:
        """Images received, without those that the account itself shares out: every shared listing shows them too."""
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
        """What shows that the listing is complete, for `run_listings.evidence`; `parts` where several readers read."""
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
            self._closing = self._pass(CLOSING, WHOLE, self._closing_since)
            yield from self._pages_of(self._closing, CLOSING)

    def _in_parts(self) -> Iterator[_PageMade[T]]:
        """The listing by several readers where it is long, by one where it is not. Raises: NotProven, CloudError."""
        if self._start.changed_since is not None:
            yield from self._by_one_reader()
            return
        if self._start.parts:
            passes = [self._pass(_part_name(number), part) for number, part in enumerate(self._start.parts)]
        else:
            first = self._pass(_part_name(0), WHOLE)
            self._passes = [first]
            yield from self._at_most_one_page(first, _part_name(0))
            parts = self._found_parts(first)
            if not parts:
                yield from self._pages_of(first, _part_name(0))
                return
            first.part = parts[0]
            self._landing.begin(replace(self._start, parts=parts))
            passes = [first, *(self._pass(_part_name(number), part) for number, part in enumerate(parts[1:], 1))]
        chain = Chain(passes)
        self._passes = passes
        stopped = StopSignal(self._stopped)
        works = [partial(self._pages_of, one, _part_name(number), chain, stopped) for number, one in enumerate(passes)]
        settings = self._connection.settings
        yield from side_by_side(works, settings.max_connections, self._connection.room, stopped)
        yield from self._until_proven(chain)

    def _found_parts(self, first: Pass) -> tuple[Part, ...]:
        """The listing in parts, the first of which has been begun; none where one reader may as well go on."""
        if first.is_finished or not first.evidence.in_order or self._earlier:
            return ()
        cuts = probe(self._connection, self._listing, first.last_ids, self.where, self._stopped)
        return parts_between(cuts) if cuts else ()

    def _until_proven(self, chain: Chain) -> Iterator[_PageMade[T]]:
        """Read on wherever two parts do not meet. Raises: NotProven where that does not help."""
        while (one := chain.open_seam()) is not None:
            number = chain.passes.index(one)
            log.warning(
                "%s: the part after %s is not shown to meet the next; it is read on", self.where, one.part.after
            )
            self._read_again += 1
            images_before = one.evidence.images
            one.reopen()
            while not one.is_finished and not chain.meets_next(one):
                yield from self._at_most_one_page(one, _part_name(number), chain)
            if chain.open_seam() is one and one.evidence.images == images_before:
                raise NotProven(f"{self.where}: two parts of the listing cannot be shown to meet")

    def _by_one_reader(self, name: str = "listing", *, doubts_end: bool = False) -> Iterator[_PageMade[T]]:
        whole = self._pass(name, WHOLE, self._start.changed_since)
        whole.doubts_end = doubts_end
        self._passes = [whole]
        yield from self._pages_of(whole, name)

    def _by_one_reader_again(self) -> Iterator[_PageMade[T]]:
        """The whole listing, after its parts did not meet.

        Raises: CloudError where the cloud still lists an image that only the parts had.
        """
        in_parts, self._passes, self._shared_out, self._earlier = self._passes, [], [], None
        yield from self._by_one_reader(ALONE, doubts_end=True)
        (whole,) = self._passes
        lost = [identity for one in in_parts for identity in one.sample_ids if identity not in whole.read]
        for identity in lost[:: max(1, len(lost) // _MOST_ASKED_AGAIN)]:
            if is_listed(self._connection, self._listing.filters, identity, self.where, self._stopped):
                raise CloudError(
                    f"{self.where}: several readers got image {identity}, and one reader did not",
                    "The image service answers the same question differently; see whether its servers disagree.",
                )

    def _pages_of(
        self, one: Pass, name: str, chain: Chain | None = None, stopped: StopSignal | None = None
    ) -> Iterator[_PageMade[T]]:
        """What is made of a pass's pages, to its end. A part whose cut is gone is left to the part before it."""
        while not one.is_finished or (chain is not None and chain.lets_go_on(one)):
            try:
                page = self._next_page(one, name, chain, stopped)
            except Refused as exc:
                if chain is None or one.part.after is None or one.evidence.pages or exc.status not in (400, 404):
                    raise
                log.info("%s, %s: the image that it begins after is gone", self.where, name)
                one.evidence.markers_gone += 1
                chain.drop(one)
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
        """Ask for the next page, land it, check it, and make something of it; None where nothing more comes.

        Raises: CloudError, Refused.
        """
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
        """What is made of the page, its ids, and how many images it has. Nobody holds the parsed page afterwards."""
        with _PARSE_SLOT:
            body = parse_page(content, where, self._expected)
            self._expected = body.images.expected_next
            images = one.take(body, len(content), until)
            if self._listing.is_shared and name != CLOSING and self._connection.project_id is not None:
                self._shared_out.append(column(images, "owner").count(self._connection.project_id))
            return self._prepare(Page(images, landed_at)), body.ids, len(body.images)

    def _pass(self, name: str, part: Part, since: datetime | None = None) -> Pass:
        settings = self._connection.settings
        where = self.where + {CLOSING: ", closing pass"}.get(name, "")
        return Pass(self._listing, settings.page_size, where, since, settings.most_pages, part)

    def _all_evidence(self) -> list[Evidence]:
        return [one.evidence for one in (*self._passes, *([self._closing] if self._closing else []))]


def _part_name(number: int) -> str:
    """The name of a part in landing. The first is `listing`, for it may turn out to be all of it."""
    return f"part-{number}" if number else "listing"
