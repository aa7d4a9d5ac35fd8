"""Shows log lines, progress and tables to people. It makes no decisions about a run."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, cast

from cli.console import Screen, stderr_console
from core import json_log
from core.wording import counted
from pipeline.progress import ListingProgress, listening

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST_COLUMN: Final = 8
_MOST_ROWS: Final = 1000
_MOST_HELD_BYTES: Final = 8_000_000
_EMPTY: Final = ("NULL", "", "[]", "{}")


def log_to_stderr(loggers: Sequence[str], *, verbose: bool, console: Screen) -> None:
    """Write our loggers' lines to stderr from INFO on; on a terminal from WARNING on, because it has progress bars."""
    handler = json_log.Handler() if json_log.is_on() else _ConsoleHandler(console)
    level = logging.DEBUG if verbose else logging.WARNING if console.is_terminal else logging.INFO
    handler.setLevel(level)
    for name in loggers:
        logger = logging.getLogger(name)
        logger.setLevel(level if level < logging.INFO else logging.INFO)
        logger.addHandler(handler)
    # httpx logs every URL at INFO, and httpcore every header of every answer at DEBUG.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def progress(console: Screen) -> Iterator[None]:
    """On a terminal, show a bar per listing, with its rate and the remaining time. Elsewhere the log has them."""
    if not console.is_terminal:
        yield
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn  # slow

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[told]}", style="dim"),
    )
    with Progress(*columns, console=_richs(console), transient=True) as bars:
        whole = bars.add_task("starting Prefect, logging in", total=None, told="")
        lines: dict[tuple[str, str], TaskID] = {}

        def show(read: ListingProgress) -> None:
            key = (read.cloud, read.listing)
            if key not in lines:
                bars.update(whole, visible=False)
                lines[key] = bars.add_task(f"{printable(read.cloud)} {read.listing}", total=None, told="")
            bars.update(lines[key], total=read.expected, completed=read.images, told=read.told)

        with listening(show):
            yield


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], console: Screen, *, vertical: bool = False) -> None:
    """Print rows as a table, or with `vertical` each row as a list.

    On a terminal, rows after the first thousand are only counted. If a table is too wide, columns that are empty in
    every row are left out; if it is still too wide, the rows become lists. Elsewhere everything is printed.
    """
    if not console.is_terminal:
        _plain(columns, rows, console, vertical)
        return
    came = iter(rows)
    shown = [_texts(row) for row in islice(came, _MOST_ROWS)]
    empty = {number for number in range(len(columns)) if all(row[number] in _EMPTY for row in shown)}
    more = 0
    for row in came:
        more += 1
        if empty:
            empty -= {number for number in empty if row[number] is not None and as_text(row[number]) not in _EMPTY}
    notes = stderr_console()
    names = [printable(column) for column in columns]
    room = _richs(console).width
    if not vertical and shown and _width(names, shown) > room:
        if empty and len(empty) < len(columns):
            left_out = ", ".join(name for number, name in enumerate(names) if number in empty)
            _note(notes, f"left out, because they are empty in every row: {left_out}; --vertical shows all columns")
            kept = [number for number in range(len(columns)) if number not in empty]
            names, shown = [names[number] for number in kept], [[row[number] for number in kept] for row in shown]
        vertical = _width(names, shown) > room and len(names) * _NARROWEST_COLUMN > room
    if vertical:
        for line in _lists(names, shown):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        from rich.table import Table  # slow
        from rich.text import Text

        drawn = Table(box=None, header_style="bold", pad_edge=False)
        for name in names:
            drawn.add_column(Text(name), overflow="fold")
        for texts in shown:
            drawn.add_row(*map(Text, texts))
        console.print(drawn)
    if more:
        _note(notes, f"and {counted(more, 'more row', ',')}: LIMIT shows fewer, -o FILE or a pipe has all of them")


def _richs(console: Screen) -> "Console":
    """The console of a terminal, which is always rich's."""
    return cast("Console", console)


def _plain(columns: Sequence[str], rows: Iterable[Sequence[object]], console: Screen, vertical: bool) -> None:
    """Print to a file or a pipe. rich needs minutes for a table of a hundred thousand rows."""
    names = [printable(column) for column in columns]
    texts = (_texts(row) for row in rows)
    write = console.file.write
    if vertical:
        for line in _lists(names, texts):
            write(f"{line}\n")
        return
    widths = list(map(_cells, names))
    # The widths are known only at the end: until then, rows that do not fit into memory are on disk. No cell has a tab.
    with SpooledTemporaryFile(_MOST_HELD_BYTES, "w+", encoding="utf-8", errors="surrogatepass", newline="\n") as kept:
        for cells in texts:
            widths = list(map(max, widths, map(_cells, cells)))
            kept.write("\t".join(cells) + "\n")
        kept.seek(0)
        for cells in chain([names], (line[:-1].split("\t") for line in kept)):
            padded = (cell + " " * (width - _cells(cell)) for cell, width in zip(cells, widths, strict=True))
            write("  ".join(padded).rstrip() + "\n")


def _lists(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    width = max(map(_cells, names), default=0)
    for number, row in enumerate(rows, 1):
        yield f"-- row {number}"
        for name, text in zip(names, row, strict=True):
            yield f"{name}{' ' * (width - _cells(name))}  {text}"


def _texts(row: Sequence[object]) -> list[str]:
    return [printable(as_text(value)) for value in row]


def _width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(max(map(_cells, cells)) + 2 for cells in zip(names, *rows, strict=True)) - 2


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # slow

    return cell_len(text)


def _note(console: Screen, text: str) -> None:
    console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)


def as_text(value: object) -> str:
    """A value of a result as one line of text; lists and maps as JSON."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(_with_texts_for_keys(value), default=as_text, ensure_ascii=False)
    return str(value)


def _with_texts_for_keys(value: object) -> object:
    """Convert keys to texts: DuckDB's maps have keys of any type, and JSON has only texts."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else as_text(key): _with_texts_for_keys(one) for key, one in value.items()}
    return [_with_texts_for_keys(one) for one in value] if isinstance(value, (list, tuple)) else value


def printable(text: str) -> str:
    """The text with control characters escaped: an image's name must not move the terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == " " else ascii(char)[1:-1] for char in text)


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Screen) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        line = printable(self.format(record).partition("\n")[0])
        style = "yellow" if record.levelno >= logging.WARNING else None
        self._console.print(line, style=style, emoji=False, markup=False, highlight=False, soft_wrap=True)
