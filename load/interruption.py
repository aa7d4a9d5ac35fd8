"""Handles a Ctrl-C or a SIGTERM that arrives during a DuckDB query. Used for every call to DuckDB."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import duckdb

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Inside, a signal ends the query, and its handler runs when the call is over. Put one call of DuckDB inside.

    Otherwise DuckDB turns an exception of the handler into a RuntimeError, or loses it while it tests for pandas.
    """
    came: list[tuple[signal.Signals, FrameType | None]] = []

    def put_off(number: int, frame: FrameType | None) -> None:
        came.append((signal.Signals(number), frame))
        connection.interrupt()

    # Only the main thread may set handlers, and only the main thread is interrupted.
    on_main_thread = threading.current_thread() is threading.main_thread()
    handled = ((number, signal.getsignal(number)) for number in _SIGNALS if on_main_thread)
    handlers = {number: handler for number, handler in handled if callable(handler)}
    try:
        for number in handlers:
            signal.signal(number, put_off)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came:
            handlers[number](number, frame)
