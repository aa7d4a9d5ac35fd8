"""Probes a cloud: which dialect its image API speaks, and what its clock says.

Called once per run and cloud, before any listing is read. Sends one request, and a second one if the first is not
conclusive.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.errors import CloudError, SettingsError
from core.wording import counted
from extract.asking import ask_page
from extract.body import PageBody
from extract.connection import Connection
from extract.images import Json
from extract.listing import IMS, OPENSTACK
from extract.request import Answer

log = logging.getLogger(__name__)

IMS_MARK: Final = "__imagetype"
"""Nearly every IMS image has this attribute; a plain Glance image has it only if a user invented it."""

_KINDS: Final = ("gold", "private", "shared", "market")
"""The values of IMS_MARK. Source: reference, Table 1, `__imagetype`."""

_SAMPLE_SIZE: Final = 100
_ENOUGH: Final = 10
"""In a sample of at least this size, a few images may be exceptions."""

_UNKNOWN_CLOCK: Final = timedelta(days=1)
"""The most that an unknown clock is assumed to lag behind ours: a wrong time zone is 14 hours at most, plus drift."""

_EARLIEST_YEAR: Final = 1970
"""Clocks that lost their time restart here; an earlier time does not come from a clock."""

_USUAL_DIFFERENCE: Final = timedelta(seconds=60)
"""Synchronized clocks differ by less; `overlap_seconds` covers such a difference."""


@dataclass(frozen=True, slots=True)
class ApiProbe:
    """`dialect` and `reason`; `started_at` by the server's clock, UTC; `clock_difference`: the server's minus ours.

    The clock that sets `updated_at` of images showed `started_at - clock_uncertainty` or later, so a request for
    changes since the start must begin there. `is_recent`: the images have `os_hidden`, as since version 2.7 of Glance's
    API.
    """

    dialect: str
    reason: str
    started_at: datetime
    clock_difference: timedelta | None
    sampled: int
    clock_uncertainty: timedelta = timedelta(0)
    is_recent: bool = True


def probe_api(connection: Connection, remembered: str | None = None) -> ApiProbe:
    """Return the dialect and the time at the cloud. `remembered`: the dialect of earlier runs.

    The dialect is the one in the settings; else the remembered one, because a person must decide on a change, not one
    unusual answer; else the one that the images indicate.
    Raises: SettingsError if the dialect in the settings would make listings empty; CloudError or TransientError if the
    API does not answer as an image service.
    """
    settings = connection.settings
    where = f"cloud {settings.name}"
    answer, page = ask_page(connection, _sample_query(connection), where)
    dialect, reason = _dialect(settings.dialect, remembered, _Sample(connection, page, where))
    log.info("%s: dialect %s (%s)", where, dialect, reason)
    started_at, clock_difference, clock_uncertainty = _clocks(answer, where)
    return ApiProbe(
        dialect=dialect,
        reason=reason,
        started_at=started_at,
        clock_difference=clock_difference,
        sampled=len(page.images),
        clock_uncertainty=clock_uncertainty,
        is_recent=any(isinstance(image, dict) and "os_hidden" in image for image in page.images),
    )


def _dialect(chosen: str, remembered: str | None, sample: "_Sample") -> tuple[str, str]:
    if chosen != "auto":
        if chosen == IMS != remembered:
            sample.must_have_marks()
        return chosen, "as set" if remembered in (None, chosen) else f"as set; the runs before read it as {remembered}"
    if remembered is None:
        told, seen = sample.told_with_public_images()
        # The listings of plain Glance do not filter by attributes of IMS, so they cannot hide images.
        return told or OPENSTACK, seen
    if sample.told()[0] not in (None, remembered):
        told, seen = sample.told_with_public_images()
        if told != remembered:
            log.warning(
                '%s: read as %s, as in the runs before, but %s. If that is not its dialect, set dialect = "%s"',
                sample.where,
                remembered,
                seen,
                told,
            )
    return remembered, "as in the runs before"


class _Sample:
    """The first images in id order; public images are fetched when needed, because they are more conclusive."""

    def __init__(self, connection: Connection, page: PageBody, where: str) -> None:
        self._connection = connection
        self._page = page
        self.where = where

    def told(self) -> tuple[str | None, str]:
        return _told_by(self._page.images)

    def told_with_public_images(self) -> tuple[str | None, str]:
        """Return the dialect by the sample and the public images, and the reason.

        Only a cloud's operator can publish images, so public images show which service this is. A sample may consist
        of one project's images, and an attribute that this project invented must not hide all other images. If few
        images are public, both groups must have the mark: an IMS read as plain OpenStack shows all of its images, but
        a plain Glance read as IMS hides most.
        """
        public = self._public()
        by_public, seen_of_public = _told_by(public, "public image")
        told, seen = self.told()
        if len(public) >= _ENOUGH or (told == IMS and by_public == OPENSTACK):
            return by_public, seen_of_public
        return told, seen

    def must_have_marks(self) -> None:
        """Raises: SettingsError if there are images, but none has the attribute that IMS's listings filter by."""
        images = self._page.images
        if images and not _marked(images) and not _marked(self._public()):
            raise SettingsError(
                f"{self.where}: dialect is set to ims, but none of {counted(len(images), 'image')} has {IMS_MARK}, "
                "so the listings that filter by it would be empty",
                'Set dialect = "openstack", or leave it out.',
            )

    def _public(self) -> Sequence[Json]:
        """The sample's public images; if they are few and the sample is not the whole listing, a page of others."""
        public = _public_ones(self._page.images)
        if len(public) >= _ENOUGH or self._page.next is None:
            return public
        query = {**_sample_query(self._connection), "visibility": "public"}
        try:
            found = ask_page(self._connection, query, f"{self.where}, public images")[1].images
        except CloudError as exc:
            log.warning("%s", exc)
            return public
        return _public_ones(found) or public


