"""Runs as the tests write them: images in listings, staged and merged as a run would."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from extract.landed import LandedAt
from load.lake import Lake
from load.merge import UNLISTED, CloudCounts, CloudRun, ListingOutcome, find_missing, merge
from load.missing import decide
from load.runs import Run, begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from transform.batch import flatten
from transform.stage import StageWriter

PROJECT = "p" * 32
READ_AT = datetime(2026, 11, 1, 2)


def image(identity: str, **attributes: Any) -> dict[str, Any]:
    """An image that changed on the first of October, unless told otherwise."""
    return {"id": identity, "name": f"image {identity}", "updated_at": "2026-10-01T00:00:00Z", **attributes}


ENGINES = ("duckdb", "ducklake")
engine = [ENGINES[0]]
"""On which engine new_warehouse makes them: the fixture of tests/load sets it."""


def place_of_warehouse(folder: Path) -> Path | Lake:
    if engine[0] == "ducklake":
        return Lake("sqlite", str(folder / "catalogue.sqlite"), f"{folder / 'lake'}/")
    return folder / "warehouse.duckdb"


def new_warehouse(folder: Path) -> Warehouse:
    """An open warehouse without runs in the folder; or the one that is there."""
    place = place_of_warehouse(folder)
    file = Path(place.catalogue) if isinstance(place, Lake) else place
    if file.exists():
        warehouse = Warehouse(place)
        bring_up_to_date(warehouse, "0")
        return warehouse
    copy_empty_warehouse(folder)
    if isinstance(place, Lake):
        # DuckLake compares the folder that it remembers with the one that it is given.
        with closing(sqlite3.connect(file)) as catalogue, catalogue:
            catalogue.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (place.data,))
    return Warehouse(place)


def copy_empty_warehouse(folder: Path) -> None:
    """Put the file of an empty warehouse into the folder."""
    shutil.copytree(_empty_warehouse(engine[0]), folder, dirs_exist_ok=True)


_templates: dict[str, "tempfile.TemporaryDirectory[str]"] = {}


def _empty_warehouse(kind: str) -> str:
    """The folder of an empty warehouse on that engine, made once a process: making one takes longer than a run."""
    if kind not in _templates:
        made = tempfile.TemporaryDirectory(prefix="empty-warehouse-")
        with Warehouse(place_of_warehouse(Path(made.name))) as warehouse:
            bring_up_to_date(warehouse, "0")
        _templates[kind] = made
    return _templates[kind].name


@contextmanager
def held_by_another_process(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The process that has the warehouse in the folder open. It lets go at the end of its input."""
    code = (
        "import sys; from pathlib import Path; from tests.load.runs import new_warehouse;"
        f"w = new_warehouse(Path({str(folder)!r})); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder


class Runs:
    """Runs nights against one warehouse, a cloud `c` each."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self._folder = folder
        self._number = 0
        self.dialect = "ims"
        self.asked: frozenset[str] = frozenset()
        """The images that were missing in the last night, and due."""

    def run(
        self,
        listings: dict[str, list[dict[str, Any]]],
        *,
        mode: str = "full",
        incomplete: tuple[str, ...] = (),
        gone: frozenset[str] | None = None,
        withheld: frozenset[str] = frozenset(),
        there: tuple[dict[str, Any], ...] = (),
        unaskable: bool = False,
        watermark: datetime | None = None,
        at: datetime | None = None,
        run: Run | None = None,
    ) -> CloudCounts:
        """Load these listings; what is missing is gone, unless `gone` says otherwise. `at`: when the run started.
        `run`: one that was begun before.

        Of the missing images, `there` answer by id; or all are `unaskable`.
        """
        self._number += 1
        run = run or begin_run(self.warehouse, mode, "0")
        if at is not None:
            parameters = {"at": at, "run_id": run.run_id}
            self.warehouse.execute("UPDATE runs SET started_at = $at WHERE run_id = $run_id", parameters)
            run = replace(run, started_at=at)
        outcomes = [
            self.outcome(name, images, name not in incomplete, watermark or READ_AT + timedelta(days=self._number))
            for name, images in listings.items()
        ]
        night = CloudRun(run.run_id, run.started_at, "c", self.dialect, PROJECT, mode == "full", outcomes)
        missing = find_missing(self.warehouse, night)
        self.asked = missing.ids
        answers = [] if unaskable else [one for one in there if one["id"] in missing.ids]
        answered = frozenset(one["id"] for one in answers)
        left = missing.ids - withheld - answered
        decisions = decide(
            missing,
            gone=frozenset() if unaskable else left if gone is None else gone,
            answered=answered,
            unknown=withheld,
            unaskable=left if unaskable else frozenset(),
        )
        unlisted = self.outcome(UNLISTED, answers, True, READ_AT).staged if answers else None
        counts = merge(self.warehouse, night, decisions, unlisted=unlisted)
        finish_run(self.warehouse, run, "completed")
        return counts

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query).fetchall()

    def outcome(
        self, name: str, images: list[dict[str, Any]], complete: bool = True, watermark: datetime = READ_AT
    ) -> ListingOutcome:
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self._folder)) / name
        folder.mkdir()
        with StageWriter(folder, name) as writer:
            writer.write(flatten(images), LandedAt(READ_AT, self._number, f"page-{self._number:06d}.json.zst"))
        outcome = ListingOutcome(name, 1, len(images), 1, 0.1, True, {}, None, watermark, writer.staged)
        return outcome if complete else replace(outcome, complete=False, error="it broke", staged=None)
