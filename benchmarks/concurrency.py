"""What the limit on requests at once costs a reading, and whether slow writes to the landing hold it up.

`python -m benchmarks.concurrency [--rounds 2]`, in the environment of the tests. The same catalogue is read by turns
with the limiter and with a bound that never changes, at constant latencies: it takes at most 1.1 times as long. Then
pages are landed in the tests' store, where each write takes 50 ms. Exits with 1 where either fails.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from benchmarks.catalogue import served
from core.object_store import store_path
from core.storage import Place
from extract.account import CloudSettings
from extract.connection import connect
from extract.landing import Landing, ReadingStart
from extract.limiter import ConcurrencyLimiter, RequestSlot
from extract.listing import listings
from extract.reading import Reading
from tests.clouds.store import bucket, object_store

IMAGES: Final = 16_000
PAGE_SIZE: Final = 100
"""Small, so that the pages are many and a limiter that errs is seen."""

LATENCIES_MS: Final = ((5.0, 2.0), (50.0, 1.0), (200.0, 0.0), (0.0, 0.0))
"""A page, an image. A whole page takes many times as long as the empty listings and the probes beside it: the cloud
has not grown slow."""

SHARES: Final = (0.6, 0.4, 0.0, 0.0, 0.0)
MOST_TIMES_AS_LONG: Final = 1.1

STORED_PAGES: Final = 80
WRITE_SECONDS: Final = 0.05
WRITES_AT_ONCE: Final = 4
"""At least so many, of the eight that may run."""


def read(url: str, project: str, landing: Place) -> float:
    """Read all listings side by side, as a run does, into a new landing; the seconds that it took."""
    connection = connect(
        CloudSettings("c", auth_type="none", endpoint=url, project_id=project, dialect="ims", page_size=PAGE_SIZE)
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    with connection.client:

        def read_one(listing: Any) -> None:
            reading = Reading(
                connection,
                listing,
                Landing(landing / listing.name),
                ReadingStart(now, None),
                lambda page: len(page.images),
                closing_since=now - timedelta(minutes=5),
            )
            for _ in reading.pages():
                pass

        all_listings = listings("ims", project)
        began = time.perf_counter()
        with ThreadPoolExecutor(len(all_listings)) as threads:
            list(threads.map(read_one, all_listings))
        return time.perf_counter() - began


def read_here(url: str, project: str) -> float:
    """As read, into a folder of this machine."""
    with tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place:
        return read(url, project, Path(place))


@contextmanager
def without_limiter() -> Iterator[None]:
    """As many requests at once as are set, all the time."""
    slots = threading.Semaphore(CloudSettings("c").max_connections)

    @contextmanager
    def slot(*_: object) -> Iterator[RequestSlot]:
        with slots:
            yield RequestSlot(0)

    with patch.object(ConcurrencyLimiter, "slot", slot):
        yield


def limiter_costs(base_ms: float, image_ms: float, rounds: int) -> float:
    """How many times as long the reading takes with the limiter, the best of the rounds compared."""
    with_it, without_it = [], []
    with served(IMAGES, base_ms, image_ms, SHARES) as (url, project):
        for _ in range(rounds):
            with without_limiter():
                without_it.append(read_here(url, project))
            with_it.append(read_here(url, project))
    times = min(with_it) / min(without_it)
    print(
        f"{IMAGES:,} images, {base_ms:g} ms + {image_ms:g} ms an image: {min(with_it):.1f} s, "
        f"without limiter {min(without_it):.1f} s: {times:.2f} times as long",
        flush=True,
    )
    return times


def writes_at_once() -> float:
    """How many writes ran at once on average, in a store that speaks S3."""
    with (
        served(STORED_PAGES * PAGE_SIZE, 0, 0, (1, 0, 0, 0, 0)) as (url, project),
        object_store() as store,
        pytest.MonkeyPatch.context() as environment,
        bucket(store, environment) as folder,
    ):
        store.write_seconds = WRITE_SECONDS
        seconds = read(url, project, store_path(folder))
        writes = len(store.asked("PUT"))
    at_once = writes * WRITE_SECONDS / seconds
    print(
        f"{STORED_PAGES} pages in a store of {WRITE_SECONDS * 1000:.0f} ms a write: {seconds:.2f} s for "
        f"{writes} writes, {at_once:.1f} at once",
        flush=True,
    )
    return at_once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    costs = [limiter_costs(base_ms, image_ms, rounds) for base_ms, image_ms in LATENCIES_MS]
    at_once = writes_at_once()
    if max(costs) > MOST_TIMES_AS_LONG or at_once < WRITES_AT_ONCE:
        sys.exit(f"wanted: at most {MOST_TIMES_AS_LONG} times as long, and {WRITES_AT_ONCE} writes at once")


if __name__ == "__main__":
    main()
