"""The API over a warehouse of a few nights, on a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from api.server import Served, in_background
from load.publish import publish
from tests.load.runs import PROJECT, Runs, image, new_warehouse

FIRST_NIGHT = datetime(2026, 11, 1, 2)

Listings = dict[str, list[dict[str, Any]]]


@contextmanager
def serving(served: Served) -> Iterator[httpx.Client]:
    """A client of the API, which runs until the block is left."""
    with in_background(served) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        yield client


def published(folder: Path, *nights: Listings, dialect: str = "ims") -> Path:
    """The copy of a warehouse that read these listings, one night after the other, cloud `c`."""
    copy = folder / "published.duckdb"
    with new_warehouse(folder) as warehouse:
        reading = Runs(warehouse, folder / "staged")
        reading.dialect = dialect
        for number, listings in enumerate(nights):
            reading.run(listings, at=FIRST_NIGHT + timedelta(days=number))
        publish(warehouse, copy)
    return copy


def private(identity: str, **attributes: Any) -> dict[str, Any]:
    """An image of our own, as IMS has it."""
    mark = {"__imagetype": "private", "visibility": "private", "owner": PROJECT, "status": "active"}
    return image(identity, **{"created_at": "2026-09-01T00:00:00Z", **mark, **attributes})
