"""A long listing shared by several readers: exactly what one reader gives, and polite."""

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import CloudError
from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.landing import Landing, ReadingStart
from extract.listing import listings
from extract.paging import Page
from extract.parts import Part, parts_between
from extract.reading import Reading
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.extract.conftest import as_it_is

START = datetime(2026, 11, 1)
PRIVATE = listings("ims", PROJECT, ("private",))[0]
randomly = random.Random(7)
IDS = sorted(str(uuid.UUID(int=randomly.getrandbits(128))) for _ in range(400))


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 10
        for number, identity in enumerate(IDS):
            created_at = START - timedelta(hours=randomly.randrange(10_000))
            running.add(identity, created_at=f"{created_at:%Y-%m-%dT%H:%M:%SZ}", number=number)
        yield running


@pytest.fixture
def connection(cloud: FakeCloud) -> Connection:
    return connect(
        CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=2, max_connections=4)
    )


def known(step: int) -> tuple[Part, ...]:
    """Parts as the last run would have left them."""
    return tuple(replace(part, expected=step) for part in parts_between(IDS[step - 1 :: step]))


def read(connection: Connection, folder: Path, parts: tuple[Part, ...] = ()) -> Reading[Page]:
    reading = Reading(
        connection,
        PRIVATE,
        Landing(folder / "private"),
        ReadingStart(START, None, parts),
        as_it_is,
        closing_since=START,
    )
    reading.ids = [image["id"] for page in reading.pages() for image in page.images]  # type: ignore[attr-defined]
    return reading


def ids(reading: Reading[Page]) -> list[str]:
    found: list[str] = reading.ids  # type: ignore[attr-defined]
    return found


def test_first_run_finds_cuts_by_probes_and_misses_nothing(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    reading = read(connection, tmp_path)
    assert sorted(ids(reading)) == IDS
    assert len(reading.evidence["parts"]) > 4
    assert reading.images == 400


def test_later_run_cuts_where_the_last_one_was(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    reading = read(connection, tmp_path, known(40))
    assert sorted(ids(reading)) == IDS
    assert [part["images"] for part in reading.evidence["parts"]] == [40] * 10 + [0]
    assert reading.evidence["beyond_part"] == 0
    assert {query.get("sort_key") for query in cloud.asked_listings()} == {"id"}


def test_requests_overlap_and_never_exceed_the_bound(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slowly(asked: Asked) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    cloud.faults.append(slowly)
    read(connection, tmp_path, known(20))
    assert most == 4


def test_cuts_whose_images_are_gone_cost_nothing_but_a_request_each(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    gone = IDS[39::40]
    for identity in gone:
        del cloud.images[identity]
    reading = read(connection, tmp_path, known(40))
    assert sorted(ids(reading)) == sorted(cloud.images)
    assert reading.evidence["markers_gone"] == 10


def test_images_that_come_and_go_meanwhile_do_no_harm(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    lock = threading.Lock()
    stay = set(IDS)

    def change(asked: Asked) -> None:
        with lock:
            if "updated_at" not in asked.query and asked.path == "/v2/images":
                cloud.images.pop(identity := randomly.choice(sorted(cloud.images)), None)
                stay.discard(identity)
                cloud.add(str(uuid.UUID(int=randomly.getrandbits(128))), updated_at="2026-11-01T00:00:01Z")

    cloud.faults.append(change)
    found = ids(read(connection, tmp_path, known(40)))
    assert stay <= set(found)
    assert {identity for identity in cloud.images if identity not in IDS} <= set(found)


@pytest.mark.parametrize("parts", [(), known(40)], ids=["first run", "later run"])
def test_service_that_ignores_the_order_is_read_by_one(
    cloud: FakeCloud, connection: Connection, tmp_path: Path, parts: tuple[Part, ...]
) -> None:
    order = sorted(IDS, key=lambda identity: cloud.images[identity]["number"] * 7919 % 400)

    def ignore(asked: Asked) -> Reply | None:
        if "updated_at" in asked.query or asked.path != "/v2/images":
            return None
        marker = asked.query.get("marker")
        rest = order[order.index(marker) + 1 :] if marker else order
        page: dict[str, Any] = {"images": [cloud.images[identity] for identity in rest[:10]]}
        if len(rest) > 10:
            page["next"] = f"/v2/images?marker={rest[9]}"
        return Reply(200, json.dumps(page).encode())

    cloud.faults.append(ignore)
    reading = read(connection, tmp_path, parts)
    assert set(ids(reading)) == set(IDS)
    assert (reading.images, reading.evidence["in_order"]) == (400, False)


def test_failure_of_one_part_ends_the_reading_and_says_which(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.faults.append(lambda asked: Reply(403) if asked.query.get("marker") == IDS[49] else None)
    with pytest.raises(CloudError, match="listing private, part-1, page 2"):
        read(connection, tmp_path, known(40))


def test_probes_that_are_refused_leave_it_to_one_reader(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.faults.append(lambda asked: Reply(400) if asked.query.get("sort_key") == "created_at" else None)
    reading = read(connection, tmp_path)
    assert sorted(ids(reading)) == IDS
    assert reading.evidence["parts"] == []


def test_throttled_cloud_is_asked_for_less_at_once(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    impatient = replace(connection.settings, tries=5)
    slower = replace(connection, settings=impatient)
    left = [Reply(429, headers={"Retry-After": "0"})] * 3
    cloud.faults.append(lambda asked: left.pop() if "marker" in asked.query and left else None)
    assert sorted(ids(read(slower, tmp_path, known(40)))) == IDS
