"""What earlier runs say of how a cloud is to be read: its dialect, and how long its listings are."""

from load.warehouse import Warehouse


def remembered_dialect(warehouse: Warehouse, cloud: str) -> str | None:
    """`ims` or `openstack` as in the last run that was loaded; None where the cloud has no image that bears it out.

    A change of it is a decision for a person.
    """
    rows = warehouse.rows("reading", "remembered_dialect", cloud=cloud)
    return rows[0][0] if rows else None


def pages_of_listings(warehouse: Warehouse, cloud: str) -> dict[str, int]:
    """By listing, how many pages it had when a full run last read it completely."""
    return dict(warehouse.rows("reading", "listing_pages", cloud=cloud))
