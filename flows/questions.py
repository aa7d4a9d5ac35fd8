"""SQL on the published copy, and its answers as table, CSV, JSON or Parquet. Read-only: no files, no network."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import duckdb
from rich.console import Console

from extract.errors import SettingsError
from flows.display import as_text, table
from load.interruption import interruptible

_BATCH_ROWS = 10_000


class Answer:
    """The open result of a query. Its rows come once, in order, and are not all held in memory."""

    def __init__(self, result: duckdb.DuckDBPyConnection) -> None:
        self._result = result
        self.columns = [column[0] for column in result.description or ()]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        while batch := self._next_batch():
            yield from batch

    def _next_batch(self) -> list[tuple[Any, ...]]:
        with interruptible(self._result):
            return self._result.fetchmany(_BATCH_ROWS)

    def write_csv(self, target: IO[str]) -> None:
        """Header and rows; NULL is empty, lists and maps are JSON. Source: RFC 4180."""
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([None if value is None else as_text(value) for value in row] for row in self.rows())

    def write_json(self, target: IO[str]) -> None:
        """An array of an object a row; times are ISO 8601, UTC."""
        target.write("[")
        for number, row in enumerate(self.rows()):
            target.write(",\n " if number else "\n ")
            named = dict(zip(self.columns, row, strict=True))
            target.write(json.dumps(named, default=_json_value, ensure_ascii=False))
        target.write("\n]\n")

    def write_parquet(self, target: Path) -> None:
        import pyarrow.parquet as pq  # heavy, and the other formats do without

        reader = self._result.to_arrow_reader(_BATCH_ROWS)
        with pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)


def need_published(published: Path) -> None:
    """Raises: SettingsError where there is no published copy yet."""
    if not published.is_file():
        raise SettingsError(
            f"there is no published copy at {published}", "Run glanceback sync first, or set published."
        )


def ask(published: Path, query: str, parameters: Mapping[str, object] | None = None) -> Answer:
    """The answer to a query on the published copy; `parameters` are its $names.

    Raises: SettingsError where there is no copy, or the query is wrong.
    """
    need_published(published)
    try:
        connection = duckdb.connect(str(published), read_only=True)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        with interruptible(connection):
            return Answer(connection.execute(query, dict(parameters) if parameters else None))
    except duckdb.Error as exc:
        raise SettingsError(f"the query cannot be answered: {exc}") from exc


def write_answer(
    published: Path, query: str, form: str, output: Path | None, parameters: Mapping[str, object] | None = None
) -> None:
    """Ask, and write the answer as `form` to `output`, or to stdout.

    Raises: SettingsError as ask does, and where the output cannot be written.
    """
    if form == "parquet" and output is None:
        raise SettingsError("Parquet is not for a terminal", "Name a file with -o FILE.")
    answer = ask(published, query, parameters)
    try:
        if form == "parquet" and output is not None:
            answer.write_parquet(output)
            return
        with output.open("w", encoding="utf-8", newline="") if output else nullcontext(sys.stdout) as target:
            if form == "table":
                table(answer.columns, answer.rows(), Console(file=target))
            elif form == "csv":
                answer.write_csv(target)
            else:
                answer.write_json(target)
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise SettingsError(f"{output} cannot be written ({exc.strerror})", "Name another file with -o.") from exc
    except duckdb.Error as exc:
        raise SettingsError(f"the query cannot be answered: {exc}") from exc


def _json_value(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
