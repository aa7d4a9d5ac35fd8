"""A first look at a cloud: which dialect its image API speaks, and what its clock says. One request.

Called once a run and cloud, before any listing is asked.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from extract.asking import ask_page
from extract.connection import Connection
from extract.errors import SettingsError
from extract.images import Json
from extract.request import Answer

log = logging.getLogger(__name__)

IMS_MARK = "__imagetype"
"""Every IMS image has this attribute; a plain Glance image has it only where a tenant made it up."""

_SAMPLE_SIZE: Final = 100

_UNKNOWN_CLOCK: Final = timedelta(days=1)
"""How far behind ours a clock may be that no header shows: a mistake of time zone is at most 14 hours, and drift adds to it."""

_EARLIEST_DATE: Final = datetime(1970, 1, 1)
"""Clocks that lost their time begin here; no clock shows less."""

_USUAL_DIFFERENCE: Final = timedelta(seconds=60)
"""Clocks that are kept differ by less, and so much is what the overlap is for."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """`dialect` and why; `started_at` is by the server's clock, UTC; `clock_difference` is its less ours.

    The clock that gives images their `updated_at` was at `started_at - clock_uncertainty` or later. Whatever asks for
    what changed since the start must ask from there on.
    """

    dialect: str
    reason: str
    started_at: datetime
    clock_difference: timedelta | None
    sampled: int
    clock_uncertainty: timedelta = timedelta(0)


def look(connection: Connection) -> FirstLook:
    """The dialect, from the settings or from what the API answers, and what time it is at the cloud.

    Raises: SettingsError where the set dialect would make the listings silently empty; CloudError or TransientError
    where the API does not answer as an image service.
    """
    settings = connection.settings
    where = f"cloud {settings.name}"
    query = {"limit": str(min(_SAMPLE_SIZE, settings.page_size)), "sort_key": "id", "sort_dir": "asc"}
    answer, page = ask_page(connection, query, where)
    images = page.images
    dialect, reason = _dialect(settings.dialect, images, where)
    log.info("%s: dialect %s (%s)", where, dialect, reason)
    started_at, clock_difference, clock_uncertainty = _clocks(answer, where)
    return FirstLook(dialect, reason, started_at, clock_difference, len(images), clock_uncertainty)


def _dialect(chosen: str, images: Sequence[Json], where: str) -> tuple[str, str]:
    marked = sum(isinstance(image, dict) and IMS_MARK in image for image in images)
    if chosen == "ims" and images and not marked:
        raise SettingsError(
            f"{where}: dialect is set to ims, but none of {len(images)} images has {IMS_MARK}, "
            "so that the listings which ask for it would come back empty",
            'Set dialect = "openstack", or leave it out.',
        )
    if chosen != "auto":
        return chosen, "as set"
    if not images:
        # Plain Glance's listings ask for nothing that IMS would have to know, so that they cannot hide images.
        return "openstack", "the API shows no image to tell by"
    if marked == len(images):
        return "ims", f"each of {len(images)} images has {IMS_MARK}"
    # One tenant's invented attribute must not hide everybody else's images.
    return "openstack", f"{len(images) - marked} of {len(images)} images have no {IMS_MARK}"


def _clocks(answer: Answer, where: str) -> tuple[datetime, timedelta | None, timedelta]:
    """The time at the cloud, how far its clock is ahead of ours, and by how much the first may be too late.

    A Date from a cache is older than the answer, so that it is never too late. A gateway may write the Date by a clock
    of its own, or local time with GMT behind it: where it is ahead of our clock, either of the two may be the clock of
    the images, and the earlier one counts.
    """
    served_at, received_at = answer.served_at, answer.received_at.replace(microsecond=0)
    if served_at is None or served_at < _EARLIEST_DATE:
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
