"""Runs SQL on the published copy, read-only, without files or network. Called by commands; cli.formats writes rows."""

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from core.errors import SettingsError
from load.interruption import interruptible

T = TypeVar("T")
Row = tuple[Any, ...]

_BATCH_ROWS: Final = 1_000
_BYTE_ORDER_MARK: Final = codecs.BOM_UTF8.decode()


class Answer:
    """The open result of a query. Its rows come once, in order, and are not all held in memory."""

    def __init__(self, result: duckdb.DuckDBPyConnection, columns: Sequence[str] | None = None) -> None:
        self._result = result
        self.columns = list(columns) if columns else [column[0] for column in result.description or ()]

    def rows(self) -> Iterator[Row]:
        """Raises: SettingsError if a row's value cannot be computed or converted."""
        while batch := _asked(self._next_batch):
            yield from batch

    def _next_batch(self) -> list[Row]:
        with interruptible(self._result):
            return self._result.fetchmany(_BATCH_ROWS)

    def arrow_reader(self) -> Any:
        """pyarrow's RecordBatchReader over the rows."""
        return self._result.to_arrow_reader(_BATCH_ROWS)


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is unique in the result. `kind`: DuckDB's name for the kind of type, for example `list`."""

    name: str
    kind: str
    type: str


class Inquiry:
    """One query on the published copy, before it returns rows."""

    def __init__(self, published: Path, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Raises: SettingsError if there is no copy, or the query is empty or wrong."""
        need_published(published)
        self._query, self._parameters = query.removeprefix(_BYTE_ORDER_MARK), dict(parameters or {})
        self.connection = _asked(lambda: _connected(published))
        self.columns: tuple[Column, ...] | None = None
        """None if other statements cannot select from this one, for example EXPLAIN."""
        statements = _asked(lambda: self.connection.extract_statements(self._query))
        if not statements:
            raise SettingsError("there is no query to answer: it is empty", "See glanceback sql --list for some.")
        *before, self._last = statements
        for statement in before:
            _asked(partial(self._execute, statement))
        if self._last.type == duckdb.StatementType.SELECT:
            self._text = self._last.query
            self.columns = self._described()

    def answer(self) -> Answer:
        """The rows, unconverted, as Python values."""
        return self._checked(_asked(lambda: self._execute(self._last)))

    def answer_as(self, expressions: Sequence[str]) -> Answer:
        """The rows, each column computed by an expression of `#1`, `#2` and so on; `columns` must be known."""
        names = [column.name for column in self.columns or ()]
        query = f"SELECT {', '.join(expressions)} FROM (\n{self._text}\n)"
        return self._checked(_asked(lambda: self._execute(query)), names)

    def arrow_schema(self) -> Any:
        """pyarrow's schema of the rows; `columns` must be known."""
        return _asked(lambda: self._execute(f"FROM (\n{self._text}\n) LIMIT 0").to_arrow_table().schema)

    def _described(self) -> tuple[Column, ...] | None:
        # A comment after the last semicolon is part of the statement's text.
        for text in (self._last.query, self._last.query.rpartition(";")[0]):
            try:
                found = self._execute(f"FROM (\n{text}\n) LIMIT 0").description
            except duckdb.Error:
                continue
            self._text = text
            return tuple(Column(name, kind.id, str(kind)) for name, kind, *_ in found)
        return None

    def _execute(self, statement: Any) -> duckdb.DuckDBPyConnection:
        with interruptible(self.connection):
            return self.connection.execute(statement, self._parameters or None)

    def _checked(self, result: duckdb.DuckDBPyConnection, names: Sequence[str] | None = None) -> Answer:
        if not result.description:
            raise SettingsError("the statement has no answer", "Ask with SELECT, FROM, DESCRIBE or EXPLAIN.")
        return Answer(result, names)


def need_published(published: Path) -> None:
    """Raises: SettingsError if there is no published copy yet."""
    if not published.is_file():
        raise SettingsError(
            f"there is no published copy at {published}", "Run glanceback sync first, or set published."
        )


def ask(published: Path, query: str, parameters: Mapping[str, object] | None = None) -> Answer:
    """The answer to a query on the published copy; `parameters`: values by $name.

    Raises: SettingsError if there is no copy, or the query is wrong.
    """
    return Inquiry(published, query, parameters).answer()


def ask_table(published: Path, query: str, parameters: Mapping[str, object] | None = None) -> Any:
    """The answer to a query on the published copy as a pyarrow.Table, all rows in memory. Raises: SettingsError."""
    inquiry = Inquiry(published, query, parameters)
    answer = inquiry.answer()

    def read_all() -> Any:
        with interruptible(inquiry.connection):
            return answer.arrow_reader().read_all()

    return _asked(read_all)


def _connected(published: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(published), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _asked(call: Callable[[], T]) -> T:
    """Return what the call returns. Raises: SettingsError with DuckDB's message."""
    try:
        return call()
    except UnicodeError as exc:
        raise SettingsError("the query is not UTF-8 text", "Save it as UTF-8, or set LC_ALL=C.UTF-8.") from exc
    except (duckdb.Error, ValueError, OverflowError) as exc:
        raise SettingsError(f"the query cannot be answered: {exc}") from exc
