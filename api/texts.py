"""The JSON text of images, made once per version: all snapshots of a copy show partly the same versions.

It is the text that the cloud sent, if landing still has it; otherwise it is written from the row. A few texts are made
when they are requested. If a client reads on, a thread makes all texts of the snapshot, for a tenth of the cost.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from api.body import Text
from api.landed_texts import among, landed_texts
from api.misfits import with_misfits
from api.spelling import image_json
from transform.dictionary import ATTRIBUTES

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 256_000_000
_ENTRY_BYTES: Final = 300
"""The memory of a text in addition to its characters."""
_FEW: Final = 2_000
"""If more new texts than these were made for a client, it reads on."""
_MANY: Final = 200
"""A page with more new texts than these waits until the thread has made them."""
_AT_ONCE: Final = 50_000

Misfits = Mapping[int, Sequence[tuple[str, str]]]


class Texts:
    """The texts of one copy. Threads may share it. `landing`: None if it cannot be read."""

    def __init__(self, landing: Path | None = None) -> None:
        self._landing = landing
        self._columns: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._kept: dict[str, dict[int, Text]] = {}
        self._bytes = 0

    def of(
        self, connection: duckdb.DuckDBPyConnection, dialect: str, versions: Sequence[int], misfits: Misfits
    ) -> tuple[list[Text], int]:
        """The texts of these rows of image_versions, in their order, and how many had to be made."""
        kept = self._kept.setdefault(dialect, {})
        texts = list(map(kept.get, versions))
        missing = [version for version, text in zip(versions, texts, strict=True) if text is None]
        if not missing:
            return [text for text in texts if text is not None], 0
        made = self._made(connection, dialect, missing, misfits)
        self._keep(dialect, made)
        whole = [made[version] if text is None else text for version, text in zip(versions, texts, strict=True)]
        return whole, len(missing)

    def make_all(
        self, connection: duckdb.DuckDBPyConnection, dialect: str, misfits: Misfits, is_over: threading.Event
    ) -> None:
        """Make the texts of all images of the snapshot, as long as there is room; then close `connection`."""
        try:
            rows = connection.execute("SELECT version FROM memory.shown ORDER BY version").fetchall()
            kept = self._kept.setdefault(dialect, {})
            versions = [version for (version,) in rows if version not in kept]
            for begin in range(0, len(versions), _AT_ONCE):
                if is_over.is_set() or self._bytes > _MOST_BYTES:
                    return
                self._keep(dialect, self._made(connection, dialect, versions[begin : begin + _AT_ONCE], misfits))
        except duckdb.Error:
            # A request that needs one of the texts makes it, and shows the error.
            log.debug("the texts of a snapshot were not made in advance", exc_info=True)
        finally:
            connection.close()

    def _made(
        self, connection: duckdb.DuckDBPyConnection, dialect: str, versions: Sequence[int], misfits: Misfits
    ) -> dict[int, Text]:
        landed = landed_texts(connection, self._landing, versions) if self._landing is not None else {}
        made = {version: Text.of(text) for version, text in landed.items()}
        left = [version for version in versions if version not in made]
        if left:
            wanted, written = set(left), image_json(dialect, self._columns_of(connection))
            rows = connection.execute(
                f"SELECT version.rowid, {written} FROM copy.image_versions AS version "
                f"WHERE {among('version.rowid', left)}"
            ).fetchall()
            for version, text in rows:
                if version in wanted:
                    plain = text.encode()
                    made[version] = Text.of(with_misfits(plain, misfits[version]) if version in misfits else plain)
        return made

    def _columns_of(self, connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
        """The columns of image_versions that have values: usually half of them."""
        if self._columns is None:
            columns = [attribute.column for attribute in ATTRIBUTES]
            counts = ", ".join(f'count("{column}")' for column in columns)
            (found,) = connection.execute(f"SELECT {counts} FROM copy.image_versions").fetchall()
            self._columns = frozenset(column for column, count in zip(columns, found, strict=True) if count)
        return self._columns

    def _keep(self, dialect: str, made: Mapping[int, Text]) -> None:
        with self._lock:
            kept = self._kept.setdefault(dialect, {})
            for version, text in made.items():
                if self._bytes > _MOST_BYTES:
                    return
                if version not in kept:
                    kept[version] = text
                    self._bytes += len(text.content) + _ENTRY_BYTES


class Ahead:
    """Begins to make all texts of a snapshot once a client reads on."""

    def __init__(self, texts: Texts, connection: duckdb.DuckDBPyConnection, dialect: str, misfits: Misfits) -> None:
        self._texts, self._connection, self._dialect, self._misfits = texts, connection, dialect, misfits
        self._made = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()

    def made(self, texts: int) -> None:
        """Count texts that were made for a client."""
        with self._lock:
            begun, self._made = self._made > _FEW, self._made + texts
        if not begun and self._made > _FEW:
            arguments = (self._connection.cursor(), self._dialect, self._misfits, self._is_over)
            self._thread = threading.Thread(target=self._texts.make_all, args=arguments, daemon=True)
            self._thread.start()

    def wait(self, texts: int) -> None:
        """If a client needs this many texts, and the thread is making them, wait for it."""
        if self._thread is not None and texts > _MANY:
            self._thread.join()

    def stop(self) -> None:
        """Tell the thread to stop soon."""
        self._is_over.set()
