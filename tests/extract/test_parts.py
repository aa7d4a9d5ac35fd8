"""Parts of a listing read side by side: what several readers get is what the server has, or the reading says so.

The server is a model with one order of its own, which changes and lies as a test wants. No network, but real threads.
"""

import itertools
import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from extract.account import CloudSettings
from extract.connection import Connection
from extract.errors import CloudError
from extract.landing import Landing, ReadingStart, landed_pages
from extract.listing import listings
from extract.paging import Page
from extract.parts import Part, parts_between
from extract.reading import Reading
from tests.extract.conftest import as_it_is

PRIVATE = listings("openstack", None, ("private",))[0]
LETTERS = "0123456789abcdef-_ABZ"


@dataclass
class Server:
    """Images in the order of `key`, pages of at most `page`; `before` is called with each query before its answer."""

    ids: list[str]
    page: int
    key: Callable[[str], Any] = str
    before: Callable[[dict[str, str]], httpx.Response | None] = lambda query: None
    without_next: Callable[[dict[str, str]], bool] = lambda query: False
    asked: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            query = dict(request.url.params)
            self.asked.append(query)
            return self.before(query) or self._page(query)

    def _page(self, query: dict[str, str]) -> httpx.Response:
        if query["sort_key"] != "id":
            return httpx.Response(400)
        ordered = sorted(self.ids, key=self.key)
        marker, most = query.get("marker"), min(self.page, int(query["limit"]))
        if marker is not None and marker not in ordered:
            return httpx.Response(400, text=f"no image {marker}")
        rest = ordered[ordered.index(marker) + 1 if marker else 0 :]
        body: dict[str, Any] = {"images": [{"id": one, "visibility": "private"} for one in rest[:most]]}
        if len(rest) > most and not self.without_next(query):
            body["next"] = f"/v2/images?marker={rest[most - 1]}"
        return httpx.Response(200, content=json.dumps(body))


def read(server: Server, folder: Path, parts: Sequence[Part], page_size: int = 1000) -> tuple[Reading[Page], list[str]]:
    settings = CloudSettings("c", dialect="openstack", tries=1, max_connections=4, page_size=page_size)
    connection = Connection(settings, "http://model", httpx.Client(transport=httpx.MockTransport(server.answer)), None)
    landing = Landing(folder / "private")
    reading = Reading(connection, PRIVATE, landing, ReadingStart(datetime(2026, 11, 1), None, tuple(parts)), as_it_is)
    found = [image["id"] for page in reading.pages() for image in page.images]
    return reading, found


