"""Looks up what earlier runs know about a cloud: its dialect, and the length of its listings."""

from load.warehouse import Warehouse


def remembered_dialect(warehouse: Warehouse, cloud: str) -> str | None:
    """`ims` or `openstack`, from the last loaded run; None if none of the cloud's images shows which one it is.

    The dialect must not change by itself: a person must decide that.
    """
    rows = warehouse.rows("reading", "remembered_dialect", cloud=cloud)
    return rows[0][0] if rows else None


def pages_of_listings(warehouse: Warehouse, cloud: str, page_size: int) -> dict[str, int]:
    """Full pages of each listing when a full run last read it completely, however many requests that took."""
    return dict(warehouse.rows("reading", "listing_pages", cloud=cloud, page_size=page_size))
