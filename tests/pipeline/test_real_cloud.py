"""Runs at a real Keystone and Glance: what DuckDB holds is what the cloud lists, and history tells each step."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import openstack as openstacksdk
import pytest

from pipeline.progress import ListingProgress, listening
from pipeline.report import RunReport
from tests.clouds.accounts import account, write_clouds_yaml, write_settings
from tests.clouds.openstack import OpenStackCloud
from tests.pipeline.syncing import sync
from transform.attribute import Kind
from transform.dictionary import ATTRIBUTES

LISTINGS = {
    "public": {"visibility": "public"},
    "private": {"visibility": "private"},
    "shared-accepted": {"visibility": "shared", "member_status": "accepted"},
    "shared-pending": {"visibility": "shared", "member_status": "pending"},
    "shared-rejected": {"visibility": "shared", "member_status": "rejected"},
    "community": {"visibility": "community"},
    "hidden": {"os_hidden": "true", "visibility": "all", "member_status": "all"},
}


@dataclass
class Station:
    """The cloud, and a warehouse of alpha's catalogue in a folder."""

    cloud: OpenStackCloud
    folder: Path
    config: str

    def run(self, mode: Literal["full", "changes"] = "full", **parameters: Any) -> RunReport:
        return sync(self.config, mode, **parameters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "published.duckdb"), read_only=True) as reader:
            return reader.execute(query).fetchall()


@pytest.fixture(scope="module")
def furnished(openstack: OpenStackCloud) -> OpenStackCloud:
    """Images of every kind that alpha can see, ten private ones among them, so that there are more than three pages."""
    for number in range(10):
        openstack.create_image(
            "alpha",
            name=f"private {number}",
            visibility="private",
            __os_type="Linux",
            __image_size=str(2**40 + number),
            tags=["b", "a", "c"],
        )
    for visibility in ("community", "shared"):
        openstack.create_image("alpha", name=f"own {visibility}", visibility=visibility, min_disk=5)
    openstack.create_image("alpha", name="own hidden", visibility="private", os_hidden=True)
    openstack.create_image("admin", name="public", visibility="public", protected=True, invented="Größe 大")
    openstack.create_image("admin", name="public hidden", visibility="public", os_hidden=True)
    openstack.create_image("beta", name="others' community", visibility="community", __lazyloading="True")
    openstack.create_image("beta", name="others' private", visibility="private")
    for status in (None, "accepted", "rejected"):
        for hidden in (False, True):
            image = openstack.create_image(
                "beta", name=f"received {status} {hidden}", visibility="shared", os_hidden=hidden
            )
            openstack.share("beta", image["id"], "alpha", status)
    return openstack


@pytest.fixture
def station(furnished: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_home: str) -> Station:
    clouds = write_clouds_yaml(tmp_path, alpha=account(furnished, "alpha"))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    config = write_settings(tmp_path, "[clouds.alpha]\noverlap_seconds = 2", "withhold_images = 100")
    return Station(furnished, tmp_path, config)


def test_every_listing_holds_what_the_cloud_lists(station: Station) -> None:
    assert station.run().status == "completed"
    own = station.cloud.projects["alpha"].id
    for name, query in LISTINGS.items():
        listed = station.cloud.list_images("alpha", **query)
        wanted = {image["id"] for image in listed if not (name.startswith("shared-") and image["owner"] == own)}
        found = station.rows(f"SELECT id FROM listing_memberships WHERE listing = '{name}' AND seen_to IS NULL")
        assert {row[0] for row in found} == wanted, name
        assert wanted, name
    shared_out = {
        name for (name,) in station.rows("SELECT name FROM images WHERE list_contains(listings, 'shared-out')")
    }
    listed = station.cloud.list_images("alpha", visibility="shared", member_status="all")
    assert "own shared" in shared_out
    assert shared_out == {image["name"] for image in listed if image["owner"] == own}


def test_every_attribute_is_the_servers(station: Station) -> None:
    station.run()
    assert_equal_to_the_server(station)


def test_openstacksdk_lists_the_same_images(station: Station) -> None:
    station.run()
    connection = openstacksdk.connect(cloud="alpha")
    for name in ("public", "private", "community"):
        listed = {(image.id, image.name, image.min_disk) for image in connection.image.images(visibility=name)}
        query = f"SELECT id, name, min_disk FROM images WHERE list_contains(listings, '{name}')"
        assert set(station.rows(query)) == listed


def test_second_night_adds_nothing(station: Station) -> None:
    first = station.run().clouds[0]
    second = station.run().clouds[0]
    assert (second.new, second.changed, second.deleted, second.unchanged) == (0, 0, 0, first.new)
    assert station.rows("SELECT count(*) FROM image_versions") == [(first.new,)]


