"""One listing of one cloud, read whole: each page landed, then checked, then handed on; then the closing pass.

Called by the flows, a listing at a time; several may read from one connection side by side. A long listing is cut into
parts, which several readers share.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from extract.body import PageBody, parse_page, usable_ids
from extract.connection import Connection
from extract.cutting import parts_between, probe
from extract.desk import DESK
from extract.images import Json, column
from extract.landing import CLOSING, Earlier, Landing, ReadingStart
from extract.listing import Listing
from extract.paging import WHOLE, Evidence, Fetched, NotInOrder, Page, Part, Pass
from extract.request import get
from extract.retry import with_retry
from extract.side_by_side import side_by_side

log = logging.getLogger(__name__)

_FEWEST_IN_ORDER = 3
"""Images that a page must have for their order to say anything of the service's."""


T = TypeVar("T")


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
    ) -> None:
        """`start` says what is read: changes since then or all, in which parts; none: they are found, or one reads all.

        `prepare` makes of each page what `pages()` yields: by its reader, side by side, while it is still at hand.
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
        self.where = f"cloud {connection.settings.name}, listing {listing.name}"
        self._started = time.monotonic()
        self._passes: list[Pass] = []
        self._closing: Pass | None = None
        self._shared_out: list[int] = []
        self._adopted = 0

    def pages(self) -> Iterator[T]:
        """What is made of all pages, those of the closing pass last.

        Raises: CloudError where the listing cannot be shown to be whole.
        """
        try:
            yield from self._in_parts()
        except NotInOrder as exc:
            log.warning("%s; one reader reads it all", exc)
            self._shared_out, self._passes, self._earlier = [], [], None
            yield from self._as_one()
        if self._closing_since is not None:
            self._closing = self._pass(CLOSING, WHOLE, self._closing_since)
            yield from self._prepared(self._closing)
        log.info("%s: %d images on %d pages, whole", self.where, self.images, self.page_count)

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
        """What was seen of the listing's wholeness, for `run_listings.evidence`; `parts` where several readers read."""
        parts = [{"after": one.part.after, "until": one.part.until, **asdict(one.evidence)} for one in self._passes]
        return {
            **asdict(_together([one.evidence for one in self._passes])),
            "shared_out": sum(self._shared_out),
            "pages_landed_before": self._adopted,
            "parts": parts if len(parts) > 1 else [],
            "closing": asdict(self._closing.evidence) if self._closing else None,
        }

    def _prepared(self, one: Pass, pages: Iterator[Page] | None = None) -> Iterator[T]:
        """What is made of a pass's pages. A page is let go before anybody takes what was made of it."""
        pages = one.pages() if pages is None else pages
        shared_out = self._shared_out
        while True:
            try:
                page = next(pages, None)
                if page is None:
                    return
                if self._listing.is_shared and one is not self._closing:
                    shared_out.append(self._ours(page.images))
                made = self._prepare(page)
                del page
            finally:
                DESK.leave()
            yield made

    def _as_one(self) -> Iterator[T]:
        whole = self._pass("listing", WHOLE, self._start.changed_since)
        self._passes = [whole]
        yield from self._prepared(whole)

    def _in_parts(self) -> Iterator[T]:
        """The listing by several readers where it is long, by one where it is not. Raises: NotInOrder, CloudError."""
        if self._start.changed_since is not None:
            yield from self._as_one()
            return
        parts = self._start.parts
        if not parts:
            first = self._pass("listing", WHOLE, None)
            self._passes, pages, ids = [first], first.pages(), list[str]()

            def first_page() -> Iterator[Page]:
                page = next(pages)
                ids.extend(usable_ids(page.images))
                yield page

            yield from self._prepared(first, first_page())
            parts = self._found_parts(first, ids)
            if not parts:
                yield from self._prepared(first, pages)
                return
            first.part, first.evidence.ended_at_bound = Part(None, parts[0].after), True
        self._landing.begin(replace(self._start, parts=(*(one.part for one in self._passes), *parts)))
        shared = [self._pass(f"part-{number}", part, None) for number, part in enumerate(parts, 1)]
        self._passes += shared
        works = [partial(self._prepared, one) for one in shared]
        yield from side_by_side(works, self._connection.settings.max_connections, self._connection.room)
        if max(one.evidence.largest_page for one in self._passes) < _FEWEST_IN_ORDER:
            raise NotInOrder(f"{self.where}: its pages are too small to show their order")

    def _found_parts(self, first: Pass, ids: list[str]) -> tuple[Part, ...]:
        """What comes after the first page in parts; none where one reader may as well go on."""
        evidence = first.evidence
        if evidence.ended_without_next or not evidence.in_order or evidence.last_id is None or self._earlier:
            return ()
        cuts = probe(self._connection, self._listing, ids, self.where)
        return parts_between(cuts, evidence.last_id) if cuts else ()

    def _pass(self, name: str, part: Part, since: datetime | None) -> Pass:
        settings = self._connection.settings
        where = f"{self.where}, closing pass" if name == CLOSING else self.where
        return Pass(
            self._asking(name, part), self._listing, settings.page_size, where, since, settings.most_pages, part
        )

    def _asking(self, name: str, part: Part) -> Callable[[int, Mapping[str, str]], Fetched]:
        """What brings a page into the landing: from the cloud, tried again where that helps, or an earlier reading."""
        part_of_where = {CLOSING: "closing pass, ", "listing": ""}.get(name, f"{name}, ")

        def ask(number: int, query: Mapping[str, str]) -> Fetched:
            where = f"{self.where}, {part_of_where}page {number}"
            landed = self._earlier.take(query) if self._earlier and name != CLOSING else None
            if landed is not None:
                page, content, file = landed
                self._landing.adopt(page, file)
                self._adopted += 1
                return Fetched(_at_the_desk(content, where), page.received_at, len(content))
            return with_retry(lambda: self._ask_once(name, part, query, where), settings.retry_policy, where)

        settings = self._connection.settings
        return ask

    def _ask_once(self, name: str, part: Part, query: Mapping[str, str], where: str) -> Fetched:
        answer = get(self._connection, self._connection.images_url, dict(query), where)
        page = self._landing.keep(answer)
        body = _at_the_desk(answer.body, where)
        self._landing.record(page, name, part, answer, query, body.ids, len(body.images))
        log.debug("%s: %d images, %d bytes", where, len(body.images), len(answer.body))
        return Fetched(body, answer.received_at, len(answer.body))

    def _all_evidence(self) -> list[Evidence]:
        return [one.evidence for one in (*self._passes, *([self._closing] if self._closing else []))]

    def _ours(self, images: Sequence[Json]) -> int:
        """How many of the images the account itself owns."""
        project = self._connection.project_id
        return 0 if project is None else column(images, "owner").count(project)


def _at_the_desk(content: bytes, where: str) -> PageBody:
    """The page, parsed, its reader at the desk. Raises: as parse_page; then nobody waits for this reader."""
    DESK.take()
    try:
        return parse_page(content, where)
    except BaseException:
        DESK.leave()
        raise


def _together(parts: list[Evidence]) -> Evidence:
    """The evidence of a listing from that of its parts, which are in id order."""
    if len(parts) == 1:
        return parts[0]
    firsts = [one.first_id for one in parts if one.first_id is not None]
    lasts = [one.last_id for one in parts if one.last_id is not None]
    summed = (
        "pages", "images", "bytes", "empty_pages_followed", "markers_gone", "repeats_dropped", "without_id",
        "beyond_part",
    )  # fmt: skip
    return Evidence(
        **{name: sum(getattr(one, name) for one in parts) for name in summed},
        first_id=firsts[0] if firsts else None,
        last_id=lasts[-1] if lasts else None,
        largest_page=max((one.largest_page for one in parts), default=0),
        in_order=all(one.in_order for one in parts),
        ended_without_next=bool(parts) and parts[-1].ended_without_next,
    )
