"""The consoles that people read: rich's on a terminal; elsewhere plain lines, because importing rich takes time."""

import os
import sys
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console


class Screen(Protocol):
    """What rich's Console and PlainLines have in common."""

    @property
    def is_terminal(self) -> bool: ...

    @property
    def file(self) -> IO[str]: ...

    def print(
        self,
        *objects: Any,
        style: str | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        soft_wrap: bool | None = None,
    ) -> None: ...


class PlainLines:
    """Writes each text as a line, as it is."""

    is_terminal = False

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def print(
        self,
        *objects: Any,
        style: str | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        soft_wrap: bool | None = None,
    ) -> None:
        """Write one line. If its reader is gone, discard it: the command's own exit code counts."""
        try:
            self.file.write(" ".join(map(str, objects)) + "\n")
            self.file.flush()
        except BrokenPipeError:
            _discard(self.file)


def console_on(file: IO[str]) -> Screen:
    """The console that writes to this file."""
    if not _wants_rich(file):
        return PlainLines(file)
    from rich.console import Console  # slow

    return Console(file=file)


def stderr_console() -> Screen:
    """The console for progress and notes."""
    return console_on(sys.stderr)


def stdout_console() -> "Console":
    """rich's console on stdout."""
    from rich.console import Console  # slow

    class UntilNobodyReads(Console):
        """If the reader stops early (`| head`), rich would exit with 1. This keeps the command's own exit code."""

        def on_broken_pipe(self) -> None:
            discard_output()

    return UntilNobodyReads()


def _wants_rich(file: IO[str]) -> bool:
    """Whether rich would take the file for a terminal. Source: rich's documentation, "Console API"."""
    if any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")):
        return True
    try:
        return file.isatty()
    except ValueError:  # it is closed
        return False


def discard_output() -> None:
    """Discard further output: its reader is gone, and Python would fail when it flushes stdout at the end."""
    _discard(sys.stdout)


def _discard(file: IO[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
