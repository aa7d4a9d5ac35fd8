"""A server that lies or breaks: the right data, or a clear error; nothing ends by mistake, the token stays at home.

One row a case. The case spoils the private listing of the second night; the public one must be loaded all the same.
"""

import gzip
import json
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from core.errors import CloudError
from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.token_auth import TokenAuth, origin_of
from load.merge import CloudCounts, ListingOutcome
from load.warehouse import Warehouse
from pipeline.session import open_session
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from tests.load.runs import new_warehouse
from tests.pipeline.runs import night
from tests.verify.landings import faults

TOKEN = "canary-token"
PRIVATE = [f"{number:03d}" for number in range(12)]

BOMB = gzip.compress(b" " * 50_000_000)


@contextmanager
def furnished_cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.largest_page = 5
        running.token = TOKEN
        for identity in PRIVATE:
            running.add(identity, "private")
        running.add("public", "public")
        yield running


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with furnished_cloud() as running:
        yield running


@pytest.fixture
def evil() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        yield running


class Tokens:
    """A token, and another one that every cloud refuses before it is renewed."""

    def __init__(self) -> None:
        self.current = TOKEN

    def get(self) -> str | None:
        return self.current

    def renew(self, refused: str) -> str | None:
        self.current = TOKEN + "-renewed"
        return self.current


@dataclass
class Place:
    """A warehouse, and nights at the cloud without Prefect."""

    warehouse: Warehouse
    folder: Path
    landing: Path
    settings: CloudSettings

    def run(self) -> tuple[Mapping[str, ListingOutcome], CloudCounts]:
        done = night(self.warehouse, self.settings, self.landing)
        assert faults(self.landing, None, self.warehouse) == []
        return done

    def current(self) -> list[str]:
        return [row[0] for row in self.warehouse.execute("SELECT id FROM images ORDER BY id").fetchall()]


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after a night at the cloud, as all tests that ask for `place` begin with."""
    folder = tmp_path_factory.mktemp("first")
    with furnished_cloud() as cloud, pytest.MonkeyPatch.context() as patch, new_warehouse(folder) as warehouse:
        a_place(warehouse, folder, cloud, patch).run()
    return folder


@pytest.fixture
def place(first_night: Path, tmp_path: Path, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """After the first night."""
    shutil.copytree(first_night, tmp_path, dirs_exist_ok=True)
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        yield a_place(warehouse, tmp_path, cloud, monkeypatch)


@pytest.fixture
def new_place(tmp_path: Path, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Before it."""
    with new_warehouse(tmp_path) as warehouse:
        yield a_place(warehouse, tmp_path, cloud, monkeypatch)


def a_place(warehouse: Warehouse, folder: Path, cloud: FakeCloud, patch: pytest.MonkeyPatch) -> Place:
    settings = CloudSettings(
        "c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1, read_timeout_seconds=1,
        page_timeout_seconds=2, largest_page_bytes=3_000_000, most_pages=30,
    )  # fmt: skip

    def connect_with_token(given: CloudSettings) -> Connection:
        connection = connect(given)
        connection.client.auth = TokenAuth(Tokens(), origin_of(cloud.url))
        return connection

    patch.setattr("pipeline.session.connect", connect_with_token)
    return Place(warehouse, folder, folder / "landing", settings)


Spoiler = Callable[[FakeCloud, FakeCloud, Asked], Reply | None]


def page(cloud: FakeCloud, ids: list[str], **more: Any) -> Reply:
    return Reply(200, json.dumps({"images": [cloud.images[identity] for identity in ids], **more}).encode())


def link(marker: str, host: str = "") -> str:
    return f"{host}/v2/images?" + urlencode({"owner": PROJECT, "marker": marker})


def first(reply: Callable[[FakeCloud, FakeCloud], Reply]) -> Spoiler:
    """Spoil the first page only."""
    return lambda cloud, evil, asked: None if "marker" in asked.query else reply(cloud, evil)


def always(reply: Callable[[FakeCloud, FakeCloud], Reply]) -> Spoiler:
    return lambda cloud, evil, asked: reply(cloud, evil)


