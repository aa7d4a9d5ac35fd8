"""Listings read by Dask workers: several processes, one landing, the same history as one process makes of it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import distributed
import duckdb
import pytest

from core.errors import SettingsError
from flows import worker_check
from pipeline import cloud_reading
from tests.clouds.accounts import write_clouds_yaml, write_settings
from tests.clouds.estate import fake_estate
from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.clouds.openstack import free_port
from tests.clouds.store import bucket, object_store
from tests.pipeline.syncing import sync
from tests.pipeline.test_large_estate import ESTATE
from tests.pipeline.test_sync import FIVE, Place

HISTORY = "SELECT * EXCLUDE (seen_from, run_from, landed_page, landed_file) FROM image_versions ORDER BY id"
LISTINGS = "SELECT id, listing FROM listing_memberships ORDER BY ALL"


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The URL of a folder in an object store, to which our environment leads."""
    with object_store() as running, pytest.MonkeyPatch.context() as patch, bucket(running, patch) as url:
        yield url


@pytest.fixture(scope="module")
def workers(prefect_home: str, store: str) -> Iterator[distributed.LocalCluster]:
    """They have our environment."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=3, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 10
        for number in range(200):
            running.add(f"{number:03d}", FIVE[number % 5], __os_bit="64")
        yield running


def on_dask(place: Place, cluster: distributed.LocalCluster, more: str = "") -> Place:
    config = Path(place.config)
    settings = f'task_runner = "dask"\ndask_scheduler = "{cluster.scheduler_address}"\n{more}\n'
    config.write_text(settings + config.read_text())
    return place


def pid_of_a_busy_worker(cluster: distributed.LocalCluster) -> int:
    for worker in cluster.scheduler.workers.values():
        if worker.processing:
            return int(cluster.workers[worker.name].process.pid)
    raise AssertionError("no worker reads")


def test_dask_workers_read_what_one_process_reads(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    for name in ("here", "there", "by Prefect"):
        (tmp_path / name).mkdir()
    here, there = Place(tmp_path / "here", c=cloud), on_dask(Place(tmp_path / "there", c=cloud), workers)
    by_prefect = on_dask(Place(tmp_path / "by Prefect", "prefect", c=cloud), workers)
    for place in (here, there, by_prefect):
        assert place.run().status == "completed"
        assert place.rows(HISTORY) == here.rows(HISTORY)
        assert place.rows(LISTINGS) == here.rows(LISTINGS)
        assert len(place.rows(HISTORY)) == 200


def test_workers_hand_over_through_the_store(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path, store: str
) -> None:
    place = on_dask(Place(tmp_path, c=cloud), workers)
    config = Path(place.config)
    config.write_text(config.read_text().replace('landing = "landing"', f'landing = "{store}"'))
    assert place.run().status == "completed"
    assert len(place.rows(HISTORY)) == 200
    assert not (tmp_path / "landing").exists()


def test_worker_that_is_killed_loses_nothing(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    place = on_dask(Place(tmp_path, c=cloud), workers)
    killed: list[int] = []

    def kill(asked: Asked) -> Reply | None:
        if asked.query.get("marker", "") > "100" and not killed:
            killed.append(pid_of_a_busy_worker(workers))
            os.kill(killed[0], signal.SIGKILL)
        return None

    cloud.faults.append(kill)
    assert place.run().status == "completed"
    assert killed
    assert len(place.rows(HISTORY)) == 200


def test_all_workers_together_keep_to_max_connections(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text(config.read_text() + "max_connections = 2\n")
    on_dask(place, workers)
    going, counts = [0], []

    def count(asked: Asked) -> Reply | None:
        going[0] += 1
        counts.append(going[0])
        time.sleep(0.05)
        going[0] -= 1
        return None

    cloud.faults.append(count)
    assert place.run().status == "completed"
    assert max(counts) == 2


def test_scheduler_that_is_not_there_is_said(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text('task_runner = "dask"\ndask_scheduler = "tcp://127.0.0.1:9"\n' + config.read_text())
    done = place.command("sync", DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s")
    assert done.returncode == 2, done.stderr
    assert "the Dask scheduler at tcp://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does other things too starts a worker in minutes."""
    monkeypatch.setattr(worker_check, "WORKERS_SECONDS", 300.0)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_check, "WORKERS_SECONDS", 2.0)
    monkeypatch.setattr(worker_check, "LOOK_SECONDS", 0.2)


def cluster_of(workers: int, preload: str | None = None) -> distributed.LocalCluster:
    more = {"preload": [preload]} if preload else {}
    return distributed.LocalCluster(n_workers=workers, threads_per_worker=3, dashboard_address=":0", **more)


def test_scheduler_without_workers_is_not_waited_for(
    cloud: FakeCloud, tmp_path: Path, prefect_home: str, impatient: None
) -> None:
    with cluster_of(0) as none:
        place = on_dask(Place(tmp_path, c=cloud), none)
        with pytest.raises(SettingsError, match="has no workers; none came within 2 s") as caught:
            place.run()
        assert none.scheduler_address in str(caught.value)


@pytest.mark.parametrize(
    ("preload", "said"),
    [
        ("import sys; sys.modules['flows'] = None", "cannot import glanceback (ModuleNotFoundError"),
        (
            "import flows.worker_check as check; ours = check.our_version();"
            "check.our_version = lambda: ours | {'Python': '2.7'}",
            "has Python 2.7, where we have 3",
        ),
    ],
)
def test_worker_that_cannot_read_for_us_is_named(
    cloud: FakeCloud, tmp_path: Path, prefect_home: str, preload: str, said: str
) -> None:
    with cluster_of(1, preload) as useless:
        place = on_dask(Place(tmp_path, c=cloud), useless)
        with pytest.raises(SettingsError, match=r"workers of the Dask scheduler at .* 1 of 1 cannot read") as caught:
            place.run()
        assert f"{useless.workers[0].worker_address} {said}" in str(caught.value)


