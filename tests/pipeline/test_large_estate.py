"""Many projects in two regions, at a fake cloud: what a run costs, and what one that fails does to the others."""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from load.warehouse import Warehouse
from pipeline import cloud_reading
from pipeline import clouds as clouds_of_a_run
from pipeline.cloud_reading import CloudReading
from pipeline.replay import replay
from pipeline.report import RunReport
from pipeline.session import Session
from pipeline.settings import load_settings
from tests.clouds.accounts import write_clouds_yaml, write_settings
from tests.clouds.estate import REGIONS, FakeEstate, fake_estate
from tests.clouds.fake import Asked, Reply
from tests.clouds.identity import AskedIdentity
from tests.pipeline.syncing import sync
from tests.verify.landings import faults

ESTATE = '[clouds.prod]\nprojects = "all"\nregions = "all"\ntries = 1\nmax_connections = 3\n'
ROWS = "SELECT cloud, id, name, content_hash, listings, region, project_name FROM images ORDER BY ALL"
OPEN_AT_ONCE, LOGINS_AT_ONCE = 3, 2


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few clouds are more than are open at once; and a listing is tried again without a pause."""
    monkeypatch.setattr(clouds_of_a_run, "_MOST_OPEN", OPEN_AT_ONCE)
    monkeypatch.setattr(clouds_of_a_run, "_MOST_LOGINS", LOGINS_AT_ONCE)
    monkeypatch.setattr(cloud_reading, "READ_LISTING", replace(cloud_reading.READ_LISTING, retry_delay_seconds=0.0))


@pytest.fixture
def estate(request: pytest.FixtureRequest) -> Iterator[FakeEstate]:
    """Three projects, unless the test asks for more."""
    with fake_estate(getattr(request, "param", 3)) as made:
        made.fill(2, public=1)
        yield made


class Place:
    """A folder with settings, a warehouse and landing."""

    def __init__(self, folder: Path, entries: dict[str, Any], clouds: str, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self._monkeypatch = folder, monkeypatch
        self._entries = write_clouds_yaml(folder, **entries)
        self.config = write_settings(folder, clouds)

    def sync(self, mode: Any = "full", **parameters: Any) -> RunReport:
        self._monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(self._entries))
        return sync(self.config, mode, **parameters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "published.duckdb"), read_only=True) as reader:
            return reader.execute(query).fetchall()


def of_estate(folder: Path, estate: FakeEstate, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(folder, {"prod": estate.entry}, ESTATE, monkeypatch)


def statuses(report: RunReport) -> dict[str, str]:
    return {cloud.cloud: cloud.status for cloud in report.clouds}


def names(estate: FakeEstate, region: str) -> list[str]:
    return [f"prod/{region}/{project}" for project in estate.names.values()]


def test_rows_are_those_of_tables_written_by_hand(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = of_estate(tmp_path / "one", estate, monkeypatch)
    assert set(statuses(one.sync()).items()) == {(name, "completed") for one in REGIONS for name in names(estate, one)}
    keys = [(f"prod/{region}/{estate.names[project]}", region, project) for region, project in estate.contents]
    tables = "".join(f'[clouds."{name}"]\nos_cloud = "{number}"\n' for number, (name, _, _) in enumerate(keys))
    entries = {str(number): estate.entry_of(*key) for number, (_, *key) in enumerate(keys)}
    many = Place(tmp_path / "many", entries, tables, monkeypatch)
    assert many.sync().status == "completed"
    assert len(one.rows(ROWS)) == 2 * len(estate.contents)
    assert one.rows(ROWS) == many.rows(ROWS)
    assert faults(tmp_path / "one") == []


def test_each_cloud_costs_one_login_and_one_load(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    place.sync()
    scoped = {project: estate.logins[project] for project in estate.names}
    # The first project's catalogue says which regions there are.
    assert scoped == {project: len(REGIONS) + (number == 0) for number, project in enumerate(estate.names)}
    assert estate.logins[""] == 1

    transactions: list[Warehouse] = []
    begin = Warehouse.transaction

    def counted(warehouse: Warehouse) -> AbstractContextManager[None]:
        transactions.append(warehouse)
        return begin(warehouse)

    monkeypatch.setattr(Warehouse, "transaction", counted)
    counts = []
    for pattern in ("prod/*/project-001", "prod/*/project-00[1-3]"):
        transactions.clear()
        assert place.sync(clouds=[pattern]).status == "completed"
        counts.append(len(transactions))
    few, all_of_them = counts
    assert all_of_them - few == 2 * 4, "one that finds what is missing, and the load"


def test_number_of_clouds_and_requests_at_once_is_bounded(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_sessions: list[int] = []
    being_read: list[int] = []
    is_side_by_side = threading.Event()

    gc.collect()
    of_other_tests = {id(one) for one in gc.get_objects() if isinstance(one, Session | CloudReading)}

    def look(asked: AskedIdentity) -> Reply | None:
        if asked.is_login and '"scope"' in asked.body:
            alive = [one for one in gc.get_objects() if id(one) not in of_other_tests]
            open_sessions.append(sum(isinstance(one, Session) for one in alive))
            being_read.append(sum(isinstance(one, CloudReading) for one in alive))
            if len(open_sessions) > 1:  # the first is for the service catalogue
                if estate.logins_in_flight.now > 1 or len(open_sessions) > 2:
                    is_side_by_side.set()
                is_side_by_side.wait(60)
        return None

    estate.identity.faults.insert(0, look)
    estate.seconds = 0.01
    place = of_estate(tmp_path, estate, monkeypatch)
    assert place.sync().status == "completed"
    assert is_side_by_side.is_set()
    assert len(open_sessions) == 1 + len(estate.contents)
    assert max(open_sessions) <= OPEN_AT_ONCE + LOGINS_AT_ONCE
    assert 0 < max(being_read) <= OPEN_AT_ONCE
    assert estate.logins_in_flight.most <= LOGINS_AT_ONCE
    assert {region: flight.most for region, flight in estate.in_flight.items()} == dict.fromkeys(REGIONS, 3)


def test_changes_run_reads_what_all_see_once_a_region(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    place.sync()
    first = next(iter(estate.names))
    estate.add(REGIONS[0], first, "0" * 36, listing="public", updated_at="2099-01-01T00:00:00Z")
    of_all(estate, lambda cloud: cloud.log.clear())
    assert place.sync("changes").status == "completed"
    asked = [
        (region, sum(query.get("visibility") == "public" for query in cloud.asked_listings()))
        for (region, _), cloud in estate.contents.items()
    ]
    assert {region: sum(count for where, count in asked if where == region) for region in REGIONS} == dict.fromkeys(
        REGIONS, 1
    )
    seen = place.rows(f"SELECT cloud FROM images WHERE id = '{'0' * 36}' ORDER BY ALL")
    assert seen == [(name,) for name in names(estate, REGIONS[0])]
    assert faults(tmp_path) == []


def test_changes_run_reads_what_all_see_for_a_new_project_too(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one needs all of the listing, and the others only what changed."""
    place = of_estate(tmp_path, estate, monkeypatch)
    last = f"prod/{REGIONS[0]}/{list(estate.names.values())[-1]}"
    place.sync(clouds=[f"prod/{REGIONS[0]}/project-00[1-2]"])
    place.sync("changes", clouds=[f"prod/{REGIONS[0]}/*"])
    assert place.rows(f"SELECT count(*) FROM images WHERE cloud = '{last}'") == [(2,)]


