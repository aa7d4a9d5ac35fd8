"""A first look at a cloud: which dialect its image API speaks, and what its clock says.

Called once a run and cloud, before any listing is asked. One request; a second one where the first leaves a doubt.
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
"""Nearly every IMS image has this attribute; a plain Glance image has it only where somebody made it up."""

_KINDS: Final = ("gold", "private", "shared", "market")
"""Its values. Source: reference, Table 1, `__imagetype`."""

_SAMPLE_SIZE: Final = 100
_ENOUGH: Final = 10
"""So many images, or more, may have a few odd ones among them."""

_UNKNOWN_CLOCK: Final = timedelta(days=1)
"""How far behind ours a clock may be that no header shows. A mistake of time zone is at most 14 hours; drift adds."""

_EARLIEST_YEAR: Final = 1970
"""Clocks that lost their time begin here; what shows less is no clock."""

_USUAL_DIFFERENCE: Final = timedelta(seconds=60)
"""Clocks that are kept differ by less, and so much is what the overlap is for."""


@dataclass(frozen=True, slots=True)
class ApiProbe:
    """`dialect` and why; `started_at` is by the server's clock, UTC; `clock_difference` is its less ours.

    The clock that gives images their `updated_at` was at `started_at - clock_uncertainty` or later. Whatever asks for
    what changed since the start must ask from there on. `is_recent`: its images have `os_hidden`, as all have since
    version 2.7 of Glance's API.
    """

    dialect: str
    reason: str
    started_at: datetime
    clock_difference: timedelta | None
    sampled: int
    clock_uncertainty: timedelta = timedelta(0)
    is_recent: bool = True


def probe_api(connection: Connection, remembered: str | None = None) -> ApiProbe:
    """Return the dialect and what time it is at the cloud. `remembered` is the dialect of the runs before.

    The dialect is the settings' own; else the remembered one, for one odd answer must not change what is read: that is
    a person's decision; else what the images say.
    Raises: SettingsError where the set dialect would make the listings silently empty; CloudError or TransientError
    where the API does not answer as an image service.
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
        # Plain Glance's listings ask for nothing that IMS would have to know, so that they cannot hide images.
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
    """The first images in id order, and the public ones, which tell more."""

    def __init__(self, connection: Connection, page: PageBody, where: str) -> None:
        self._connection = connection
        self._page = page
        self.where = where

    def told(self) -> tuple[str | None, str]:
        return _told_by(self._page.images)

    def told_with_public_images(self) -> tuple[str | None, str]:
        """The dialect by the sample and the public images, and what was seen.

        Only a cloud's operator may publish images, so that public ones say which service this is: one project's
        invented attribute must not hide everybody else's images, although its images may be all of a sample. Where
        few are public, both must have the mark: an IMS that is read as plain OpenStack shows all of its images, a
        plain Glance that is read as IMS hides most.
        """
        public = self._public()
        by_public, seen_of_public = _told_by(public, "public image")
        told, seen = self.told()
        if len(public) >= _ENOUGH or (told == IMS and by_public == OPENSTACK):
            return by_public, seen_of_public
        return told, seen

    def must_have_marks(self) -> None:
        """Raises: SettingsError where there are images, and none has the mark that IMS's listings ask for."""
        images = self._page.images
        if images and not _marked(images) and not _marked(self._public()):
            raise SettingsError(
                f"{self.where}: dialect is set to ims, but {IMS_MARK} is on none of {counted(len(images), 'image')}, "
                "so that the listings which ask for it would come back empty",
                'Set dialect = "openstack", or leave it out.',
            )

    def _public(self) -> Sequence[Json]:
        """Public images: those of the sample, or as many others where it does not have enough and is not all."""
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
    """The dialect by these images, None where there is none, and what was seen.

    IMS where nine of ten have the mark, of fewer than ten all: on IMS a private image without it is found by its
    owner all the same.
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
    """The time at the cloud, how far its clock is ahead of ours, and by how much the first may be too late.

    A Date from a cache is older than the answer, so that it is never too late. A gateway may write the Date by a clock
    of its own, or local time with GMT behind it: where it is ahead of our clock, either of the two may be the clock of
    the images, and the earlier one counts.
    """
    served_at, received_at = answer.served_at, answer.received_at.replace(microsecond=0)
    if served_at is None or served_at.year < _EARLIEST_YEAR:
        log.warning(
            "%s: no Date header that can be used. The time of this machine stands for the cloud's, and what changed "
            "since a day before is read twice",
            where,
        )
        return received_at, None, _UNKNOWN_CLOCK
    difference = served_at - answer.received_at
    if difference <= _USUAL_DIFFERENCE:
        return served_at, difference, timedelta(0)
    log.warning(
        "%s: its clock is %.0f s ahead of this machine's. One of them is wrong, and what changed since the earlier one "
        "is read twice",
        where,
        difference.total_seconds(),
    )
    return served_at, difference, served_at - received_at
