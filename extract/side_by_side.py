"""Several iterators run by several threads, what they yield handed to one consumer in the order in which it comes."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from extract.stopping import StopSignal

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


def side_by_side(
    works: Sequence[Callable[[], Iterator[T]]], threads: int, slots: threading.Semaphore, stopped: StopSignal
) -> Iterator[T]:
    """What all of them yield; each is run by one thread from its beginning to its end.

    `slots` bounds what is in the making or waits for the consumer, over all calls that share it. `stopped` is set when
    one of them fails or the consumer takes no more, for the others to stop at once. Raises: what one of them raises.
    """
    todo: queue.SimpleQueue[Callable[[], Iterator[T]]] = queue.SimpleQueue()
    for work in works:
        todo.put(work)
    arrived: queue.SimpleQueue[_Arrival[T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            while not stopped.is_set():
                _run_one(todo.get_nowait()(), arrived, slots, stopped)
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
                    slots.release()
        # Threads that were told to stop from outside have ended without a word.
        stopped.check("the listing")
    finally:
        stopped.set()
        _give_back(arrived, slots)


def _run_one(
    values: Iterator[T], arrived: "queue.SimpleQueue[_Arrival[T]]", slots: threading.Semaphore, stopped: StopSignal
) -> None:
    while not stopped.is_set():
        if not slots.acquire(timeout=_LOOK_AGAIN_SECONDS):
            continue
        try:
            came = _Came(next(values))
        except StopIteration:
            slots.release()
            return
        except BaseException:
            slots.release()
            raise
        if stopped.is_set():
            slots.release()
            return
        arrived.put(came)


def _give_back(arrived: "queue.SimpleQueue[_Arrival[T]]", slots: threading.Semaphore) -> None:
    """Release the slots of what nobody will take any more."""
    try:
        while True:
            if isinstance(arrived.get_nowait(), _Came):
                slots.release()
    except queue.Empty:
        return
