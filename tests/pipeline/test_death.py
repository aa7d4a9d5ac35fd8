"""Killed at any time, without room on the disk, twice at once: nothing is lost, and the next run needs no repair."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.clouds.fake import Asked, FakeCloud, fake_cloud
from tests.pipeline.runs import examine, whole_night

ROOT = Path(__file__).resolve().parents[2]
TIMES = 15


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 4
        for number in range(20):
            running.add(f"{number:03d}", "public" if number % 2 else "private")
        yield running


def test_kills_at_random_times_need_no_repair(cloud: FakeCloud, tmp_path: Path) -> None:
    def live_on(asked: Asked) -> None:
        number = random.randrange(30)
        if number % 3:
            cloud.add(f"{number:03d}", "public" if number % 2 else "private", name=f"name {random.random()}")
        else:
            cloud.images.pop(f"{number:03d}", None)

    cloud.faults.append(live_on)
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.runs", str(tmp_path), cloud.url, str(TIMES)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("killed") == TIMES
    cloud.faults.clear()
    whole_night(tmp_path, cloud.url)
    examine(tmp_path)
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as reader:
        shown = reader.execute("SELECT id, name FROM images ORDER BY id").fetchall()
        statuses = dict(reader.execute("SELECT status, count(*) FROM runs GROUP BY status").fetchall())
    assert shown == sorted((identity, image["name"]) for identity, image in cloud.images.items())
    assert statuses.keys() == {"completed", "failed"}


def in_little_room(folder: Path, room_bytes: int, work: str) -> "subprocess.CompletedProcess[str]":
    """`work` in a process whose files cannot grow beyond `room_bytes`, as on a disk that is full."""
    code = (
        "import resource; from pathlib import Path; from tests.pipeline.runs import whole_night\n"
        "from load.publish import publish; from load.warehouse import Warehouse\n"
        f"folder = Path({str(folder)!r})\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room_bytes}, {room_bytes}))\n{work}"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def images(folder: Path) -> int:
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        found: list[tuple[int]] = reader.execute("SELECT count(*) FROM images").fetchall()
    return found[0][0]


def test_full_disk_is_a_clear_error_and_loses_nothing(cloud: FakeCloud, tmp_path: Path) -> None:
    whole_night(tmp_path, cloud.url)
    room = (tmp_path / "warehouse.duckdb").stat().st_size
    for number in range(4000):
        cloud.add(f"{number:05d}", name=str(random.random()), description=str(random.random()) * 20)
    cloud.largest_page = 1000
    done = in_little_room(tmp_path, room, f"whole_night(folder, {cloud.url!r})")
    assert (done.returncode, images(tmp_path)) == (1, 20)
    assert "that the disk has room" in done.stderr.splitlines()[-1]
    examine(tmp_path)
    whole_night(tmp_path, cloud.url)
    assert images(tmp_path) == 4020


def test_full_disk_at_publication_keeps_the_copy_before(cloud: FakeCloud, tmp_path: Path) -> None:
    whole_night(tmp_path, cloud.url)
    work = "with Warehouse(folder / 'warehouse.duckdb') as warehouse: publish(warehouse, folder / 'published.duckdb')"
    done = in_little_room(tmp_path, 100_000, work)
    assert done.returncode == 1
    assert "the previous copy stays" in done.stderr.splitlines()[-1]
    assert images(tmp_path) == 20
    assert not list(tmp_path.glob(".published*"))


READER = """
import pathlib, sys, duckdb
published, stop = sys.argv[1:]
seen = 0
while not pathlib.Path(stop).exists():
    with duckdb.connect(published, read_only=True) as reader:
        names = reader.execute("SELECT DISTINCT name FROM images").fetchall()
        ((runs,),) = reader.execute("SELECT count(*) FROM runs WHERE status = 'completed'").fetchall()
        assert names == [(f"night {runs}",)], (names, runs)
    if runs != seen:
        print(runs, flush=True)
        seen = runs
"""


def test_reader_without_pause_sees_no_error_and_no_mixed_state_while_runs_publish(
    cloud: FakeCloud, tmp_path: Path
) -> None:
    def night(number: int) -> None:
        for identity in list(cloud.images):
            cloud.images[identity] |= {"name": f"night {number}"}
        whole_night(tmp_path, cloud.url)

    night(1)
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(tmp_path / "published.duckdb"), str(stop)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    seen = [reader.stdout.readline()]
    for number in range(2, 5):
        night(number)
        seen.append(reader.stdout.readline())
    stop.touch()
    _, complaints = reader.communicate(timeout=300)
    assert reader.returncode == 0, complaints
    assert seen == [f"{number}\n" for number in range(1, 5)]
