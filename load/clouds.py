"""The table `clouds`: where each cloud is that a run has logged in to, and which of an account's are gone."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from load.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class CloudPlace:
    """A row of `clouds`, without its times. `settings_name` is the same for all clouds of one account."""

    cloud: str
    settings_name: str
    region: str | None
    project_id: str | None
    project_name: str | None
    domain: str | None
    endpoint: str
    dialect: str | None


def keep_cloud(warehouse: Warehouse, place: CloudPlace, seen_at: datetime) -> None:
    """Keep that a run which started then (UTC) has logged in there. Raises: WarehouseError."""

    def keep() -> None:
        before = warehouse.rows("runs", "cloud_first_seen", cloud=place.cloud)
        warehouse.run("runs", "forget_cloud", cloud=place.cloud)
        warehouse.run(
            "runs", "add_cloud", **asdict(place), first_seen=before[0][0] if before else seen_at, last_seen=seen_at
        )

    warehouse.atomically(keep)


def clouds_of_settings(warehouse: Warehouse, settings_name: str) -> list[str]:
    """The clouds of an account that are not known to be gone, by name."""
    return [cloud for (cloud,) in warehouse.rows("runs", "clouds_of_settings", settings_name=settings_name)]


def mark_gone(warehouse: Warehouse, clouds: Iterable[str], gone_since: datetime) -> None:
    """Keep that an account no longer has these clouds. Nothing of them ends. `gone_since` is UTC."""

    def mark() -> None:
        for cloud in clouds:
            warehouse.run("runs", "mark_cloud_gone", cloud=cloud, gone_since=gone_since)

    warehouse.atomically(mark)
