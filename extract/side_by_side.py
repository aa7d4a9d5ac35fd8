"""Several iterators run by several threads, what they yield handed to one consumer in the order in which it comes."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_LOOK_AGAIN_SECONDS = 0.2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Came(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


@dataclass(frozen=True, slots=True)
class _ThreadEnded:
    pass


_Arrival = _Came[T] | _Failed | _ThreadEnded


def side_by_side(works: Sequence[Callable[[], Iterator[T]]], threads: int, room: threading.Semaphore) -> Iterator[T]:
    """What all of them yield; each is run by one thread from its beginning to its end.

    `room` bounds what is in the making or waits for the consumer, over all calls that share it. Raises: what one of
    them raises, at once; the others end at their next step.
    """
    todo: queue.SimpleQueue[Callable[[], Iterator[T]]] = queue.SimpleQueue()
    for work in works:
        todo.put(work)
    arrived: queue.SimpleQueue[_Arrival[T]] = queue.SimpleQueue()
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.is_set():
                _run_one(todo.get_nowait()(), arrived, room, stop)
        except queue.Empty:
            pass
        except BaseException as exc:
            arrived.put(_Failed(exc))
        finally:
            arrived.put(_ThreadEnded())

    running = [threading.Thread(target=run, daemon=True) for _ in range(min(threads, len(works)))]
    for thread in running:
        thread.start()
    going = len(running)
    try:
        while going:
            arrival = arrived.get()
            if isinstance(arrival, _ThreadEnded):
                going -= 1
            elif isinstance(arrival, _Failed):
                raise arrival.error
            else:
                try:
                    yield arrival.value
                finally:
                    room.release()
    finally:
        stop.set()
        _give_back(arrived, room)


def _run_one(
    values: Iterator[T], arrived: "queue.SimpleQueue[_Arrival[T]]", room: threading.Semaphore, stop: threading.Event
) -> None:
    while not stop.is_set():
        if not room.acquire(timeout=_LOOK_AGAIN_SECONDS):
            continue
        try:
            came = _Came(next(values))
        except StopIteration:
            room.release()
            return
        except BaseException:
            room.release()
            raise
        if stop.is_set():
            room.release()
            return
        arrived.put(came)


def _give_back(arrived: "queue.SimpleQueue[_Arrival[T]]", room: threading.Semaphore) -> None:
    """The room of what nobody will take any more."""
    try:
        while True:
            if isinstance(arrived.get_nowait(), _Came):
                room.release()
    except queue.Empty:
        return