def later(reply: Callable[[FakeCloud, FakeCloud], Reply]) -> Spoiler:
    """Spoil every page but the first."""
    return lambda cloud, evil, asked: reply(cloud, evil) if "marker" in asked.query else None


def endless(cloud: FakeCloud, evil: FakeCloud, asked: Asked) -> Reply:
    """A page with one image that was never there before, and another page to follow, for ever."""
    number = int(asked.query.get("marker", "1000")) + 1
    return Reply(200, json.dumps({"images": [{"id": f"{number}", "owner": PROJECT}], "next": link("x")}).encode())


def until_renewed(cloud: FakeCloud, evil: FakeCloud, asked: Asked) -> Reply | None:
    """A token that ends in mid-listing."""
    if "marker" in asked.query:
        cloud.token = TOKEN + "-renewed"
    return None


RIGHT = None
CASES: dict[str, tuple[Spoiler, str | None]] = {
    "next to another host": (first(lambda c, e: page(c, PRIVATE[:5], next=link("004", e.url))), RIGHT),
    "next to another scheme": (first(lambda c, e: page(c, PRIVATE[:5], next=link("004", "ftp://x"))), RIGHT),
    "next that is no link": (first(lambda c, e: page(c, PRIVATE[:5], next="][")), RIGHT),
    "empty page with next": (first(lambda c, e: page(c, [], next=link("000"))), "only 11"),
    "redirect to another host": (always(lambda c, e: Reply(302, headers={"Location": e.url + "/v2"})), "redirects"),
    "redirect to itself": (always(lambda c, e: Reply(301, headers={"Location": "/v2/images"})), "redirects"),
    "next that loops": (always(lambda c, e: page(c, PRIVATE[:5], next=link("004"))), "000"),
    "next that jumps back": (later(lambda c, e: page(c, PRIVATE[5:9], next=link("004"))), "second time"),
    "duplicates within a page": (first(lambda c, e: page(c, ["000", "000"])), "comes twice"),
    "duplicates across pages": (later(lambda c, e: page(c, PRIVATE[4:])), "comes twice"),
    "wrong order": (first(lambda c, e: page(c, PRIVATE[::-1])), RIGHT),
    "order lost in mid-listing": (later(lambda c, e: page(c, PRIVATE[:4:-1])), "comes twice"),
    "somebody else's images": (first(lambda c, e: page(c, ["000", "public"])), "not what the listing asked for"),
    "HTML with status 200": (always(lambda c, e: Reply(200, b"<html>log in</html>")), "not JSON"),
    "nothing with status 200": (always(lambda c, e: Reply(200)), "is empty"),
    "JSON that is no page": (always(lambda c, e: Reply(200, b'{"error": 1}')), "no array"),
    "truncated JSON": (always(lambda c, e: Reply(200, b'{"images": [{"id": "00')), "is cut off"),
    "wrong content length": (always(lambda c, e: Reply(200, b'{"images": []}', cut_at=5)), "failed"),
    "gzip bomb": (
        always(lambda c, e: Reply(200, BOMB, {"Content-Encoding": "gzip"})), "larger than",
    ),
    "page of megabytes": (always(lambda c, e: Reply(200, b'{"images": []' + b" " * 4_000_000 + b"}")), "larger than"),
    "invalid UTF-8": (always(lambda c, e: Reply(200, b'{"images": [{"id": "\xff"}]}')), "UTF-8"),
    "deeply nested JSON": (always(lambda c, e: Reply(200, b'{"images": ' + b"[" * 100_000)), "nested"),
    "a listing that never ends": (endless, "did not end after 30 pages"),
    "connection reset": (later(lambda c, e: Reply(cut_at=-1)), "failed"),
    "401 in mid-listing": (until_renewed, RIGHT),
    "401 in mid-listing and for ever": (later(lambda c, e: Reply(401)), "refuses our token"),
    "403": (always(lambda c, e: Reply(403, b"no")), "403"),
    "404": (always(lambda c, e: Reply(404)), "404"),
    "429 for ever": (always(lambda c, e: Reply(429)), "slow down"),
    "429 for hours": (always(lambda c, e: Reply(429, headers={"Retry-After": "9999"})), "slow down"),
    "500 in mid-listing": (later(lambda c, e: Reply(500)), "500"),
    "418": (always(lambda c, e: Reply(418)), "418"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_hostile_server_gives_the_right_data_or_a_clear_error(
    place: Place, cloud: FakeCloud, evil: FakeCloud, case: str
) -> None:
    spoil, complaint = CASES[case]
    cloud.faults.append(
        lambda asked: spoil(cloud, evil, asked) if "owner" in asked.query and "updated_at" not in asked.query else None
    )
    cloud.add("public 2", "public")
    outcomes, counts = place.run()
    outcome = outcomes["private"]
    assert evil.log == []
    assert counts.new == 1
    assert place.current() == [*PRIVATE, "public", "public 2"]
    if complaint is RIGHT:
        assert (outcome.complete, outcome.images) == (True, len(PRIVATE))
    elif complaint == "only 11":
        # An empty first page whose `next` skips an image cannot be told from a true one: the image is asked for by id.
        assert (outcome.complete, counts.deleted) == (True, 0)
    else:
        assert not outcome.complete
        assert complaint in str(outcome.error)
        assert "cloud c, listing private" in str(outcome.error)
        assert TOKEN not in str(outcome.error)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_cloud_that_fails_for_a_while_gives_the_right_data(place: Place, cloud: FakeCloud, status: int) -> None:
    place.settings = replace(place.settings, tries=3)
    left = [Reply(status, headers={"Retry-After": "0"})] * 2
    cloud.faults.append(lambda asked: left.pop() if "marker" in asked.query and left else None)
    outcomes, _ = place.run()
    assert (left, outcomes["private"].images) == ([], len(PRIVATE))


@pytest.mark.parametrize(
    "identity", ["../../etc/passwd", "a'; DROP TABLE images; --", '"quoted"', "a/b?c=d&e#f", "%2e%2e"]
)
def test_strange_id_is_an_id_like_any_other(new_place: Place, cloud: FakeCloud, identity: str) -> None:
    cloud.add(identity)
    new_place.run()
    del cloud.images[identity]
    _, counts = new_place.run()
    assert (counts.deleted, new_place.current()) == (1, [*PRIVATE, "public"])


def test_ids_that_are_none_go_to_the_rejects(new_place: Place, cloud: FakeCloud) -> None:
    odd: list[Any] = [{"id": "x" * 10_000}, {"id": 7}, {"id": ""}, {}, None, "text"]
    cloud.faults.append(
        lambda asked: (
            Reply(200, json.dumps({"images": odd}).encode())
            if "owner" in asked.query and "updated_at" not in asked.query
            else None
        )
    )
    outcomes, counts = new_place.run()
    assert outcomes["private"].complete
    assert (counts.rejected, new_place.current()) == (6, ["public"])


def test_server_that_accepts_and_never_answers_is_an_error(place: Place, cloud: FakeCloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = CloudSettings(
            "c",
            auth_type="none",
            endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}",
            tries=1,
            read_timeout_seconds=0.2,
        )
        with pytest.raises(CloudError, match="no answer in time"):
            open_session(settings)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_cloud_that_cannot_be_reached_is_an_error(place: Place, endpoint: str) -> None:
    with pytest.raises(CloudError, match=f"connection to {endpoint}/v2/images failed"):
        open_session(CloudSettings("c", auth_type="none", endpoint=endpoint, tries=1))


def test_landing_that_cannot_be_written_is_an_error_and_ends_nothing(place: Place, cloud: FakeCloud) -> None:
    place.landing = place.folder / "warehouse.duckdb" / "landing"
    outcomes, counts = place.run()
    assert {outcome.complete for outcome in outcomes.values()} == {False}
    assert "cannot be written" in str(outcomes["private"].error)
    assert (counts.deleted, place.current()) == (0, [*PRIVATE, "public"])
