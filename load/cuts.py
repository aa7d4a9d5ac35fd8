"""Cuts a listing into parts at ids from the last run, so that several readers can share it."""

from dataclasses import replace

from extract.cutting import PAGES_A_PART, PARTS_A_READER, is_plain
from extract.listing import Listing
from extract.parts import Part, parts_between
from load.warehouse import Warehouse


def known_parts(warehouse: Warehouse, cloud: str, listing: Listing, page_size: int, readers: int) -> tuple[Part, ...]:
    """Parts of a few pages each; empty if the listing was short, or if its ids can be sorted in different ways."""
    listed = {"cloud": cloud, "listing": listing.name, "is_shared": listing.is_shared}
    size = warehouse.row("reading", "listing_size", **listed)["images"]
    step = max(PAGES_A_PART * page_size, -(-size // (PARTS_A_READER * readers)))
    if readers < 2 or size <= step:
        return ()
    cuts = [identity for (identity,) in warehouse.rows("reading", "ids_to_cut_at", **listed, step=step)]
    if not all(map(is_plain, cuts)):
        return ()
    parts = parts_between(cuts)
    sizes = [step] * len(cuts) + [size - step * len(cuts)]
    return tuple(replace(part, expected=expected) for part, expected in zip(parts, sizes, strict=True))
