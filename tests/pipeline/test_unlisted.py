"""Images that no listing shows any more, night after night: still there by id, gone, or not to be asked for."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import storage
from core.errors import CloudError
from extract.account import CloudSettings
from extract.landing import Landing, landed_pages, listing_folder
from load.guard import Guard
from load.merge import CloudCounts
from load.records import CLOUD_RUN_FILE, RUN_FILE, KeptRun, keep_run, kept_cloud_runs, kept_runs
from load.runs import begin_run, finish_run
from load.warehouse import Warehouse
from pipeline.cloud_loading import load_cloud
from pipeline.listing_reading import read_listing
from pipeline.replay import replay
from pipeline.session import open_session
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.load.runs import new_warehouse

TABLES = ("image_versions", "listing_memberships", "unlisted_images", "run_listings", "run_clouds", "rejects")
IMAGES = "SELECT id, name, listings, state FROM images ORDER BY id"


class Place:
    """A cloud, and the warehouse that its nights are loaded into."""

    def __init__(self, settings: Settings, cloud: FakeCloud) -> None:
        self.settings, self.cloud = settings, cloud
        self.error: str | None = None
        self._opened: Warehouse | None = None
        self.account = CloudSettings(
            "c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1, listings=("public", "private")
        )

    @property
    def warehouse(self) -> Warehouse:
        if self._opened is None:
            self._opened = new_warehouse(Path(str(self.settings.warehouse)).parent)
        return self._opened

    def run(self, *, accept_deletions: bool = False, without: tuple[str, ...] = ()) -> CloudCounts:
        """A full run, of which `asked` then has what was asked for by id; some listings may be left out."""
        self.cloud.log.clear()
        run = begin_run(self.warehouse, "full", "0")
        session = open_session(self.account)
        landing = self.settings.landing
        to_read = [listing for listing in session.listings if listing.name not in without]
        outcomes = [read_listing(session, listing, landing, run) for listing in to_read]
        loaded = load_cloud(self.warehouse, session, run, outcomes, Guard(), landing, accept_deletions)
        session.connection.client.close()
        self.error = loaded.error
        finished_at = finish_run(self.warehouse, run, "completed")
        keep_run(landing, KeptRun(run.run_id, run.started_at, "full", "0", "completed", finished_at))
        return loaded.counts

    @property
    def asked(self) -> list[str]:
        paths = [asked.path for asked in self.cloud.log]
        return [path.removeprefix("/v2/images/") for path in paths if path.startswith("/v2/images/")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query).fetchall()

    def history(self) -> dict[str, list[tuple[Any, ...]]]:
        return {table: self.rows(f"FROM {table} ORDER BY ALL") for table in TABLES}

    def replayed(self) -> dict[str, list[tuple[Any, ...]]]:
        self.close()
        replay(self.settings)
        return self.history()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.connection.close()
        self._opened = None


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with small_cloud() as running:
        yield running


@contextmanager
def small_cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(3):
            running.add(f"p{number}", "public")
            running.add(f"q{number}")
        yield running


def place_in(folder: Path, cloud: FakeCloud) -> Place:
    return Place(load_settings(write_settings(folder, "")), cloud)


@pytest.fixture
def place(tmp_path: Path, cloud: FakeCloud) -> Iterator[Place]:
    place = place_in(tmp_path, cloud)
    place.run()
    yield place
    place.close()


def rotate(cloud: FakeCloud, identity: str, **attributes: Any) -> None:
    """Take a public image out of its listing, as vendors do with the old one; it still answers by id."""
    cloud.add(identity, "public", protected=False, **attributes)


def not_by_id(cloud: FakeCloud, status: int) -> None:
    cloud.faults.append(lambda asked: Reply(status) if asked.path.startswith("/v2/images/") else None)


def test_image_out_of_the_listings_is_unlisted_with_what_it_says_now(place: Place) -> None:
    rotate(place.cloud, "p1", name="old", min_disk="many")
    counts = place.run()
    assert place.rows(IMAGES)[1] == ("p1", "old", [], "unlisted")
    assert (counts.changed, counts.deleted, counts.withheld_deletions, counts.rejected) == (1, 0, 0, 1)
    assert place.error is None
    assert place.rows("SELECT name, state, end_reason FROM image_versions WHERE id = 'p1' ORDER BY seen_from") == [
        ("image p1", "listed", "changed"),
        ("old", "unlisted", None),
    ]


def test_image_of_plain_openstack_that_was_hidden_is_unlisted_too(tmp_path: Path, cloud: FakeCloud) -> None:
    for image in cloud.images.values():
        del image["__imagetype"]
    place = place_in(tmp_path, cloud)
    place.run()
    cloud.images["p1"] |= {"visibility": "hidden from us", "name": "old"}
    place.run()
    assert place.rows("SELECT dialect FROM run_clouds") == [("openstack",)] * 2
    assert ("p1", "old", [], "unlisted") in place.rows(IMAGES)


def test_answers_by_id_are_landed_as_they_came(place: Place) -> None:
    rotate(place.cloud, "p1", name="old")
    place.run()
    run_id = kept_runs(place.settings.landing)[-1].run_id
    ((page, body),) = landed_pages(listing_folder(place.settings.landing, run_id, "c", "unlisted"))
    assert (page.path, page.query, page.count, page.first_id) == ("/v2/images/p1", {}, 1, "p1")
    assert json.loads(body) == place.cloud.images["p1"]
    assert not [one for one in storage.subfolders(place.settings.landing) if one.name.startswith(".")]


def test_unlisted_image_is_asked_for_again_after_1_2_4_nights(place: Place) -> None:
    rotate(place.cloud, "p1")
    asked_in = []
    for number in range(1, 6):
        place.run()
        asked_in += [number] if "p1" in place.asked else []
        assert place.asked == [] or place.asked == ["p0", "p1"], "a control of its own listing, once as nothing is gone"
    assert asked_in == [1, 2, 4]
    assert place.rows("SELECT count(*) FROM image_versions WHERE id = 'p1'") == [(2,)]


def test_unlisted_image_that_a_listing_shows_again_is_listed_and_makes_no_version(place: Place) -> None:
    before = dict(place.cloud.images["p1"])
    place.cloud.faults.append(lambda asked: _without(place.cloud, asked, "p1"))
    place.run()
    assert ("p1", "image p1", [], "unlisted") in place.rows(IMAGES)
    place.cloud.faults.clear()
    assert place.cloud.images["p1"] == before
    counts = place.run()
    assert ("p1", "image p1", ["public"], "listed") in place.rows(IMAGES)
    assert (counts.changed, counts.returned, place.asked) == (0, 0, [])
    assert place.rows("FROM unlisted_images") == []
    assert place.rows("SELECT count(*) FROM image_versions WHERE id = 'p1'") == [(1,)]


def _without(cloud: FakeCloud, asked: Asked, *identities: str) -> Reply | None:
    """The listings without these images, which answer by id."""
    if asked.path != "/v2/images":
        return None
    shown = {identity: image for identity, image in cloud.images.items() if identity not in identities}
    other = FakeCloud(cloud.url, shown, dict(cloud.member_status), cloud.largest_page)
    return other.reply(asked)


def test_unlisted_image_that_is_gone_in_the_end_is_deleted(place: Place) -> None:
    rotate(place.cloud, "p1")
    place.run()
    del place.cloud.images["p1"]
    counts = place.run()
    assert (counts.deleted, counts.confirmed_by) == (1, "by id")
    assert place.rows("SELECT state, end_reason FROM image_versions WHERE id = 'p1' ORDER BY seen_from")[-1] == (
        "unlisted",
        "gone",  # another project owns it: deleted and withdrawn look alike
    )
    assert place.rows("FROM unlisted_images") == []


def test_question_that_fails_is_withheld_and_asked_again_the_next_night(place: Place) -> None:
    rotate(place.cloud, "p1")
    for _ in range(3):
        place.run()
    broken = [lambda asked: Reply(503) if asked.path.endswith("/p1") else None]
    place.cloud.faults[:] = broken
    assert place.run().withheld_deletions == 1
    assert "unknown whether they were deleted" in str(place.error)
    place.cloud.faults.clear()
    assert place.run().withheld_deletions == 0
    assert "p1" in place.asked, "it was due in the night before"
    place.run()
    assert "p1" not in place.asked


@pytest.mark.parametrize("status", [403, 404])
def test_where_single_images_are_not_shown_the_second_complete_reading_ends_an_image(
    place: Place, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    del place.cloud.images["p1"]
    not_by_id(place.cloud, status)
    counts = place.run()
    assert (counts.deleted, counts.withheld_deletions, place.error) == (0, 0, None)
    assert ("p1", "image p1", ["public"], "listed") in place.rows(IMAGES)
    assert "not listed any more; they end if the next complete reading confirms it: 1 image (" in caplog.text
    counts = place.run()
    assert (counts.deleted, counts.withheld_deletions, place.error) == (1, 0, None)
    assert "confirmed by two complete readings" in caplog.text
    assert place.rows("SELECT deleted, confirmed_by FROM run_clouds JOIN runs USING (run_id) ORDER BY started_at") == [
        (0, None),
        (0, None),
        (1, "two readings"),
    ]
    assert place.rows("SELECT end_reason FROM image_versions WHERE id = 'p1'") == [("gone",)]
    assert place.rows("FROM unlisted_images") == []


def test_image_that_comes_back_between_two_readings_begins_anew(place: Place) -> None:
    gone = place.cloud.images.pop("p1")
    not_by_id(place.cloud, 403)
    place.run()
    place.cloud.images["p1"] = gone
    place.run()
    del place.cloud.images["p1"]
    assert place.run().deleted == 0
    assert place.run().deleted == 1


def test_reading_that_is_not_complete_is_none_of_the_two(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    del place.cloud.images["p1"]
    not_by_id(place.cloud, 403)
    for _ in range(2):
        assert (place.run(without=("private",)).deleted, place.error) == (0, None)
    assert "not every listing was read" in caplog.text
    assert place.rows("FROM unlisted_images") == []
    assert place.run().deleted == 0
    assert place.run().deleted == 1


def test_image_that_answered_once_is_not_ended_by_readings(place: Place) -> None:
    rotate(place.cloud, "p1")
    place.run()
    not_by_id(place.cloud, 404)
    for _ in range(3):
        assert place.run().deleted == 0
    assert ("p1", "image p1", [], "unlisted") in place.rows(IMAGES)


def test_image_whose_id_no_url_can_hold_is_never_asked_for(place: Place) -> None:
    for identity in ("..", "."):
        place.cloud.add(identity, "public")
    place.run()
    del place.cloud.images[".."]
    place.cloud.faults.append(lambda asked: _without(place.cloud, asked, "."))
    assert [place.run().deleted, place.run().deleted] == [0, 2]
    assert {asked.target.partition("?")[0] for asked in place.cloud.log} == {"/v2/images", "/v2/images/p0"}


def test_images_that_vanish_at_once_are_withheld_until_accepted_and_then_two_readings_end_them(place: Place) -> None:
    for number in range(15):
        place.cloud.add(f"r{number:02}")
    place.run()
    for number in range(15):
        del place.cloud.images[f"r{number:02}"]
    not_by_id(place.cloud, 403)
    for _ in range(2):
        assert (place.run().withheld_deletions, place.asked) == (15, [])
        assert "--accept-deletions" in str(place.error)
    counts = place.run(accept_deletions=True)
    assert (counts.deleted, counts.withheld_deletions, place.error) == (15, 0, None)


def test_deletions_of_a_reading_that_was_not_believed_need_another_one(place: Place) -> None:
    for number in range(15):
        place.cloud.add(f"r{number:02}")
    place.run()
    not_by_id(place.cloud, 403)
    gone = [f"r{number:02}" for number in range(15)]
    place.cloud.faults.append(lambda asked: _without(place.cloud, asked, *gone))
    assert place.run().withheld_deletions == 15
    place.cloud.faults.pop()
    del place.cloud.images["r00"]
    assert [place.run().deleted, place.run().deleted] == [0, 1]


@pytest.fixture(scope="module")
def many_nights_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that become unlisted, are listed again, wait for another reading, are withheld, and end both ways."""
    folder = tmp_path_factory.mktemp("nights")
    with small_cloud() as cloud:
        place = place_in(folder, cloud)
        place.run()
        rotate(cloud, "p1", name="old")
        rotate(cloud, "p2", name="older")
        place.run()
        rotate(cloud, "p1", name="older still", min_disk="many")
        cloud.add("p2", "public", name="again")
        cloud.add("..")
        place.run()
        del cloud.images["q1"], cloud.images[".."]
        not_by_id(cloud, 403)
        place.run()
        del cloud.images["p1"]
        place.run()
        rotate(cloud, "p0")
        cloud.faults[:] = [lambda asked: Reply(503) if asked.path.endswith("/p1") else None]
        place.run()
        cloud.faults.clear()
        del cloud.images["q2"]
        place.run()
        cloud.add("q3")
        place.run()
        place.close()
    return folder


