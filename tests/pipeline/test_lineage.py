"""Lineage: what a real receiver gets of a run, and that a dead one loses and delays nothing."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import WarehouseError
from load.runs import Run
from pipeline import lineage
from pipeline.lineage import Lineage
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.clouds.receiver import Receiver, receiving
from tests.load.runs import READ_AT
from tests.pipeline.syncing import sync

TOKEN = "s3cr3t-of-the-account"
RUN = Run("20261101T020000Z-00000000", READ_AT, "full")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as running:
        monkeypatch.setenv("OPENLINEAGE_URL", running.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(5):
            running.add(f"{number:03d}", "private")
        running.add("p", "public")
        yield running


def settings_of(folder: Path, cloud: FakeCloud) -> str:
    account = f'auth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"\ntries = 1'
    return write_settings(folder, f'[clouds.c]\n{account}\nlistings = ["public", "private"]')


def test_receiver_is_told_what_a_run_read_and_wrote(
    cloud: FakeCloud, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_PASSWORD", TOKEN)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "key-of-the-receiver")
    assert sync(settings_of(tmp_path, cloud)).status == "completed"
    start, complete = receiver.told
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert start["job"]["name"] == complete["job"]["name"] == "sync.full"
    assert start["job"]["namespace"] == "glanceback"
    assert complete["producer"].startswith("urn:glanceback:")
    private, public = complete["inputs"]
    assert (private["namespace"], private["name"]) == (cloud.url, "c/private")
    assert private["inputFacets"]["inputStatistics"]["rowCount"] == 5
    assert private["inputFacets"]["inputStatistics"]["size"] > 1000
    assert public["facets"]["dataSource"]["uri"] == f"{cloud.url}/v2/images"
    outputs = {one["name"]: one for one in complete["outputs"]}
    assert outputs.keys() == {
        f"published.main.{name}" for name in ("image_versions", "listing_memberships", "rejects", "images")
    }
    versions = outputs["published.main.image_versions"]
    assert versions["namespace"] == f"duckdb://{tmp_path / 'published.duckdb'}"
    assert versions["outputFacets"]["outputStatistics"]["rowCount"] == 6
    columns = {one["name"]: one for one in versions["facets"]["schema"]["fields"]}
    assert columns["min_disk"]["type"] == "INTEGER"
    assert columns["cloud"]["description"]
    assert "sourceCodeLocation" not in start["job"]["facets"]
    told = json.dumps(receiver.told)
    assert TOKEN not in told
    assert "key-of-the-receiver" not in told
    assert receiver.headers[0]["Authorization"] == "Bearer key-of-the-receiver"

    receiver.told.clear()
    cloud.faults.append(lambda asked: Reply(403) if asked.query.get("sort_key") == "id" else None)
    assert sync(settings_of(tmp_path, cloud)).status == "failed"
    assert [one["eventType"] for one in receiver.told] == ["START", "FAIL"]
    assert receiver.told[1]["run"]["facets"]["errorMessage"]["message"] == "no cloud was loaded"
    assert receiver.told[0]["run"]["runId"] != start["run"]["runId"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_settings(tmp_path, ""), {})


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (WarehouseError("the disk is full"), "FAIL", "the disk is full"),
        (UnicodeDecodeError("utf-8", TOKEN.encode(), 0, 1, "no"), "FAIL", "UnicodeDecodeError"),
        (KeyboardInterrupt(), "ABORT", "interrupted"),
    ],
)
def test_error_ends_the_run(
    receiver: Receiver, settings: Settings, error: BaseException, state: str, message: str
) -> None:
    told = Lineage(settings)
    told.began(RUN)
    told.broke(error)
    start, end = receiver.told
    assert (start["eventType"], end["eventType"]) == ("START", state)
    assert message in end["run"]["facets"]["errorMessage"]["message"]
    assert (end["inputs"], end["outputs"]) == ([], []), "there is no published copy"
    assert TOKEN not in json.dumps(receiver.told)


def test_run_that_never_began_says_nothing(receiver: Receiver, settings: Settings) -> None:
    Lineage(settings).broke(WarehouseError("held"))
    assert receiver.told == []


def test_address_shows_no_password(receiver: Receiver) -> None:
    place = {"cloud": "c", "listing": "public", "endpoint": f"https://user:{TOKEN}@ims.example.com", "images": 1}
    shown = lineage._input({**place, "pages": 1, "bytes": 1})
    assert shown.namespace == "https://ims.example.com"
    assert TOKEN not in repr(shown)


def test_dead_receiver_delays_the_end_by_a_bound_and_no_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lineage, "LONGEST_WAIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it takes connections, and never answers
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://user:{TOKEN}@127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        told = Lineage(settings)
        told.began(RUN)
        told.ended("completed")
    assert "were not all sent" in caplog.text
    assert TOKEN not in caplog.text
    assert told._thread.daemon, "the process does not wait for it"


def test_receiver_that_refuses_is_a_warning_without_its_address(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 403
    told = Lineage(settings)
    told.began(RUN)
    told.ended("completed")
    assert len(receiver.told) == 2, "the second is tried too"
    assert caplog.text.count("could not be sent") == 2
    assert receiver.url not in caplog.text


def test_receiver_that_is_elsewhere_is_a_warning_and_not_followed(
    receiver: Receiver, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.moved_to = "/elsewhere"
    told = Lineage(settings)
    told.began(RUN)
    told.ended("completed")
    assert len(receiver.told) == 2, "none of them a second time, at the other address"
    assert caplog.text.count("could not be sent (TooManyRedirects)") == 2


def test_file_takes_the_events_too(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.jsonl"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(file))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "mine")
    told = Lineage(settings)
    told.began(RUN)
    told.ended("completed")
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(one["eventType"], one["job"]["namespace"]) for one in events] == [("START", "mine"), ("COMPLETE", "mine")]


@pytest.mark.parametrize(
    "environment",
    [{}, {"OPENLINEAGE_URL": ""}, {"OPENLINEAGE_URL": "http://x", "OPENLINEAGE_DISABLED": "true"}],
)
def test_nothing_is_sent_unless_it_is_asked_for(settings: Settings, environment: dict[str, str]) -> None:
    told = Lineage(settings, environment)
    told.began(RUN)
    told.ended("completed")
    assert not told._thread.is_alive()
    assert told._run is None


def test_package_that_is_missing_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openlineage.client", None)
    told = Lineage(settings, {"OPENLINEAGE_URL": "http://127.0.0.1:1"})
    with caplog.at_level(logging.WARNING):
        told.began(RUN)
        told.ended("completed")
    assert "requirements-lineage.txt" in caplog.text
