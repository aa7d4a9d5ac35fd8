"""What `glanceback serve` shows of its runs: Prefect's lines, without the tracebacks, which Prefect's UI keeps.

Prefect makes the handler, by the name in PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS, which serving sets.
"""

import copy
import logging

from prefect.logging.handlers import PrefectConsoleHandler


class LinesOnly(PrefectConsoleHandler):
    """Says what went wrong in a line: our errors say what to do, and a traceback is for those who mend glanceback."""

    def emit(self, record: logging.LogRecord) -> None:
        shown = copy.copy(record)
        shown.exc_info = shown.exc_text = None
        super().emit(shown)
