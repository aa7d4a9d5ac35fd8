"""Makes everything that a process writes to stderr one JSON object per line, for collectors of logs.

`begin` replaces sys.stderr, and what Python does with warnings and with exceptions that nobody caught. A line has
`time` (UTC), `level`, `logger` and `message`; `exception` has a traceback. A line break in a message does not break the
line. Secrets that the environment names are masked, in texts of other people's libraries too.
"""

import atexit
import io
import json
import logging
import os
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

OURS: Final = "glanceback"
"""The `logger` of lines that are no log records: what a command says at its end, and what others print."""

_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_NO_SECRETS: Final = frozenset({"true", "false", "yes", "none", "null", "auto"})
"""Values that switch something on or off, of variables such as TOKENIZERS_PARALLELISM."""

_SECRET_VARIABLE: Final = re.compile(r"PASSW|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|_[AS]K$|AUTH_STRING", re.IGNORECASE)
_lock: Final = threading.RLock()
_real: list[TextIO] = []
_before: list[tuple[Any, ...]] = []


def begin() -> None:
    """From now on stderr has one JSON object per line. Calling it again changes nothing."""
    if _real:
        return
    _real.append(sys.stderr)
    _before.append((sys.excepthook, threading.excepthook, sys.unraisablehook))
    sys.stderr = _Lines()
    sys.excepthook = _uncaught
    threading.excepthook = lambda lost: _uncaught(lost.exc_type, lost.exc_value, lost.exc_traceback)
    sys.unraisablehook = lambda lost: _uncaught(lost.exc_type, lost.exc_value, lost.exc_traceback)
    logging.captureWarnings(True)
    others = Handler(logging.WARNING)
    others.addFilter(lambda record: not _has_handler_of_its_own(record))
    logging.getLogger().addHandler(others)
    atexit.register(_flush)


def end() -> None:
    """Undo `begin`. A command does not need it; a test does."""
    if not _real:
        return
    _flush()
    sys.stderr = _real.pop()
    sys.excepthook, threading.excepthook, sys.unraisablehook = _before.pop()
    logging.captureWarnings(False)
    for logger in (logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))):
        for handler in [one for one in logger.handlers if isinstance(one, Handler)]:
            logger.removeHandler(handler)
    atexit.unregister(_flush)


def is_on() -> bool:
    """Whether stderr has JSON."""
    return bool(_real)


def say(level: str, message: str, *, logger: str = OURS, exception: str | None = None) -> None:
    """Write a line that is no log record. Does nothing before `begin`."""
    _write(datetime.now(UTC), level, logger, message, exception)


class Handler(logging.Handler):
    """Writes log records as JSON, with their tracebacks."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            told = traceback_of(record.exc_info[1]) if record.exc_info and record.exc_info[1] else None
            at = datetime.fromtimestamp(record.created, UTC)
            _write(at, record.levelname.lower(), record.name, record.getMessage(), told)
        except Exception:
            self.handleError(record)


def traceback_of(error: BaseException) -> str:
    """The traceback as text. Of a UnicodeError only the kind: its message has the whole text, which may be a secret."""
    told = traceback.TracebackException.from_exception(error)
    _hide_texts(told)
    return "".join(told.format()).rstrip()


def _hide_texts(told: traceback.TracebackException | None) -> None:
    if told is None:
        return
    if told.exc_type is not None and issubclass(told.exc_type, UnicodeError):
        told._str = "(not shown)"  # type: ignore[attr-defined]
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        _hide_texts(other)


class _Lines(io.TextIOBase):
    """A sys.stderr whose lines become JSON. Each thread's text is one line only after its line break."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self) -> None:
        super().__init__()
        self._pending = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return _real[0].fileno() if _real else 2

    def write(self, text: str) -> int:
        with _lock:
            *lines, self._pending = (self._pending + text).split("\n")
            for line in lines:
                self._say(line)
        return len(text)

    def finish(self) -> None:
        """Write a last line that has no line break."""
        with _lock:
            line, self._pending = self._pending, ""
            self._say(line)

    @staticmethod
    def _say(line: str) -> None:
        if line.strip() and not _passed_on(line):
            say("info", line.strip())


def _passed_on(line: str) -> bool:
    """Whether the line is one that a process of ours has written so: `serve` shows what its runs say."""
    try:
        said = json.loads(line)
        exception = said.pop("exception", None)
        at, level, logger, message = (said[name] for name in ("time", "level", "logger", "message"))
        _write(datetime.strptime(at, _TIME).replace(tzinfo=UTC), level, logger, message, exception)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return False
    return True


def _flush() -> None:
    if isinstance(sys.stderr, _Lines):
        sys.stderr.finish()


def _uncaught(kind: type[BaseException], error: BaseException | None, _traceback: TracebackType | None) -> None:
    if error is None:
        say("critical", f"an exception that nobody caught: {kind.__name__}")
    elif isinstance(error, KeyboardInterrupt):
        say("error", "interrupted")
    else:
        shown = type(error).__name__ if isinstance(error, UnicodeError) else repr(error)
        say("critical", f"an exception that nobody caught: {shown}", exception=traceback_of(error))


def _has_handler_of_its_own(record: logging.LogRecord) -> bool:
    package = logging.getLogger(record.name.partition(".")[0])
    return any(isinstance(handler, Handler) for handler in package.handlers)


def _write(at: datetime, level: str, logger: str, message: str, exception: str | None) -> None:
    if not _real:
        return
    from core.redaction import Secrets  # a command that only prints its help does not need it

    secret = (value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name))
    secrets = Secrets(*(value for value in secret if value.lower() not in _NO_SECRETS))
    secrets.add_proxies()
    line = {
        "time": at.strftime(_TIME),
        "level": level,
        "logger": logger,
        "message": secrets.mask(message),
        **({"exception": secrets.mask(exception)} if exception else {}),
    }
    # ASCII: whatever the stream's encoding is, the line stays JSON.
    text = json.dumps(line, ensure_ascii=True) + "\n"
    with _lock:
        try:
            _real[0].write(text)
            _real[0].flush()
        except (OSError, ValueError):
            pass  # nobody reads it any more
