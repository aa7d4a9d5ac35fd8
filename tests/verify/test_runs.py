"""Readings as they were landed pass; readings that were changed do not, whatever was changed in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from load.runs import Run
from tests.verify.landings import Memory, faults, land_all_kinds, reader, said


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
