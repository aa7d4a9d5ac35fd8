"""Reads listings of a cloud a second time, after all were read: an image may have moved between them meanwhile.

An image that moves is missed if its old listing is read after the move and its new listing before it. A share's status
can change without a change of `updated_at`, so the listings of shares are read in an order, the short ones twice:

    the short ones, side by side -> the long ones, one after the other -> the short ones again

Of two listings, one was then read both before and after the other; or both are short, and each was read after the first
reading of the other. So an image that moves once cannot be missed. If two listings are long, or an image moves twice,
it may be missed until the next run. Any other move changes `updated_at`: all other listings are asked what changed.
"""

import logging
import tempfile
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from core import storage
from core.errors import GlancebackError
from core.storage import Place
from extract.asking import ask_page
from extract.cutting import evenly, is_plain
from extract.landing import Earlier, LandedAt, Landing, ReadingStart, landed_lines, listing_folder
from extract.listing import Listing
from extract.paging import Page
from extract.parts import Part, parts_between
from extract.reading import Reading
from extract.stopping import PROCESS_STOP, StopSignal
from extract.times import api_time
from load.merge import ListingOutcome
from load.runs import Run
from pipeline.session import Session
from transform.batch import Flattened, flatten
from transform.joining import joined, staged_ids, staged_times
from transform.stage import StagedListing, StageWriter, handed_over

log = logging.getLogger(__name__)

MOST_PAGES_READ_AGAIN: Final = 10

FEWEST_OF_A_READER: Final = 100
"""A reader who reads fewer images takes as long for the request itself."""

AGAIN: Final = "again"
"""Names of parts in landing begin with this if the second pass read them."""

_SHARES_IN_ORDER: Final = ("shared-pending", "shared-rejected", "shared-accepted")
"""The order in which most shares move. If none is long, the last one is read once: it is usually the longest."""

Stages = Sequence[Sequence[Listing]]


def in_stages(listings: Sequence[Listing], pages: Mapping[str, int]) -> list[list[Listing]]:
    """The listings in stages. A stage begins when the shares of the stage before are read. `pages`: of the last run."""
    shares = sorted((one for one in listings if one.is_shared), key=_order)
    long_ones = [one for one in shares if pages.get(one.name, 0) > MOST_PAGES_READ_AGAIN] or shares[-1:]
    short_ones = [one for one in shares if one not in long_ones]
    if not short_ones:
        short_ones, long_ones = long_ones[:1], long_ones[1:]
    others = [one for one in listings if not one.is_shared]
    stages = [[*others, *short_ones], *([one] for one in long_ones)]
    return [stage for stage in stages if stage]


def _order(listing: Listing) -> int:
    return _SHARES_IN_ORDER.index(listing.name) if listing.name in _SHARES_IN_ORDER else len(_SHARES_IN_ORDER)


def read_again(
    session: Session, landing: Place, run: Run, stages: Stages, outcomes: Sequence[ListingOutcome]
) -> list[ListingOutcome]:
    """The outcomes, with what the second pass of complete listings found. If it fails, the first pass counts alone."""
    known = {listing.name: listing for stage in stages for listing in stage}
    shares_read_first = {listing.name for stage in stages[:-1] for listing in stage if listing.is_shared}
    if len(known) < 2:
        return list(outcomes)
    stopped = StopSignal(PROCESS_STOP)

    def read_one(first: ListingOutcome) -> ListingOutcome:
        listing = known.get(first.listing)
        if listing is None or not first.complete or first.staged is None:
            return first
        is_read_again = (
            first.listing in shares_read_first and _pages(first, session.settings.page_size) <= MOST_PAGES_READ_AGAIN
        )
        second = _SecondPass(session, landing, run, listing, first, first.staged, stopped)
        return second.outcome(None if is_read_again else _start(session, first))

    with ThreadPoolExecutor(max(1, len(outcomes))) as threads:
        try:
            return list(threads.map(read_one, outcomes))
        except BaseException:
            stopped.set()
            raise


def _pages(first: ListingOutcome, page_size: int) -> int:
    """How many full pages the listing has, however it was read. A run counts requests, which parts make more."""
    return 1 + (first.images + int(first.evidence.get("shared_out", 0))) // page_size


def _start(session: Session, first: ListingOutcome) -> datetime:
    """The time after which changes are asked for: the first pass's start minus the uncertainty of the cloud's clock."""
    started_at = first.watermark or session.api_probe.started_at - session.api_probe.clock_uncertainty
    return started_at - timedelta(seconds=session.settings.overlap_seconds)


