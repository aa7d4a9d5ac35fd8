"""The `verify` command: passes landing and the warehouse to the checker, which shares no code with the other packages.

The checker reads a landing on a disk by itself. A landing in an object store is read here and passed on as bytes; the
checker checks their hashes too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import duckdb

from core import object_store, storage
from core.errors import GlancebackError, SettingsError, WarehouseError
from core.object_store import StorePath
from load.lake import Lake
from pipeline.settings import Settings
from verify.files import Disk, Files
from verify.runs import Finding, run_ids, verify
from verify.warehouse import Loaded

ALL = "all"


def verify_landing(settings: Settings, run: str | None, tell: Callable[[Finding], None]) -> int:
    """Check a run, all runs, or with None the last run. `tell` gets each finding. Return the number of faults.

    Raises: SettingsError if landing does not have the run; GlancebackError if landing or the warehouse cannot be read.
    """
    landing = settings.landing
    files: Files = Disk(landing) if isinstance(landing, Path) else _Store(landing)
    try:
        runs = run_ids(files)
        if not runs or run not in (None, ALL, *runs):
            raise SettingsError(
                f"{landing} does not have {f'run {run}' if runs else 'any run'}",
                "Check that landing is set to the right folder; runs are kept for landing_days.",
            )
        chosen = None if run == ALL else [run or runs[-1]]
        faults = 0
        with _warehouse(settings.warehouse) as loaded:
            if loaded is None:
                tell(Finding(f"there is no warehouse at {settings.warehouse}: only landing is checked"))
            for finding in verify(files, chosen, loaded):
                faults += finding.is_fault
                tell(finding)
    except OSError as exc:
        raise GlancebackError(f"{exc.filename or landing} cannot be read ({storage.reason(exc)})") from exc
    return faults


@contextmanager
def _warehouse(place: Path | Lake) -> Iterator[Loaded | None]:
    """The warehouse, read-only; None if it does not exist. Raises: WarehouseError."""
    if isinstance(place, Path) and not place.exists():
        yield None
        return
    try:
        if isinstance(place, Path):
            connection = duckdb.connect(str(place), read_only=True)
        else:
            connection = duckdb.connect(config={"allow_unsigned_extensions": True})
        with connection:
            if isinstance(place, Lake):
                place.attach(connection, "warehouse")
                connection.execute("USE warehouse")
            yield Loaded(connection)
    except duckdb.Error as exc:
        text = str(exc).splitlines()[0]
        shown = place.mask(text) if isinstance(place, Lake) else text
        raise WarehouseError(
            f"the warehouse {place} cannot be read ({shown})", "If another process has it open, wait for that process."
        ) from None


@dataclass(frozen=True, slots=True)
class _Store:
    """Landing in an object store."""

    root: StorePath

    def read(self, name: str) -> bytes:
        return storage.get(self._at(name))

    def names(self, folder: str) -> list[str]:
        files, folders = object_store.entries(self._at(folder))
        return sorted([*(file.name for file in files), *(f"{folder.name}/" for folder in folders)])

    def _at(self, name: str) -> StorePath:
        return reduce(lambda place, part: place / part, filter(None, name.split("/")), self.root)
