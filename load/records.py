"""What a run knew beside its pages, kept in landing, so that the warehouse can be rebuilt from there alone.

`<run>/run.json` for the run, `<run>/<cloud>/night.json` for each cloud: which listings were whole, what was found
deleted or withheld. Written before the load, so that a load that fails loses nothing. Each carries its own hash, the
cloud's has the heads of its manifests, the run's at its end the hashes of its nights. Knows no page.
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
    """A row of `run_targets`: a cloud that the run was to read, under its name of then."""

    cloud: str
    is_whole: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A row of `runs`. Times are UTC; `finished_at` is None where the run did not come to its end.

    `nights`: the hash of each cloud's record, by its folder's name; None in records of old, and before the end.
    `targets`: none in records of old. A run that retired or renamed a cloud has its name of then in `cloud`, and the
    `listing` or the `new_name`.
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
    """What was merged of a cloud, but for the images: those are in the pages.

    From `gone` on, what was decided of missing images, in ids; records of old have two of these only. `heads`: what
    each listing's manifest comes to, that of the unlisted images too; None in records of old.
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

    @property
    def decisions(self) -> Decisions:
        return Decisions(**{each.name: getattr(self, each.name) for each in fields(Decisions)})

    def cloud_run(self, outcomes: Sequence[ListingOutcome]) -> CloudRun:
        """The cloud's part of the run, with these outcomes instead, whose images lie ready to be merged."""
        return CloudRun(
            self.run_id, self.started_at, self.cloud, self.dialect, self.project_id, self.ends_images, outcomes
        )


def keep_run(landing: Place, kept: KeptRun) -> None:
    """Keep a run's row, at its end with the hashes of its nights.

    Where landing cannot be written, that is logged: the run goes on, but cannot be replayed.
    """
    file = landing / kept.run_id / RUN_FILE
    if kept.finished_at is not None:
        try:
            folders = storage.subfolders(landing / kept.run_id)
            nights = ((folder.name, _read(folder / CLOUD_RUN_FILE, KeptCloudRun)) for folder in folders)
            kept = replace(kept, nights={name: found[1] for name, found in nights if found and found[1]})
        except (OSError, GlancebackError) as exc:
            _cannot_be_replayed(file, exc)
            return
    _write(file, kept)


def targets_of(warehouse: Warehouse, run_id: str) -> tuple[KeptTarget, ...]:
    """What the run was to read, and why nothing of it was loaded, as the warehouse has it now."""
    return tuple(KeptTarget(*row) for row in warehouse.rows("runs", "targets_of_run", run_id=run_id))


def keep_cloud_run(landing: Place, cloud_run: CloudRun, decisions: Decisions, error: str | None) -> None:
    """Write the record of what a run read of a cloud, before it is merged.

    Where landing cannot be written, that is logged, as for keep_run.
    """
    kept = KeptCloudRun(
        cloud_run.run_id, cloud_run.started_at, cloud_run.cloud, cloud_run.dialect, cloud_run.project_id,
        cloud_run.ends_images,
        [replace(outcome, staged=None) for outcome in cloud_run.outcomes], error=error,
        **{each.name: getattr(decisions, each.name) for each in fields(Decisions)},
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
    """The runs in landing, the oldest first."""
    found = (_read(folder / RUN_FILE, KeptRun) for folder in storage.subfolders(landing))
    return sorted((one[0] for one in found if one is not None), key=lambda kept: kept.started_at)


def kept_cloud_runs(landing: Place, run_id: str, hashes: Mapping[str, str] | None = None) -> list[KeptCloudRun]:
    """What landing has of a run's clouds, by name. `hashes` are those of the run's record, where it has them.

    Raises: GlancebackError where a record is not what was written, or is missing.
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
    """Remove what keep_run wrote of a run that has read nothing. Where that cannot be, it stays, and harms nobody."""
    with suppress(OSError, GlancebackError):
        storage.remove(landing / run_id)


def remove_old(landing: Place, warehouse: Warehouse, now: datetime, days: int) -> list[str]:
    """Remove the runs older than so many days; their ids. `now` is UTC.

    Runs that still go on are kept, and runs with a cloud that was read and not loaded: a replay can load it. A run that
    was killed while it read has nothing to load. Only old runs are opened: an id says how old its run is.
    Raises: OSError, GlancebackError where landing cannot be read.
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
    """What is kept there, with its hash; None where nothing is. Records of old have no hash."""
    try:
        text = storage.get(file)
        return msgspec.json.decode(text, type=kind, dec_hook=_no_staged_files), seal_of(text, "run_id")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:
        raise GlancebackError(f"{file} cannot be read ({exc})", _RESTORE) from exc


def _no_staged_files(kind: type, value: object) -> object:
    raise NotImplementedError(f"{kind} is not kept")