@pytest.fixture
def many_nights(tmp_path: Path, many_nights_in: Path, cloud: FakeCloud) -> Iterator[Place]:
    """A copy of them; the cloud is another one."""
    shutil.copytree(many_nights_in, tmp_path, dirs_exist_ok=True)
    place = place_in(tmp_path, cloud)
    yield place
    place.close()


def test_replay_gives_the_same_history_and_the_same_states(many_nights: Place) -> None:
    states = {row[0] for row in many_nights.rows("SELECT state FROM image_versions")}
    ways = {row[0] for row in many_nights.rows("SELECT confirmed_by FROM run_clouds")}
    assert (states, ways) == ({"listed", "unlisted"}, {None, "by id", "two readings"})
    before = many_nights.history()
    assert before["unlisted_images"]
    many_nights.rows("DELETE FROM unlisted_images")
    assert many_nights.replayed() == before
    many_nights.close()
    Path(str(many_nights.settings.warehouse)).unlink()
    assert many_nights.replayed() == before


def test_replay_of_the_last_nights_gives_the_same_history(many_nights: Place) -> None:
    before = many_nights.history()
    runs = [many_nights.settings.landing / kept.run_id for kept in kept_runs(many_nights.settings.landing)]
    for removed in (runs[:3], runs[3:5], runs[5:7]):
        for folder in removed:
            storage.remove(folder)
        assert many_nights.replayed() == before