def test_history_tells_what_happened_between_two_nights(station: Station) -> None:
    cloud = station.cloud
    doomed = cloud.create_image("alpha", name="doomed", visibility="private")["id"]
    renamed = cloud.create_image("alpha", name="before", visibility="private")["id"]
    moved = cloud.create_image("beta", name="moved", visibility="shared")["id"]
    cloud.share("beta", moved, "alpha")
    station.run()
    cloud.delete_image("alpha", doomed)
    cloud.change_image("alpha", renamed, name="between")
    cloud.change_image("alpha", renamed, name="after")
    cloud.answer_share("alpha", moved, "accepted")
    added = cloud.create_image("alpha", name="added", visibility="private")["id"]

    found = station.run().clouds[0]
    assert (found.new, found.changed, found.deleted, found.withheld_deletions) == (1, 1, 1, 0)
    events = station.rows(
        "SELECT id, event FROM image_events WHERE happened_at > (SELECT min(started_at) FROM runs) ORDER BY event"
    )
    assert events == [(renamed, "changed"), (added, "created"), (doomed, "deleted")]
    assert station.rows(f"SELECT name FROM image_versions WHERE id = '{renamed}' ORDER BY seen_from") == [
        ("before",),
        ("after",),
    ]
    stays = f"SELECT listing, seen_to IS NULL FROM listing_memberships WHERE id = '{moved}' ORDER BY seen_from"
    assert station.rows(stays) == [("shared-pending", False), ("shared-accepted", True)]
    assert_equal_to_the_server(station)


def test_marker_deleted_in_the_middle_of_a_listing_loses_and_repeats_nothing(station: Station) -> None:
    cloud = station.cloud
    victims: list[str] = []

    def delete_the_marker(read: ListingProgress) -> None:
        if read.listing == "private" and read.pages == 1:
            listed = sorted(image["id"] for image in cloud.list_images("alpha", visibility="private"))
            victims.append(listed[2])
            cloud.delete_image("alpha", listed[2])

    with listening(delete_the_marker):
        report = station.run()
    assert report.status == "completed"
    (evidence,) = station.rows("SELECT evidence->>'markers_gone' FROM run_listings WHERE listing = 'private'")
    assert evidence == ("1",)
    left = {image["id"] for image in cloud.list_images("alpha", visibility="private")}
    found = {row[0] for row in station.rows("SELECT id FROM images WHERE list_contains(listings, 'private')")}
    assert found == left | set(victims)
    assert station.run().clouds[0].deleted == 1


def test_image_changed_behind_the_readers_back_is_caught_by_the_closing_pass(station: Station) -> None:
    cloud = station.cloud
    first = min(image["id"] for image in cloud.list_images("alpha", visibility="private"))

    def change_what_was_read(read: ListingProgress) -> None:
        if read.listing == "private" and read.pages == 1:
            cloud.change_image("alpha", first, name="changed behind your back")

    with listening(change_what_was_read):
        station.run()
    assert station.rows(f"SELECT name FROM images WHERE id = '{first}'") == [("changed behind your back",)]


def test_changes_run_reads_only_what_changed(station: Station) -> None:
    station.run()
    image = station.cloud.create_image("alpha", name="fresh", visibility="private")
    report = station.run("changes")
    assert report.clouds[0].new == 1
    assert station.rows(f"SELECT name FROM images WHERE id = '{image['id']}'") == [("fresh",)]
    asked = [
        json.loads(line)
        for line in next((station.folder / "landing" / report.run_id).glob("*/private/manifest.jsonl"))
        .read_text()
        .splitlines()
    ]
    assert asked[0]["query"]["updated_at"].startswith("gte:")


def test_token_and_password_are_nowhere_in_what_a_run_leaves_behind(station: Station, prefect_home: str) -> None:
    station.run()
    password = station.cloud.projects["alpha"].password.encode()
    for folder in (station.folder, Path(prefect_home)):
        for file in folder.rglob("*"):
            if file.is_file() and file.name != "clouds.yaml":
                content = file.read_bytes()
                assert password not in content, file
                assert b"gAAAAA" not in content, file


def assert_equal_to_the_server(station: Station) -> None:
    """Each attribute of each image in the view is what the API gives for that image now."""
    with duckdb.connect(str(station.folder / "published.duckdb"), read_only=True) as reader:
        result = reader.execute("SELECT * FROM images")
        columns = [column[0] for column in result.description]
        stored = {row["id"]: row for values in result.fetchall() for row in [dict(zip(columns, values, strict=True))]}
    served = {
        image["id"]: image for query in LISTINGS.values() for image in station.cloud.list_images("alpha", **query)
    }
    assert stored.keys() == served.keys()
    for identity, image in served.items():
        for name, value in image.items():
            assert _stored_value(stored[identity], name) == _expected(name, value), (identity, name)


def _stored_value(row: dict[str, Any], name: str) -> Any:
    known = {api_name: attribute for attribute in ATTRIBUTES for api_name in attribute.api_names}
    return row[known[name].column] if name in known else row["extra"][name]


def _expected(name: str, value: Any) -> Any:
    kinds = {api_name: attribute.kind for attribute in ATTRIBUTES for api_name in attribute.api_names}
    match kinds.get(name):
        case Kind.TAGS:
            return sorted(set(value))
        case Kind.TIMESTAMP if value:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        case Kind.BOOLEAN if isinstance(value, str):
            return value.lower() == "true"
        case Kind.INTEGER | Kind.BIGINT if isinstance(value, str):
            return int(value)
    return value
