"""Readings of many kinds, landed by the program itself; and landing in memory, where tests may change it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

from core.storage import Place
from extract.account import CloudSettings
from extract.parts import Part, parts_between
from load.guard import Guard
from load.lake import Lake
from load.merge import ListingOutcome
from load.records import KeptRun, keep_run
from load.runs import BrokenOff, Run, begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.cloud_loading import load_cloud
from pipeline.listing_reading import ListingIncomplete, incomplete_outcome, read_listing
from pipeline.second_pass import read_again
from pipeline.session import Session, open_session
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud
from verify.files import Disk, Files
from verify.runs import verify
from verify.warehouse import Loaded

Json = Any


Change = Callable[[Json], Json]


def as_it_is(value: Json) -> Json:
    return value


@dataclass
class Memory:
    """Landing, file by file."""

    files: dict[str, bytes]
    folders: dict[str, set[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.folders = {"": set()}
        for name in self.files:
            parts = name.split("/")
            for depth in range(len(parts)):
                self.folders.setdefault("/".join(parts[:depth]), set()).add(parts[depth])

    @staticmethod
    def of(landing: Path) -> "Memory":
        return Memory(
            {str(file.relative_to(landing)): file.read_bytes() for file in landing.rglob("*") if file.is_file()}
        )

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]

    def names(self, folder: str) -> list[str]:
        inside = f"{folder}/" if folder else ""
        return sorted(f"{name}/" if inside + name in self.folders else name for name in self.folders.get(folder, ()))


def resealed(files: dict[str, bytes], run_id: str, night: Change = as_it_is, run: Change = as_it_is) -> Memory:
    """Landing with a changed record of the run's one cloud, or of the run, whose hashes are right."""
    place = f"{run_id}/c/night.json"
    files = dict(files)
    files[place], digest = _sealed(night(json.loads(files[place])))
    run_record = json.loads(files[f"{run_id}/run.json"])
    files[f"{run_id}/run.json"], _ = _sealed(run(run_record | {"nights": {"c": digest}}))
    return Memory(files)


def faults(landing: Files | Path, run_id: str | None = None, warehouse: Warehouse | None = None) -> list[str]:
    """What is wrong with a run, or with all."""
    files = Disk(landing) if isinstance(landing, Path) else landing
    loaded = Loaded(warehouse.connection) if warehouse else None
    return [found.text for found in verify(files, None if run_id is None else [run_id], loaded) if found.is_fault]


def said(landing: Files | Path) -> list[str]:
    files = Disk(landing) if isinstance(landing, Path) else landing
    return [found.text for found in verify(files, None, None) if not found.is_fault]


@dataclass
class Reader:
    """Runs at a fake cloud, whose listings are read in whatever way a test wants."""

    warehouse: Warehouse
    landing: Any
    cloud: FakeCloud
    settings: CloudSettings

    def run(
        self,
        *,
        parts: dict[str, tuple[Part, ...]] | None = None,
        mode: str = "full",
        broken: BrokenOff | None = None,
        watermark: bool = False,
        moved: Callable[[], None] | None = None,
    ) -> Run:
        run = begin_run(self.warehouse, mode, "0")
        kept = KeptRun(run.run_id, run.started_at, mode, "0")
        keep_run(self.landing, kept)
        session = open_session(self.settings)
        since = session.api_probe.started_at - timedelta(days=3650) if watermark else None
        outcomes: list[ListingOutcome] = []
        for listing in session.listings:
            try:
                its_parts = (parts or {}).get(listing.name, ())
                outcomes.append(read_listing(session, listing, self.landing, run, since, broken, its_parts))
            except ListingIncomplete as exc:
                outcomes.append(incomplete_outcome(self.settings.name, listing.name, exc))
        if moved is not None:
            moved()
            shares = [listing for listing in session.listings if listing.is_shared]
            others = [listing for listing in session.listings if not listing.is_shared]
            outcomes = read_again(session, self.landing, run, [[*others, *shares[:2]], shares[2:]], outcomes)
        load_cloud(self.warehouse, session, run, outcomes, Guard(images=1000, emptied=1000), self.landing)
        keep_run(
            self.landing, replace(kept, status="completed", finished_at=finish_run(self.warehouse, run, "completed"))
        )
        return run

    def session(self) -> Session:
        return open_session(self.settings)


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    with fake_cloud() as cloud, reader_of(cloud, "c", folder / "warehouse.duckdb", folder / "landing") as here:
        yield here


