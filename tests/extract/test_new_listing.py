"""A listing that no run has read: soon shared by all readers, and every image exactly once, whatever the catalogue.

No network, but real threads, and answers that take a random time.
"""

import random
import threading
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from extract.cutting import FIRST_LOOK
from extract.landing import Landing, ReadingStart
from extract.listing import listings
from extract.paging import Page
from extract.prefetch import PrefetchSlots
from extract.reading import Reading
from tests.clouds.model import ModelServer, equal_parts, numbered
from tests.extract.conftest import as_it_is

PRIVATE = listings("openstack", None, ("private",))[0]
START = datetime(2026, 11, 1)


def hexadecimal(source: random.Random, digits: int = 32) -> str:
    return f"{source.getrandbits(4 * digits):0{digits}x}"


def catalogue(source: random.Random, images: int) -> list[str]:
    """Ids as Glance makes them; or most of them in one corner; or not hexadecimal."""
    kind = source.choice(["even", "even", "corner", "names"])
    if kind == "names":
        return sorted({f"image-{source.randrange(10**6)}" for _ in range(images)})
    corner = hexadecimal(source, 3) if kind == "corner" else ""
    return sorted({(corner if source.random() < 0.8 else "") + hexadecimal(source) for _ in range(images)})


def with_probes(server: ModelServer, source: random.Random) -> None:
    """The model answers probes too: images in the order of their creation, which is not that of their ids."""
    created = source.sample(server.ids, len(server.ids))
    pause = threading.Event()

    def answer(query: dict[str, str]) -> httpx.Response | None:
        if query["sort_key"] == "id":
            return None
        first = source.randrange(len(created)) if "created_at" in query else 0
        found = created[first:] if query["sort_dir"] == "asc" else created[::-1]
        day = {"asc": 1, "desc": 28}[query["sort_dir"]]
        images = [
            {"id": one, "created_at": f"2026-01-{day:02d}T00:00:00Z", **server.attributes}
            for one in found[: int(query["limit"])]
        ]
        return httpx.Response(200, json={"images": images})

    server.before = answer
    whole = server.answer

    def late(request: httpx.Request) -> httpx.Response:
        pause.wait(source.random() * 0.004)
        return whole(request)

    server.answer = late  # type: ignore[method-assign]


def read(server: ModelServer, folder: Path, page_size: int, start: ReadingStart | None = None) -> Reading[Page]:
    reading = Reading(
        server.connection(page_size=page_size),
        PRIVATE,
        Landing(folder / "private"),
        start or ReadingStart(START, None),
        as_it_is,
        is_new=True,
    )
    reading.found = [image["id"] for page in reading.pages() for image in page.images]  # type: ignore[attr-defined]
    return reading


def found(reading: Reading[Page]) -> list[str]:
    ids: list[str] = reading.found  # type: ignore[attr-defined]
    return sorted(ids)


@pytest.mark.parametrize("seed", range(30))
def test_every_image_comes_exactly_once(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    server = ModelServer(
        catalogue(source, source.choice([0, 1, 49, 50, 51, 700, 1500])), source.choice([30, 120, 1000])
    )
    with_probes(server, source)
    reading = read(server, tmp_path, source.choice([60, 150, 1000]))
    assert found(reading) == server.ids
    assert reading.images == len(server.ids)


@pytest.mark.parametrize("seed", range(5))
def test_long_listing_costs_little_more_than_its_images(tmp_path: Path, seed: int) -> None:
    """At the ends of its parts, the readers ask for about as many images as there are."""
    source = random.Random(seed)
    server = ModelServer(sorted(hexadecimal(source) for _ in range(6000)), 1000)
    with_probes(server, source)
    reading = read(server, tmp_path, 200)
    pages = [query for query in server.asked if query["sort_key"] == "id"]
    assert found(reading) == server.ids
    assert len(reading.evidence["parts"]) >= 8
    assert reading.evidence["beyond_part"] <= 6000 * 0.15
    assert len(pages) <= 30 * 2


def test_first_question_is_a_small_one(tmp_path: Path) -> None:
    source = random.Random(1)
    server = ModelServer(sorted(hexadecimal(source) for _ in range(300)), 1000)
    with_probes(server, source)
    read(server, tmp_path, 1000)
    # A third of a page is not shared: the rest comes with the next question, and the last one is for the end.
    assert [query["limit"] for query in server.asked] == [str(FIRST_LOOK), "1000", "1000"]


def test_service_with_smaller_pages_than_ours_is_shared_by_its_own(tmp_path: Path) -> None:
    source = random.Random(1)
    server = ModelServer(sorted(hexadecimal(source) for _ in range(400)), 20)
    with_probes(server, source)
    reading = read(server, tmp_path, 1000)
    assert found(reading) == server.ids
    assert len(reading.evidence["parts"]) > 4


@pytest.mark.parametrize(("name", "is_urgent"), [("private", False), ("shared-accepted", True)])
def test_listing_of_shares_gets_readers_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_urgent: bool
) -> None:
    asked = list[bool]()

    def seen_by(slots: PrefetchSlots, *, urgent: bool) -> PrefetchSlots:
        asked.append(urgent)
        return slots

    monkeypatch.setattr(PrefetchSlots, "seen_by", seen_by)
    (listing,) = listings("openstack", None, (name,))
    server = ModelServer(numbered(40), 10, attributes={"visibility": "shared" if is_urgent else "private"})
    start = ReadingStart(START, None, equal_parts(server.ids, 2))
    reading = Reading(server.connection(page_size=10), listing, Landing(tmp_path / name), start, as_it_is)
    assert sorted(image["id"] for page in reading.pages() for image in page.images) == server.ids
    assert asked == [is_urgent]
