"""Keeps records of a run in landing, beside its pages, so that the warehouse can be rebuilt from landing alone.

`<run>/run.json` is for the run, `<run>/<cloud>/night.json` for each cloud: which listings are complete, what was found
deleted or withheld. They are written before the load, so that a failed load loses nothing. Each record has its own
hash. A cloud's record has the heads of its manifests; the run's record has, at the end, the hashes of its clouds'
records. This module does not know pages.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from core import storage
from core.errors import GlancebackError
from core.storage import Place
from extract.landed import cloud_folder, head_of
from extract.seals import Head, seal_of, sealed
from load.clouds import CloudPlace
from load.merge import UNLISTED, CloudRun, ListingOutcome
from load.missing import Decisions
from load.retirement import kept_renames, names_then
from load.run_ids import RUN_ID
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

RUN_FILE: Final = "run.json"
CLOUD_RUN_FILE: Final = "night.json"
_RESTORE: Final = "Restore it, or move its run's folder out of landing."
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptTarget:
    """A row of `run_targets`: a cloud that the run had to read, with its name at that time."""

    cloud: str
    is_whole: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A row of `runs`. Times are UTC; `finished_at` is None if the run did not end.

    `nights`: the hash of each cloud's record, by the name of its folder; None in old records, and before the end.
    `targets`: empty in old records. A run that retired or renamed a cloud has the cloud's name at that time in `cloud`,
    and the `listing` or the `new_name`.
    """

    run_id: str
    started_at: datetime
    mode: str
    version: str
    status: str = "failed"
    finished_at: datetime | None = None
    nights: Mapping[str, str] | None = None
    cloud: str | None = None
    listing: str | None = None
    new_name: str | None = None
    targets: Sequence[KeptTarget] = ()


@dataclass(frozen=True, slots=True)
class KeptCloudRun:
    """What was merged for a cloud, without the images: those are in the pages.

    `gone`, `withheld` and the sets from `answered` on: the decisions about missing images, as ids; old records have
    only the first two. `heads`: the head of each manifest, also that of the unlisted images; None in old records.
    `place`: where the cloud is; None in old records, and if there was no login.
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
    heads: Mapping[str, Head] | None = None
    place: CloudPlace | None = None
    is_gone: bool = False

    @property
    def decisions(self) -> Decisions:
        return Decisions(**{each.name: getattr(self, each.name) for each in fields(Decisions)})

    def cloud_run(self, outcomes: Sequence[ListingOutcome]) -> CloudRun:
        """The cloud's part of the run with these outcomes, whose images are staged for the merge."""
        return CloudRun(
            self.run_id, self.started_at, self.cloud, self.dialect, self.project_id, self.ends_images, outcomes,
            place=self.place, is_gone=self.is_gone,
        )  # fmt: skip


def keep_run(landing: Place, kept: KeptRun) -> None:
    """Write a run's row to landing; at its end with the hashes of its clouds' records.

    If landing cannot be written, that is logged. The run continues, but cannot be replayed.
    """
    file = landing / kept.run_id / RUN_FILE
    if kept.finished_at is not None:
        try:
            folders = storage.subfolders(landing / kept.run_id)
            records = ((folder.name, _read(folder / CLOUD_RUN_FILE, KeptCloudRun)) for folder in folders)
            kept = replace(kept, nights={name: found[1] for name, found in records if found and found[1]})
        except (OSError, GlancebackError) as exc:
            _cannot_be_replayed(file, exc)
            return
    _write(file, kept)


def targets_of(warehouse: Warehouse, run_id: str) -> tuple[KeptTarget, ...]:
    """The clouds that the run had to read, and why nothing of them was loaded, from the warehouse."""
    return tuple(KeptTarget(*row) for row in warehouse.rows("runs", "targets_of_run", run_id=run_id))


def keep_cloud_run(landing: Place, cloud_run: CloudRun, decisions: Decisions, error: str | None) -> None:
    """Write the record of what a run read from a cloud, before it is merged.

    If landing cannot be written, that is logged, as in keep_run.
    """
    kept = KeptCloudRun(
        cloud_run.run_id, cloud_run.started_at, cloud_run.cloud, cloud_run.dialect, cloud_run.project_id,
        cloud_run.ends_images,
        [replace(outcome, staged=None) for outcome in cloud_run.outcomes], error=error,
        **{each.name: getattr(decisions, each.name) for each in fields(Decisions)},
        place=cloud_run.place, is_gone=cloud_run.is_gone,
    )  # fmt: skip
    folder = cloud_folder(landing, cloud_run.run_id, cloud_run.cloud)
    names = [*(outcome.listing for outcome in cloud_run.outcomes), *([UNLISTED] if decisions.answered else [])]
    try:
        heads = {name: head_of(folder / name) for name in names}
    except (OSError, ValueError) as exc:
        _cannot_be_replayed(folder / CLOUD_RUN_FILE, exc)
        return
    _write(folder / CLOUD_RUN_FILE, replace(kept, heads={name: head for name, head in heads.items() if head}))


