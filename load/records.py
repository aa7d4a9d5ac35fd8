"""What a run knew beside its pages, kept in landing, so that the warehouse can be rebuilt from there alone.

`<run>/run.json` for the run, `<run>/<cloud>/night.json` for each cloud: which listings were whole, what was found
deleted or withheld. Written before the load, so that a load that fails loses nothing. Knows no page.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from extract import storage
from extract.errors import GlancebackError
from extract.landing import cloud_folder
from extract.storage import Place
from load.merge import CloudNight, ListingOutcome
from load.missing import Decisions
from load.run_ids import RUN_ID
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

RUN_FILE: Final = "run.json"
NIGHT_FILE: Final = "night.json"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A row of `runs`. Times are UTC; `finished_at` is None where the run did not come to its end."""

    run_id: str
    started_at: datetime
    mode: str
    version: str
    status: str = "failed"
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptNight:
    """What was merged of a cloud, but for the images: those are in the pages.

    From `gone` on, what was decided of missing images, in ids; records of old have two of these only.
    """

    run_id: str
    started_at: datetime
    cloud: str
    dialect: str | None
    project_id: str | None
    ends_images: bool
    outcomes: Sequence[ListingOutcome]
    gone: frozenset[str]
    withheld: frozenset[str]
    error: str | None
    answered: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    too_many: frozenset[str] = frozenset()
    missed_twice: frozenset[str] = frozenset()
    not_known_then: frozenset[str] = frozenset()

    @property
    def decisions(self) -> Decisions:
        return Decisions(**{each.name: getattr(self, each.name) for each in fields(Decisions)})

    def night(self, outcomes: Sequence[ListingOutcome]) -> CloudNight:
        """The night, with these outcomes instead, whose images lie ready to be merged."""
        return CloudNight(
            self.run_id, self.started_at, self.cloud, self.dialect, self.project_id, self.ends_images, outcomes
        )


def keep_run(landing: Place, kept: KeptRun) -> None:
    """Keep a run's row. Where landing cannot be written, that is logged: the run goes on, but cannot be replayed."""
    _write(landing / kept.run_id / RUN_FILE, kept)


def keep_night(landing: Place, night: CloudNight, decisions: Decisions, error: str | None) -> None:
    """Keep a cloud's night, before it is merged. Where landing cannot be written, that is logged, as for keep_run."""
    kept = KeptNight(
        night.run_id, night.started_at, night.cloud, night.dialect, night.project_id, night.ends_images,
        [replace(outcome, staged=None) for outcome in night.outcomes], error=error,
        **{each.name: getattr(decisions, each.name) for each in fields(Decisions)},
    )  # fmt: skip
    _write(cloud_folder(landing, night.run_id, night.cloud) / NIGHT_FILE, kept)


def kept_runs(landing: Place) -> list[KeptRun]:
    """The runs in landing, the oldest first."""
    runs = (_read(folder / RUN_FILE, KeptRun) for folder in storage.subfolders(landing))
    return sorted((kept for kept in runs if kept is not None), key=lambda kept: kept.started_at)


def kept_nights(landing: Place, run_id: str) -> list[KeptNight]:
    """What landing has of a run's clouds, by name."""
    nights = (_read(folder / NIGHT_FILE, KeptNight) for folder in storage.subfolders(landing / run_id))
    return sorted((kept for kept in nights if kept is not None), key=lambda kept: kept.cloud)


def forget_kept(landing: Place, run_id: str) -> None:
    """Remove what keep_run wrote of a run that has read nothing. Where that cannot be, it stays, and harms nobody."""
    with suppress(OSError, GlancebackError):
        storage.remove(landing / run_id)


def remove_old(landing: Place, warehouse: Warehouse, now: datetime, days: int) -> list[str]:
    """Remove the runs older than so many days; their ids. `now` is UTC.

    Those stay that still go on, and those of which a cloud's night was kept but not loaded: a replay can load it. A run
    that was killed while it read has nothing to load. Only the old ones are looked into: their ids tell.
    Raises: OSError, GlancebackError where landing cannot be read.
    """
    since = f"{now - timedelta(days=days):%Y%m%dT%H%M%S}"
    runs = ((folder, RUN_ID.fullmatch(folder.name)) for folder in storage.subfolders(landing))
    old = [folder for folder, run in runs if run and run["began"] < since]
    if not old:
        return []
    going = {run_id for (run_id,) in warehouse.rows("merge", "running_runs")}
    loaded: dict[str, set[str]] = {}
    for run_id, cloud in warehouse.rows("merge", "recorded_nights"):
        loaded.setdefault(run_id, set()).add(cloud_folder(landing, run_id, cloud).name)
    removed = []
    for folder in old:
        kept = [entry for entry in storage.subfolders(folder) if entry.name not in loaded.get(folder.name, ())]
        if folder.name not in going and not any(storage.has(entry / NIGHT_FILE) for entry in kept):
            storage.remove(folder)
            removed.append(folder.name)
    return removed


def _write(file: Place, value: object) -> None:
    try:
        storage.make(file.parent)
        storage.put(file, msgspec.json.encode(value))
        storage.sync(file.parent, (file.name,))
    except OSError as exc:
        log.warning("%s cannot be written (%s): this run cannot be replayed", file, exc.strerror)


def _read(file: Place, kind: type[T]) -> T | None:
    """What is kept there; None where nothing is."""
    try:
        return msgspec.json.decode(storage.get(file), type=kind, dec_hook=_no_staged_files)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:
        raise GlancebackError(
            f"{file} cannot be read ({exc})", "Restore it, or move its run's folder out of landing."
        ) from exc


def _no_staged_files(kind: type, value: object) -> object:
    raise NotImplementedError(f"{kind} is not kept")
