"""One cloud's images as they were at a time. Each snapshot has its own connection, and answers one question at a time.

Opened, kept and closed by `copies`. The copy is attached read-only to an in-memory database, so that a copy that has
replaced it can be opened at the same time, and so that no statement can use files or the network.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from api.body import Body, Text, image_body, page_body
from api.conditions import Conditions, conditions
from api.question import Question
from api.refusal import Refusal
from api.texts import Ahead, Texts
from api.walks import Walks
from extract.listing import IMS
from load.statements import quoted, statement

_LARGEST_CACHE_BYTES: Final = 48_000_000
_THREADS: Final = 2
_LARGE_PAGE: Final = 500
"""A client that requests so many images reads a whole catalogue: its next page is made while it parses this one."""
_LOWEST: Final = {"size": "-1", "created_at": "TIMESTAMP '0001-01-01'", "updated_at": "TIMESTAMP '0001-01-01'"}
"""What NULL is sorted as; texts are sorted as the empty text."""
_NO_TEXT: Final = "''"


def attached(published: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the copy, called `copy`. Raises: duckdb.Error if the file cannot be read."""
    connection = duckdb.connect(":memory:", config={"threads": _THREADS})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {quoted(str(published))} AS copy (READ_ONLY)")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except duckdb.Error:
        connection.close()
        raise
    return connection


def asked(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    """The rows of sql/api/<name>.sql."""
    return connection.execute(statement("api", name).text, parameters).fetchall()


@dataclass(frozen=True, slots=True)
class View:
    """The images of `cloud` at the time `at`; `changed_at`: when they last changed before that. Times are UTC."""

    cloud: str
    dialect: str
    project_id: str | None
    at: datetime
    changed_at: datetime


class Snapshot:
    """Caches its answers, up to a number of bytes: the past never changes."""

    def __init__(self, published: Path, view: View, texts: Texts) -> None:
        """Raises: duckdb.Error."""
        self.view = view
        self._lock = threading.Lock()
        self._made_texts = texts
        self._walks = Walks()
        self._kept: OrderedDict[Any, Body] = OrderedDict()
        self._kept_bytes = 0
        self._connection = attached(published)
        try:
            of_view = {"cloud": view.cloud, "at": view.at, "project_id": view.project_id}
            self._connection.execute(statement("api", "shown").text, of_view)
            self._misfits: dict[int, list[tuple[str, str]]] = {}
            for version, attribute, value in asked(self._connection, "misfits", cloud=view.cloud):
                self._misfits.setdefault(version, []).append((attribute, value))
            self._ahead = Ahead(texts, self._connection, view.dialect, self._misfits)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._ahead.stop()
            self._connection.close()
            self._kept.clear()

    def page(self, question: Question) -> Body:
        """The page's JSON. Raises: Refusal, 400."""
        with self._lock:
            kept = self._kept.get(question)
            if kept is not None:
                self._kept.move_to_end(question)
                return kept
            rows = self._rows(question, conditions(question, self.view.dialect))
        # Glance has a `next` on every full page; IMS, as in the reference, on every page except the last.
        has_next = len(rows) > question.limit or (self.view.dialect != IMS and len(rows) == question.limit > 0)
        rows = rows[: question.limit]
        following = question.next(rows[-1][1], self.view.dialect) if has_next and rows else None
        body = page_body(self._texts([version for version, _ in rows]), question.first, following, self.view.dialect)
        self._keep(question, body)
        return body

    def next_question(self, question: Question) -> Question | None:
        """The question that the client will probably ask next; None if it does not read a catalogue page by page."""
        if question.marker is None or question.limit < _LARGE_PAGE:
            return None
        with self._lock:
            walk = self._walks.get(question)
            rows = walk.behind(question.marker, question.limit + 1) if walk is not None else None
        return question.going_on(rows[-2][1]) if rows is not None and len(rows) > question.limit else None

    def image(self, identity: str) -> Body | None:
        """The image's JSON, listed or not; None if no image had this id."""
        with self._lock:
            found = self._connection.execute(
                "SELECT version FROM memory.shown WHERE id = $id", {"id": identity}
            ).fetchall()
        return image_body(self._texts([found[0][0]])[0]) if found else None

    def _rows(self, question: Question, found: Conditions) -> list[tuple[int, str]]:
        """Row in image_versions and id of each image of the page, and of the image after it, if there is one."""
        if question.marker is None:
            return self._ordered(question, found, f"LIMIT {question.limit + 1}")
        walk = self._walks.get(question)
        if walk is None:
            # A client that requests a second page mostly requests the rest too: all of it is sorted once.
            walk = self._walks.keep(question, self._ordered(question, found, f"LIMIT {self._walks.most_images + 1}"))
        if walk is not None and (rows := walk.behind(question.marker, question.limit + 1)) is not None:
            return rows
        found.parts.append(self._behind(question.marker, question.order, found))
        return self._ordered(question, found, f"LIMIT {question.limit + 1}")

    def _ordered(self, question: Question, found: Conditions, limit: str) -> list[tuple[int, str]]:
        join = "JOIN copy.image_versions AS version ON version.rowid = shown.version" if found.needs_version else ""
        order = ", ".join(f"{_sorted_by(key)} {'DESC' if descends else 'ASC'}" for key, descends in question.order)
        return self._connection.execute(
            f"SELECT shown.version, shown.id FROM memory.shown AS shown {join} "
            f"WHERE {found.text} ORDER BY {order} {limit}",
            found.parameters,
        ).fetchall()

    def _behind(self, marker: str, order: Sequence[tuple[str, bool]], found: Conditions) -> str:
        """The condition for the images after the image of this id. Raises: Refusal, 400, if no image has it."""
        keys = ", ".join(_sorted_by(key) for key, _ in order)
        rows = self._connection.execute(
            f"SELECT {keys} FROM memory.shown AS shown WHERE shown.id = $id", {"id": marker}
        ).fetchall()
        if not rows:
            raise Refusal(400, f"No image found with ID {marker}")
        alternatives: list[str] = []
        equal: list[str] = []
        for (key, descends), value in zip(order, rows[0], strict=True):
            name = found.bind(value)
            alternatives.append(" AND ".join([*equal, f"{_sorted_by(key)} {'<' if descends else '>'} {name}"]))
            equal.append(f"{_sorted_by(key)} = {name}")
        return f"({' OR '.join(f'({one})' for one in alternatives)})"

    def _texts(self, versions: Sequence[int]) -> list[Text]:
        """The JSON of the images in these rows of image_versions, in the same order."""
        self._ahead.wait(len(versions))
        with self._connection.cursor() as cursor:
            texts, made = self._made_texts.of(cursor, self.view.dialect, versions, self._misfits)
        self._ahead.made(made)
        return texts

    def _keep(self, question: Question, body: Body) -> None:
        with self._lock:
            before = self._kept.pop(question, None)
            self._kept[question] = body
            self._kept_bytes += body.size - (before.size if before is not None else 0)
            while self._kept_bytes > _LARGEST_CACHE_BYTES:
                self._kept_bytes -= self._kept.popitem(last=False)[1].size


def _sorted_by(key: str) -> str:
    """The key comes from `question.SORT_KEYS`."""
    return f"coalesce(shown.{key}, {_LOWEST.get(key, _NO_TEXT)})"
