"""A catalogue that changes while it is read: random changes between any two answers, against a model of the API.

The model knows every content that every image ever had, so that it can say what a night must, may and must not find.
"""

import itertools
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extract.account import CloudSettings
from extract.connection import Connection
from extract.dialect import ApiProbe
from extract.listing import Listing, listings
from load.cuts import known_parts
from load.guard import Guard
from load.known_texts import known_texts
from load.merge import ListingOutcome, watermarks
from load.runs import Run, begin_run, finish_run
from load.warehouse import Warehouse
from pipeline.cloud_loading import load_cloud
from pipeline.listing_reading import ListingIncomplete, incomplete_outcome, read_listing
from pipeline.session import Session
from tests.load.runs import new_warehouse
from tests.verify.landings import faults

IDS = "abcdefgh"
LISTINGS = ("public", "private")
MIDNIGHT = datetime(2026, 11, 1)
NO_GUARD = Guard(images=1000, emptied=1000)


@dataclass
class Image:
    """`version` counts its contents; `silent` once it came or went without a new updated_at."""

    visibility: str
    version: int
    updated_at: datetime
    silent: bool = False


@dataclass
class Model:
    """The API: pages of `page` images in id order. `script` is what happens before each answer."""

    page: int
    now: datetime = MIDNIGHT
    images: dict[str, Image] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    last: dict[str, Image] = field(default_factory=dict)
    script: Iterator[list["Change"]] = field(default_factory=lambda: iter(()))
    whole: set[tuple[str, str]] = field(default_factory=set)
    existed: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    at_closing: dict[str, dict[str, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, script: list[list["Change"]]) -> None:
        """From here on, what stays in its listing is in it during the whole run."""
        self.script = iter(script)
        self.whole = {(identity, image.visibility) for identity, image in self.images.items()}
        self.existed, self.absent = set(self.images), set(IDS) - set(self.images)
        self.at_closing, self.listed, self.refused = {}, set(), set()

    @property
    def has_no_control(self) -> bool:
        """Whether an image was listed and then, asked for by id, gone: a 404 by id proves nothing in this run."""
        return bool(self.listed & self.refused)

    def apply(self, change: "Change") -> None:
        kind, identity, listing = change
        image = self.images.get(identity)
        if kind == "tick":
            self.now += timedelta(seconds=1)
        elif image is None and kind in ("create", "return"):
            back = self.last.get(identity)
            self.images[identity] = (
                Image(back.visibility, back.version, back.updated_at, silent=True)
                if back and kind == "return"
                else Image(listing, self._next_version(identity), self.now)
            )
        elif image is not None and kind == "change":
            self.images[identity] = Image(image.visibility, self._next_version(identity), self.now, image.silent)
        elif image is not None and kind == "move":
            self.images[identity] = Image(listing, self._next_version(identity), self.now, image.silent)
        elif image is not None and kind == "delete":
            self.last[identity] = self.images.pop(identity)
        self.whole &= {(known, found.visibility) for known, found in self.images.items()}
        self.existed &= self.images.keys()
        self.absent -= self.images.keys()

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        if not query:
            return self._one(request.url.path.rpartition("/")[2])
        for change in next(self.script, ()):
            self.apply(change)
        listing, marker = query["visibility"], query.get("marker")
        if "updated_at" in query and listing not in self.at_closing:
            self.at_closing[listing] = {known: image.version for known, image in self.images.items()}
        if marker is not None and marker not in self.images:
            return httpx.Response(400, text=f"no image {marker}")
        since = query.get("updated_at", "gte:").removeprefix("gte:")
        found = [
            self._shown(identity)
            for identity, image in sorted(self.images.items())
            if image.visibility == listing and (marker is None or identity > marker) and text(image.updated_at) >= since
        ]
        body: dict[str, Any] = {"images": found[: self.page]}
        self.listed |= {image["id"] for image in found[: self.page]}
        if len(found) > self.page:
            body["next"] = f"/v2/images?marker={found[self.page - 1]['id']}"
        return httpx.Response(200, content=json.dumps(body))

    def _one(self, identity: str) -> httpx.Response:
        if identity in self.images:
            return httpx.Response(200, json=self._shown(identity))
        self.refused.add(identity)
        return httpx.Response(404)

    def _shown(self, identity: str) -> dict[str, str]:
        image = self.images[identity]
        return {
            "id": identity,
            "name": f"{image.version}",
            "visibility": image.visibility,
            "updated_at": text(image.updated_at),
        }

    def _next_version(self, identity: str) -> int:
        self.versions[identity] = self.versions.get(identity, 0) + 1
        return self.versions[identity]


Change = tuple[str, str, str]
Night = tuple[str, list[Change], list[list[Change]]]
"""(mode, what happens before it, what happens before each of its answers)."""

changes = st.tuples(
    st.sampled_from(["create", "create", "change", "delete", "move", "return", "tick"]),
    st.sampled_from(IDS),
    st.sampled_from(LISTINGS),
)
nights = st.tuples(
    st.sampled_from(["full", "full", "changes"]),
    st.lists(changes, max_size=12),
    st.lists(st.lists(changes, max_size=4), max_size=16),
)


def text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


class Reader:
    """glanceback, reading the model as a cloud of its own in the warehouse."""

    def __init__(self, warehouse: Warehouse, folder: Path, name: str, model: Model, readers: int) -> None:
        self.readers = readers
        self.warehouse, self.folder, self.name, self.model = warehouse, folder, name, model
        client = httpx.Client(transport=httpx.MockTransport(model.answer))
        # No overlap: that one second is only one second, and no more is asked for than the promise needs.
        known = CloudSettings(name, dialect="openstack", listings=LISTINGS, tries=1, overlap_seconds=0)
        self.connection = Connection(known, "http://model", client, None)
        self.complete: set[str] = set()

    def run(self, mode: str) -> None:
        run = begin_run(self.warehouse, mode, "0")
        api_probe = ApiProbe("openstack", "as set", self.model.now, None, 0)
        session = Session(self.connection, api_probe, listings("openstack", None, LISTINGS))
        known = watermarks(self.warehouse, self.name) if mode == "changes" else {}
        outcomes = [self._read(session, listing, run, known.get(listing.name)) for listing in session.listings]
        load_cloud(self.warehouse, session, run, outcomes, NO_GUARD, self.folder)
        finish_run(self.warehouse, run, "completed")
        assert faults(self.folder, run.run_id, self.warehouse) == []
        self.complete = {outcome.listing for outcome in outcomes if outcome.complete}

    def _read(self, session: Session, listing: Listing, run: Run, watermark: datetime | None) -> ListingOutcome:
        parts = known_parts(self.warehouse, self.name, listing, page_size=1, readers=self.readers)
        known = known_texts(self.warehouse, self.name, LISTINGS) if watermark is None else None
        try:
            return read_listing(session, listing, self.folder, run, watermark, parts=parts, known=known)
        except ListingIncomplete as exc:
            # Of an image that left the listing and came back meanwhile, only some readers see anything.
            found = re.search(r"several readers got image (\w), but one reader did not", exc.what)
            if found is None or (found[1], listing.name) in self.model.whole:
                raise
            return incomplete_outcome(self.name, listing.name, exc)

    def current(self) -> dict[str, tuple[int, list[str]]]:
        rows = self._rows("SELECT id, name, listings FROM images WHERE cloud = $cloud")
        assert len(rows) == len({identity for identity, _, _ in rows})
        return {identity: (int(name), found) for identity, name, found in rows}

    def history(self) -> dict[str, list[tuple[int, str | None]]]:
        found: dict[str, list[tuple[int, str | None]]] = {}
        query = "SELECT id, name, end_reason FROM image_versions WHERE cloud = $cloud ORDER BY seen_from"
        for identity, name, reason in self._rows(query):
            found.setdefault(identity, []).append((int(name), reason))
        return found

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query, {"cloud": self.name}).fetchall()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Path, Iterator[int]]]:
    """One warehouse, for making one takes longer than a night; each example is a cloud of its own."""
    folder = tmp_path_factory.mktemp("model")
    with new_warehouse(folder) as warehouse:
        yield warehouse, folder / "landing", iter(range(1_000_000))


