"""What `glanceback serve` shows of its runs: Prefect's lines, as text or as JSON.

Prefect makes the handler, by the name in PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS, which serving sets.
"""

import copy
import importlib
import logging
from typing import Any

from prefect.logging.handlers import PrefectConsoleHandler

from core import json_log
from core.packages import PACKAGES

# Prefect imports this module first in a process that makes a run. Then it puts the working folder first on the path:
# from here on, modules there with the names of our packages do not hide these.
for _package in PACKAGES:
    importlib.import_module(_package)


class LinesOnly(PrefectConsoleHandler):
    """Shows an error in one line, without the traceback, which Prefect's UI keeps.

    Our errors say what to do; only developers of glanceback need the traceback.
    """

    def emit(self, record: logging.LogRecord) -> None:
        shown = copy.copy(record)
        shown.exc_info = shown.exc_text = None
        super().emit(shown)


class JsonLines(PrefectConsoleHandler):
    """One JSON object per line, with tracebacks. In the process of a scheduled run too, which has no command."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        json_log.begin()
        self._json = json_log.Handler()

    def emit(self, record: logging.LogRecord) -> None:
        self._json.emit(record)
