"""Probes only make a reading faster: whatever they meet, they find cuts or none, and never end a listing."""

import json
import random
import uuid
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.cutting import evenly, guessed_parts, is_plain, probe
from extract.listing import listings
from extract.parts import Part
from extract.stopping import StopSignal
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud

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


def fixed(cloud: FakeCloud, oldest: str, newest: str, found: dict[str, Any] | None = None) -> list[str]:
    """Let the cloud's oldest and newest image be of these days; return the bounds that are asked for, as they come."""
    bounds: list[str] = []

    def answer(asked: Asked) -> Reply | None:
        if "created_at" in asked.query:
            bounds.append(asked.query["created_at"])
            return (
                None if found is None else Reply(200, json.dumps({"images": [cloud.images[IDS[0]] | found]}).encode())
            )
        if asked.query.get("sort_key") != "created_at":
            return None
        day = {"asc": oldest, "desc": newest}[asked.query["sort_dir"]]
        return one_image({"created_at": day})

    def one_image(differs: dict[str, Any]) -> Reply:
        return Reply(200, json.dumps({"images": [cloud.images[IDS[0]] | differs]}).encode())

    cloud.faults.append(answer)
    return bounds


def test_time_between_the_oldest_and_the_newest_image_is_cut_evenly(cloud: FakeCloud, connection: Connection) -> None:
    bounds = fixed(cloud, "2026-01-01T00:00:00Z", "2026-01-19T00:00:00Z")
    assert probe(connection, PRIVATE, ["00000001"], "cloud c")
    assert sorted(bounds) == [f"gte:2026-01-{day:02d}T00:00:00Z" for day in (4, 7, 10, 13, 16)]
    asked = [asked.query for asked in cloud.log]
    assert all((query["limit"], query["sort_key"], query["owner"]) == ("16", "created_at", PROJECT) for query in asked)


def test_listing_is_cut_into_four_parts_a_reader_of_about_the_same_size(
    cloud: FakeCloud, connection: Connection
) -> None:
    cuts = probe(connection, PRIVATE, IDS[:10], "cloud c")
    # 200 images, 10 a page: parts of about two pages. The probes find more ids than that.
    assert 7 <= len(cuts) <= 15
    places = [9, *(IDS.index(cut) for cut in cuts), 199]
    assert max(end - begin for begin, end in pairwise(places)) <= 60


@pytest.mark.parametrize(("page_size", "is_worth_it"), [(0, True), (50, True), (51, False), (1000, False)])
def test_listing_that_began_with_a_small_page_is_cut_by_the_size_of_the_next_ones(
    cloud: FakeCloud, connection: Connection, page_size: int, is_worth_it: bool
) -> None:
    """Ten ids in a twentieth of the order: 200 images."""
    ids = [f"{number:08x}" for number in range(1, 10)] + [f"{16**8 // 20 - 1:08x}"]
    probe(connection, PRIVATE, ids, "cloud c", page_size=page_size)
    assert bool(cloud.log) is is_worth_it


@pytest.mark.parametrize(
    ("number", "chosen"),
    [(0, ""), (1, "e"), (2, "cf"), (3, "ceg"), (7, "bcdefgh"), (8, "abcdefgh"), (9, "abcdefgh")],
)
def test_ids_to_cut_at_are_chosen_at_equal_distances(number: int, chosen: str) -> None:
    assert "".join(evenly("abcdefgh", number)) == chosen


def test_parts_expect_the_images_that_their_share_of_the_order_promises() -> None:
    ids = ["00000000", "0fffffff"]
    assert guessed_parts(ids, ["3fffffff", "bfffffff"]) == (
        Part(None, "3fffffff", 8, is_guess=True),
        Part("3fffffff", "bfffffff", 16, is_guess=True),
        Part("bfffffff", None, 8, is_guess=True),
    )
    assert guessed_parts(ids, ["no number"]) == (
        Part(None, "no number", None, is_guess=True),
        Part("no number", None, None, is_guess=True),
    )


@pytest.mark.parametrize(("last", "is_worth_it"), [("3fffffff", True), ("40000000", False), ("7fffffff", False)])
def test_listing_is_cut_where_four_pages_may_be_left(
    cloud: FakeCloud, connection: Connection, last: str, is_worth_it: bool
) -> None:
    probe(connection, PRIVATE, [last], "cloud c")
    assert bool(cloud.log) is is_worth_it


@pytest.mark.parametrize("ids", [[], ["no number"], ["0000000A", "00000001"], ["0000000ä", "00000001"]])
def test_listing_whose_ids_say_nothing_of_its_length_or_order_is_not_probed(
    cloud: FakeCloud, connection: Connection, ids: list[str]
) -> None:
    assert probe(connection, PRIVATE, ids, "cloud c") == []
    assert cloud.log == []


@pytest.mark.parametrize(
    ("found", "is_a_cut"),
    [(IDS[150], True), (IDS[9], False), (IDS[3], False), (IDS[150].upper(), False), ("ä", False)],
)
def test_cut_is_a_plain_id_that_comes_after_the_first_page(
    cloud: FakeCloud, connection: Connection, found: str, is_a_cut: bool
) -> None:
    fixed(cloud, "2026-01-01T00:00:00Z", "2026-01-17T00:00:00Z", {"id": found})
    assert probe(connection, PRIVATE, IDS[:10], "cloud c") == ([found] if is_a_cut else [])


def test_probe_that_fails_is_logged_with_where_it_was_asked(
    cloud: FakeCloud, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.faults.append(lambda asked: Reply(400) if "created_at" in asked.query else None)
    with caplog.at_level("INFO"):
        cuts = probe(connection, PRIVATE, IDS[:10], "cloud c")
    # The oldest and the newest images are known all the same.
    assert set(cuts) <= set(IDS[10:])
    said = next(record.getMessage() for record in caplog.records if record.name == "extract.cutting")
    assert said.startswith("cloud c, probe: ")


def test_nothing_is_probed_after_the_reading_was_stopped(cloud: FakeCloud, connection: Connection) -> None:
    stopped = StopSignal()
    stopped.set()
    assert probe(connection, PRIVATE, IDS[:10], "cloud c", stopped) == []
    assert cloud.log == []
