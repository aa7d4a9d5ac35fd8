"""One pass over a listing, or over a part of it: which page to ask for next, and what of a page is new.

Paging sees only questions and pages; who asks them is extract.reading. That each page began where the last one ended,
that no marker came twice, that the last page had no `next` is shown, not assumed.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

from core.errors import CloudError, Refused
from core.wording import counted
from extract.body import PageBody, usable_id
from extract.evidence import Evidence
from extract.images import Images, Json
from extract.landed import LandedAt
from extract.listing import Listing, all_fit, mismatch
from extract.order import IdOrder, ReadIds, StepBackIds
from extract.parts import WHOLE, NotProven, Part

log = logging.getLogger(__name__)

_MARKER_GONE: Final = (400, 404)
_SMALLEST_LIMIT: Final = 50
_SMALLEST_BOUND: Final = 25
"""Images on a page, where nobody has set another bound. Source: reference, `limit`; Glance, limit_param_default."""

_MOST_REFUSALS: Final = 3
"""So often one id may be refused as a marker although a page still has it: a gateway may err once."""


@dataclass(frozen=True, slots=True)
class Page:
    """`images` as received, without those that an earlier page of this pass had; and where the page was landed."""

    images: Images
    landed_at: LandedAt


@dataclass(slots=True, eq=False)
class Pass:
    """From the first page of a listing, or of a part of it, to the page without `next` or to the next part.

    Ask `query()`, hand what comes to `take()` or `step_back()`, until `is_finished`; then `evidence` says what was
    met. `since` (`updated_at=gte:`) narrows the listing to what changed from then on, UTC. A listing that goes on
    after `most_pages` is taken for one that never ends. With `doubts_end`, a page without `next` is never believed at
    once. Where the service ignores the order that is asked for, a pass
    over the whole listing takes the images as they come, each once.
    """

    listing: Listing
    page_size: int
    where: str
    since: datetime | None = None
    most_pages: int = 100_000
    part: Part = WHOLE
    doubts_end: bool = False
    evidence: Evidence = field(default_factory=Evidence)
    read: ReadIds = field(default_factory=ReadIds)
    met: str | None = None
    """The image at which the next part begins, once a page had it."""
    until: str | None = None
    """The image at which the next part was to begin when the last page was taken."""
    is_finished: bool = False
    _marker: str | None = field(init=False)
    _order: IdOrder = field(init=False)
    _step_back_ids: StepBackIds = field(init=False)
    _steps: int = 1
    _used: set[str] = field(default_factory=set)
    _refusals: dict[str, int] = field(default_factory=dict)
    _repeats_may_come: bool = False
    _limit_asked: int = 0
    _is_asking_for_the_end: bool = False

    def __post_init__(self) -> None:
        self._marker = self.part.after
        self._order = IdOrder(self.part.after)
        self._step_back_ids = StepBackIds(self.part.after)

    @property
    def last_ids(self) -> Sequence[str]:
        """The ids of the last page that had any."""
        return self._step_back_ids.last_page

    @property
    def sample_ids(self) -> list[str]:
        """One id of each page but the last, and all of the last."""
        return list(self._step_back_ids)

    def query(self) -> dict[str, str]:
        """The parameters of the next request. Raises: CloudError where the listing has gone on for too long."""
        if self.evidence.pages >= self.most_pages:
            raise CloudError(
                f"{self.where}: the listing goes on after {counted(self.most_pages, 'page')}",
                "Raise most_pages if it is that long.",
            )
        query = dict(self.listing.filters)
        if self.since is not None:
            query["updated_at"] = f"gte:{self.since:%Y-%m-%dT%H:%M:%SZ}"
        self._limit_asked = self._limit()
        query |= {"limit": str(self._limit_asked), "sort_key": "id", "sort_dir": "asc"}
        if self._marker is not None:
            query["marker"] = self._marker
        return query

    def step_back(self, refusal: Refused) -> None:
        """Go on from an image before the marker's, which was deleted while we read: what comes after both is the same.

        The steps double, so that a thousand deleted neighbours cost ten requests.
        Raises: the refusal where it is not about the marker; NotProven where a part has no image left to go on from.
        """
        marker = self._marker
        if marker is None or refusal.status not in _MARKER_GONE:
            raise refusal
        is_known = self.part == WHOLE or marker in self._refusals
        if self._is_asking_for_the_end and not self.doubts_end and is_known:
            # The last page had no `next`; a last image that is no marker, or no longer one, does not contradict it.
            self.is_finished = self.evidence.ended_without_next = True
            return
        log.info("%s: the image that page %d starts after is gone", self.where, self.evidence.pages + 1)
        self.evidence.markers_gone += 1
        self._refusals[marker] = self._refusals.get(marker, 0) + 1
        if self._refusals[marker] > _MOST_REFUSALS:
            raise self._error(f"image {marker} was refused as a marker, but is listed still")
        self._used.clear()
        self._repeats_may_come = True
        self._marker = self._order.last = self._step_back_ids.step_back(self._steps)
        self._steps *= 2
        if self._marker is None and self.part != WHOLE:
            raise NotProven(f"{self.where}: the images that it was to go on after are gone")

    def take(self, body: PageBody, size_bytes: int, until: str | None = None) -> Images:
        """Return the page's images that no earlier page had; those without a usable id as they are.

        `until` is the image at which the next part begins, as things are now. What comes after it on its page belongs
        to that part.
        Raises: CloudError, naming cloud, listing and page, where the listing cannot be shown to be complete: a marker
        that comes twice, an image that comes twice or that the filters exclude; NotProven where a part is not in order.
        """
        self.until = until
        images, ids, is_past = self._up_to(until, body)
        new = images if self._is_all_new_and_in_order(images, ids) else self._looked_at_one_by_one(images)
        self._count(body, new, size_bytes)
        self._go_on(body, ids, is_past=is_past)
        return new

    def reopen(self) -> None:
        """Read on from the last image: the end, or the next part, was not where it seemed to be."""
        self.is_finished, self.met = False, None
        self.evidence.ended_without_next = self.evidence.ended_at_bound = False
        self._marker = self._step_back_ids.last
        self._used.clear()

    def _limit(self) -> int:
        """How many images to ask for: at a part's end no more than it should still have, and a few that are new."""
        if self.part.expected is None:
            return self.page_size
        left = self.part.expected - self.evidence.images
        # A part that has outgrew what was expected asks for more and more.
        wanted = left + left // 50 + 10 if left > 0 else -2 * left
        return min(self.page_size, max(_SMALLEST_LIMIT, wanted))

    def _take_as_they_come(self) -> None:
        if self.part != WHOLE:
            raise NotProven(f"{self.where}: its images do not come in the order of their ids")
        if self.evidence.in_order:
            log.warning("%s: ids in ascending order were asked for, and do not come so", self.where)
        self.evidence.in_order = False

    def _up_to(self, until: str | None, body: PageBody) -> tuple[Images, Sequence[str], bool]:
        """The page's images and ids up to `until`, if it is there; and whether the page shows that the part is over."""
        images, ids = body.images, body.ids
        if until is None or not ids:
            return images, ids, False
        if until not in ids:
            # By bytes, it is past: its image is gone. Whether the next part has what comes then, the seam's proof says.
            return images, ids, ids[-1] > until
        self.met = until
        within = ids.index(until) + 1
        self.evidence.beyond_part += len(ids) - within
        self.evidence.ended_at_bound = True
        if body.all_have_ids:
            return images[:within], ids[:within], True
        kept = [usable_id(image) for image in images].index(until) + 1
        return images[:kept], ids[:within], True

    def _is_all_new_and_in_order(self, images: Images, ids: Sequence[str]) -> bool:
        """Whether all images are new, in order and what was asked for, as those of nearly every page are.

        To ask this of all at once is ten times as fast as to look at each.
        """
        if not ids or len(ids) != len(images) or self.since is not None or not self.evidence.in_order:
            return False
        if self._repeats_may_come and not self.read.has_none_of(ids):
            return False
        last = self._order.last
        if all_fit(self.listing, images) and self._order.all_follow(ids):
            self.read.add(ids)
            return True
        self._order.last = last
        return False

    def _looked_at_one_by_one(self, images: Images) -> Images:
        is_new = [self._is_new(image) for image in images]
        return images if all(is_new) else images.take([number for number, new in enumerate(is_new) if new])

    def _is_new(self, image: Json) -> bool:
        """Raises: CloudError where the image has come before, although nothing was asked for again; NotProven."""
        identity = usable_id(image)
        if identity is None:
            self.evidence.without_id += 1
            return True
        if self.evidence.in_order and not self._order.follows(identity):
            self._take_as_they_come()
        if self._repeats_may_come and identity in self.read:
            # After a step back, what lies between its image and the last one read comes again.
            self.evidence.repeats_dropped += 1
            return False
        if not self.evidence.in_order and identity in self.read:
            raise self._error(f"image {identity} comes twice")
        contradiction = mismatch(self.listing, image, self.since)
        if contradiction:
            raise self._error(
                f"image {identity} is not what the listing asked for ({contradiction})",
                "A proxy or the service ignores a filter: set dialect, or leave this listing out.",
            )
        self.read.add([identity])
        return True

    def _count(self, body: PageBody, new: Images, size_bytes: int) -> None:
        evidence = self.evidence
        evidence.images += len(new)
        evidence.bytes += size_bytes
        evidence.largest_page = max(evidence.largest_page, len(body.images))
        if body.ids:
            evidence.first_id = evidence.first_id or body.ids[0]
            evidence.last_id = self.met or body.ids[-1]

    def _go_on(self, body: PageBody, ids: Sequence[str], *, is_past: bool) -> None:
        """Finish the pass, or set the marker of the next page."""
        following = body.next
        announced = _marker_in(following or "")
        if announced is not None and announced in self._used:
            raise self._error(f"the marker {announced!r:.80} comes a second time: the listing goes round in circles")
        self._is_asking_for_the_end = False
        self._step_back_ids.add_page(ids)
        self.evidence.pages += 1
        self._steps = 1
        if is_past or (following is None and not self._is_end_doubtful(body)):
            self.evidence.ended_without_next = following is None and not self.evidence.ended_at_bound
            self.is_finished = True
            return
        self._set_marker(self._next_marker(ids, announced))

    def _is_end_doubtful(self, body: PageBody) -> bool:
        """Whether to ask once more what comes after a page without `next`.

        A `next` that was lost on the way would cost all that comes after it, and the question costs a listing of
        some length one small answer. A page that is smaller than any server's bound is believed.
        """
        evidence = self.evidence
        is_short = evidence.pages == 1 and len(body.images) < min(self._limit_asked, _SMALLEST_BOUND)
        if not body.ids or (is_short and self.part == WHOLE and not self.doubts_end):
            return False
        evidence.ends_asked_again += 1
        self._is_asking_for_the_end = True
        return True

    def _next_marker(self, ids: Sequence[str], announced: str | None) -> str:
        """The last id, for then nothing can lie between; without ids what `next` says."""
        if ids:
            return ids[-1]
        self.evidence.empty_pages_followed += 1
        if announced is None:
            raise self._error("a page without images has a `next` without a marker: the reading cannot continue")
        return announced

    def _set_marker(self, marker: str) -> None:
        if marker in self._used:
            raise self._error(f"the marker {marker!r:.80} comes a second time: the listing goes round in circles")
        self._used.add(marker)
        self._marker = marker

    def _error(self, what: str, advice: str = "Report this to the cloud's operator.") -> CloudError:
        return CloudError(f"{self.where}, page {self.evidence.pages + 1}: {what}", advice)


def _marker_in(link: str) -> str | None:
    """The marker in a `next` link, percent-decoded. The link itself is never followed: its host may be anyone's."""
    try:
        values = parse_qs(urlsplit(link).query).get("marker")
    except ValueError:
        return None
    return values[-1] if values else None