@pytest.mark.parametrize("pages_before", [0, 3])
def test_region_that_dies_ends_nothing_and_harms_no_other(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages_before: int
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    place.sync()
    before = place.rows(ROWS)
    pages = 0
    asked_for_public: set[str | None] = set()

    def die(asked: Asked) -> Reply | None:
        nonlocal pages
        if not {"owner", "visibility"} & asked.query.keys():
            return None  # what a login asks to know the dialect
        pages += 1
        if asked.query.get("visibility") == "public":
            asked_for_public.add(asked.token)
        return Reply(cut_at=-1) if pages > pages_before else None

    dead, alive = REGIONS
    estate.servers[dead].faults.insert(0, die)
    for region in REGIONS:
        first = next(iter(estate.names))
        estate.add(region, first, f"new-{region}", listing="public")
    report = place.sync()
    assert report.status == "partial"
    found = statuses(report)
    assert {found[name] for name in names(estate, alive)} == {"completed"}
    assert {found[name] for name in names(estate, dead)} <= {"failed", "partial"}
    whole = "SELECT cloud, id, name, content_hash FROM images WHERE NOT id LIKE 'new-%' ORDER BY ALL"
    assert [row[:4] for row in before] == place.rows(whole), "nothing of the dead region ends"
    assert len(place.rows(f"SELECT cloud FROM images WHERE id = 'new-{alive}'")) == len(estate.names)
    complaints = [cloud for cloud in report.clouds if cloud.error or any(each.error for each in cloud.listings)]
    assert sorted(cloud.cloud for cloud in complaints) == names(estate, dead), "it says which"
    if pages_before == 0:
        assert len(asked_for_public) == 1, "who could read nothing of its own does not try what all see"

    estate.servers[dead].faults.pop(0)
    again = place.sync()
    assert again.status == "completed"
    assert sum(cloud.deleted for cloud in again.clouds) == 0


def test_role_that_is_taken_in_the_middle_of_a_run_ends_nothing(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    place.sync()
    before = place.rows(ROWS)
    taken = list(estate.names)[1]

    def take(asked: Asked) -> Reply | None:
        """The project's login still works, and its first page; then it is over."""
        if (asked.token or "").startswith(taken) and "sort_key" in asked.query:
            estate.forbidden.add(taken)
        return None

    for server in estate.servers.values():
        server.faults.insert(0, take)
    report = place.sync()
    assert report.status == "partial"
    found = statuses(report)
    failed = [f"prod/{region}/{estate.names[taken]}" for region in REGIONS]
    assert {name: found.pop(name) for name in failed} == dict.fromkeys(failed, "failed")
    assert set(found.values()) == {"completed"}
    assert place.rows(ROWS) == before, "nothing of it ends"


def test_listing_whose_first_reader_fails_is_read_by_another(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    asked_by: list[str] = []

    def refuse(asked: Asked) -> Reply | None:
        if asked.query.get("visibility") != "public" or "sort_key" not in asked.query:
            return None
        asked_by.append(asked.token or "")
        return Reply(403) if asked.token == asked_by[0] else None

    estate.servers[REGIONS[0]].faults.insert(0, refuse)
    report = place.sync()
    assert sorted(statuses(report).values()) == ["completed"] * 5 + ["partial"]
    read_by = "SELECT evidence->>'read_by' FROM run_listings WHERE listing = 'public' AND complete"
    others = [one for (one,) in place.rows(read_by) if one is not None]
    assert (len(others), len(set(others))) == (3, 2), "one reader a region, and one project has none"


@pytest.mark.parametrize("estate", [4], indirect=True)
def test_listing_that_fails_for_all_is_tried_by_a_few(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    asked_by: set[str | None] = set()

    def refuse(asked: Asked) -> Reply | None:
        if asked.query.get("visibility") != "public" or "sort_key" not in asked.query:
            return None
        asked_by.add(asked.token)
        return Reply(403)

    estate.servers[REGIONS[0]].faults.insert(0, refuse)
    report = place.sync()
    assert len(asked_by) == 3
    errors = {
        listing.error
        for cloud in report.clouds
        for listing in cloud.listings
        if listing.listing == "public" and cloud.cloud.startswith(f"prod/{REGIONS[0]}/")
    }
    assert len(errors) == len(estate.names)
    assert sum("not read: 3 other projects of its region could not read it" in (error or "") for error in errors) == 1


def test_lost_warehouse_gets_its_clouds_back_from_landing(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = of_estate(tmp_path, estate, monkeypatch)
    place.sync(clouds=["prod/eu-de/*"])
    gone = next(iter(estate.names))
    estate.forbidden.add(gone)
    place.sync(clouds=["prod/eu-de/project-00[1-2]"])
    clouds = place.rows("FROM clouds ORDER BY ALL")
    assert len(clouds) == len(estate.names)
    assert place.rows("SELECT cloud FROM clouds WHERE gone_since IS NOT NULL") == [("prod/eu-de/project-001",)]
    rows = place.rows(ROWS)
    (tmp_path / "warehouse.duckdb").unlink()
    replay(load_settings(place.config))
    assert place.rows("FROM clouds ORDER BY ALL") == clouds
    assert place.rows(ROWS) == rows
    assert all(region == "eu-de" and project for *_, region, project in rows)


def of_all(estate: FakeEstate, do: Callable[[Any], object]) -> None:
    for cloud in estate.contents.values():
        do(cloud)
