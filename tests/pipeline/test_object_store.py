"""Landing in an object store by URL: a real S3 protocol, spoken by moto's server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core import storage
from core.storage import folder_at
from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.pipeline.test_sync import FIVE, Place

BUCKET = "catalogue"
HISTORY = "SELECT * EXCLUDE (seen_from, run_from, landed_page, landed_file) FROM image_versions ORDER BY id"


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of an S3 server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket that this process's environment leads to; the URL of a folder in it."""
    for name, value in {
        "AWS_ENDPOINT_URL": store,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-the-store",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    made = boto3.resource("s3").create_bucket(Bucket=BUCKET)
    yield f"s3://{BUCKET}/landing"
    made.objects.all().delete()
    made.delete()


def keys() -> list[str]:
    return sorted(one.key for one in boto3.resource("s3").Bucket(BUCKET).objects.all())


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 10
        for number in range(100):
            running.add(f"{number:03d}", FIVE[number % 5], __os_bit="64" if number else "odd")
        yield running


def landing_at(place: Place, url: str, more: str = "") -> Place:
    config = Path(place.config)
    config.write_text(more + config.read_text().replace('landing = "landing"', f'landing = "{url}"'))
    return place


def test_night_lands_in_the_store_and_is_replayed_from_there(
    cloud: FakeCloud, bucket: str, tmp_path: Path, prefect_home: str
) -> None:
    place = landing_at(Place(tmp_path, c=cloud), bucket)
    assert place.run().status == "completed"
    cloud.images["001"]["updated_at"] = "2026-10-02T00:00:00Z"
    del cloud.images["005"]
    assert place.run().status == "completed"
    history = place.rows(HISTORY)
    assert len(history) == 101
    landed = keys()
    assert any(key.endswith("public/page-000001.json.zst") for key in landed)
    assert not any(key.endswith(".parquet") for key in landed)
    assert not (tmp_path / "landing").exists()
    (tmp_path / "warehouse.duckdb").unlink()
    done = place.command("replay")
    assert done.returncode == 0, done.stderr
    assert place.rows(HISTORY) == history
    assert place.rows("SELECT count(*) FROM rejects") == [(1,)]


def test_broken_reading_is_gone_on_with_from_the_store(
    cloud: FakeCloud, bucket: str, tmp_path: Path, prefect_home: str
) -> None:
    place = landing_at(Place(tmp_path, c=cloud), bucket)

    def refuse(asked: Asked) -> Reply | None:
        return Reply(500) if asked.query.get("marker") == "046" else None

    cloud.faults.append(refuse)
    assert place.run().status == "partial"
    cloud.faults.clear()
    cloud.log.clear()
    report = place.run(resume=True)
    assert report.status == "completed"
    assert {asked.query.get("marker") for asked in cloud.log if asked.query.get("owner")} >= {"046"}
    assert len(cloud.asked_listings()) < 10
    assert place.rows("SELECT count(*) FROM images") == [(100,)]


def test_store_that_is_not_there_is_said_without_a_traceback(
    cloud: FakeCloud, bucket: str, tmp_path: Path, prefect_home: str
) -> None:
    place = landing_at(Place(tmp_path, c=cloud), "s3://no-such-bucket/landing")
    done = place.command("sync", "--listing", "public")
    assert done.returncode == 1
    assert "s3://no-such-bucket/landing" in done.stderr
    assert "Traceback" not in done.stderr
    gone = place.command("sync", "--listing", "public", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert gone.returncode == 1
    assert "cannot be written" in gone.stderr
    assert "Traceback" not in gone.stderr
    assert "s3cr3t-of-the-store" not in done.stderr + gone.stderr


@pytest.mark.parametrize("command", ["sync", "check"])
def test_store_that_cannot_be_used_is_said_once(
    cloud: FakeCloud, bucket: str, tmp_path: Path, prefect_home: str, command: str
) -> None:
    place = landing_at(Place(tmp_path, c=cloud), "s3://no-such-bucket/landing")
    done = place.command(command)
    said = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in said) == (1, False), said
    assert said.count("there is no bucket 'no-such-bucket' in the store") == 1, said
    assert "disk" not in said
    assert "None" not in said
    assert not [asked for asked in cloud.log if command == "sync"], "nothing is read that could not be kept"


def test_check_leaves_nothing_in_the_store(cloud: FakeCloud, bucket: str, tmp_path: Path, prefect_home: str) -> None:
    done = landing_at(Place(tmp_path, c=cloud), bucket).command("check")
    assert done.returncode == 0, done.stdout
    assert f"landing {bucket}: can be written, read and removed" in done.stdout
    # pyarrow leaves an empty object for the folder.
    assert [key for key in keys() if not key.endswith("/")] == []


def test_store_needs_no_extra(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("upath", "fsspec", "s3fs"):
        monkeypatch.setitem(sys.modules, name, None)
    file = folder_at(bucket, Path()) / "file"
    storage.put(file, b"1")
    assert storage.get(file) == b"1"
