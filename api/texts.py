"""The JSON text of images, made once for each version: every moment of a copy shows some of the same versions.

It is the text that the cloud sent where landing still has it, and else written from the row. A few are made when they
are asked for; where a client reads on, all of the moment are made beside, in one go, which costs a tenth.
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
"""What Python needs for a text beside its characters."""
_FEW: Final = 2_000
"""A client that was given more than so many new ones is reading on."""
_MANY: Final = 200
"""Who needs more than so many new ones waits for them to be made."""
_AT_ONCE: Final = 50_000

Misfits = Mapping[int, Sequence[tuple[str, str]]]


class Texts:
    """Of one copy; asked from several threads. `landing` None: there is none that could be read."""

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
        """Make those of all images of the moment, for as long as there is room; `connection` is then closed."""
        try:
            rows = connection.execute("SELECT version FROM memory.shown ORDER BY version").fetchall()
            kept = self._kept.setdefault(dialect, {})
            versions = [version for (version,) in rows if version not in kept]
            for begin in range(0, len(versions), _AT_ONCE):
                if is_over.is_set() or self._bytes > _MOST_BYTES:
                    return
                self._keep(dialect, self._made(connection, dialect, versions[begin : begin + _AT_ONCE], misfits))
        except duckdb.Error:
            # Whoever needs one of them makes it, and is told.
            log.debug("the texts of a moment were not made ahead", exc_info=True)
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
        """The columns of image_versions that hold anything: mostly half of them, in any copy."""
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
    """Begins to make all texts of a moment once a client reads on."""

    def __init__(self, texts: Texts, connection: duckdb.DuckDBPyConnection, dialect: str, misfits: Misfits) -> None:
        self._texts, self._connection, self._dialect, self._misfits = texts, connection, dialect, misfits
        self._made = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()

    def made(self, texts: int) -> None:
        """So many were made for a client."""
        with self._lock:
            begun, self._made = self._made > _FEW, self._made + texts
        if not begun and self._made > _FEW:
            arguments = (self._connection.cursor(), self._dialect, self._misfits, self._is_over)
            self._thread = threading.Thread(target=self._texts.make_all, args=arguments, daemon=True)
            self._thread.start()

    def wait(self, texts: int) -> None:
        """Where a client needs so many texts, and they are being made, wait until they are."""
        if self._thread is not None and texts > _MANY:
            self._thread.join()

    def stop(self) -> None:
        """Begin no more; what is being made is left soon."""
        self._is_over.set()