def test_workers_that_all_went_away_are_not_waited_for(
    cloud: FakeCloud, tmp_path: Path, prefect_home: str, impatient: None
) -> None:
    scheduler = cluster_of(1)
    place = on_dask(Place(tmp_path, c=cloud), scheduler)
    ended: list[bool] = []

    def end(asked: Asked) -> Reply | None:
        if asked.query.get("marker", "") > "100" and not ended:
            ended.append(True)
            threading.Thread(target=scheduler.scale, args=(0,)).start()
            time.sleep(1)
        return None

    cloud.faults.append(end)
    try:
        report = place.run()
    finally:
        scheduler.close()
    assert ended
    assert report.status == "failed"
    errors = [str(listing.error) for listing in report.clouds[0].listings if listing.error]
    assert errors
    assert all("all workers of the Dask scheduler at" in error for error in errors)
    assert not any("glanceback itself" in error for error in errors)


def test_scheduler_that_is_killed_is_named_once(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", str(port), "--no-dashboard"]
    scheduler = subprocess.Popen(dask, stderr=subprocess.DEVNULL)
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard", "--no-nanny"],
        stderr=subprocess.DEVNULL,
    )
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text(f'task_runner = "dask"\ndask_scheduler = "{address}"\n' + config.read_text())

    def kill(asked: Asked) -> Reply | None:
        if asked.query.get("marker", "") > "100":
            scheduler.kill()
            time.sleep(3)
        return None

    cloud.faults.append(kill)
    try:
        done = place.command("sync", DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="3s")
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "glanceback itself" not in done.stderr
    assert f"the Dask scheduler at {address} went away while" in done.stderr
    assert done.stderr.count("went away while") == done.stderr.count(f"{address} went away while")


def test_worker_without_credentials_names_itself(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on_dask(Place(tmp_path, c=cloud), workers)
    config = Path(place.config)
    config.write_text(config.read_text().replace('auth_type = "none"\n', 'os_cloud = "c"\n'))
    account = {"auth_type": "none", "auth": {"endpoint": cloud.url}, "image_endpoint_override": cloud.url}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, c=account)))
    report = place.run()
    errors = [str(listing.error) for listing in report.clouds[0].listings if listing.error]
    assert errors
    addresses = [worker.worker_address for worker in workers.workers.values()]
    assert all(any(f"Dask worker {address} on " in error for address in addresses) for error in errors)


@pytest.mark.parametrize("orchestrator", ["auto", "prefect"])
def test_own_cluster_needs_no_scheduler_and_no_prefect(
    cloud: FakeCloud, tmp_path: Path, prefect_home: str, orchestrator: str
) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    written = config.read_text().replace('orchestrator = "threads"', f'orchestrator = "{orchestrator}"')
    config.write_text('task_runner = "dask"\ndask_workers = 1\n' + written)
    done = place.command("sync", PREFECT_HOME=str(tmp_path / "prefect"))
    assert done.returncode == 0, done.stderr
    assert "200 new" in done.stderr
    assert "Traceback" not in done.stderr
    assert "distributed." not in done.stderr
    assert (tmp_path / "prefect").exists() == (orchestrator == "prefect")
    if orchestrator == "auto":
        assert re.search(r"listing private: 40 images on \d+ pages, read by a worker", done.stderr)


def test_listing_that_fails_for_a_while_is_read_again_by_a_worker(
    cloud: FakeCloud, workers: distributed.LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = replace(cloud_reading.READ_LISTING, retry_delay_seconds=0.0)
    monkeypatch.setattr(cloud_reading, "READ_LISTING", step)
    place = on_dask(Place(tmp_path, c=cloud), workers)
    failed: list[str] = []

    def fail(asked: Asked) -> Reply | None:
        if asked.query.get("owner") and asked.query.get("marker") and not failed:
            failed.append(asked.path)
            return Reply(503)
        return None

    cloud.faults.append(fail)
    assert place.run().status == "completed"
    assert failed


def test_projects_of_an_account_are_read_by_workers_as_by_one_process(
    tmp_path: Path, prefect_home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What all projects see is read once a region, and all workers together keep to max_connections of a region."""
    rows = "SELECT cloud, id, name, content_hash, listings, region, project_name FROM images ORDER BY ALL"
    read = "SELECT count(*) FROM run_listings WHERE listing = 'public' AND (evidence->>'read_by') IS NULL"
    found = []
    with fake_estate(2) as estate:
        estate.fill(2, public=1)
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, prod=estate.entry)))
        estate.seconds = 0.02
        with cluster_of(2) as cluster:
            for name in ("threads", "dask"):
                folder = tmp_path / name
                folder.mkdir()
                config = Path(write_settings(folder, ESTATE))
                if name == "dask":
                    settings = f'task_runner = "dask"\ndask_scheduler = "{cluster.scheduler_address}"\n'
                    config.write_text(settings + config.read_text())
                    estate.logins.clear()
                report = sync(str(config))
                assert (report.status, len(report.clouds)) == ("completed", 4)
                with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as published:
                    found.append(published.execute(rows).fetchall())
                    assert published.execute(read).fetchall() == [(2,)]
        assert sum(estate.logins.values()) > 2 + len(estate.contents), "workers log in themselves"
        assert max(flight.most for flight in estate.in_flight.values()) <= 3
    here, there = found
    assert here == there
    assert len(here) == 2 * 4