def _sample_query(connection: Connection) -> dict[str, str]:
    return {"limit": str(min(_SAMPLE_SIZE, connection.settings.page_size)), "sort_key": "id", "sort_dir": "asc"}


def _public_ones(images: Sequence[Json]) -> list[Json]:
    return [image for image in images if isinstance(image, dict) and image.get("visibility") == "public"]


def _marked(images: Sequence[Json]) -> int:
    return sum(isinstance(image, dict) and str(image.get(IMS_MARK)).lower() in _KINDS for image in images)


def _told_by(images: Sequence[Json], what: str = "image") -> tuple[str | None, str]:
    """Return the dialect that these images indicate, None without images, and the reason.

    IMS if nine of ten images have the mark, or all of fewer than ten. A private IMS image without the mark is not lost:
    its listing filters by owner.
    """
    total, marked = len(images), _marked(images)
    if not total:
        return None, f"the API shows no {what}s to tell by"
    have = "has" if total == 1 else "have"
    least = -(-9 * total // 10) if total >= _ENOUGH else total
    if marked < least:
        return OPENSTACK, f"{total - marked} of {counted(total, what)} {have} no {IMS_MARK} of IMS's"
    return IMS, f"{marked} of {counted(total, what)} {have} {IMS_MARK}"


def _clocks(answer: Answer, where: str) -> tuple[datetime, timedelta | None, timedelta]:
    """Return the time at the cloud, how far its clock is ahead of ours, and by how much that time may be too late.

    A Date from a cache is older than the answer, so it is never too late. A gateway may write the Date by its own
    clock, or local time labelled GMT. If the Date is ahead of our clock, either of the two may be the clock that the
    images have, so the earlier one counts.
    """
    served_at, received_at = answer.served_at, answer.received_at.replace(microsecond=0)
    if served_at is None or served_at.year < _EARLIEST_YEAR:
        log.warning(
            "%s: the answer has no usable Date header. The time of this machine is used instead, and changes since one "
            "day before are read twice",
            where,
        )
        return received_at, None, _UNKNOWN_CLOCK
    difference = served_at - answer.received_at
    if difference <= _USUAL_DIFFERENCE:
        return served_at, difference, timedelta(0)
    log.warning(
        "%s: its clock is %.0f s ahead of this machine's. One of them is wrong; changes since the earlier time are "
        "read twice",
        where,
        difference.total_seconds(),
    )
    return served_at, difference, served_at - received_at
