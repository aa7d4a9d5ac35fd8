"""Runs several iterators in threads, and yields their values to one consumer in the order of arrival."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from extract.prefetch import Slots
from extract.stopping import StopSignal

_POLL_SECONDS = 0.2

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
    works: Sequence[Callable[[], Iterator[T]]], threads: int, slots: Slots, stopped: StopSignal
) -> Iterator[T]:
    """Yield the values of all iterators; one thread runs each from start to end.

    `slots` limits the values that are being made or wait for the consumer, over all calls that share it. `stopped` is
    set when an iterator fails or the consumer stops, so that the others stop too. Raises: the error of an iterator.
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
    alive = len(running)
    try:
        while alive:
            arrival = arrived.get()
            if isinstance(arrival, _ThreadEnded):
                alive -= 1
            elif isinstance(arrival, _Failed):
                raise arrival.error
            else:
                try:
                    yield arrival.value
                finally:
                    slots.release()
        # Threads that were stopped from outside end without an error.
        stopped.check("the listing")
    finally:
        stopped.set()
        _release_unread(arrived, slots)


def _run_one(values: Iterator[T], arrived: "queue.SimpleQueue[_Arrival[T]]", slots: Slots, stopped: StopSignal) -> None:
    while not stopped.is_set():
        if not slots.acquire(timeout=_POLL_SECONDS):
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


def _release_unread(arrived: "queue.SimpleQueue[_Arrival[T]]", slots: Slots) -> None:
    """Release the slots of values that the consumer will not read."""
    try:
        while True:
            if isinstance(arrived.get_nowait(), _Came):
                slots.release()
    except queue.Empty:
        return
