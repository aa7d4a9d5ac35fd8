"""A first look at a cloud: which dialect its image API speaks, and what its clock says. One request.

Called once a run and cloud, before any listing is asked.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extract.asking import ask_page
from extract.connection import Connection
from extract.errors import SettingsError
from extract.images import Json

log = logging.getLogger(__name__)

IMS_MARK = "__imagetype"
"""Every IMS image has this attribute; a plain Glance image has it only where a tenant made it up."""

_SAMPLE_SIZE = 100


@dataclass(frozen=True, slots=True)
class FirstLook:
    """`dialect` and why; `started_at` is by the server's clock, UTC; `clock_difference` is its less ours."""

    dialect: str
    reason: str
    started_at: datetime
    clock_difference: timedelta | None
    sampled: int


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
    if answer.served_at is None:
        log.warning("%s: no Date header; our own clock stands in for the server's", where)
    served_at = answer.served_at or answer.received_at.replace(microsecond=0)
    return FirstLook(
        dialect=dialect,
        reason=reason,
        started_at=served_at,
        clock_difference=answer.served_at - answer.received_at if answer.served_at else None,
        sampled=len(images),
    )


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
