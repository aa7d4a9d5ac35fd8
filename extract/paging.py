"""One listing -> its pages, in id order, each image once, with the evidence that the end was reached.

Paging sees only questions and pages: `ask` brings one page for one query, from a cloud or from a test. That each page
began where the last one ended, that no marker came twice, that the last page had no `next` is shown, not assumed.
"""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from extract.body import PageBody, usable_id
from extract.errors import CloudError, Refused
from extract.images import Json
from extract.listing import Listing, all_fit, mismatch
from extract.order import IdOrder, Trail, ascending

log = logging.getLogger(__name__)

_MARKER_GONE = (400, 404)
_SMALLEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Page:
    """`images` as received, without those that an earlier page of this pass had. `received_at` is UTC."""

    images: Sequence[Json]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    body: PageBody
    received_at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Part:
    """The stretch of a listing with ids beyond `after` (None: from its start) up to `until`, that one included.

    `before` are ids from before `after`, to step back to where its image is gone. `expected` is how many images it had
    when last read, None where that is not known. Both ends are compared by bytes.
    """

    after: str | None = None
    until: str | None = None
    before: tuple[str, ...] = ()
    expected: int | None = None


WHOLE = Part()


class NotInOrder(CloudError):
    """A part of a listing whose ids do not ascend as bytes do: only one reader can make sense of it."""


@dataclass(slots=True)
class Evidence:
    """What shows that a pass over a listing was complete. Goes to `run_listings.evidence`."""

    pages: int = 0
    images: int = 0
    bytes: int = 0
    first_id: str | None = None
    last_id: str | None = None
    largest_page: int = 0
    empty_pages_followed: int = 0
    markers_gone: int = 0
    repeats_dropped: int = 0
    without_id: int = 0
    beyond_part: int = 0
    in_order: bool = True
    ended_without_next: bool = False
    ended_at_bound: bool = False


Ask = Callable[[int, Mapping[str, str]], Fetched]
"""(page number from 1, query parameters) -> the page. Raises Refused for a final status."""


