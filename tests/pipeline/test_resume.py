"""A reading that broke off is gone on with: no page is asked for twice, and nothing is missed for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from extract.account import CloudSettings
from extract.landing import MANIFEST, landed_pages, listing_folder
from load.runs import BrokenOff, Run
from pipeline.listing_reading import ListingIncomplete, read_listing
from pipeline.session import Session, open_session
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Fault, Reply, fake_cloud
from tests.clouds.prefect_server import environment_of_a_command
from tests.pipeline.test_sync import Place

NOW = datetime(2026, 11, 1, 2)
FIRST, SECOND = Run("run-1", NOW, "full"), Run("run-2", NOW, "full")


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 2
        for number in range(10):
            running.add(f"{number}")
        yield running


@pytest.fixture
def session(cloud: FakeCloud) -> Session:
    settings = CloudSettings(
        "c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, listings=("private",), tries=1
    )
    return at(open_session(settings), NOW)


def at(session: Session, time: datetime) -> Session:
    """The same session, at another time by the server's clock."""
    return Session(session.connection, replace(session.api_probe, started_at=time), session.listings)


def breaking_at(marker: str) -> Fault:
    return lambda asked: Reply(500) if asked.query.get("marker") == marker else None


def break_off(session: Session, cloud: FakeCloud, landing: Path, marker: str = "5") -> None:
    cloud.faults.append(breaking_at(marker))
    with pytest.raises(ListingIncomplete):
        read_listing(session, session.listings[0], landing, FIRST)
    cloud.faults.clear()
    cloud.log.clear()


def asked_markers(cloud: FakeCloud) -> list[str | None]:
    return [query.get("marker") for query in cloud.asked_listings() if "updated_at" not in query]


def names(landing: Path, run: Run) -> dict[str, str]:
    """What a reader of the landing would load: the later page counts."""
    found: dict[str, str] = {}
    for _, body in landed_pages(listing_folder(landing, run.run_id, "c", "private")):
        found |= {image["id"]: image["name"] for image in msgspec.json.decode(body)["images"]}
    return found


def test_second_try_within_a_run_goes_on_after_the_last_landed_page(
    session: Session, cloud: FakeCloud, tmp_path: Path
) -> None:
    break_off(session, cloud, tmp_path)
    outcome = read_listing(session, session.listings[0], tmp_path, FIRST)
    assert asked_markers(cloud) == ["5", "7", "9"]
    assert (outcome.images, outcome.evidence["pages_landed_before"]) == (10, 3)
    assert [folder.name for folder in (tmp_path / "run-1" / "c").iterdir()] == ["private"]


def test_next_run_goes_on_and_its_landing_is_whole(session: Session, cloud: FakeCloud, tmp_path: Path) -> None:
    break_off(session, cloud, tmp_path)
    outcome = read_listing(session, session.listings[0], tmp_path, SECOND, broken=BrokenOff("run-1", NOW, frozenset()))
    assert asked_markers(cloud) == ["5", "7", "9"]
    assert outcome.images == len(names(tmp_path, SECOND)) == 10


def test_closing_pass_covers_what_changed_since_the_broken_reading_began(
    session: Session, cloud: FakeCloud, tmp_path: Path
) -> None:
    break_off(session, cloud, tmp_path)
    cloud.add("0", name="changed in the gap", updated_at="2026-11-01T02:30:00Z")
    later = at(session, NOW + timedelta(hours=1))
    outcome = read_listing(later, session.listings[0], tmp_path, SECOND, broken=BrokenOff("run-1", NOW, frozenset()))
    assert names(tmp_path, SECOND)["0"] == "changed in the gap"
    assert outcome.watermark == NOW


def test_reading_that_broke_off_long_ago_starts_over(session: Session, cloud: FakeCloud, tmp_path: Path) -> None:
    break_off(session, cloud, tmp_path)
    tomorrow = at(session, NOW + timedelta(days=1))
    read_listing(tomorrow, session.listings[0], tmp_path, SECOND, broken=BrokenOff("run-1", NOW, frozenset()))
    assert asked_markers(cloud) == [None, "1", "3", "5", "7", "9"]


@pytest.mark.parametrize("damage", ["line cut off", "page gone", "page cut off", "no manifest", "no start"])
def test_damaged_landing_costs_requests_and_nothing_else(
    session: Session, cloud: FakeCloud, tmp_path: Path, damage: str
) -> None:
    break_off(session, cloud, tmp_path)
    folder = listing_folder(tmp_path, "run-1", "c", "private")
    manifest, page = folder / MANIFEST, folder / "page-000003.json.zst"
    match damage:
        case "line cut off":
            os.truncate(manifest, manifest.stat().st_size - 10)
        case "page gone":
            page.unlink()
        case "page cut off":
            os.truncate(page, 20)
        case "no manifest":
            manifest.unlink()
        case _:
            (folder / "reading.json").unlink()
    outcome = read_listing(session, session.listings[0], tmp_path, SECOND, broken=BrokenOff("run-1", NOW, frozenset()))
    assert outcome.images == len(names(tmp_path, SECOND)) == 10
    whole = damage in ("no manifest", "no start")
    assert asked_markers(cloud) == ([None, "1", "3", "5", "7", "9"] if whole else ["3", "5", "7", "9"])


def test_marker_that_vanished_in_the_gap_is_stepped_back_from(
    session: Session, cloud: FakeCloud, tmp_path: Path
) -> None:
    break_off(session, cloud, tmp_path)
    for identity in "45":
        del cloud.images[identity]
    outcome = read_listing(session, session.listings[0], tmp_path, SECOND, broken=BrokenOff("run-1", NOW, frozenset()))
    assert outcome.evidence["last_id"] == "9"
    assert set("0123") | set("6789") <= names(tmp_path, SECOND).keys()


def test_sync_resume_reads_only_what_the_run_before_did_not(
    cloud: FakeCloud, tmp_path: Path, prefect_home: str
) -> None:
    for number in range(5):
        cloud.add(f"p{number}", "public")
    place = Place(tmp_path, c=cloud)
    always = breaking_at("5")
    cloud.faults.append(always)
    assert place.run().status == "partial"
    cloud.faults.remove(always)
    cloud.log.clear()
    report = place.run(resume=True)
    assert (report.status, report.clouds[0].new) == ("completed", 10)
    assert [listing.listing for listing in report.clouds[0].listings] == ["private"]
    assert asked_markers(cloud) == [None, "5", "7", "9"]  # the first look, what was not landed, and the end
    assert place.rows("SELECT count(*) FROM images") == [(15,)]
    cloud.log.clear()
    assert len(place.run(resume=True).clouds[0].listings) == 5, "nothing is left to go on with"


def test_run_that_was_killed_is_gone_on_with(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    environment = environment_of_a_command(GLANCEBACK_CONFIG=place.config)
    running = subprocess.Popen([sys.executable, "-m", "cli", "sync"], env=environment, stderr=subprocess.DEVNULL)

    def kill(asked: Asked) -> None:
        if asked.query.get("marker") == "5":
            running.kill()

    cloud.faults.append(kill)
    assert running.wait(300) == -signal.SIGKILL
    cloud.faults.clear()
    cloud.log.clear()
    report = place.run(resume=True)
    assert (report.status, report.clouds[0].new) == ("completed", 10)
    assert "1" not in asked_markers(cloud)
    assert sorted(place.rows("SELECT status FROM runs")) == [("completed",), ("failed",)]
