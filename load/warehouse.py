"""Opens the warehouse for writing, and runs statements of sql/ in it. One process at a time holds it.

It is attached under the name `warehouse`, so that the statements do not depend on the engine behind it.
"""

import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import duckdb

from core.errors import WarehouseError, WarehouseHeld
from core.permissions import make_folder
from core.wording import reason
from load.interruption import interruptible
from load.lake import Lake
from load.limits import DEFAULT_MEMORY_MB
from load.statements import quoted, statement
from transform.dictionary import ATTRIBUTES

log = logging.getLogger(__name__)

STORAGE_VERSION = "v1.2.0"
"""The oldest DuckDB that reads our files: the drivers of dashboards are often old."""

_BLOCK_BYTES = 65_536
"""Block size of new files. Each column of a table that is written has a block in memory, by default of 256 KiB.

With this size a load of 100,000 images needs 70 MB less, and a file of 1,000 images a third of the space; with 16 KiB a
load takes a quarter longer. DuckDB 1.2 reads it.
"""

_CHECKPOINT_MB = 64 + len(ATTRIBUTES)
"""Memory that a checkpoint may always use: if it lacks memory, DuckDB closes the database.

It needs two blocks of 256 KiB for each column of the widest table; this is twice that, and some for the rest.
"""

_MOST_UNUSED = 0.2
_MOST_TIMES_THE_MEMORY = 8
_OF_STATEMENTS = 2 / 3
"""Share of the memory for statements; the rest is for what a commit needs."""

_LOOK_AGAIN_SECONDS = 1.0


_CONFLICTS = ("onflict", "database is locked", "could not serialize", "duplicate key", "already exists")
"""Parts of the messages of DuckLake and its catalogues when another machine has committed in between."""

_CONFLICT_SECONDS = 120.0
"""How long to try again. SQLite has no queue for its lock: one of several machines may wait for many commits."""

T = TypeVar("T")

Description = tuple[str, str, str]
"""TABLE, VIEW, MACRO TABLE or COLUMN; its name; its description."""