@contextmanager
def reader_of(cloud: FakeCloud, name: str, place: Path | Lake, landing: Place) -> Iterator[Reader]:
    """Runs at a cloud of this name, whose catalogue goes to that warehouse."""
    with Warehouse(place) as warehouse:
        bring_up_to_date(warehouse, "0")
        cloud.largest_page = 3
        account = CloudSettings(name, auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1)
        yield Reader(warehouse, landing, cloud, account)


def fill(cloud: FakeCloud) -> None:
    for number in range(18):
        cloud.add(f"{number:02d}", "private" if number % 3 else "public")
    for number, status in enumerate(("accepted", "accepted", "pending", "rejected")):
        cloud.add(f"s{number}", f"shared-{status}")
    cloud.add("own", "shared-accepted", owner=PROJECT)
    cloud.add("odd", "public", min_disk="huge", invented={"a": [1, "}"]})


def cuts(*ids: str) -> tuple[Part, ...]:
    return tuple(replace(part, expected=4) for part in parts_between(ids))


def land_all_kinds(here: Reader) -> dict[str, Run]:
    """A run of each kind, by what it is."""
    cloud, runs = here.cloud, dict[str, Run]()
    fill(cloud)
    runs["one reader"] = here.run()
    runs["parts"] = here.run(parts={"private": cuts("05", "10"), "public": cuts("09")})
    del cloud.images["05"]
    runs["cut that is gone"] = here.run(parts={"private": cuts("05", "10")})

    def vanish(asked: Asked) -> Reply | None:
        if asked.query.get("marker") == "10" and "owner" in asked.query:
            cloud.images.pop("10", None)
        return None

    cloud.faults.append(vanish)
    runs["marker that vanished"] = here.run()
    cloud.faults[:] = [lambda asked: Reply(500) if asked.query.get("marker") == "11" else None]
    broken = here.run()
    runs["broken off"] = broken
    cloud.faults.clear()
    runs["resumed"] = here.run(broken=BrokenOff(broken.run_id, broken.started_at, frozenset()))
    runs["changes"] = here.run(mode="changes", watermark=True)
    runs["second look"] = here.run(moved=lambda: _move(cloud))
    owner = cloud.images["11"]["owner"]
    cloud.images["11"]["owner"] = "elsewhere"
    runs["unlisted"] = here.run()
    cloud.images["11"]["owner"] = owner

    def lies(asked: Asked) -> Reply | None:
        """The first reader of a part is told that nothing follows the image at which the next part begins."""
        if asked.query.get("owner") == PROJECT and asked.query.get("limit") != "1000":
            images = [image for name, image in sorted(cloud.images.items()) if image["owner"] == PROJECT]
            marker = asked.query.get("marker", "")
            after = [image for image in images if image["id"] > marker and image["__imagetype"] == "private"]
            if marker in ("", "02") and len(after) > 3:
                return Reply(200, json.dumps({"images": [after[1], after[0]], "next": "/?marker=x"}).encode())
        return None

    cloud.faults.append(lies)
    runs["alone"] = here.run(parts={"private": cuts("08", "12")})
    cloud.faults.clear()
    return runs


def _move(cloud: FakeCloud) -> None:
    cloud.member_status["s2"] = "accepted"
    cloud.images["02"] |= {"name": "changed", "updated_at": "2126-10-01T00:00:00Z"}


# What follows makes hashes and chain right again, so that only what the pages say can tell what was changed.


def _sealed(value: Json) -> tuple[bytes, str]:
    text = json.dumps({name: one for name, one in value.items() if name != "hash"}, separators=(",", ":")).encode()
    digest = sha256(text).hexdigest()
    return b'{"hash":"' + digest.encode() + b'",' + text[1:], digest


