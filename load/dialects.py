"""The dialect in which a cloud was read so far: a change of it is a decision for a person."""

from load.warehouse import Warehouse


def remembered_dialect(warehouse: Warehouse, cloud: str) -> str | None:
    """`ims` or `openstack` as in the last run that was loaded; None where the cloud has no image that bears it out."""
    rows = warehouse.rows("merge", "remembered_dialect", cloud=cloud)
    return rows[0][0] if rows else None