def test_record_of_an_older_version_is_replayed(place: Place) -> None:
    rotate(place.cloud, "p1", name="old")
    place.run()
    landing = place.settings.landing
    for run in kept_runs(landing):
        file = landing / run.run_id / "c" / CLOUD_RUN_FILE
        kept = json.loads(storage.get(file))
        older = {key: value for key, value in kept.items() if key in _OLD_KEYS}
        storage.put(file, json.dumps(older).encode())
        storage.put(landing / run.run_id / RUN_FILE, msgspec.json.encode(replace(run, nights=None)))
        assert kept_cloud_runs(landing, run.run_id)[0].answered == frozenset()
    place.replayed()
    assert ("p1", "image p1", [], "unlisted") in place.rows(IMAGES)
    place.run()
    assert ("p1", "old", [], "unlisted") in place.rows(IMAGES)


_OLD_KEYS = (
    *("run_id", "started_at", "cloud", "dialect", "project_id", "ends_images", "outcomes", "gone", "withheld", "error"),
)


def test_warehouse_of_an_older_version_learns_of_its_unlisted_images(place: Place) -> None:
    rotate(place.cloud, "p1", name="old")
    place.rows("UPDATE listing_memberships SET seen_to = seen_from + INTERVAL 1 SECOND WHERE id = 'p1'")
    place.run()
    assert ("p1", "old", [], "unlisted") in place.rows(IMAGES)
    place.run()
    assert "p1" in place.asked
    place.run()
    assert "p1" not in place.asked


def test_images_out_of_the_listings_are_read_in_batches(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pipeline.missing_images", "pipeline.replay"):
        monkeypatch.setattr(f"{module}.IMAGES_AT_ONCE", 4)
    for number in range(10):
        place.cloud.add(f"m{number}", "public")
    place.run()
    for number in range(10):
        rotate(place.cloud, f"m{number}", name=f"old {number}")
    assert place.run(accept_deletions=True).changed == 10
    assert place.rows("SELECT count(*), count(DISTINCT name) FROM images WHERE state = 'unlisted'") == [(10, 10)]
    before = place.history()
    assert place.replayed() == before


def test_answers_that_cannot_be_landed_fail_the_cloud_and_load_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(Landing):
        def __init__(self, _: object) -> None:
            raise OSError(28, "No space left on device")

    rotate(place.cloud, "p1", name="old")
    before = place.rows(IMAGES)
    monkeypatch.setattr("pipeline.missing_images.Landing", FullDisk)
    with pytest.raises(CloudError, match=r"cloud c, images not listed: .* cannot be written"):
        place.run()
    assert place.rows(IMAGES) == before
