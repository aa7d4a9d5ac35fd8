"""How things look to people: log lines, progress on a terminal, and tables. Nothing here decides anything."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.progress import ListingProgress, listening

_UNLIMITED_WIDTH = 1_000_000
_NARROWEST_COLUMN = 8


def log_to_stderr(loggers: Sequence[str], *, verbose: bool, console: Console) -> None:
    """Our loggers' lines on stderr: all from INFO, on a terminal from WARNING, where progress bars say the rest."""
    handler = _ConsoleHandler(console)
    level = logging.DEBUG if verbose else logging.WARNING if console.is_terminal else logging.INFO
    handler.setLevel(level)
    for name in loggers:
        logger = logging.getLogger(name)
        logger.setLevel(level if level < logging.INFO else logging.INFO)
        logger.addHandler(handler)
    # At INFO httpx says every URL, and at DEBUG httpcore every header of every answer.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def progress(console: Console) -> Iterator[None]:
    """On a terminal, a bar a listing, with its rate and what remains; elsewhere the log says that now and then."""
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
    with Progress(*columns, console=console, transient=True) as bars:
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


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], console: Console) -> None:
    """Rows as a table, or a row as a list where a terminal is too narrow for the columns. Elsewhere nothing is cut."""
    if console.is_terminal and len(columns) * _NARROWEST_COLUMN > console.width:
        _records(columns, rows, console)
        return
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(Text(printable(column)), overflow="fold", no_wrap=not console.is_terminal)
    for row in rows:
        shown.add_row(*(Text(printable(as_text(value))) for value in row))
    if console.is_terminal:
        console.print(shown)
    else:
        Console(file=console.file, width=_UNLIMITED_WIDTH).print(shown)


def _records(columns: Sequence[str], rows: Iterable[Sequence[object]], console: Console) -> None:
    width = max(map(len, columns))
    for number, row in enumerate(rows, 1):
        console.print(f"-- row {number}", style="dim")
        for column, value in zip(columns, row, strict=True):
            if value is not None:
                line = f"{printable(column):{width}}  {printable(as_text(value))}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def as_text(value: object) -> str:
    """A value of a result as one line of text; lists and maps as JSON."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, default=as_text, ensure_ascii=False)
    return str(value)


def printable(text: str) -> str:
    """The text with control characters escaped: an image's name must not move anybody's cursor."""
    return "".join(char if char.isprintable() or char == " " else ascii(char)[1:-1] for char in text)


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        line = Text(printable(self.format(record).partition("\n")[0]))
        self._console.print(line, style="yellow" if record.levelno >= logging.WARNING else None, soft_wrap=True)