def kept_runs(landing: Place) -> list[KeptRun]:
    """The runs in landing, oldest first."""
    found = (_read(folder / RUN_FILE, KeptRun) for folder in storage.subfolders(landing))
    return sorted((one[0] for one in found if one is not None), key=lambda kept: kept.started_at)


def kept_cloud_runs(landing: Place, run_id: str, hashes: Mapping[str, str] | None = None) -> list[KeptCloudRun]:
    """The records of a run's clouds in landing, sorted by name. `hashes`: those in the run's record, if it has any.

    Raises: GlancebackError if a record differs from what was written, or is missing.
    """
    folders = storage.subfolders(landing / run_id)
    found = {folder.name: _read(folder / CLOUD_RUN_FILE, KeptCloudRun) for folder in folders}
    for name, digest in (hashes or {}).items():
        one = found.get(name)
        if one is None or one[1] != digest:
            record = landing / run_id / name / CLOUD_RUN_FILE
            raise GlancebackError(
                f"{record} is {'missing' if one is None else 'not what was written'}: "
                f"{landing / run_id / RUN_FILE} has the hash of another",
                _RESTORE,
            )
    return sorted((one[0] for one in found.values() if one is not None), key=lambda kept: kept.cloud)


def forget_kept(landing: Place, run_id: str) -> None:
    """Remove the record of a run that has read nothing. If that fails, the record stays, and does no harm."""
    with suppress(OSError, GlancebackError):
        storage.remove(landing / run_id)


def remove_old(landing: Place, warehouse: Warehouse, now: datetime, days: int) -> list[str]:
    """Remove the runs older than `days` days; return their ids. `now` is UTC.

    Runs that are still running are kept. So are runs with a cloud that was read but not loaded: a replay can load it. A
    run that was killed while it read has nothing to load. Only old runs are opened: the id has the run's time.
    Raises: OSError, GlancebackError if landing cannot be read.
    """
    since = f"{now - timedelta(days=days):%Y%m%dT%H%M%S}"
    runs = ((folder, RUN_ID.fullmatch(folder.name)) for folder in storage.subfolders(landing))
    old = [folder for folder, run in runs if run and run["began"] < since]
    if not old:
        return []
    going = {run_id for (run_id,) in warehouse.rows("runs", "running_runs")}
    loaded: dict[str, set[str]] = {}
    renames = kept_renames(warehouse)
    for run_id, cloud, started_at in warehouse.rows("runs", "recorded_clouds"):
        for name in names_then(cloud, started_at, renames):
            loaded.setdefault(run_id, set()).add(cloud_folder(landing, run_id, name).name)
    removed = []
    for folder in old:
        kept = [entry for entry in storage.subfolders(folder) if entry.name not in loaded.get(folder.name, ())]
        if folder.name not in going and not any(storage.has(entry / CLOUD_RUN_FILE) for entry in kept):
            storage.remove(folder)
            removed.append(folder.name)
    return removed


def _write(file: Place, value: object) -> None:
    try:
        storage.make(file.parent)
        storage.put(file, sealed(msgspec.json.encode(value))[0])
        storage.sync(file.parent, (file.name,))
    except OSError as exc:
        _cannot_be_replayed(file, exc)


def _cannot_be_replayed(file: Place, exc: Exception) -> None:
    why = storage.reason(exc) if isinstance(exc, OSError) else exc
    log.warning("%s cannot be written (%s): this run cannot be replayed", file, why)


def _read(file: Place, kind: type[T]) -> tuple[T, str | None] | None:
    """The record in the file, with its hash; None if there is no file. Old records have no hash."""
    try:
        text = storage.get(file)
        return msgspec.json.decode(text, type=kind, dec_hook=_no_staged_files), seal_of(text, "run_id")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:
        raise GlancebackError(f"{file} cannot be read ({exc})", _RESTORE) from exc


def _no_staged_files(kind: type, value: object) -> object:
    raise NotImplementedError(f"{kind} is not kept")
