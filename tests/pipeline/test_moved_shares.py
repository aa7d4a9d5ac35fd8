"""Images that move from one listing to another while they are read: after the run each is in one of them."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from extract.account import CloudSettings
from extract.listing import Listing, listings
from load.earlier_runs import pages_of_listings
from load.guard import Guard
from load.merge import ListingOutcome
from load.runs import Run, begin_run, finish_run
from pipeline.cloud_loading import load_cloud
from pipeline.listing_reading import read_listing
from pipeline.replay import replay
from pipeline.second_pass import MOST_PAGES_READ_AGAIN, in_stages, read_again
from pipeline.session import Session, open_session
from pipeline.settings import load_settings
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.load.runs import READ_AT, Runs, image, new_warehouse
from tests.pipeline.test_sync import Place

SHARES = ("shared-pending", "shared-accepted", "shared-rejected")
MEMBERSHIPS = "SELECT id, listing FROM listing_memberships WHERE seen_to IS NULL ORDER BY ALL"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        yield running


def _settings(cloud: FakeCloud, listings: Sequence[str] = (), dialect: str = "auto") -> CloudSettings:
    return CloudSettings(
        "c",
        auth_type="none",
        endpoint=cloud.url,
        project_id=PROJECT,
        tries=1,
        listings=tuple(listings),
        dialect=dialect,
    )


def _read(session: Session, landing: Path, run: Run, *, backwards: bool = False) -> list[ListingOutcome]:
    """Read the listings as a run does, one after the other."""
    stages = in_stages(session.listings, {})
    order = [listing for stage in stages for listing in (reversed(stage) if backwards else stage)]
    outcomes = [read_listing(session, listing, landing, run) for listing in order]
    return read_again(session, landing, run, stages, outcomes)


def _ids(outcome: ListingOutcome) -> set[str]:
    assert outcome.staged is not None
    return set(pq.read_table(outcome.staged.images).column("id").to_pylist())


def _before_request(cloud: FakeCloud, number: int, move: Callable[[FakeCloud], None]) -> None:
    """Have the move happen right before the cloud answers the request of that number, counted from now."""

    def happen(_: Asked) -> None:
        if len(cloud.log) == number:
            move(cloud)

    cloud.log.clear()
    cloud.faults[:] = [happen]


class Move:
    """A share that gets another status."""

    def __init__(self, identity: str, to: str) -> None:
        self._identity, self._to = identity, to.removeprefix("shared-")

    def __call__(self, cloud: FakeCloud) -> None:
        cloud.member_status[self._identity] = self._to


@pytest.mark.parametrize(
    ("old", "new", "backwards"),
    [
        *((old, new, False) for old, new in itertools.permutations(SHARES, 2)),
        # The two that are read side by side.
        ("shared-pending", "shared-rejected", True),
        ("shared-rejected", "shared-pending", True),
    ],
)
def test_share_that_moves_at_any_time_is_in_a_listing(
    cloud: FakeCloud, tmp_path: Path, old: str, new: str, backwards: bool
) -> None:
    session = open_session(_settings(cloud, SHARES))
    cloud.add("b", new)
    for number in range(1, 10):
        cloud.add("a", old)
        _before_request(cloud, number, Move("a", new))
        outcomes = _read(session, tmp_path / str(number), Run("r", READ_AT, "full"), backwards=backwards)
        assert all(outcome.complete for outcome in outcomes)
        assert "a" in set().union(*map(_ids, outcomes)), f"moved before request {number}"
        assert len(cloud.log) >= 9


def test_short_listings_are_read_around_the_long_one() -> None:
    known = listings("ims", PROJECT)
    assert _names(in_stages(known, {})) == [
        ["public", "private", "shared-pending", "shared-rejected"],
        ["shared-accepted"],
    ]
    long_one = {"shared-pending": MOST_PAGES_READ_AGAIN + 1}
    assert _names(in_stages(known, long_one)) == [
        ["public", "private", "shared-rejected", "shared-accepted"],
        ["shared-pending"],
    ]
    all_long = dict.fromkeys(SHARES, MOST_PAGES_READ_AGAIN + 1)
    assert _names(in_stages(known, all_long)) == [
        ["public", "private", "shared-pending"],
        ["shared-rejected"],
        ["shared-accepted"],
    ]
    assert _names(in_stages(listings("ims", PROJECT, ("private",)), {})) == [["private"]]
    assert _names(in_stages(listings("ims", PROJECT, ("shared-accepted",)), {})) == [["shared-accepted"]]
    assert in_stages((), {}) == []


def _names(stages: Sequence[Sequence[Listing]]) -> list[list[str]]:
    return [[listing.name for listing in stage] for stage in stages]


@pytest.mark.parametrize(("old", "new"), [("private", "public"), ("public", "private"), ("private", "shared")])
def test_image_whose_visibility_changes_at_any_time_is_in_a_listing(
    cloud: FakeCloud, tmp_path: Path, old: str, new: str
) -> None:
    session = open_session(_settings(cloud, (old, "shared-accepted" if new == "shared" else new), dialect="openstack"))

    def move(cloud: FakeCloud) -> None:
        cloud.images["a"] |= {"visibility": new, "updated_at": "2099-01-01T00:00:00Z"}

    for number, backwards in itertools.product(range(1, 7), (False, True)):
        cloud.add("a", visibility=old)
        _before_request(cloud, number, move)
        landing = tmp_path / f"{number}-{backwards}"
        outcomes = _read(session, landing, Run("r", READ_AT, "full"), backwards=backwards)
        assert "a" in set().union(*map(_ids, outcomes)), f"moved before request {number}"
        assert len(cloud.log) >= 6


def test_second_look_that_fails_leaves_the_first_one(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.add("a", "shared-pending")
    cloud.faults.append(lambda _: Reply(403) if len(cloud.log) > 7 else None)
    outcomes = _read(open_session(_settings(cloud, SHARES)), tmp_path, Run("r", READ_AT, "full"))
    assert [outcome.complete for outcome in outcomes] == [True, True, True]
    assert set().union(*map(_ids, outcomes)) == {"a"}
    assert [folder.name for folder in (tmp_path / "r" / "c").iterdir() if folder.name.startswith(".")] == []


def test_second_look_costs_one_request_a_listing(cloud: FakeCloud, tmp_path: Path) -> None:
    for number in range(30):
        # What changed right before the run is shown by every closing pass, and is no reason to read on.
        changed = {"updated_at": "2099-01-01T00:00:00Z"} if number < 5 else {}
        cloud.add(f"{number:03d}", (*SHARES, "public", "private")[number % 5], **changed)
    outcomes = _read(open_session(_settings(cloud)), tmp_path, Run("r", READ_AT, "full"))
    assert len(cloud.log) == 1 + 2 * 5 + 5
    assert {outcome.listing: len(_ids(outcome)) for outcome in outcomes} == dict.fromkeys(
        (*SHARES, "public", "private"), 6
    )


@pytest.mark.parametrize(("old", "new"), [("pending", "accepted"), ("accepted", "rejected"), ("rejected", "pending")])
def test_share_is_in_one_listing_after_the_run_not_in_two(cloud: FakeCloud, tmp_path: Path, old: str, new: str) -> None:
    session = open_session(_settings(cloud, SHARES))
    with new_warehouse(tmp_path) as warehouse:
        for number in (4, 6, 8):
            cloud.add("a", f"shared-{old}")
            _before_request(cloud, number, Move("a", new))
            run = begin_run(warehouse, "full", "0")
            outcomes = _read(session, tmp_path / "landing", run)
            load_cloud(warehouse, session, run, outcomes, Guard(images=1000, emptied=1000), tmp_path / "landing")
            finish_run(warehouse, run, "completed")
            (found,) = warehouse.execute(MEMBERSHIPS).fetchall()
            assert found[1] in (f"shared-{old}", f"shared-{new}")


def test_share_that_is_seen_elsewhere_has_left_a_listing_that_could_not_be_read(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path)
        nights.run({"shared-pending": [image("a", owner="b"), image("b", owner="b")], "shared-accepted": []})
        nights.run({"shared-pending": [], "shared-accepted": [image("a", owner="b")]}, incomplete=("shared-pending",))
        assert nights.rows(MEMBERSHIPS) == [("a", "shared-accepted"), ("b", "shared-pending")]


def test_own_shares_stay_shared_out_beside_what_is_received(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path)
        own = image("a", owner="p" * 32)
        for _ in range(2):
            nights.run({"private": [own], "shared-pending": [own], "shared-accepted": [own, image("b", owner="b")]})
        assert nights.rows(MEMBERSHIPS) == [("a", "private"), ("a", "shared-out"), ("b", "shared-accepted")]


def test_run_and_its_replay_know_where_every_share_went(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    ids = {"pa": ("pending", "accepted"), "ar": ("accepted", "rejected"), "ap": ("accepted", "pending")}
    for identity, (old, _) in ids.items():
        cloud.add(identity, f"shared-{old}")
    cloud.add("public", "public")
    cloud.add("private")
    place = Place(tmp_path, c=cloud)
    assert place.run().status == "completed"

    def accept(asked: Asked) -> None:
        if asked.query.get("member_status") == "accepted":
            for identity, (_, new) in ids.items():
                cloud.member_status[identity] = new

    cloud.faults.append(accept)
    cloud.add("new", "shared-pending")
    ids["new"] = ("pending", "accepted")
    report = place.run()
    assert (report.status, report.clouds[0].new, report.clouds[0].unchanged) == ("completed", 1, 5)
    now = [(identity, f"shared-{new}") for identity, (_, new) in ids.items()]
    expected = sorted([*now, ("public", "public"), ("private", "private")])
    assert place.rows(MEMBERSHIPS) == expected
    replay(load_settings(place.config))
    assert place.rows(MEMBERSHIPS) == expected


def test_listing_of_several_pages_is_read_again_by_several_readers(cloud: FakeCloud, tmp_path: Path) -> None:
    for number in range(250):
        cloud.add(f"{number:03d}", "shared-pending")
    moved, arrives = Move("007", "shared-accepted"), Move("999", "shared-pending")
    cloud.add("999", "shared-rejected")
    session = open_session(replace(_settings(cloud, SHARES), page_size=100, max_connections=2))
    run = Run("r", READ_AT, "full")
    stages = in_stages(session.listings, {})
    outcomes = [read_listing(session, listing, tmp_path, run) for stage in stages for listing in stage]
    moved(cloud)
    arrives(cloud)
    cloud.log.clear()
    outcomes = read_again(session, tmp_path, run, stages, outcomes)
    pending = next(outcome for outcome in outcomes if outcome.listing == "shared-pending")
    assert _ids(pending) == {f"{number:03d}" for number in range(250)} | {"999"}
    again = pending.evidence["again"]
    assert [part["after"] for part in again["parts"]] == [None, "125"]
    assert [part["images"] for part in again["parts"]] == [125, 125]
    asked = [asked.query for asked in cloud.log if asked.query.get("member_status") == "pending"]
    # The first reader finds one image less than there was, and the others none but the new one: no page comes twice.
    assert len(asked) == len({(query.get("marker"), query["limit"]) for query in asked})
    assert all(outcome.complete for outcome in outcomes)


def test_long_listing_of_what_the_account_shares_is_not_read_again(cloud: FakeCloud, tmp_path: Path) -> None:
    for number in range(MOST_PAGES_READ_AGAIN + 2):
        cloud.add(f"{number:03d}", "shared-pending", owner=PROJECT)
    session = open_session(replace(_settings(cloud, SHARES), page_size=1))
    outcomes = _read(session, tmp_path, Run("r", READ_AT, "full"))
    (pending,) = [outcome for outcome in outcomes if outcome.listing == "shared-pending"]
    assert pending.images == 0
    assert pending.evidence["shared_out"] == MOST_PAGES_READ_AGAIN + 2
    assert "again" not in pending.evidence


def test_length_of_a_listing_does_not_depend_on_the_requests_that_it_took(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        for number, (images, shared_out) in enumerate([(5000, 0), (1999, 1)]):
            run = begin_run(warehouse, "full", "0")
            outcome = {"pages": 40, "images": images, "evidence": f'{{"shared_out": {shared_out}}}', "error": None}
            of_run = {"run_id": run.run_id, "cloud": "c", "listing": "shared", "watermark": run.started_at}
            warehouse.run("runs", "add_run_listing", **outcome, **of_run, bytes=1, seconds=1.0, complete=True)
            finish_run(warehouse, run, "completed")
            assert pages_of_listings(warehouse, "c", 1000) == {"shared": 6 if number == 0 else 3}
