"""One pass over a listing or a part of it: which page to request next, and which images of a page are new.

Paging sees only queries and pages; extract.reading sends the requests. It checks, and does not assume, that each page
begins where the last one ended, that no marker occurs twice, and that the last page has no `next`.
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
"""A server's default number of images per page. Source: reference, `limit`; Glance, limit_param_default."""

_MOST_REFUSALS: Final = 3
"""How often one id may be refused as a marker although pages still have it: a gateway may fail once."""


@dataclass(frozen=True, slots=True)
class Page:
    """`images` as received, without those of earlier pages of this pass; `landed_at`: the page's place in landing."""

    images: Images
    landed_at: LandedAt


@dataclass(slots=True, eq=False)
class Pass:
    """Reads from the start of a listing, or of a part, to the page without `next` or to the next part.

    Send `query()` and pass the page to `take()`, or the refusal to `step_back()`, until `is_finished`; then `evidence`
    is complete. `since`: UTC; limits the listing to images changed since then (`updated_at=gte:`). A listing of more
    than `most_pages` is an error, because it may never end. With `doubts_end`, the end is always asked for again. If
    the service ignores the requested order, a pass over the whole listing accepts any order, but no image twice.
    """

    listing: Listing
    page_size: int
    where: str
    since: datetime | None = None
    most_pages: int = 100_000
    part: Part = WHOLE
    doubts_end: bool = False
    first_limit: int | None = None
    """The number of images to request first; None: a full page."""
    evidence: Evidence = field(default_factory=Evidence)
    read: ReadIds = field(default_factory=ReadIds)
    met: str | None = None
    """The image at which the next part begins, once a page contained it."""
    until: str | None = None
    """The image at which the next part began when the last page was taken; None if there was no next part."""
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
        """The ids of the last page that was not empty."""
        return self._step_back_ids.last_page

    @property
    def sample_ids(self) -> list[str]:
        """One id of each page except the last, and all ids of the last."""
        return list(self._step_back_ids)

    def query(self) -> dict[str, str]:
        """Return the parameters of the next request. Raises: CloudError after `most_pages`."""
        if self.evidence.pages >= self.most_pages:
            raise CloudError(
                f"{self.where}: the listing did not end after {counted(self.most_pages, 'page')}",
                "Raise most_pages if the listing is that long.",
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
        """Use an earlier image as the marker, because the marker's image was deleted while we read.

        The steps double, so that a thousand deleted neighbours cost ten requests.
        Raises: the refusal if it is not about the marker; NotProven if a part has no earlier image left.
        """
        marker = self._marker
        if marker is None or refusal.status not in _MARKER_GONE:
            raise refusal
        is_known = self.part == WHOLE or marker in self._refusals
        if self._is_asking_for_the_end and not self.doubts_end and is_known:
            # The last page had no `next`. That its last image is not, or no longer, a marker does not contradict it.
            self.is_finished = self.evidence.ended_without_next = True
            return
        log.info("%s: the image that page %d starts after is gone", self.where, self.evidence.pages + 1)
        self.evidence.markers_gone += 1
        self._refusals[marker] = self._refusals.get(marker, 0) + 1
        if self._refusals[marker] > _MOST_REFUSALS:
            raise self._error(f"image {marker} was refused as a marker, but is still listed")
        self._used.clear()
        self._repeats_may_come = True
        self._marker = self._order.last = self._step_back_ids.step_back(self._steps)
        self._steps *= 2
        if self._marker is None and self.part != WHOLE:
            raise NotProven(f"{self.where}: the images from which it could resume are gone")

    def take(self, body: PageBody, size_bytes: int, until: str | None = None) -> Images:
        """Return the page's images that no earlier page had, and all images without a usable id.

        `until`: the image at which the next part currently begins. Images after it on the page belong to that part.
        Raises: CloudError, naming cloud, listing and page, if the listing cannot be shown to be complete: a marker or
        an image that occurs twice, or an image that the filters exclude; NotProven if a part is not in order.
        """
        self.until = until
        images, ids, is_past = self._up_to(until, body)
        new = images if self._is_all_new_and_in_order(images, ids) else self._new_among(images)
        self._count(body, new, size_bytes)
        self._advance(body, ids, is_past=is_past)
        return new

    def reopen(self) -> None:
        """Continue after the last image: the listing's end, or the next part, was not where it seemed to be."""
        self.is_finished, self.met = False, None
        self.evidence.ended_without_next = self.evidence.ended_at_bound = False
        self._marker = self._step_back_ids.last
        self._used.clear()

    def _limit(self) -> int:
        """How many images to request: near a part's end only those expected, plus a few for new images."""
        if self.first_limit is not None and not self.evidence.pages:
            return min(self.page_size, self.first_limit)
        left = self.part.images_left(self.evidence.images, self.evidence.last_id, self.until)
        if left is None:
            return self.page_size
        # If a part has more images than expected, the requests grow again.
        wanted = left + left // 50 + 10 if left > 0 else -2 * left
        return min(self.page_size, max(_SMALLEST_LIMIT, wanted))

    def _accept_any_order(self) -> None:
        if self.part != WHOLE:
            raise NotProven(f"{self.where}: its images are not in the order of their ids")
        if self.evidence.in_order:
            log.warning("%s: the service does not sort ids in ascending order, as we asked", self.where)
        self.evidence.in_order = False

    def _up_to(self, until: str | None, body: PageBody) -> tuple[Images, Sequence[str], bool]:
        """Return the page's images and ids, up to `until` if the page has it, and whether the part ends here."""
        images, ids = body.images, body.ids
        if until is None or not ids:
            return images, ids, False
        if until not in ids:
            # By bytes, the page is past it, so its image is gone. That the parts meet is proven later.
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
        """Whether all images are new, in order and match the filters, as on nearly every page.

        One check of the whole page is ten times as fast as a check of each image.
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

    def _new_among(self, images: Images) -> Images:
        is_new = [self._is_new(image) for image in images]
        return images if all(is_new) else images.take([number for number, new in enumerate(is_new) if new])

    def _is_new(self, image: Json) -> bool:
        """Raises: CloudError if the image occurred before although nothing was requested again; NotProven."""
        identity = usable_id(image)
        if identity is None:
            self.evidence.without_id += 1
            return True
        if self.evidence.in_order and not self._order.follows(identity):
            self._accept_any_order()
        if self._repeats_may_come and identity in self.read:
            # After a step back, the images between the marker and the last one read come again.
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

    def _advance(self, body: PageBody, ids: Sequence[str], *, is_past: bool) -> None:
        """Finish the pass, or set the marker of the next page."""
        following = body.next
        announced = _marker_in(following or "")
        if announced is not None and announced in self._used:
            raise self._error(f"the marker {announced!r:.80} comes a second time: the listing repeats itself")
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
        """Whether to request the page after a page without `next`.

        If a proxy removed the `next`, all later images would be missing, and the request costs only one small answer.
        It is not sent if the page is smaller than any server's page size.
        """
        evidence = self.evidence
        is_short = evidence.pages == 1 and len(body.images) < min(self._limit_asked, _SMALLEST_BOUND)
        if not body.ids or (is_short and self.part == WHOLE and not self.doubts_end):
            return False
        evidence.ends_asked_again += 1
        self._is_asking_for_the_end = True
        return True

    def _next_marker(self, ids: Sequence[str], announced: str | None) -> str:
        """Return the last id, so that no image can lie between; for a page without ids, the marker in `next`."""
        if ids:
            return ids[-1]
        self.evidence.empty_pages_followed += 1
        if announced is None:
            raise self._error("a page without images has a `next` without a marker: the reading cannot continue")
        return announced

    def _set_marker(self, marker: str) -> None:
        if marker in self._used:
            raise self._error(f"the marker {marker!r:.80} comes a second time: the listing repeats itself")
        self._used.add(marker)
        self._marker = marker

    def _error(self, what: str, advice: str = "Report this to the cloud's operator.") -> CloudError:
        return CloudError(f"{self.where}, page {self.evidence.pages + 1}: {what}", advice)


def _marker_in(link: str) -> str | None:
    """The marker in a `next` link, percent-decoded. The link itself is never followed, because it may name any host."""
    try:
        values = parse_qs(urlsplit(link).query).get("marker")
    except ValueError:
        return None
    return values[-1] if values else None
