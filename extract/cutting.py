"""Finds the ids at which to cut a listing, so that several readers can share it.

In id order, any id is a marker. A cut only says where a part begins; the part's reader finds out which images it has.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from core.errors import CloudError
from extract.asking import ask_page
from extract.body import usable_id
from extract.connection import Connection
from extract.images import Json
from extract.listing import Listing, mismatch
from extract.parts import Part, parts_between
from extract.spread import position
from extract.stopping import PROCESS_STOP, StopSignal
from extract.times import api_time

log = logging.getLogger(__name__)

PARTS_A_READER = 4
"""More parts than readers, so that parts of unequal size still end at about the same time."""

PAGES_A_PART = 2

FIRST_LOOK = 50
"""The images to request first from a listing that was never read: enough to guess its length, and soon there."""

_IDS_A_PART = 4
"""More ids than cuts, so that the parts differ less in size."""

_IDS_A_PROBE = 16


def is_plain(identity: str) -> bool:
    """Whether the id sorts the same by bytes and without regard to case, so that every database agrees on the cut."""
    return identity == identity.lower() and identity.isascii()


def probe(
    connection: Connection,
    listing: Listing,
    ids: Sequence[str],
    where: str,
    stopped: StopSignal = PROCESS_STOP,
    page_size: int = 0,
) -> list[str]:
    """Return the ids at which to cut the rest of the listing, ascending; empty if it is too short to cut.

    `ids`: those of the first page; `page_size`: of the following ones, if that is more. The probes look for images by
    creation time: if ids are random, as Glance's are, the images found are spread evenly over the id order.
    """
    pages = _images_of(ids) // max(len(ids), page_size, 1)
    wanted = min(PARTS_A_READER * connection.settings.max_connections, pages // PAGES_A_PART)
    if wanted < 2 or not all(map(is_plain, ids)):
        return []
    asking = _Probes(connection, listing, where, stopped)
    oldest, newest = asking.side_by_side([{"sort_dir": "asc"}, {"sort_dir": "desc"}])
    began, ended = _created_at(oldest), _created_at(newest)
    if began is None or ended is None:
        return []
    probes = 1 + wanted * _IDS_A_PART // _IDS_A_PROBE
    step = (ended - began) / (probes + 1)
    bounds = [began + number * step for number in range(1, probes + 1)]
    found = asking.side_by_side([{"sort_dir": "asc", "created_at": f"gte:{_text(bound)}"} for bound in bounds])
    usable = {usable_id(image) for images in (oldest, newest, *found) for image in images}
    later = sorted(one for one in usable if one is not None and is_plain(one) and one > ids[-1])
    return evenly(later, wanted - 1)


def evenly(ids: Sequence[str], number: int) -> list[str]:
    """Return so many of the ids, or all if they are fewer, at equal distances: neither end is chosen."""
    if number >= len(ids):
        return list(ids)
    return [ids[(place + 1) * len(ids) // (number + 1)] for place in range(number)]


def guessed_parts(ids: Sequence[str], cuts: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts between the cuts, with the number of images that the first ids of the listing let expect."""
    images = _images_of(ids)
    return tuple(replace(part, expected=_expected(images, part), is_guess=True) for part in parts_between(cuts))


def _expected(images: int, part: Part) -> int | None:
    begin, end = (
        (0.0 if part.after is None else position(part.after)),
        (1.0 if part.until is None else position(part.until)),
    )
    return None if begin is None or end is None else max(0, round(images * (end - begin)))


def _images_of(ids: Sequence[str]) -> int:
    """Estimate the number of images of a listing that begins with these ids; 0 if unknown."""
    last = position(ids[-1]) if ids else None
    return 0 if last is None else int(len(ids) / last)


class _Probes:
    """Asks for a few images at a time, several at once. If a question fails, the listing is cut into fewer parts."""

    def __init__(self, connection: Connection, listing: Listing, where: str, stopped: StopSignal) -> None:
        self._connection = connection
        self._stopped = stopped
        self._listing = listing
        self._where = f"{where}, probe"

    def side_by_side(self, questions: Sequence[dict[str, str]]) -> list[list[Json]]:
        with ThreadPoolExecutor(self._connection.settings.max_connections) as workers:
            return list(workers.map(self._ask, questions))

    def _ask(self, question: dict[str, str]) -> list[Json]:
        query = {**self._listing.filters, "limit": str(_IDS_A_PROBE), "sort_key": "created_at", **question}
        try:
            images = ask_page(self._connection, query, self._where, self._stopped)[1].images
        except CloudError as exc:
            log.info("%s", exc)
            return []
        return [image for image in images if usable_id(image) and mismatch(self._listing, image) is None]


def _created_at(images: list[Json]) -> datetime | None:
    """When the first of the images was created."""
    return api_time(images[0].get("created_at")) if images else None


def _text(time: datetime) -> str:
    return f"{time.isoformat(timespec='seconds')}Z"
