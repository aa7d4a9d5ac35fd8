"""The texts from which the current versions of a cloud were made, for readers: what they know need not be flattened."""

import logging
from collections.abc import Iterable

from core.errors import WarehouseError
from extract.known_texts import KnownTexts
from load.warehouse import Warehouse
from transform.code_hash import code_hash

log = logging.getLogger(__name__)

_ROWS_A_PIECE = 50_000


class NotAsKnown(WarehouseError):
    """An image came as its version was when the run began, and another machine has loaded another version since.

    The staged files do not have the whole image; stage them again from landing.
    """


def known_texts(warehouse: Warehouse, cloud: str, listings: Iterable[str]) -> KnownTexts:
    """The texts of the cloud's current versions; none if these listings were not all flattened by this very code.

    So a new version of glanceback flattens every image once, and corrects what an older one made of it. None also if
    the warehouse cannot tell, because known texts only save time.
    """
    try:
        known = {"cloud": cloud, "flattened_by": code_hash()}
        alike = {listing for (listing,) in warehouse.rows("reading", "listings_flattened_alike", **known)}
        if alike.issuperset(listings):
            pieces = warehouse.pieces("reading", "known_texts", _ROWS_A_PIECE, cloud=cloud)
            return KnownTexts(b"".join(text for piece in pieces for (text,) in piece))
    except WarehouseError as exc:
        log.info("cloud %s: every image is flattened, because %s", cloud, exc.what)
    return KnownTexts(b"")