def equal_parts(ids: Sequence[str], number: int) -> tuple[Part, ...]:
    """As the last run leaves them."""
    step = max(1, len(ids) // number)
    cuts = sorted(ids)[step - 1 :: step][: number - 1]
    return tuple(replace(part, expected=step) for part in parts_between(cuts))


def numbered(count: int) -> list[str]:
    return [f"{number:04d}" for number in range(count)]


def test_page_in_the_middle_of_a_part_without_next_loses_nothing(tmp_path: Path) -> None:
    server = Server(numbered(200), 25)
    server.without_next = lambda query: query.get("marker") == "0074"
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert sorted(set(found)) == server.ids


def test_short_page_in_the_middle_of_a_part_without_next_is_read_on(tmp_path: Path) -> None:
    server = Server(numbered(200), 25)

    def cut_short(query: dict[str, str]) -> httpx.Response | None:
        """The part seems to end at 0050, also where that is asked once more."""
        images = lies.pop(query.get("marker", ""), None)
        return None if images is None else httpx.Response(200, json={"images": images})

    lies: dict[str, list[dict[str, str]]] = {"0049": [{"id": "0050", "visibility": "private"}], "0050": []}
    server.before = cut_short
    reading, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert sorted(set(found)) == server.ids
    assert reading.evidence["seams_read_again"] == 1


def test_server_that_always_ends_a_part_early_makes_the_listing_incomplete(tmp_path: Path) -> None:
    server = Server(numbered(200), 25)
    end = {"images": [{"id": "0050", "visibility": "private"}]}

    def cut_short(query: dict[str, str]) -> httpx.Response | None:
        if query.get("marker") == "0049":
            return httpx.Response(200, json=end)
        return httpx.Response(200, json={"images": []}) if query.get("marker") == "0050" else None

    server.before = cut_short
    with pytest.raises(CloudError, match="several readers got image"):
        read(server, tmp_path, equal_parts(server.ids, 4))


def test_quiet_listing_asks_for_nothing_again(tmp_path: Path) -> None:
    server = Server(numbered(1000), 25)
    reading, found = read(server, tmp_path, equal_parts(server.ids, 10), page_size=25)
    assert sorted(found) == server.ids
    assert (reading.evidence["seams_read_again"], reading.evidence["beyond_part"]) == (0, 0)
    # 40 pages, and one question more for the end: the last part ends without a bound.
    assert len(server.asked) == 41


def test_cuts_that_are_gone_cost_one_request_each(tmp_path: Path) -> None:
    ids = numbered(1600)
    parts = equal_parts(ids, 16)
    quiet = Server(list(ids), 20)
    read(quiet, tmp_path / "quiet", parts)
    cuts = [part.after for part in parts[1:15]]
    server = Server([identity for identity in ids if identity not in cuts], 20)
    reading, found = read(server, tmp_path / "gone", parts)
    assert sorted(found) == server.ids
    assert len(server.asked) <= 1.5 * len(quiet.asked)
    assert reading.evidence["markers_gone"] == 14


def test_cut_that_is_deleted_after_its_part_began_is_proven_by_what_both_readers_got(tmp_path: Path) -> None:
    server = Server(numbered(200), 25)
    parts = equal_parts(server.ids, 2)
    late = threading.Event()

    def delete(query: dict[str, str]) -> None:
        if query.get("marker") == "0099" and not late.is_set():
            late.set()
        elif late.is_set() and "0099" in server.ids:
            server.ids.remove("0099")

    server.before = delete
    reading, found = read(server, tmp_path, parts, page_size=10)
    assert set(found) >= set(server.ids)
    assert reading.evidence["in_order"]


def test_marker_refused_once_in_a_part_is_read_again(tmp_path: Path) -> None:
    server = Server(numbered(400), 25)
    refused: list[str] = []

    def once(query: dict[str, str]) -> httpx.Response | None:
        marker = query.get("marker")
        if marker is None or marker in refused or int(marker) % 50 != 24:
            return None
        refused.append(marker)
        return httpx.Response(404)

    server.before = once
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert len(refused) >= 4
    assert sorted(set(found)) == server.ids


def odd_id(source: random.Random) -> str:
    return "".join(source.choices(LETTERS, k=source.randint(1, 6)))


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_whatever_order_the_server_keeps(tmp_path: Path, seed: int) -> None:
    """Its order is stable, and differs from the order of bytes for some ids, or is without regard to case."""
    source = random.Random(seed)
    ids = sorted({odd_id(source) for _ in range(source.randint(4, 60))})
    moved = {one: odd_id(source) for one in source.sample(ids, source.randint(0, 3))}
    key = str.lower if source.random() < 0.3 else str
    server = Server(list(ids), source.randint(1, 12), lambda one: (key(moved.get(one, one)), one))
    lost_next = source.random() < 0.3
    server.without_next = lambda query: lost_next and source.random() < 0.3
    gone: set[str] = set()
    new = (f"{number:03d}{odd_id(source)}" for number in itertools.count())

    def change(query: dict[str, str]) -> httpx.Response | None:
        if source.random() < 0.1 and server.ids:
            victim = source.choice(server.ids)
            gone.add(victim)
            server.ids.remove(victim)
        if source.random() < 0.1:
            server.ids.append(next(new))
        return httpx.Response(404) if source.random() < 0.03 and query.get("marker") else None

    server.before = change
    cuts = sorted(source.sample(ids, min(len(ids), source.randint(1, 6))))
    parts = [replace(part, expected=source.choice([None, 3, 10])) for part in parts_between(cuts)]
    try:
        _, found = read(server, tmp_path, parts, page_size=source.randint(2, 12))
    except CloudError:
        return
    assert set(found) >= set(ids) - gone


@pytest.mark.parametrize("seed", range(60))
def test_no_false_alarm_where_images_come_and_go(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    ids = [f"{source.getrandbits(64):016x}" for _ in range(120)]
    server = Server(list(ids), 10)
    gone: set[str] = set()

    def change(query: dict[str, str]) -> None:
        victim = source.choice(server.ids)
        gone.add(victim)
        server.ids.remove(victim)
        server.ids.append(f"{source.getrandbits(64):016x}")

    server.before = change
    _, found = read(server, tmp_path, equal_parts(ids, 6), page_size=10)
    assert set(found) >= set(ids) - gone


def test_landing_holds_every_page_that_was_read(tmp_path: Path) -> None:
    server = Server(numbered(200), 25)
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    landed = [image["id"] for _, body in landed_pages(tmp_path / "private") for image in json.loads(body)["images"]]
    assert set(found) <= set(landed)
