"""Cuts a listing into parts at ids from the last run, so that several readers can share it."""

from dataclasses import replace

from extract.cutting import is_plain
from extract.listing import Listing
from extract.parts import Part, parts_between
from load.warehouse import Warehouse

PARTS_A_READER = 8
"""More parts than readers, and none shorter than a page, so that the readers end at about the same time."""


def known_parts(
    warehouse: Warehouse, cloud: str, listing: Listing, page_size: int, readers: int
) -> tuple[Part, ...] | None:
    """Parts of a page or more each; empty if the listing was short, or if its ids can be sorted in different ways.

    None if no image of it is known: it was empty, or no run has read it.
    """
    listed = {"cloud": cloud, "listing": listing.name, "is_shared": listing.is_shared}
    size = warehouse.row("reading", "listing_size", **listed)["images"]
    if not size:
        return None
    step = max(page_size, -(-size // (PARTS_A_READER * readers)))
    if readers < 2 or size <= step:
        return ()
    cuts = [identity for (identity,) in warehouse.rows("reading", "ids_to_cut_at", **listed, step=step)]
    if not all(map(is_plain, cuts)):
        return ()
    parts = parts_between(cuts)
    sizes = [step] * len(cuts) + [size - step * len(cuts)]
    return tuple(replace(part, expected=expected) for part, expected in zip(parts, sizes, strict=True))
