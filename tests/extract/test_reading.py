"""One listing over real HTTP: landed, checked, closed. And the first look before."""

import dataclasses
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import CloudError, SettingsError, TransientError
from extract.connection import Connection
from extract.dialect import probe_api
from extract.landing import Landing, ReadingStart, landed_pages, listing_folder
from extract.listing import listings
from extract.paging import Page
from extract.reading import Reading
from extract.stopping import PROCESS_STOP, Stopped, StopSignal
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply
from tests.clouds.model import ModelServer, equal_parts, numbered
from tests.extract.conftest import as_it_is

PRIVATE = listings("ims", PROJECT, ("private",))[0]
START = datetime(2026, 11, 1)


def read(connection: Connection, folder: Path) -> list[str]:
    reading = Reading(
        connection, PRIVATE, Landing(folder / "private"), ReadingStart(START, None), as_it_is, closing_since=START
    )
    return [image["id"] for page in reading.pages() for image in page.images]


def test_listing_is_read_whole_and_closed(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    cloud.largest_page = 3
    for number in range(10):
        cloud.add(f"{number}")
    assert read(connection, tmp_path) == [f"{number}" for number in range(10)]
    assert cloud.asked_listings()[-1]["updated_at"] == "gte:2026-11-01T00:00:00Z"


def test_change_behind_the_readers_back_comes_in_the_closing_pass(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.largest_page = 1
    cloud.add("a")
    cloud.add("b")

    def change(asked: Asked) -> None:
        if asked.query.get("marker") == "a":
            cloud.add("a", name="changed", updated_at="2026-11-01T00:00:05Z")

    cloud.faults.append(change)
    assert read(connection, tmp_path) == ["a", "b", "a"]


def test_landing_holds_the_pages_as_received_with_what_was_asked(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    body = b'{ "images" : [ {"id":"a", "owner":"%s", "odd" : 1.10 } ] }' % PROJECT.encode()
    cloud.faults.append(lambda asked: Reply(200, body) if "updated_at" not in asked.query else None)
    read(connection, tmp_path)
    landed = list(landed_pages(tmp_path / "private"))
    assert landed[0][1] == body
    line = landed[0][0]
    assert (line.count, line.first_id, line.last_id, line.status, line.query["owner"]) == (1, "a", "a", 200, PROJECT)
    assert [page.part for page, _ in landed] == ["listing", "closing"]


def test_body_that_is_no_page_is_landed_before_it_is_refused(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.faults.append(lambda asked: Reply(200, b"<html>please log in</html>"))
    with pytest.raises(CloudError, match="cloud c, listing private, page 1: the answer is not JSON"):
        read(connection, tmp_path)
    assert (tmp_path / "private" / "page-000001.json.zst").exists()


@pytest.mark.parametrize("body", [b"[]", b'{"images": {}}', b'{"pictures": []}', b'{"images": [], "next": 7}'])
def test_body_not_of_the_documented_shape_is_an_error(
    cloud: FakeCloud, connection: Connection, tmp_path: Path, body: bytes
) -> None:
    cloud.faults.append(lambda asked: Reply(200, body))
    with pytest.raises(CloudError, match="cloud c, listing private, page 1"):
        read(connection, tmp_path)


def test_json_that_breaks_off_is_worth_another_try(
    cloud: FakeCloud, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = dataclasses.replace(connection, settings=dataclasses.replace(connection.settings, tries=1))
    cloud.faults.append(lambda asked: Reply(200, b'{"images": [{"id": "a"'))
    with pytest.raises(TransientError, match="is cut off"):
        read(once, tmp_path)


def test_token_is_not_in_the_landing(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    connection.client.headers["X-Auth-Token"] = "canary"
    cloud.add("a")
    read(connection, tmp_path)
    assert b"canary" not in (tmp_path / "private" / "manifest.jsonl").read_bytes()


def test_next_link_to_another_host_is_not_followed(cloud: FakeCloud, connection: Connection, tmp_path: Path) -> None:
    for identity in "ab":
        cloud.add(identity)

    def elsewhere(asked: Asked) -> Reply | None:
        if "marker" in asked.query or "updated_at" in asked.query:
            return None
        page = {"images": [cloud.images["a"]], "next": "http://evil.example/v2/images?marker=a"}
        return Reply(200, json.dumps(page).encode())

    cloud.faults.append(elsewhere)
    assert read(connection, tmp_path) == ["a", "b"]


def test_folder_of_a_cloud_with_a_strange_name_stays_in_the_landing() -> None:
    folder = listing_folder(Path("landing"), "run", "../../etc", "public")
    assert folder.resolve().is_relative_to(Path("landing/run").resolve())
    assert ".." not in folder.parts


def test_dialect_is_ims_where_every_image_has_its_mark(cloud: FakeCloud, connection: Connection) -> None:
    cloud.add("a")
    assert probe_api(connection).dialect == "ims"


def test_one_tenants_invented_attribute_does_not_make_a_cloud_ims(cloud: FakeCloud, connection: Connection) -> None:
    cloud.add("a")
    del cloud.add("b")["__imagetype"]
    assert probe_api(connection).dialect == "openstack"


def test_dialect_that_would_list_nothing_is_refused(cloud: FakeCloud, connection: Connection) -> None:
    del cloud.add("a")["__imagetype"]
    settings = dataclasses.replace(connection.settings, dialect="ims")
    with pytest.raises(SettingsError, match="__imagetype"):
        probe_api(dataclasses.replace(connection, settings=settings))


def test_start_is_the_servers_clock(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(200, b'{"images": []}', {"Date": "Sun, 01 Nov 2026 02:00:00 GMT"}))
    api_probe = probe_api(connection)
    assert api_probe.started_at == datetime(2026, 11, 1, 2)


def shared(connection: Connection, folder: Path) -> Reading[Page]:
    """A listing of shares, read to its end."""
    (listing,) = listings("ims", PROJECT, ("shared-accepted",))
    landing = Landing(folder / listing.name)
    reading = Reading(connection, listing, landing, ReadingStart(START, None), as_it_is, closing_since=START)
    for _ in reading.pages():
        pass
    return reading


def test_images_that_we_share_out_are_counted_apart_and_once(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.add("ours", "shared-accepted", owner=PROJECT, updated_at="2026-11-01T00:00:01Z")
    cloud.add("received", "shared-accepted", updated_at="2026-11-01T00:00:01Z")
    reading = shared(connection, tmp_path)
    assert reading.evidence["closing"]["images"] == 2
    assert (reading.images, reading.evidence["images"], reading.evidence["shared_out"]) == (1, 2, 1)


def test_what_the_closing_pass_shows_again_is_not_counted_again(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.largest_page = 1
    for identity in "abc":
        cloud.add(identity, updated_at="2026-11-01T00:00:01Z")
    landing = Landing(tmp_path / "private")
    reading = Reading(connection, PRIVATE, landing, ReadingStart(START, None), as_it_is, closing_since=START)
    assert [image["id"] for page in reading.pages() for image in page.images] == [*"abcabc"]
    assert (reading.images, reading.evidence["closing"]["images"]) == (3, 3)
    assert reading.page_count == reading.evidence["pages"] + reading.evidence["closing"]["pages"] == len(cloud.log)
    assert reading.bytes == reading.evidence["bytes"] + reading.evidence["closing"]["bytes"]


def test_image_comes_once_in_the_closing_pass_after_a_marker_was_gone(
    cloud: FakeCloud, connection: Connection, tmp_path: Path
) -> None:
    cloud.largest_page = 2
    for identity in "abcd":
        cloud.add(identity, updated_at="2026-11-01T00:00:01Z")
    refused: list[str] = []

    def refuse(asked: Asked) -> Reply | None:
        if "updated_at" not in asked.query or asked.query.get("marker") != "b" or refused:
            return None
        refused.append("b")
        return Reply(404)

    cloud.faults.append(refuse)
    assert read(connection, tmp_path) == [*"abcd", *"abcd"]


def in_parts(
    server: ModelServer,
    folder: Path,
    number: int,
    prepare: Callable[[Page], Page] = as_it_is,
    stopped: StopSignal = PROCESS_STOP,
    **settings: Any,
) -> Reading[Page]:
    """A reading of the model's listing in so many parts, not begun."""
    (listing,) = listings("openstack", None, ("private",))
    start = ReadingStart(START, None, equal_parts(server.ids, number))
    landing = Landing(folder / "private")
    return Reading(server.connection(**settings), listing, landing, start, prepare, stopped=stopped)


def found(reading: Reading[Page]) -> list[str]:
    return [image["id"] for page in reading.pages() for image in page.images]


def test_one_page_at_a_time_is_parsed_and_flattened(tmp_path: Path) -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def prepare(page: Page) -> Page:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.005)
        with lock:
            under_way -= 1
        return page

    server = ModelServer(numbered(40), 2)
    assert sorted(found(in_parts(server, tmp_path, 4, prepare))) == server.ids
    assert most == 1


def test_parse_slot_is_given_back_after_a_page_that_cannot_be_used(tmp_path: Path) -> None:
    def fail(page: Page) -> Page:
        raise CloudError("no use for it")

    for name in ("one", "other"):
        with pytest.raises(CloudError, match="no use"):
            found(in_parts(ModelServer(["a"], 2), tmp_path / name, 1, fail))


def test_part_asks_for_no_more_than_it_should_have(tmp_path: Path) -> None:
    server = ModelServer(numbered(800), 1000)
    reading = in_parts(server, tmp_path, 4, page_size=1000)
    assert sorted(found(reading)) == server.ids
    # 200 images, one in fifty more, and ten; the last part has no bound and asks once more for what is not there.
    assert sorted(int(query["limit"]) for query in server.asked) == [50] + [214] * 4
    assert reading.evidence["beyond_part"] == 3 * 14


def test_failure_of_one_part_ends_the_reading_at_once_though_another_waits_for_its_next_try(tmp_path: Path) -> None:
    another_waits = threading.Event()
    server = ModelServer(numbered(100), 5)

    def fail(query: dict[str, str]) -> httpx.Response | None:
        if query.get("marker") == "0049":
            another_waits.set()
            return httpx.Response(503, headers={"Retry-After": "300"})
        return httpx.Response(403) if query.get("marker") == "0004" else None

    def prepare(page: Page) -> Page:
        assert another_waits.wait(60)
        return page

    server.before = fail
    reading = in_parts(server, tmp_path, 2, prepare, tries=None, retry_seconds=600.0)
    threads = set(threading.enumerate())
    began = time.monotonic()
    with pytest.raises(CloudError, match="listing private, page 2"):
        found(reading)
    for thread in set(threading.enumerate()) - threads:
        thread.join(60)
    assert time.monotonic() - began < 250, "less than what the cloud asks to wait"


@pytest.mark.parametrize("parts", [1, 2])
def test_stop_from_outside_reaches_readers_that_wait_for_another_try(tmp_path: Path, parts: int) -> None:
    server, stopped = ModelServer(numbered(20), 5), StopSignal()

    def stop(query: dict[str, str]) -> httpx.Response | None:
        if query.get("marker") != numbered(20)[-6]:
            return None
        stopped.set()
        return httpx.Response(503, headers={"Retry-After": "300"})

    server.before = stop
    reading = in_parts(server, tmp_path, parts, stopped=stopped, tries=None, retry_seconds=600.0)
    began = time.monotonic()
    with pytest.raises((Stopped, TransientError)):
        found(reading)
    assert time.monotonic() - began < 250, "less than what the cloud asks to wait"


def test_nothing_is_landed_after_the_reading_was_stopped(tmp_path: Path) -> None:
    server, stopped = ModelServer(numbered(20), 5), StopSignal()
    server.before = lambda query: stopped.set()
    with pytest.raises(Stopped):
        found(in_parts(server, tmp_path, 1, stopped=stopped))
    assert len(server.asked) == 1
    assert list((tmp_path / "private").glob("page-*")) == []


def out_of_order(server: ModelServer) -> None:
    """The parts' images come in another order than their ids', so that nothing shows where a part ends."""
    server.key = lambda identity: identity[::-1]


def test_listing_whose_parts_are_not_in_order_is_read_by_one_reader_and_counted_once(tmp_path: Path) -> None:
    server = ModelServer(numbered(60), 10)
    out_of_order(server)
    reading = in_parts(server, tmp_path, 3)
    assert set(found(reading)) == set(server.ids)
    assert reading.images == 60
    assert (reading.evidence["parts"], reading.evidence["in_order"]) == ([], False)
    assert (reading.evidence["ended_without_next"], reading.evidence["pages"]) == (True, 7)


def test_shares_of_our_own_are_counted_once_though_the_parts_had_them_too(tmp_path: Path) -> None:
    server = ModelServer(numbered(60), 10, attributes={"visibility": "shared", "owner": "us"})
    parts = equal_parts(server.ids, 3)
    without_end(server, "0010")
    (listing,) = listings("openstack", "us", ("shared-accepted",))
    connection = dataclasses.replace(server.connection(), project_id="us")
    reading = Reading(connection, listing, Landing(tmp_path / "s"), ReadingStart(START, None, parts), as_it_is)
    assert set(found(reading)) >= set(server.ids)
    assert (reading.evidence["parts"], reading.evidence["shared_out"], reading.images) == ([], len(server.ids), 0)


def without_end(server: ModelServer, last: str) -> None:
    """The part that begins the listing always ends after `last`; the images after it are gone when one reader comes."""

    def answer(query: dict[str, str]) -> httpx.Response | None:
        if "marker" not in query and len(server.asked) > 3:
            server.ids = [identity for identity in server.ids if identity <= last]
        return httpx.Response(200, json={"images": []}) if query.get("marker") == last else None

    server.before = answer
    server.page = 1


def test_images_that_were_deleted_before_the_one_reader_came_are_not_missed(tmp_path: Path) -> None:
    server = ModelServer(numbered(60), 10)
    reading = in_parts(server, tmp_path, 3)
    without_end(server, "0010")
    assert set(found(reading)) >= set(server.ids)
    assert (reading.evidence["parts"], reading.images) == ([], 11)
    # Not each of the 49: a listing may have a hundred thousand.
    assert 20 <= sum(query["limit"] == "1" for query in server.asked) <= 40


def test_end_that_the_one_reader_meets_is_asked_for_once_more(tmp_path: Path) -> None:
    """It reads because parts did not meet, so something was not as it should be: no page without `next` is believed."""
    server = ModelServer(numbered(12), 100)
    out_of_order(server)
    reading = in_parts(server, tmp_path, 2)
    assert set(found(reading)) == set(server.ids)
    assert reading.evidence["ends_asked_again"] == 1