class _SecondPass:
    """The second pass of one listing. It lands and stages behind the first pass, so that a replay finds the same."""

    def __init__(
        self,
        session: Session,
        landing: Place,
        run: Run,
        listing: Listing,
        first: ListingOutcome,
        staged: StagedListing,
        stopped: StopSignal,
    ) -> None:
        """`staged` is the first outcome's."""
        self._session, self._listing, self._stopped = session, listing, stopped
        self._first, self._staged = first, staged
        self._folder = listing_folder(landing, run.run_id, session.name, listing.name)
        self._scratch = self._folder.with_name(f".{listing.name}.again")
        self._both = self._folder.with_name(f".{listing.name}.both")

    def outcome(self, since: datetime | None) -> ListingOutcome:
        """The outcome with what changed since `since` (UTC); with the whole listing as it is now if `since` is None."""
        try:
            is_long = since is None and _pages(self._first, self._session.settings.page_size) > 1
            if not is_long and not self._shows_more(since):
                return self._first
            with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
                return self._look(since, Path(place))
        except (GlancebackError, OSError) as exc:
            log.warning(
                "cloud %s, listing %s: it could not be read again at the end (%s). An image that moved from "
                "another listing while they were read may be missing there until the next run",
                self._session.name,
                self._listing.name,
                exc,
            )
            return self._first
        finally:
            for folder in (self._scratch, self._both):
                with suppress(OSError):
                    storage.remove(folder)

    def _shows_more(self, since: datetime | None) -> bool:
        """Whether there is an image or a change that the first pass did not show. Usually one request is enough."""
        settings = self._session.settings
        query = {**self._listing.filters, "limit": str(settings.page_size), "sort_key": "id", "sort_dir": "asc"}
        if since is not None:
            query["updated_at"] = f"gte:{since:%Y-%m-%dT%H:%M:%SZ}"
        where = f"cloud {settings.name}, listing {self._listing.name}, second pass"
        _, page = ask_page(self._session.connection, query, where, self._stopped)
        if page.next is not None or not page.all_have_ids:
            return True
        shown = {(image["id"], api_time(image.get("updated_at"))) for image in page.images}
        return not shown <= staged_times(self._staged, page.ids)

    def _look(self, since: datetime | None, place: Path) -> ListingOutcome:
        landed = Landing(self._scratch)
        try:
            parts = self._parts() if since is None else ()
            start = ReadingStart(self._session.api_probe.started_at, since, parts)
            landed.begin(start)
            reading = Reading(self._session.connection, self._listing, landed, start, _flattened, stopped=self._stopped)
            with StageWriter(_made(place / AGAIN), self._listing.name) as writer:
                for flattened, landed_at in reading.pages():
                    writer.write(flattened, landed_at)
            landed.must_be_ours()
            landed.finish()
        finally:
            landed.close()
        return replace(
            self._first,
            pages=self._first.pages + reading.page_count,
            bytes=self._first.bytes + reading.bytes,
            seconds=self._first.seconds + reading.seconds,
            evidence={**self._first.evidence, "again": reading.evidence},
            staged=self._put_together(self._staged, writer.staged, place),
        )

    def _parts(self) -> tuple[Part, ...]:
        """A part for each reader, cut at ids of the first pass: at the end of a run there is nothing else to read."""
        ids = sorted(staged_ids(self._staged))
        readers = min(self._session.settings.max_connections, len(ids) // FEWEST_OF_A_READER)
        cuts = evenly(ids, readers - 1)
        if readers < 2 or not all(map(is_plain, cuts)):
            return ()
        places = [0, *(bisect_right(ids, cut) for cut in cuts), len(ids)]
        sizes = (end - begin for begin, end in pairwise(places))
        return tuple(replace(part, expected=size) for part, size in zip(parts_between(cuts), sizes, strict=True))

    def _put_together(self, first: StagedListing, again: StagedListing, place: Path) -> StagedListing:
        """Both passes in one folder, which then replaces the first one's."""
        landed = Landing(self._both)
        try:
            landed.begin(Earlier(self._folder).start)
            before = {page.file: landed.adopt(page, self._folder / page.file) for page in landed_lines(self._folder)}
            after = {
                page.file: landed.adopt(replace(page, part=f"{AGAIN}-{page.part}"), self._scratch / page.file)
                for page in landed_lines(self._scratch)
            }
            here = first if storage.is_local(first.images) else handed_over(first, _made(place / "first"))
            handed_over(joined((here, before), (again, after), _made(place / "both")), self._both)
            landed.must_be_ours()
            landed.finish()
        finally:
            landed.close()
        storage.move(self._both, self._folder)
        return StagedListing(first.listing, self._folder / first.images.name, self._folder / first.rejects.name)


def _flattened(page: Page) -> tuple[Flattened, LandedAt]:
    return flatten(page.images), page.landed_at


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
