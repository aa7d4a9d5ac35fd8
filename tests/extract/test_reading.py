"""One listing over real HTTP: landed, checked, closed. And the first look before, the confirmation after."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path

import pytest

from extract.confirmation import confirm
from extract.connection import Connection
from extract.dialect import look
from extract.errors import CloudError, SettingsError, TransientError
from extract.landing import Landing, ReadingStart, landed_pages, listing_folder
from extract.listing import listings
from extract.reading import Reading
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply
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
    with pytest.raises(TransientError, match="breaks off"):
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
    assert look(connection).dialect == "ims"


def test_one_tenants_invented_attribute_does_not_make_a_cloud_ims(cloud: FakeCloud, connection: Connection) -> None:
    cloud.add("a")
    del cloud.add("b")["__imagetype"]
    assert look(connection).dialect == "openstack"


def test_dialect_that_would_list_nothing_is_refused(cloud: FakeCloud, connection: Connection) -> None:
    del cloud.add("a")["__imagetype"]
    settings = dataclasses.replace(connection.settings, dialect="ims")
    with pytest.raises(SettingsError, match="__imagetype"):
        look(dataclasses.replace(connection, settings=settings))


def test_start_is_the_servers_clock(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(200, b'{"images": []}', {"Date": "Sun, 01 Nov 2026 02:00:00 GMT"}))
    first_look = look(connection)
    assert first_look.started_at == datetime(2026, 11, 1, 2)


def test_missing_images_are_gone_there_or_unknown(cloud: FakeCloud, connection: Connection) -> None:
    cloud.add("there")
    cloud.faults.append(lambda asked: Reply(403) if asked.path.endswith("forbidden") else None)
    said = confirm(connection, {"there", "gone", "forbidden", "../odd id"})
    assert (said.there, said.gone) == (frozenset({"there"}), frozenset({"gone", "../odd id"}))
    assert said.unknown.keys() == {"forbidden"}
