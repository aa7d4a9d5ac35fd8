"""Probes only make a reading faster: whatever they meet, they find cuts or none, and never end a listing."""

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.cutting import is_plain, probe
from extract.listing import listings
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud

PRIVATE = listings("ims", PROJECT, ("private",))[0]
source = random.Random(3)
IDS = sorted(str(uuid.UUID(int=source.getrandbits(128))) for _ in range(200))


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number, identity in enumerate(IDS):
            running.add(identity, created_at=f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T00:00:00Z")
        yield running


@pytest.fixture
def connection(cloud: FakeCloud) -> Connection:
    settings = CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1, max_connections=4)
    return connect(settings)


def test_cuts_ascend_and_lie_beyond_the_first_page(connection: Connection) -> None:
    cuts = probe(connection, PRIVATE, IDS[:10], "cloud c")
    assert len(cuts) > 3
    assert cuts == sorted(set(cuts))
    assert cuts[0] > IDS[9]


@pytest.mark.parametrize("oldest", [None, "", 7, "soon", [], "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("newest", ["2026-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999"])
def test_times_of_any_form_never_end_a_listing(
    cloud: FakeCloud, connection: Connection, oldest: Any, newest: Any
) -> None:
    def answer(asked: Any) -> Reply | None:
        if asked.query.get("sort_key") != "created_at" or "created_at" in asked.query:
            return None
        time = oldest if asked.query["sort_dir"] == "asc" else newest
        return Reply(200, json.dumps({"images": [cloud.images[IDS[150]] | {"created_at": time}]}).encode())

    cloud.faults.append(answer)
    cuts = probe(connection, PRIVATE, IDS[:10], "cloud c")
    assert cuts == sorted(set(cuts))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400), Reply(500), Reply(200, b""), Reply(200, b"<html>"), Reply(200, b"[]"), Reply(cut_at=-1),
        Reply(200, b'{"images": [7, null, {"id": 7}]}'), Reply(200, b'{"images": []}'),
        Reply(200, b'{"images": [{"id": "x", "owner": "somebody else"}]}'),
    ],
)  # fmt: skip
def test_answers_of_any_form_never_end_a_listing(cloud: FakeCloud, connection: Connection, reply: Reply) -> None:
    cloud.faults.append(lambda asked: reply if asked.query.get("sort_key") == "created_at" else None)
    assert probe(connection, PRIVATE, IDS[:10], "cloud c") == []


def test_short_listing_is_not_probed(cloud: FakeCloud, connection: Connection) -> None:
    assert probe(connection, PRIVATE, IDS[:150], "cloud c") == []
    assert cloud.log == []


@pytest.mark.parametrize(("identity", "plain"), [("0a-f", True), ("0A", False), ("ä", False), ("a_b", True)])
def test_only_ids_that_every_database_sorts_alike_are_cuts(identity: str, plain: bool) -> None:
    assert is_plain(identity) is plain
