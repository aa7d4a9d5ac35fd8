"""Writes a query's answer as table, csv, json, yaml, value or parquet, to stdout or a file.

DuckDB converts each value to text or JSON, because Python has no times after the year 9999, and no infinite times.
"""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from cli.console import console_on, discard_output
from cli.display import as_text, printable, table
from cli.yaml_rows import yaml_rows
from core import storage
from core.errors import SettingsError
from load.published import Answer, Column, Inquiry, Row

_NESTED: Final = ("list", "array", "struct", "map", "variant")
_NOT_FINITE: Final = ("NaN", "Infinity")
_A_TIME: Final = (
    r"regexp_replace(regexp_replace(CAST({} AS VARCHAR), '^(\d+-\d\d-\d\d) ', '\1T'), '([+-]\d\d)$', '\1:00')"
)


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


class _Utf8:
    """Standard output for machines: UTF-8, whatever the terminal's encoding is."""

    def write(self, text: str) -> object:
        binary = getattr(sys.stdout, "buffer", None)
        return sys.stdout.write(text) if binary is None else binary.write(text.encode())


def write_answer(
    published: Path,
    query: str,
    form: str,
    output: Path | None,
    parameters: Mapping[str, object] | None = None,
    *,
    vertical: bool = False,
) -> None:
    """Run the query, and write the answer as `form` to `output`, or to stdout.

    Raises: SettingsError as ask does, and if the output cannot be written.
    """
    _check(form, output, vertical)
    inquiry = Inquiry(published, query, parameters)
    if form == "parquet" and output is not None:
        with _whole(output) as file:
            _write_parquet(inquiry, file)
        return
    columns, rows = _as_json(inquiry) if form in ("json", "yaml") else _as_texts(inquiry)
    _write(columns, rows, form, output, vertical)


def write_rows(
    columns: Sequence[str], rows: Iterable[Row], form: str, output: Path | None, *, vertical: bool = False
) -> None:
    """Write rows that do not come from a query, as write_answer does. Raises: SettingsError."""
    if form == "parquet":
        raise SettingsError("the list of queries cannot be written as Parquet", "Use --format json.")
    _check(form, output, vertical)
    convert = _json_of if form in ("json", "yaml") else _text_of
    _write(columns, (tuple(convert(value) for value in row) for row in rows), form, output, vertical)


def _check(form: str, output: Path | None, vertical: bool) -> None:
    if form == "parquet" and output is None:
        raise SettingsError("Parquet cannot go to a terminal", "Name a file with -o FILE.")
    if vertical and form != "table":
        raise SettingsError("--vertical works only with --format table", "Leave out --format, or --vertical.")


def _as_texts(inquiry: Inquiry) -> tuple[list[str], Iterator[Row]]:
    """The column names, and rows of texts and None; lists and maps are JSON."""
    if inquiry.columns is None:
        answer = inquiry.answer()
        return answer.columns, (tuple(map(_text_of, row)) for row in answer.rows())
    nested = [number for number, column in enumerate(inquiry.columns) if column.kind in _NESTED]
    answer = inquiry.answer_as(
        [
            f"to_json(#{number})" if number - 1 in nested else f"CAST(#{number} AS VARCHAR)"
            for number in range(1, len(inquiry.columns) + 1)
        ]
    )
    return answer.columns, _converted(answer, dict.fromkeys(nested, _spaced))


def _as_json(inquiry: Inquiry) -> tuple[list[str], Iterator[Row]]:
    """The column names, and rows of JSON texts."""
    if inquiry.columns is None:
        answer = inquiry.answer()
        return answer.columns, (tuple(map(_json_of, row)) for row in answer.rows())
    answer = inquiry.answer_as([_json_expression(column, f"#{n}") for n, column in enumerate(inquiry.columns, 1)])
    checked = {
        number: _finite
        for number, column in enumerate(inquiry.columns)
        if any(kind in column.type for kind in ("FLOAT", "DOUBLE", "VARIANT"))
    }
    return answer.columns, _converted(answer, checked)


def _json_expression(column: Column, name: str) -> str:
    if column.kind.startswith("timestamp"):
        return f"to_json({_A_TIME.format(name)})"
    # to_json of a JSON column would not quote it.
    return f"to_json(CAST({name} AS VARCHAR))" if column.type == "JSON" else f"to_json({name})"


def _converted(answer: Answer, converters: Mapping[int, Callable[[str], str]]) -> Iterator[Row]:
    if not converters:
        yield from answer.rows()
        return
    for row in answer.rows():
        cells = list(row)
        for number, convert in converters.items():
            if cells[number] is not None:
                cells[number] = convert(cells[number])
        yield tuple(cells)


