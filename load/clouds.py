"""The table `clouds`: where each cloud is that a run has logged in to, and which of an account's are gone.

Its rows are written with the load of a cloud, in the same transaction, and again by a replay, in any order of runs.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from extract.scope import EarlierCloud
from load.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class CloudPlace:
    """A row of `clouds`, without the cloud's name and its times.

    `settings_name`: the account of which the cloud is one of many; None: the settings have the cloud itself.
    """

    settings_name: str | None
    region: str | None
    project_id: str | None
    project_name: str | None
    domain: str | None
    endpoint: str
    dialect: str | None


def keep_cloud_within(warehouse: Warehouse, cloud: str, place: CloudPlace, seen_at: datetime) -> None:
    """Keep that a run which started then (UTC) has logged in there. What a later run saw stays.

    The caller opens the transaction.
    """
    row = {**asdict(place), "settings_name": place.settings_name or cloud}
    before = warehouse.rows("runs", "cloud_times", cloud=cloud)
    if not before:
        warehouse.run("runs", "add_cloud", cloud=cloud, **row, first_seen=seen_at, last_seen=seen_at)
        return
    first_seen, last_seen = before[0]
    if seen_at < last_seen:
        warehouse.run("runs", "cloud_was_seen_before", cloud=cloud, first_seen=min(first_seen, seen_at))
        return
    warehouse.run("runs", "forget_cloud", cloud=cloud)
    warehouse.run("runs", "add_cloud", cloud=cloud, **row, first_seen=min(first_seen, seen_at), last_seen=seen_at)


def earlier_clouds(warehouse: Warehouse) -> list[EarlierCloud]:
    """All clouds that a run has logged in to; of two that are the same project, the one that was read last is last."""
    return [EarlierCloud(*row) for row in warehouse.rows("reading", "earlier_clouds")]


def mark_gone_within(warehouse: Warehouse, cloud: str, gone_since: datetime) -> None:
    """Keep that an account no longer has this cloud. Nothing of it ends. `gone_since` is UTC.

    The caller opens the transaction.
    """
    warehouse.run("runs", "mark_cloud_gone", cloud=cloud, gone_since=gone_since)


def rename_place_within(warehouse: Warehouse, old: str, new: str) -> None:
    """Give the row a new name. If there is a row with that name, it stays, because it is newer.

    The caller opens the transaction.
    """
    if before := warehouse.rows("runs", "cloud_times", cloud=old):
        if after := warehouse.rows("runs", "cloud_times", cloud=new):
            first_seen = min(before[0][0], after[0][0])
            warehouse.run("runs", "cloud_was_seen_before", cloud=new, first_seen=first_seen)
            warehouse.run("runs", "forget_cloud", cloud=old)
        else:
            warehouse.run("runs", "rename_cloud", old=old, new=new)
