"""Listings read by Dask workers: several processes, one landing, the same history as one process makes of it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.flows.test_sync import FIVE, Place

HISTORY = "SELECT * EXCLUDE (seen_from, run_from) FROM image_versions ORDER BY id"
LISTINGS = "SELECT id, listing FROM listing_memberships ORDER BY ALL"


@pytest.fixture(scope="module")
def workers(prefect_home: str) -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=3, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 10
        for number in range(400):
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
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here, there = Place(tmp_path / "a", c=cloud), on_dask(Place(tmp_path / "b", c=cloud), workers)
    assert here.night().status == there.night().status == "completed"
    assert here.rows(HISTORY) == there.rows(HISTORY)
    assert here.rows(LISTINGS) == there.rows(LISTINGS)
    assert len(there.rows(HISTORY)) == 400


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
    assert place.night().status == "completed"
    assert killed
    assert len(place.rows(HISTORY)) == 400


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
    assert place.night().status == "completed"
    assert max(counts) == 2


def test_scheduler_that_is_not_there_is_said(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text('task_runner = "dask"\ndask_scheduler = "tcp://127.0.0.1:9"\n' + config.read_text())
    done = place.command("sync", DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s")
    assert done.returncode == 2, done.stderr
    assert "the Dask scheduler at tcp://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_own_cluster_needs_no_scheduler(cloud: FakeCloud, tmp_path: Path, prefect_home: str) -> None:
    place = Place(tmp_path, c=cloud)
    config = Path(place.config)
    config.write_text('task_runner = "dask"\ndask_workers = 2\n' + config.read_text())
    done = place.command("sync")
    assert done.returncode == 0, done.stderr
    assert "400 new" in done.stderr
    assert "Traceback" not in done.stderr
