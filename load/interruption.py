"""A Ctrl-C, or a SIGTERM, that comes in the middle of a query. Used wherever DuckDB is asked."""

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
    """Inside, which is to be one call of the connection, a signal ends the query; it is handled once that is over.

    What a handler raises in the middle of a call comes out as a RuntimeError, or, where DuckDB is just then looking
    whether there is pandas, not at all.
    """
    came: list[tuple[signal.Signals, FrameType | None]] = []

    def put_off(number: int, frame: FrameType | None) -> None:
        came.append((signal.Signals(number), frame))
        connection.interrupt()

    # Only the main thread may set handlers, and no other is interrupted.
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