@dataclass
class Listing:
    """A listing of a run, to be changed: the lines of its manifest, each with the page's body."""

    files: Memory
    run_id: str
    name: str
    start: Json = None
    pages: list[tuple[Json, bytes]] = field(default_factory=list)

    def again(self) -> "Listing":
        """As it was, to be changed in another way."""
        made = copy(self)
        made.start, made.pages = deepcopy(self.start), [*self.pages]
        return made

    def __post_init__(self) -> None:
        """Read it."""
        place = f"{self.run_id}/c/{self.name}"
        self.start = json.loads(self.files.read(f"{place}/reading.json"))
        for text in self.files.read(f"{place}/manifest.jsonl").splitlines():
            line = json.loads(text)
            self.pages.append((line, zstandard.decompress(self.files.read(f"{place}/{line['file']}"))))

    def written(self) -> Memory:
        """Landing with this in its place."""
        place, files = f"{self.run_id}/c/{self.name}", dict(self.files.files)
        lines, last = [], None
        for number, (line, body) in enumerate(self.pages, 1):
            stored = _compressed(body)
            file = f"page-{number:06d}.json.zst"
            files[f"{place}/{file}"] = stored
            whole = line | {
                "file": file, "bytes": len(body), "sha256": sha256(body).hexdigest(), "previous": last,
                "file_sha256": sha256(stored).hexdigest(), **_counted(body),
            }  # fmt: skip
            text, last = _sealed(whole)
            lines.append(text + b"\n")
        files[f"{place}/manifest.jsonl"] = b"".join(lines)
        files[f"{place}/reading.json"], start = _sealed(self.start)
        head = {"lines": len(lines), "last": last, "start": start}
        files[f"{place}/head.json"], _ = _sealed(head)
        night = json.loads(files[f"{self.run_id}/c/night.json"])
        night["heads"][self.name] = head
        (outcome,) = [one for one in night["outcomes"] if one["listing"] == self.name]
        self._count_bytes(outcome)
        files[f"{self.run_id}/c/night.json"], digest = _sealed(night)
        run = json.loads(files[f"{self.run_id}/run.json"])
        files[f"{self.run_id}/run.json"], _ = _sealed(run | {"nights": {"c": digest}})
        return Memory(files)

    def _count_bytes(self, outcome: Json) -> None:
        """Have the record count the bytes that the pages have now, so that these do not tell what was changed."""
        evidence, sizes = outcome["evidence"], dict[str, int]()
        for line, body in self.pages:
            sizes[line["part"]] = sizes.get(line["part"], 0) + len(body)
        main = {"alone": sizes["alone"]} if "alone" in sizes else sizes
        for number, part in enumerate(evidence["parts"]):
            part["bytes"] = main.get(f"part-{number}" if number else "listing", 0)
        evidence["bytes"] = sum(main.get(part, 0) for part in main if part.startswith(("listing", "part", "alone")))
        again = sum(size for part, size in sizes.items() if part.startswith("again-"))
        if evidence.get("again"):
            evidence["again"]["bytes"] = again
        if evidence["closing"]:
            evidence["closing"]["bytes"] = sizes.get("closing", 0)
        outcome["bytes"] = evidence["bytes"] + sizes.get("closing", 0) + again


@lru_cache(maxsize=10_000)
def _compressed(body: bytes) -> bytes:
    return zstandard.compress(body, 1)


@lru_cache(maxsize=10_000)
def _counted(body: bytes) -> Json:
    try:
        ids = [image["id"] for image in json.loads(body)["images"]]
    except (ValueError, KeyError, TypeError):
        return {}
    return {"count": len(ids), "first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}


def of_run(landing: Memory, run_id: str) -> Memory:
    """Only this run's files."""
    return Memory({name: content for name, content in landing.files.items() if name.startswith(f"{run_id}/")})


def only(landing: Memory, run_id: str, listing: str) -> Memory:
    """A run's files as if nothing but this listing had been read."""
    place = f"{run_id}/c/"
    files = {
        name: content
        for name, content in of_run(landing, run_id).files.items()
        if not name.startswith(place) or name.startswith((f"{place}{listing}/", f"{place}night"))
    }
    night = json.loads(files[f"{place}night.json"])
    night["outcomes"] = [outcome for outcome in night["outcomes"] if outcome["listing"] == listing]
    night["heads"] = {listing: night["heads"][listing]}
    night["answered"] = []
    files[f"{place}night.json"], digest = _sealed(night)
    run = json.loads(files[f"{run_id}/run.json"])
    files[f"{run_id}/run.json"], _ = _sealed(run | {"nights": {"c": digest}})
    return Memory(files)