@dataclass(slots=True)
class Pass:
    """One way through a listing, or a part of it, from its first page to the one without `next` or to the part's end.

    `since` (`updated_at=gte:`) narrows it to what changed from then on, UTC. A listing that goes on after `most_pages`
    is taken for one that never ends. Where the service ignores the order that is asked for, one reader of the whole
    listing takes its images as they come, each once. Read `pages()`, then `evidence`.
    """

    ask: Ask
    listing: Listing
    page_size: int
    where: str
    since: datetime | None = None
    most_pages: int = 100_000
    part: Part = WHOLE
    evidence: Evidence = field(default_factory=Evidence)
    _order: IdOrder = field(default_factory=IdOrder)
    _trail: Trail = field(default_factory=Trail)
    _used: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _seen: set[str] | None = None
    _end_passed: bool = False

    def __post_init__(self) -> None:
        if self.part.after is not None:
            self._order = IdOrder(self.part.after)
            self._trail = Trail((*self.part.before, self.part.after))

    def pages(self) -> Iterator[Page]:
        """The pages in order.

        Raises: CloudError, naming cloud, listing and page, where the listing cannot be shown to be whole: a marker that
        comes twice, ids out of order, an image that the filters exclude, a refusal.
        """
        marker = self.part.after
        while True:
            fetched = self._fetch(marker)
            if self.evidence.pages == 0 and self.part == WHOLE and not ascending(fetched.body.ids):
                self._take_as_they_come()
            images = self._new_images(fetched.body)
            self._count(fetched, images)
            marker = self._marker_after(fetched.body) if fetched.body.next is not None else None
            self.evidence.pages += 1
            self.evidence.ended_without_next = fetched.body.next is None
            if self.evidence.ended_at_bound:
                marker = None
            page = [Page(images, fetched.received_at)]
            del images, fetched  # a parsed page is large: nobody is to hold it but whom it is given to
            yield page.pop()
            if marker is None:
                return
            if self.evidence.pages >= self.most_pages:
                raise self._error(
                    f"the listing goes on after {self.most_pages} pages", "Raise most_pages if it is that long."
                )

    def _fetch(self, marker: str | None) -> Fetched:
        """The page after `marker`, or after the nearest image before it that is still there."""
        step = 1
        while True:
            if marker is not None:
                self._used.add(marker)
            try:
                return self.ask(self.evidence.pages + 1, self._query(marker))
            except Refused as exc:
                if marker is None or exc.status not in _MARKER_GONE:
                    raise
                # The marker's image was deleted while we read. Its predecessor serves as well, for what comes after
                # both is the same. Steps double, so that a thousand deleted neighbours cost ten requests.
                log.info("%s: the image that page %d starts after is gone", self.where, self.evidence.pages + 1)
                self.evidence.markers_gone += 1
                self._refused.add(marker)
                self._used.clear()
                marker = self._trail.step_back(step)
                step *= 2

    def _query(self, marker: str | None) -> dict[str, str]:
        query = dict(self.listing.filters)
        if self.since is not None:
            query["updated_at"] = f"gte:{self.since:%Y-%m-%dT%H:%M:%SZ}"
        query |= {"limit": str(self._limit()), "sort_key": "id", "sort_dir": "asc"}
        if marker is not None:
            query["marker"] = marker
        return query

    def _limit(self) -> int:
        """How many images to ask for: at a part's end no more than it should still have, and a few that are new."""
        if self.part.expected is None:
            return self.page_size
        left = max(0, self.part.expected - self.evidence.images)
        return min(self.page_size, max(_SMALLEST_LIMIT, left + left // 50 + 10))

    def _take_as_they_come(self) -> None:
        log.warning("%s: ids in ascending order were asked for, and do not come so", self.where)
        self._seen = set()
        self.evidence.in_order = False

    def _new_images(self, body: PageBody) -> Sequence[Json]:
        """The page's images that no earlier page had; those without a usable id as they are."""
        return self._up_to_the_end(body) if self._is_as_it_should_be(body) else self._looked_at_one_by_one(body.images)

    def _is_as_it_should_be(self, body: PageBody) -> bool:
        """Whether all images of the page are new and what was asked for, as those of nearly every page are.

        To ask this of all at once is ten times as fast as to look at each.
        """
        if not body.ids or not body.all_have_ids or self._refused or self._seen is not None or self._end_passed:
            return False
        return self.since is None and all_fit(self.listing, body.images) and self._order.all_follow(body.ids)

    def _up_to_the_end(self, body: PageBody) -> Sequence[Json]:
        """The images of the page, whose ids ascend, that are within the part."""
        until = self.part.until
        within = len(body.ids) if until is None else bisect_right(body.ids, until)
        beyond = len(body.ids) - within
        if within:
            self.evidence.first_id = self.evidence.first_id or body.ids[0]
            self.evidence.last_id = body.ids[within - 1]
        self.evidence.beyond_part += beyond
        self._end_passed = beyond > 0
        self.evidence.ended_at_bound = beyond > 0 or self.evidence.last_id == until
        return body.images[:within] if beyond else body.images

    def _looked_at_one_by_one(self, images: Sequence[Json]) -> list[Json]:
        new: list[Json] = []
        last_read = self._order.last
        for image in images:
            identity = usable_id(image)
            if identity is None:
                self.evidence.without_id += 1
                new.append(image)
                continue
            if self.part.until is not None and identity > self.part.until:
                self._end_passed = True
                self.evidence.beyond_part += 1
                self.evidence.ended_at_bound = True
                continue
            if self._refused:
                if identity in self._refused:
                    raise self._error(f"image {identity} was refused as a marker, but is listed still")
                if self._is_repeat(identity, last_read):
                    # After a step back, what lies between the predecessor and the last image read comes again.
                    self.evidence.repeats_dropped += 1
                    continue
            self._must_follow(identity)
            contradiction = mismatch(self.listing, image, self.since)
            if contradiction:
                raise self._error(
                    f"image {identity} is not what the listing asked for ({contradiction})",
                    "A proxy or the service ignores a filter: set dialect, or leave this listing out.",
                )
            new.append(image)
            self.evidence.first_id = self.evidence.first_id or identity
            self.evidence.last_id = identity
            if identity == self.part.until:
                self.evidence.ended_at_bound = True
        return new

    def _is_repeat(self, identity: str, last_read: str | None) -> bool:
        if self._seen is not None:
            return identity in self._seen
        return last_read is not None and not self._order.is_after(identity, last_read)

    def _must_follow(self, identity: str) -> None:
        """Raises: CloudError where the image has been read before, or its id does not ascend."""
        last = self._order.last
        if self._seen is not None:
            if identity in self._seen:
                raise self._error(f"image {identity} comes twice")
            self._seen.add(identity)
            return
        if self.part != WHOLE and (self._end_passed or identity != identity.lower() or identity < (last or "")):
            raise NotInOrder(f"{self.where}: image {identity} comes after {last}")
        if not self._order.follows(identity):
            what = "comes twice" if identity == last else f"comes after {last}"
            raise self._error(f"image {identity} {what}, although ids in ascending order were asked for")

    def _count(self, fetched: Fetched, new: Sequence[Json]) -> None:
        self.evidence.images += len(new)
        self.evidence.bytes += fetched.bytes
        self.evidence.largest_page = max(self.evidence.largest_page, len(fetched.body.images))

    def _marker_after(self, body: PageBody) -> str:
        """The next page's marker: the last id, for then nothing can lie between; without ids what `next` says."""
        announced = _marker_in(body.next or "")
        if announced is not None and announced in self._used:
            raise self._error(f"the marker {announced!r:.80} comes a second time: the listing goes round in circles")
        self._trail.add_page(body.ids)
        if body.ids:
            return body.ids[-1]
        self.evidence.empty_pages_followed += 1
        if announced is None:
            raise self._error("a page without images has a `next` without a marker: there is no way on")
        return announced

    def _error(self, what: str, advice: str = "Report this to the cloud's operator.") -> CloudError:
        return CloudError(f"{self.where}, page {self.evidence.pages + 1}: {what}", advice)


def _marker_in(link: str) -> str | None:
    """The marker in a `next` link, percent-decoded. The link itself is never followed: its host may be anyone's."""
    values = parse_qs(urlsplit(link).query).get("marker")
    return values[-1] if values else None