def _finite(text: str) -> str:
    """Replace NaN and infinity, which JSON does not have, by null."""
    return _json_of(json.loads(text)) if any(word in text for word in _NOT_FINITE) else text


def _spaced(text: str) -> str:
    return json.dumps(json.loads(_finite(text)), ensure_ascii=False)


def _text_of(value: object) -> str | None:
    return None if value is None else as_text(value)


def _json_of(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _write(columns: Sequence[str], rows: Iterable[Row], form: str, output: Path | None, vertical: bool) -> None:
    """Raises: SettingsError; BrokenPipeError if the reader of stdout stops early."""
    if output is not None:
        with _whole(output) as file, file.open("w", encoding="utf-8", newline="") as target:
            _write_to(target, columns, rows, form, vertical)
        return
    try:
        _write_to(sys.stdout if form == "table" else _Utf8(), columns, rows, form, vertical)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        with suppress(OSError):
            discard_output()
        raise SettingsError(
            f"the answer cannot be written ({storage.reason(exc)})", "Name a file with -o FILE."
        ) from exc


def _write_to(target: Any, columns: Sequence[str], rows: Iterable[Row], form: str, vertical: bool) -> None:
    if form == "table":
        table(columns, rows, console_on(target), vertical=vertical)
    else:
        {"csv": _write_csv, "json": _write_json, "yaml": _write_yaml, "value": _write_value}[form](
            target, columns, rows
        )


def _write_csv(target: _Writable, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a header and the rows; NULL is empty. Source: RFC 4180."""
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _write_json(target: _Writable, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write an array with one object per row; times are ISO 8601, UTC."""
    keys = [
        f"{'{' if number == 0 else ', '}{json.dumps(name, ensure_ascii=False)}: " for number, name in enumerate(columns)
    ]
    target.write("[")
    for number, row in enumerate(rows):
        cells = (text for key, value in zip(keys, row, strict=True) for text in (key, value or "null"))
        target.write(f"{',' if number else ''}\n {''.join(cells)}}}")
    target.write("\n]\n")


def _write_yaml(target: _Writable, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a list with one mapping per row, as openstackclient does."""
    for text in yaml_rows(columns, rows):
        target.write(text)


def _write_value(target: _Writable, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write one line per row, values separated by a blank, without a header, NULL as None: as openstackclient does."""
    for row in rows:
        target.write(" ".join("None" if value is None else printable(value) for value in row) + "\n")


def _write_parquet(inquiry: Inquiry, file: Path) -> None:
    """Write Parquet. A value whose type Parquet lacks becomes text."""
    import pyarrow as pa  # slow, and the other formats do not need it
    import pyarrow.parquet as pq

    try:
        if inquiry.columns is None:
            reader = inquiry.answer().arrow_reader()
        else:
            names = ['"' + column.name.replace('"', '""') + '"' for column in inquiry.columns]
            shown = [
                f"#{number}" if _fits_parquet(field) else _text_expression(column, f"#{number}")
                for number, (field, column) in enumerate(zip(inquiry.arrow_schema(), inquiry.columns, strict=True), 1)
            ]
            named = [f"{expression} AS {name}" for expression, name in zip(shown, names, strict=True)]
            reader = inquiry.answer_as(named).arrow_reader()
        with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except pa.ArrowException as exc:
        raise SettingsError(f"the query cannot be answered as Parquet: {exc}") from exc


def _text_expression(column: Column, name: str) -> str:
    return f"CAST(to_json({name}) AS VARCHAR)" if column.kind in _NESTED else f"CAST({name} AS VARCHAR)"


def _fits_parquet(field: Any) -> bool:
    import pyarrow as pa  # slow, as above
    import pyarrow.parquet as pq

    if isinstance(field.type, pa.BaseExtensionType):
        return False
    try:
        empty = pa.table({"value": pa.array([], field.type)})
        pq.write_table(empty, io.BytesIO())
    except pa.ArrowException:
        return False
    return True


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """The path to write to: a temporary file, which replaces `output` when it is complete.

    A device, and a file in a folder where we may not create files, is written directly.
    Raises: SettingsError if it cannot be written.
    """
    try:
        target = output.resolve()
        unfinished = target.with_name(f".glanceback-{os.getpid()}.unfinished")
        aside = (target.is_file() or not target.exists()) and os.access(target.parent, os.W_OK | os.X_OK)
        if not aside:
            yield target
            return
        try:
            yield unfinished
            if target.exists():
                unfinished.chmod(target.stat().st_mode & 0o777)
            unfinished.replace(target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise SettingsError(
            f"{output} cannot be written ({storage.reason(exc)})", "Name another file with -o."
        ) from exc
