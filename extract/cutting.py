"""Finds the ids at which to cut a listing, so that several readers can share it.

In id order, any id is a marker. A cut only says where a part begins; the part's reader finds out which images it has.
"""

import logging
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from core.errors import CloudError
from extract.asking import ask_page
from extract.body import usable_id
from extract.connection import Connection
from extract.images import Json
from extract.listing import Listing, mismatch
from extract.stopping import PROCESS_STOP, StopSignal
from extract.times import api_time

log = logging.getLogger(__name__)

PARTS_A_READER = 4
"""More parts than readers, so that parts of unequal size still end at about the same time."""

PAGES_A_PART = 2

_HEXADECIMAL_DIGITS = 8
_HEXADECIMAL = re.compile(r"[0-9a-f]{8}")


def is_plain(identity: str) -> bool:
    """Whether the id sorts the same by bytes and without regard to case, so that every database agrees on the cut."""
    return identity == identity.lower() and identity.isascii()


def probe(
    connection: Connection, listing: Listing, ids: Sequence[str], where: str, stopped: StopSignal = PROCESS_STOP
) -> list[str]:
    """Return the ids at which to cut the rest of the listing, ascending; empty if it is too short to cut.

    `ids`: those of the first page. The probes look for images by creation time: if ids are random, as Glance's are,
    the images found are spread evenly over the id order.
    """
    wanted = min(PARTS_A_READER * connection.settings.max_connections, _pages_left(ids) // PAGES_A_PART)
    if wanted < 2 or not all(map(is_plain, ids)):
        return []
    asking = _Probes(connection, listing, where, stopped)
    oldest, newest = asking.side_by_side([{"sort_dir": "asc"}, {"sort_dir": "desc"}])
    began, ended = _created_at(oldest), _created_at(newest)
    if began is None or ended is None:
        return []
    step = (ended - began) / wanted
    bounds = [began + number * step for number in range(1, wanted)]
    found = asking.side_by_side([{"sort_dir": "asc", "created_at": f"gte:{_text(bound)}"} for bound in bounds])
    cuts = {identity for image in found if (identity := usable_id(image)) is not None and is_plain(identity)}
    return sorted(identity for identity in cuts if identity > ids[-1])


def _pages_left(ids: Sequence[str]) -> int:
    """Estimate the pages of the listing from the share of hexadecimal ids on its first page; 0 if unknown."""
    match = _HEXADECIMAL.match(ids[-1]) if ids else None
    return 16**_HEXADECIMAL_DIGITS // (int(match[0], 16) + 1) if match else 0


class _Probes:
    """Asks for single images, several at once. If a question fails, the listing is cut into fewer parts."""

    def __init__(self, connection: Connection, listing: Listing, where: str, stopped: StopSignal) -> None:
        self._connection = connection
        self._stopped = stopped
        self._listing = listing
        self._where = f"{where}, probe"

    def side_by_side(self, questions: Sequence[dict[str, str]]) -> list[Json]:
        with ThreadPoolExecutor(self._connection.settings.max_connections) as workers:
            return list(workers.map(self._ask, questions))

    def _ask(self, question: dict[str, str]) -> Json:
        query = {**self._listing.filters, "limit": "1", "sort_key": "created_at", **question}
        try:
            images = ask_page(self._connection, query, self._where, self._stopped)[1].images
        except CloudError as exc:
            log.info("%s", exc)
            return None
        fitting = [image for image in images if usable_id(image) and mismatch(self._listing, image) is None]
        return fitting[0] if fitting else None


def _created_at(image: Json) -> datetime | None:
    return api_time(image.get("created_at")) if image else None


def _text(time: datetime) -> str:
    return f"{time.isoformat(timespec='seconds')}Z"