class Warehouse:
    """An open warehouse. It raises every duckdb error as a WarehouseError."""

    def __init__(self, place: Path | Lake, wait_seconds: float = 0, memory_mb: int = DEFAULT_MEMORY_MB) -> None:
        """Open it, or create it if it does not exist. Data that does not fit into `memory_mb` goes to disk, beside it.

        If data cannot go to disk, `atomically` tries again with more memory, up to eight times as much.

        Raises: WarehouseError, which names the process, if another process still holds it after `wait_seconds`;
        WarehouseError if the file cannot be opened or created.
        """
        self.place = place
        self.staged_key: tuple[str, str] | None = None
        """Run and cloud whose images a committed transaction has put into the tables `incoming`."""
        self._memory_mb, self._most_memory_mb = memory_mb, memory_mb * _MOST_TIMES_THE_MEMORY
        self.is_shared = isinstance(place, Lake)
        self.connection = duckdb.connect(config=self._limits(memory_mb))
        if isinstance(place, Lake):
            self._until_no_conflict(lambda: self._attach_lake(place))
        else:
            self._attach(place, wait_seconds)
        self.execute("USE warehouse")

    def _limits(self, memory_mb: int) -> dict[str, str | bool | int | float | list[str]]:
        return {
            "memory_limit": f"{max(memory_mb, _CHECKPOINT_MB)}MB",
            "default_block_size": _BLOCK_BYTES,
            # Each thread needs a block for each column; a second thread is not faster.
            "threads": 1,
            # Row order does not matter here, and keeping it needs more memory.
            "preserve_insertion_order": False,
            "temp_directory": tempfile.gettempdir()
            if isinstance(self.place, Lake)
            else str(self.place.with_name(f".{self.place.name}.spill")),
            # DuckLake's extensions come as packages and are loaded by path, which DuckDB allows only with this.
            "allow_unsigned_extensions": self.is_shared,
        }

    def _attach_lake(self, lake: Lake) -> None:
        with self._mapped():
            lake.attach(self.connection, "warehouse")

    def _attach(self, path: Path, wait_seconds: float) -> None:
        try:
            make_folder(path.parent)
        except OSError as exc:
            raise WarehouseError(f"the folder {path.parent} cannot be made ({reason(exc)})", "Set warehouse.") from exc
        deadline = time.monotonic() + wait_seconds
        said = False
        while True:
            try:
                self.execute(f"ATTACH {quoted(str(path))} AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
            except WarehouseError as exc:
                if not _is_held(exc.__cause__) or time.monotonic() >= deadline:
                    raise
                if not said:
                    log.warning("%s; waiting up to %.0f s", exc.what, wait_seconds)
                    said = True
                time.sleep(min(_LOOK_AGAIN_SECONDS, max(0.0, deadline - time.monotonic())))
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def atomically(self, work: Callable[[], T]) -> T:
        """Run `work` in one transaction.

        It runs again if another machine committed in between, or if it did not fit into memory, then with more memory.
        Raises: the errors of `work`; WarehouseError.
        """

        def once() -> T:
            with self.transaction():
                return work()

        while True:
            try:
                return self._until_no_conflict(once) if self.is_shared else once()
            except WarehouseError as exc:
                if not isinstance(exc.__cause__, duckdb.OutOfMemoryException) or not self._take_more_memory():
                    raise

    def _take_more_memory(self) -> bool:
        """Double the memory limit; return False if that is above the maximum."""
        if self._memory_mb * 2 > self._most_memory_mb:
            return False
        log.info("the load does not fit into %d MB; trying again with twice as much", self._memory_mb)
        self._memory_mb *= 2
        return True

    def _until_no_conflict(self, work: Callable[[], T]) -> T:
        import tenacity  # slow to import, and only needed for DuckLake

        return tenacity.Retrying(
            stop=tenacity.stop_after_delay(_CONFLICT_SECONDS),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
            retry=tenacity.retry_if_exception(_is_conflict),
            before_sleep=lambda _: log.info("another machine wrote to %s at the same time; trying again", self.place),
            reraise=True,
        )(work)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction: all statements inside take effect, or none does."""
        with self._mapped():
            self._may_fill(self._memory_mb * _OF_STATEMENTS)
            self._call("BEGIN")
            try:
                yield
                self._may_fill(self._for_checkpoints)
                self._call("COMMIT")
            except BaseException:
                # A failed statement may have ended the transaction already.
                with suppress(duckdb.TransactionException):
                    self._call("ROLLBACK")
                self.staged_key = None
                self._may_fill(self._for_checkpoints)
                raise

    @property
    def _for_checkpoints(self) -> int:
        return max(self._memory_mb, _CHECKPOINT_MB)

    def _may_fill(self, memory_mb: float) -> None:
        self._call(f"SET memory_limit = '{memory_mb:.0f}MB'")

    def settle(self) -> bool:
        """Write the log into the file. Return whether the file is compact: little of it is unused."""
        self._may_fill(self._for_checkpoints)
        self.execute("CHECKPOINT warehouse")
        blocks = self.row("publish", "blocks")
        return bool(blocks["free"] <= _MOST_UNUSED * blocks["total"])

    def run(self, folder: str, file: str, /, **parameters: object) -> None:
        """Run sql/<folder>/<file>.sql with those parameters that it uses."""
        self._execute(folder, file, parameters)

    def rows(self, folder: str, file: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query in sql/, which gets those parameters that it uses."""
        with self._mapped():
            return self._fetched(self._execute(folder, file, parameters))

    def pieces(self, folder: str, file: str, rows: int, /, **parameters: object) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query in sql/, so many at a time. No other statement may run before the last piece."""
        with self._mapped():
            result = self._execute(folder, file, parameters)
            yield from iter(lambda: result.fetchmany(rows), [])

    def row(self, folder: str, file: str, /, **parameters: object) -> dict[str, Any]:
        """The only row of a query in sql/, by column."""
        with self._mapped():
            result = self._execute(folder, file, parameters)
            columns = [column[0] for column in result.description]
            (row,) = self._fetched(result)
        return dict(zip(columns, row, strict=True))

    def table_of_ids(self, name: str, ids: frozenset[str]) -> None:
        """Create the temporary table `name` with one row per id."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} (id VARCHAR)")
        self.execute(f"INSERT INTO {name} SELECT unnest($ids)", {"ids": sorted(ids)})

    def columns(self, name: str) -> list[str]:
        """The columns of a table or view, in order."""
        return [column for column, _ in self.typed_columns(name)]

    def typed_columns(self, name: str) -> list[tuple[str, str]]:
        """The columns of a table or view with their SQL types, in order."""
        return [row[:2] for row in self.execute(f"DESCRIBE {name}").fetchall()]

    def describe(self, descriptions: Iterable[Description]) -> None:
        """Write these comments in one call: one by one takes twice as long."""
        self.execute("; ".join(f"COMMENT ON {kind} {name} IS {quoted(text)}" for kind, name, text in descriptions))

    @contextmanager
    def using(self, database: str) -> Iterator[None]:
        """Inside, unqualified names are those of another attached DuckDB file."""
        self.execute(f"USE {database}")
        try:
            yield
        finally:
            self.execute("USE warehouse")

    def execute(self, text: str, parameters: dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        """Run a statement that cannot be a file, because a name or a path is part of it."""
        with self._mapped():
            return self._call(text, parameters)

    def _execute(self, folder: str, name: str, parameters: dict[str, object]) -> duckdb.DuckDBPyConnection:
        wanted = statement(folder, name)
        used = {key: value for key, value in parameters.items() if key in wanted.parameters}
        return self.execute(wanted.text, used or None)

    def _call(self, text: str, parameters: dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        with interruptible(self.connection):
            return self.connection.execute(text, parameters)

    def _fetched(self, result: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        with interruptible(self.connection):
            return result.fetchall()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            with self.place.masked_errors() if isinstance(self.place, Lake) else nullcontext():
                yield
        except duckdb.Error as exc:
            if _is_held(exc):
                raise WarehouseHeld(
                    f"the warehouse {self.place} cannot be used ({_first_line(exc)})",
                    "Wait for that process, or end it. To read, use the published copy: it is never locked.",
                ) from exc
            if isinstance(exc, duckdb.OutOfMemoryException):
                advice = "Raise load_memory_mb. Nothing of this load was kept."
            elif isinstance(exc, duckdb.IOException) or "Could not write" in str(exc):
                advice = "See that the file and its folder can be written, and that the disk has room."
            else:
                raise WarehouseError(
                    f"the warehouse {self.place} refused a statement; nothing of it was kept ({_first_line(exc)})"
                ) from exc
            raise WarehouseError(f"the warehouse {self.place} cannot be used ({_first_line(exc)})", advice) from exc


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, WarehouseError) and any(sign in str(error.__cause__) for sign in _CONFLICTS)


def _is_held(error: BaseException | None) -> bool:
    """Whether another process holds the file: DuckDB's message says that, and names the process."""
    return "Could not set lock on file" in str(error)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
