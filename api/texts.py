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

from api.landed_texts import landed_texts
from api.misfits import with_misfits
from api.spelling import image_json

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 256_000_000
_ENTRY_BYTES: Final = 150
"""What Python needs for a text beside its characters."""
_FEW: Final = 2_000
"""A client that was given more than so many new ones is reading on."""
_AT_ONCE: Final = 20_000

Misfits = Mapping[int, Sequence[tuple[str, str]]]


class Texts:
    """Of one copy; asked from several threads. `landing` None: there is none that could be read."""

    def __init__(self, landing: Path | None = None) -> None:
        self._landing = landing
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], bytes] = {}
        self._bytes = 0

    def of(
        self, connection: duckdb.DuckDBPyConnection, dialect: str, versions: Sequence[int], misfits: Misfits
    ) -> tuple[list[bytes], int]:
        """The texts of these rows of image_versions, in their order, and how many had to be made."""
        found = {version: self._kept.get((dialect, version)) for version in versions}
        missing = [version for version, text in found.items() if text is None]
        if missing:
            made = self._made(connection, dialect, missing, misfits)
            found.update(made)
            self._keep(dialect, made)
        return [text for version in versions if (text := found[version]) is not None], len(missing)

    def make_all(
        self, connection: duckdb.DuckDBPyConnection, dialect: str, misfits: Misfits, is_over: threading.Event
    ) -> None:
        """Make those of all images of the moment, for as long as there is room; `connection` is then closed."""
        try:
            rows = connection.execute("SELECT version FROM memory.shown ORDER BY version").fetchall()
            versions = [version for (version,) in rows if (dialect, version) not in self._kept]
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
    ) -> dict[int, bytes]:
        made = landed_texts(connection, self._landing, versions) if self._landing is not None else {}
        left = [version for version in versions if version not in made]
        if left:
            # The numbers are DuckDB's own. It finds rows by a list of numbers several times as fast as by a join.
            rows = connection.execute(
                f"SELECT version.rowid, {image_json(dialect)} FROM copy.image_versions AS version "
                f"WHERE version.rowid IN ({', '.join(map(str, left))})"
            ).fetchall()
            for version, text in rows:
                written = text.encode()
                made[version] = with_misfits(written, misfits[version]) if version in misfits else written
        return made

    def _keep(self, dialect: str, made: Mapping[int, bytes]) -> None:
        with self._lock:
            for version, text in made.items():
                if self._bytes > _MOST_BYTES:
                    return
                if (dialect, version) not in self._kept:
                    self._kept[dialect, version] = text
                    self._bytes += len(text) + _ENTRY_BYTES


class Ahead:
    """Begins to make all texts of a moment once a client reads on."""

    def __init__(self, texts: Texts, connection: duckdb.DuckDBPyConnection, dialect: str, misfits: Misfits) -> None:
        self._texts, self._connection, self._dialect, self._misfits = texts, connection, dialect, misfits
        self._made = 0
        self._is_over = threading.Event()

    def made(self, texts: int) -> None:
        """So many were made for a client."""
        begun, self._made = self._made > _FEW, self._made + texts
        if not begun and self._made > _FEW:
            arguments = (self._connection.cursor(), self._dialect, self._misfits, self._is_over)
            threading.Thread(target=self._texts.make_all, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Begin no more; what is being made is left soon."""
        self._is_over.set()
