"""Iterators run by threads: all that they yield, none more than there are slots for, and an end that all hear of."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from extract.side_by_side import side_by_side
from extract.stopping import Stopped, StopSignal


def count_to(number: int) -> Iterator[int]:
    yield from range(number)


def test_all_that_is_yielded_arrives_and_every_slot_is_given_back() -> None:
    slots = threading.Semaphore(3)
    works = [partial(count_to, number) for number in (0, 5, 7)]
    found = sorted(side_by_side(works, 2, slots, StopSignal()))
    assert found == sorted([*range(5), *range(7)])
    assert all(slots.acquire(blocking=False) for _ in range(3))
    assert not slots.acquire(blocking=False)


def test_no_more_is_made_than_there_are_slots_for() -> None:
    slots, made = threading.Semaphore(2), []
    two_are_made, a_third_is_made = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            two_are_made.set() if len(made) >= 2 else None
            a_third_is_made.set() if len(made) >= 3 else None
            yield number

    consumed = side_by_side([numbers], 1, slots, StopSignal())
    next(consumed)
    assert two_are_made.wait(60)
    # The first is still with the consumer, the second waits: both have a slot.
    assert not a_third_is_made.wait(0.3)
    assert list(consumed) == [1, 2, 3, 4]


def test_failure_of_one_reaches_the_consumer_and_stops_the_others_at_once() -> None:
    stopped, slots = StopSignal(), threading.Semaphore(4)
    woken = threading.Event()

    def waits() -> Iterator[int]:
        stopped.wait(60)
        woken.set()
        yield 1

    def fails() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(side_by_side([waits, fails], 2, slots, stopped))
    assert woken.wait(60)
    assert stopped.is_set()


def test_consumer_that_takes_no_more_stops_the_others() -> None:
    stopped = StopSignal()
    values = side_by_side([partial(count_to, 1000)], 1, threading.Semaphore(2), stopped)
    next(values)
    values.close()  # type: ignore[attr-defined]
    assert stopped.is_set()


def test_threads_that_were_stopped_from_outside_are_not_taken_for_done() -> None:
    parent = StopSignal()

    def stops() -> Iterator[int]:
        yield 1
        parent.set()
        yield 2
        yield 3

    with pytest.raises(Stopped):
        list(side_by_side([stops], 1, threading.Semaphore(4), StopSignal(parent)))


def test_stop_reaches_children_that_are_there_and_children_that_come_later() -> None:
    parent = StopSignal()
    early = StopSignal(parent)
    parent.set()
    late = StopSignal(parent)
    early.wait(60)
    assert early.is_set()
    assert late.is_set()
    with pytest.raises(Stopped, match="cloud c: the reading was stopped"):
        late.check("cloud c")


def test_child_does_not_stop_its_parent() -> None:
    parent = StopSignal()
    StopSignal(parent).set()
    assert not parent.is_set()


def are_all_free(slots: threading.Semaphore, number: int) -> bool:
    """Whether so many slots can be had, within a few seconds: threads that were told to stop give theirs back."""
    return all(slots.acquire(timeout=3) for _ in range(number)) and not slots.acquire(blocking=False)


def test_slot_is_given_back_where_a_work_fails() -> None:
    slots = threading.Semaphore(2)

    def fails() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(side_by_side([fails], 1, slots, StopSignal()))
    assert are_all_free(slots, 2)


def test_slots_of_what_nobody_takes_any_more_are_given_back() -> None:
    slots, made = threading.Semaphore(3), threading.Event()

    def numbers() -> Iterator[int]:
        yield from (0, 1, 2)
        made.set()
        yield 3

    consumed = side_by_side([numbers], 1, slots, StopSignal())
    # The first is with the consumer, two more have arrived: the fourth has no slot.
    next(consumed)
    for _ in range(500):
        if not slots.acquire(blocking=False):
            break
        slots.release()
        time.sleep(0.01)
    consumed.close()  # type: ignore[attr-defined]
    assert are_all_free(slots, 3)
    assert not made.is_set()


def test_slot_of_what_is_in_the_making_when_the_consumer_leaves_is_given_back() -> None:
    slots, left, begun = threading.Semaphore(2), threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        yield 0
        begun.set()
        left.wait(60)
        yield 1

    consumed = side_by_side([numbers], 1, slots, StopSignal())
    next(consumed)
    assert begun.wait(60)
    consumed.close()  # type: ignore[attr-defined]
    left.set()
    assert are_all_free(slots, 2)


def test_thread_that_waits_for_a_slot_hears_of_a_stop() -> None:
    stopped = StopSignal()
    threading.Timer(0.05, stopped.set).start()
    with pytest.raises(Stopped, match="the listing: the reading was stopped"):
        list(side_by_side([partial(count_to, 3)], 1, threading.Semaphore(0), stopped))


def test_threads_keep_no_process_alive() -> None:
    def daemons() -> Iterator[bool]:
        yield threading.current_thread().daemon

    assert list(side_by_side([daemons] * 3, 2, threading.Semaphore(2), StopSignal())) == [True] * 3


def test_wait_is_over_after_its_time() -> None:
    stopped = StopSignal()
    stopped.wait(0.01)
    assert not stopped.is_set()