MARKERS_VANISH: Night = (
    "full",
    [("create", identity, "public") for identity in IDS],
    [[], [], [("delete", "b", ""), ("delete", "a", "")], [("delete", "c", ""), ("delete", "d", "")]],
)


MOVED_UNSEEN: Night = ("full", [], [[], [], [("move", "a", "public")]])
"""From a listing that is still to be read into one that has been read."""

CONTROL_VANISHES: Night = (
    "full",
    [("delete", "b", ""), ("create", "a", "public")],
    [[], [], [], [("delete", "a", "")]],
)
"""Nothing that is still listed can be asked for by id beside the missing image."""


@given(st.lists(nights, min_size=1, max_size=4), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=30)
@example([MARKERS_VANISH, ("full", [], [])], 1, 1)
@example([MARKERS_VANISH, MARKERS_VANISH], 3, 3)
@example([("full", [("create", "a", "private")], []), MOVED_UNSEEN, ("full", [], [])], 1, 1)
@example([("full", [("create", "b", "public")], []), CONTROL_VANISHES], 1, 1)
def test_nothing_is_missed_nothing_ends_falsely_whatever_changes_meanwhile(
    shared: tuple[Warehouse, Path, Iterator[int]], script: list[Night], page: int, readers: int
) -> None:
    warehouse, folder, numbers = shared
    model = Model(page)
    reader = Reader(warehouse, folder, f"c{next(numbers)}", model, readers)
    for mode, before, meanwhile in script:
        for change in before:
            model.apply(change)
        known = set(reader.current())
        model.begin(meanwhile)
        at_start = {identity: image.version for identity, image in model.images.items()}
        reader.run(mode)
        check(mode, model, reader, known, at_start)


def check(mode: str, model: Model, reader: Reader, known: set[str], at_start: dict[str, int]) -> None:
    found = reader.current()
    for identity, listing in model.whole:
        if listing not in reader.complete:
            continue
        if mode == "full":
            version, seen_in = found[identity]
            assert listing in seen_in
            assert version >= model.at_closing[listing][identity]
        elif not model.images[identity].silent:
            assert found[identity][0] >= at_start[identity]
    for identity, (version, _) in found.items():
        assert 1 <= version <= model.versions[identity]
    assert found.keys() >= known & model.existed
    if mode == "full" and reader.complete == set(LISTINGS) and not model.has_no_control:
        assert found.keys().isdisjoint(known & model.absent)
    if mode == "changes":
        assert found.keys() >= known
    for identity, versions in reader.history().items():
        contents = [version for version, _ in versions]
        assert contents == sorted(contents), identity
        assert all(a < b or reason == "deleted" for (a, reason), (b, _) in itertools.pairwise(versions))
