"""Images whose text is known are staged briefly, and the history is the same as if they were not."""

import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import WarehouseError
from extract.known_texts import KnownTexts
from extract.listing import listings
from load import known_texts
from load.merge import CloudRun, find_missing
from load.warehouse import Warehouse
from pipeline import cloud_loading, cloud_reading, listing_reading
from pipeline.cloud_reading import CloudReading
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.pipeline.syncing import sync
from tests.pipeline.test_sync import Place
from transform import batch

AGAIN = "flattening all images again"
TABLES = {
    "image_versions": "cloud, seen_from, seen_to, run_from, run_to, landed_page, landed_file",
    "listing_memberships": "cloud, seen_from, seen_to",
    "rejects": "cloud, run_id",
}


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(40):
            running.add(f"{number:03d}", ("public", "private")[number % 2], __os_bit="64", team="a")
        yield running


@pytest.fixture
def flattened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images were flattened whole, page by page."""
    counts, content = list[int](), batch._content

    def counted(images: Any, rejects: Any) -> Any:
        counts.append(len(images))
        return content(images, rejects)

    monkeypatch.setattr(batch, "_content", counted)
    return counts


def test_only_what_changed_is_flattened_again(
    tmp_path: Path, cloud: FakeCloud, flattened: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    place = Place(tmp_path, c=cloud)
    place.run()
    assert sum(flattened) == 40
    flattened.clear()
    cloud.images["003"]["__os_bit"] = "32"
    cloud.add("new", "public")
    (found,) = place.run().clouds
    assert sum(flattened) == 2
    assert (found.new, found.changed, found.unchanged, found.deleted) == (1, 1, 39, 0)
    assert place.rows("SELECT os_bit, extra['team'], owner FROM images WHERE id IN ('003', '005') ORDER BY id") == [
        (32, "a", "a" * 32),
        (64, "a", "a" * 32),
    ]
    assert AGAIN not in caplog.text


def test_image_with_rejects_is_flattened_and_counted_in_each_run(
    tmp_path: Path, cloud: FakeCloud, flattened: list[int]
) -> None:
    cloud.images["003"]["min_disk"] = "huge"
    place = Place(tmp_path, c=cloud)
    assert [place.run().clouds[0].rejected for _ in range(2)] == [1, 1]
    assert sum(flattened) == 41


def test_image_that_is_as_it_was_when_it_was_deleted_has_its_whole_content(tmp_path: Path, cloud: FakeCloud) -> None:
    place = Place(tmp_path, c=cloud)
    place.run()
    gone = cloud.images.pop("003")
    place.run()
    cloud.images["003"] = gone
    (found,) = place.run().clouds
    assert (found.returned, found.unchanged) == (1, 39)
    assert place.rows("SELECT os_bit, extra['team'] FROM images WHERE id = '003'") == [(64, "a")]


@pytest.mark.parametrize("changed", ["002", "003"])
def test_image_that_another_machine_changed_meanwhile_has_its_whole_content(
    changed: str, tmp_path: Path, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    place = Place(tmp_path, c=cloud)
    place.run()

    def and_another_machine(warehouse: Warehouse, cloud_run: CloudRun) -> Any:
        warehouse.execute(
            "UPDATE image_versions SET content_hash = repeat('0', 32), name = 'other' WHERE id = $id", {"id": changed}
        )
        return find_missing(warehouse, cloud_run)

    monkeypatch.setattr(cloud_loading, "find_missing", and_another_machine)
    (found,) = place.run().clouds
    assert (found.changed, found.unchanged, found.new, found.deleted) == (1, 39, 0, 0)
    content = f"SELECT name, os_bit, extra['team'] FROM images WHERE id = '{changed}'"
    assert place.rows(content) == [(f"image {changed}", 64, "a")]
    assert caplog.text.count(AGAIN) == 1


def test_history_is_the_same_whether_texts_are_known_or_not(
    tmp_path: Path, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    places = [Place(tmp_path / name, c=cloud) for name in ("known", "unknown")]
    for _ in range(6):
        _change(cloud, chance)
        counts = []
        for place in places:
            with monkeypatch.context() as patched:
                if place is places[1]:
                    patched.setattr(cloud_reading, "known_texts", lambda *_: None)
                (found,) = sync(place.config).clouds
            counts.append((found.new, found.changed, found.unchanged, found.deleted, found.returned, found.rejected))
        assert counts[0] == counts[1]
    for table, differs in TABLES.items():
        columns = f"SELECT * EXCLUDE ({differs}) FROM {table} ORDER BY ALL"
        assert places[0].rows(columns) == places[1].rows(columns), table


def test_new_code_flattens_every_image_once_and_corrects_what_the_old_code_made(
    tmp_path: Path, cloud: FakeCloud, flattened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, c=cloud)

    def run_by(code: str) -> int:
        for module in (known_texts, listing_reading):
            monkeypatch.setattr(module, "code_hash", lambda: code)
        flattened.clear()
        assert place.run().status == "completed"
        return sum(flattened)

    assert [run_by("old"), run_by("old")] == [40, 0]
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.execute("UPDATE image_versions SET os_bit = 1, content_hash = repeat('0', 32) WHERE id = '003'")
    assert [run_by("new"), run_by("new")] == [40, 0]
    assert place.rows("SELECT os_bit FROM images WHERE id = '003'") == [(64,)]
    assert [run_by("old"), run_by("new")] == [40, 40]


def test_images_of_a_listing_that_new_code_could_not_read_are_not_known_to_it(
    tmp_path: Path, cloud: FakeCloud, flattened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, c=cloud)
    place.run()
    for module in (known_texts, listing_reading):
        monkeypatch.setattr(module, "code_hash", lambda: "new")
    cloud.faults.append(lambda asked: Reply(403) if "owner" in asked.query else None)
    assert place.run().status == "partial"
    cloud.faults.clear()
    flattened.clear()
    place.run()
    assert sum(flattened) == 40
    flattened.clear()
    place.run()
    assert sum(flattened) == 0


def test_run_goes_on_without_what_the_warehouse_cannot_tell(
    tmp_path: Path, cloud: FakeCloud, flattened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, c=cloud)
    place.run()

    def refuse(*_: object, **__: object) -> Any:
        raise WarehouseError("the warehouse cannot be used (Out of Memory)")

    monkeypatch.setattr(Warehouse, "pieces", refuse)
    (found,) = place.run().clouds
    assert (sum(flattened), found.unchanged) == (80, 40)


def test_known_image_that_the_account_shares_out_stays_shared_out(tmp_path: Path, cloud: FakeCloud) -> None:
    cloud.add("out", "shared-accepted", owner=PROJECT)
    place = Place(tmp_path, c=cloud)
    for _ in range(2):
        place.run()
        assert "shared-out" in place.rows("SELECT listings FROM images WHERE id = 'out'")[0][0]
    assert place.rows("SELECT count(*) FROM listing_memberships WHERE id = 'out' AND seen_to IS NOT NULL") == [(0,)]


@pytest.mark.parametrize(
    ("mode", "task_runner", "scope", "listing", "is_known"),
    [
        ("full", "threads", None, "public", True),
        ("full", "threads", "prod", "private", True),
        ("full", "threads", "prod", "public", False),
        ("changes", "threads", None, "public", False),
        ("full", "dask", None, "public", False),
    ],
)
def test_who_gets_known_texts(
    mode: str, task_runner: str, scope: str | None, listing: str, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownTexts(b"")
    monkeypatch.setattr(cloud_reading, "known_texts", lambda *_: known)
    session = SimpleNamespace(settings=SimpleNamespace(scope=scope), name="c", listings=())
    reading = SimpleNamespace(
        session=session,
        _run=SimpleNamespace(mode=mode),
        _settings=SimpleNamespace(task_runner=task_runner),
        _warehouse=None,
        _known=None,
    )
    (asked,) = listings("ims", "p", (listing,))
    found = CloudReading._known_texts(cast(CloudReading, reading), asked)
    assert (found is known) is is_known


def _change(cloud: FakeCloud, chance: random.Random) -> None:
    for identity in chance.sample(sorted(cloud.images), 6):
        image = cloud.images[identity]
        match chance.randrange(5):
            case 0:
                del cloud.images[identity]
            case 1:
                image["team"] = chance.choice("abc")
            case 2:
                image["min_disk"] = chance.choice([1, "huge", None])
            case 3:
                cloud.images[identity] = dict(reversed(image.items()))
            case 4:
                image["updated_at"] = f"2026-10-{chance.randrange(10, 28)}T00:00:00Z"
    cloud.add(f"new {chance.random()}", chance.choice(["public", "private"]), __os_bit="64")
