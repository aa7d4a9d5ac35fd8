"""Readings as they were landed pass; readings that were changed do not, whatever was changed in them."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from load.runs import Run
from tests.verify.landings import Listing, Memory, faults, land_all_kinds, of_run, only, reader, resealed, said
from tests.verify.mutations import MUTATIONS

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Landings:
    landing: Memory
    runs: dict[str, Run]
    honest: list[str]


@pytest.fixture(scope="module")
def landings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landings]:
    folder = tmp_path_factory.mktemp("landings")
    with reader(folder) as here:
        runs = land_all_kinds(here)
        yield Landings(Memory.of(folder / "landing"), runs, faults(folder / "landing", None, here.warehouse))


def test_every_honest_reading_passes(landings: Landings) -> None:
    assert landings.honest == []
    assert len(said(landings.landing)) == len(landings.runs)


def evidence(landings: Landings, kind: str, listing: str = "private") -> dict[str, object]:
    night = json.loads(landings.landing.read(f"{landings.runs[kind].run_id}/c/night.json"))
    (found,) = [outcome for outcome in night["outcomes"] if outcome["listing"] == listing]
    return {**found["evidence"], "complete": found["complete"]}


def parts(landings: Landings, kind: str, listing: str = "private") -> set[str]:
    text = landings.landing.read(f"{landings.runs[kind].run_id}/c/{listing}/manifest.jsonl")
    return {json.loads(line)["part"] for line in text.splitlines()}


def test_readings_are_of_the_kinds_that_they_are_called(landings: Landings) -> None:
    assert parts(landings, "parts") == {"listing", "part-1", "part-2", "closing"}
    assert parts(landings, "one reader") == {"listing", "closing"}
    assert evidence(landings, "cut that is gone")["markers_gone"] == 1
    assert evidence(landings, "marker that vanished")["markers_gone"] == 1
    assert not evidence(landings, "broken off")["complete"]
    assert evidence(landings, "resumed")["pages_landed_before"]
    assert parts(landings, "changes") == {"listing"}
    assert {"again-listing"} < parts(landings, "second look")
    assert "alone" in parts(landings, "alone")
    assert any("/c/unlisted/page-" in name for name in landings.landing.files)


MUTATED_READINGS = 10_000


def test_no_mutated_reading_passes_though_its_hashes_are_right(landings: Landings) -> None:
    dice, readings = random.Random(14), [*complete_readings(landings)]
    assert len(readings) > 20
    found: dict[str, int] = {}
    passed = []
    while sum(found.values()) < MUTATED_READINGS:
        mutation, (kind, reading) = dice.choice(MUTATIONS), dice.choice(readings)
        listing = reading.again()
        if not mutation(listing, dice) or (listing.pages, listing.start) == (reading.pages, reading.start):
            continue
        found[mutation.__name__] = found.get(mutation.__name__, 0) + 1
        if not faults(listing.written()):
            passed.append((mutation.__name__, kind, listing.name))
    assert not passed
    assert len(found) == len(MUTATIONS)


def complete_readings(landings: Landings) -> Iterator[tuple[str, Listing]]:
    for kind, run in landings.runs.items():
        night = json.loads(landings.landing.read(f"{run.run_id}/c/night.json"))
        for outcome in night["outcomes"]:
            if outcome["complete"]:
                alone = only(landings.landing, run.run_id, outcome["listing"])
                reading = Listing(alone, run.run_id, outcome["listing"])
                assert faults(alone) == faults(reading.written()) == []
                yield kind, reading


JUNK: tuple[Any, ...] = (None, 7, -1, "x", "", [], [None], {}, {"x": 1}, True)
"""What may stand in a record where something else belongs."""

SPOILED_RECORDS = 500


def spoiled(record: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The record with one thing in it gone, or of another form."""
    changed = deepcopy(record)
    inside: Any = changed
    while True:
        at = dice.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        if not isinstance(inside[at], dict | list) or not inside[at] or dice.random() < 0.2:
            break
        inside = inside[at]
    if isinstance(inside, dict) and dice.random() < 0.3:
        del inside[at]
    else:
        inside[at] = dice.choice(JUNK)
    return changed


def test_record_of_another_form_is_a_fault_though_its_hashes_are_right(landings: Landings) -> None:
    dice, readings = random.Random(14), [*complete_readings(landings)]
    found = 0
    for number in range(SPOILED_RECORDS):
        _, reading = dice.choice(readings)
        listing = reading.again()
        if number % 4 == 0:
            listing.start = spoiled(listing.start, dice)
        if number % 4 == 1:
            at = dice.randrange(len(listing.pages))
            line, body = listing.pages[at]
            listing.pages[at] = (spoiled(line, dice) | {"part": line["part"]}, body)
        files = listing.written()
        if number % 4 == 2:
            files = resealed(files.files, listing.run_id, night=lambda record: spoiled(record, dice))
        if number % 4 == 3:
            files = resealed(files.files, listing.run_id, run=lambda record: spoiled(record, dice))
        found += bool(faults(files))
    assert found > SPOILED_RECORDS / 5, "not everything in a record is about completeness"


FLIPS = 3_000


def counts(landing: Memory, name: str) -> bool:
    """Whether something is read from the file: a page that no line names came when its reading was over."""
    folder, _, file = name.rpartition("/")
    if not file.startswith("page-"):
        return not file.endswith(".parquet")
    lines = landing.read(f"{folder}/manifest.jsonl").splitlines()
    return file in {json.loads(line)["file"] for line in lines}


def test_every_flipped_bit_of_pages_manifests_and_records_is_found(landings: Landings) -> None:
    dice = random.Random(14)
    runs = {run.run_id: of_run(landings.landing, run.run_id) for run in landings.runs.values()}
    names = sorted(name for name in landings.landing.files if counts(landings.landing, name))
    missed = []
    for _ in range(FLIPS):
        name = dice.choice(names)
        run = runs[name.partition("/")[0]]
        whole = bytearray(run.files[name])
        whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        flipped = Memory({**run.files, name: bytes(whole)})
        if not faults(flipped):
            missed.append(name)
    assert not missed
