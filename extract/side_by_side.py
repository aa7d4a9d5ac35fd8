"""Several passes read by several threads, their pages handed to one consumer in the order in which they come."""

import queue
import threading
from collections.abc import Iterator, Sequence

from extract.paging import Page, Pass

_LOOK_AGAIN_SECONDS = 0.2


def pages_of(passes: Sequence[Pass], readers: int, room: threading.Semaphore) -> Iterator[Page]:
    """The pages of all passes; each pass is read by one thread from its beginning to its end.

    `room` bounds the pages that are held at once, over all listings that share it. Raises: what a pass raises, at
    once; the others end at their next page.
    """
    todo: queue.SimpleQueue[Pass] = queue.SimpleQueue()
    for one in passes:
        todo.put(one)
    arrived: queue.SimpleQueue[Page | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                _read_one(todo.get_nowait().pages(), arrived, room, stop)
        except queue.Empty:
            pass
        except BaseException as exc:
            arrived.put(exc)
        finally:
            arrived.put(None)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(min(readers, len(passes)))]
    for thread in threads:
        thread.start()
    going = len(threads)
    try:
        while going:
            page = arrived.get()
            if page is None:
                going -= 1
            elif isinstance(page, BaseException):
                raise page
            else:
                try:
                    yield page
                finally:
                    room.release()
    finally:
        stop.set()
        _give_back(arrived, room)


def _read_one(
    pages: Iterator[Page],
    arrived: "queue.SimpleQueue[Page | BaseException | None]",
    room: threading.Semaphore,
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        if not room.acquire(timeout=_LOOK_AGAIN_SECONDS):
            continue
        try:
            page = next(pages, None)
        except BaseException:
            room.release()
            raise
        if page is None or stop.is_set():
            room.release()
            return
        arrived.put(page)


def _give_back(arrived: "queue.SimpleQueue[Page | BaseException | None]", room: threading.Semaphore) -> None:
    """The room of pages that nobody will take any more."""
    try:
        while True:
            if isinstance(arrived.get_nowait(), Page):
                room.release()
    except queue.Empty:
        return
