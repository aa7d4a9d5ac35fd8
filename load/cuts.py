"""Where the last run's ids cut a listing, so that several readers can share it."""

from extract.cutting import PAGES_A_PART, PARTS_A_READER, STEPS_BACK, is_plain
from extract.listing import Listing
from extract.paging import Part
from load.warehouse import Warehouse


def known_parts(warehouse: Warehouse, cloud: str, listing: Listing, page_size: int, readers: int) -> tuple[Part, ...]:
    """The listing in parts of a few pages each; none where it was short, or its ids may have more than one order."""
    size = warehouse.row("merge", "listing_size", cloud=cloud, listing=listing.name, is_shared=listing.is_shared)[
        "images"
    ]
    step = max(PAGES_A_PART * page_size, -(-size // (PARTS_A_READER * readers)))
    if readers < 2 or size <= step:
        return ()
    rows = warehouse.rows(
        "merge", "ids_to_cut_at",
        cloud=cloud, listing=listing.name, is_shared=listing.is_shared, step=step, steps_back=min(STEPS_BACK, step - 1),
    )  # fmt: skip
    cuts: list[tuple[str, int, tuple[str, ...]]] = []
    before: list[str] = []
    for identity, position in rows:
        if not is_plain(identity):
            return ()
        if position % step == 0:
            cuts.append((identity, position, tuple(before)))
            before = []
        else:
            before.append(identity)
    begins: list[tuple[str | None, int, tuple[str, ...]]] = [(None, 0, ()), *cuts]
    ends: list[tuple[str | None, int]] = [*((identity, position) for identity, position, _ in cuts), (None, size)]
    return tuple(
        Part(after, until, before_it, end - begin)
        for (after, begin, before_it), (until, end) in zip(begins, ends, strict=True)
    )
