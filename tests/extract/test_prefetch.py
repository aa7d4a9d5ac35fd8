"""Slots for pages: never more than there are, and those who are urgent come first."""

import threading
from collections.abc import Callable

from extract.prefetch import PrefetchSlots, Slots

LONG = 60.0


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(is_so: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(6000):
        if is_so():
            return
        tick.wait(0.01)
    raise AssertionError("it never became so")


def test_no_more_slots_than_there_are() -> None:
    slots = PrefetchSlots(2)
    both: tuple[Slots, Slots] = (slots.seen_by(urgent=False), slots.seen_by(urgent=True))
    assert [one.acquire(timeout=0) for one in both] == [True, True]
    assert [one.acquire(timeout=0.01) for one in both] == [False, False]
    slots.seen_by(urgent=True).release()
    assert slots.acquire(timeout=0)
    slots.release()
    assert slots.seen_by(urgent=True).acquire(timeout=0)
    assert not slots.acquire(timeout=0)


def test_urgent_reader_gets_the_next_slot_whoever_waits_longer() -> None:
    slots, order = PrefetchSlots(1), list[str]()
    assert slots.acquire(timeout=0)

    def take(name: str, its: Slots) -> None:
        assert its.acquire(timeout=LONG)
        order.append(name)

    others = [started(lambda: take("other", slots)) for _ in range(3)]
    urgent = started(lambda: take("urgent", slots.seen_by(urgent=True)))
    until(lambda: slots._urgent_waiting == 1)
    slots.release()
    urgent.join(LONG)
    assert order == ["urgent"]
    for _ in others:
        slots.release()
    for other in others:
        other.join(LONG)
    assert order == ["urgent", "other", "other", "other"]


def test_nobody_takes_a_slot_that_an_urgent_reader_waits_for() -> None:
    slots = PrefetchSlots(0)
    waiting = started(lambda: slots.seen_by(urgent=True).acquire(timeout=LONG))
    until(lambda: slots._urgent_waiting == 1)
    assert not slots.acquire(timeout=0)
    slots.release()
    waiting.join(LONG)
    assert not slots.acquire(timeout=0)


def test_reader_who_made_way_for_one_that_gave_up_goes_on() -> None:
    slots = PrefetchSlots(0)
    assert not slots.seen_by(urgent=True).acquire(timeout=0.01)
    slots.release()
    assert slots.acquire(timeout=0)


def test_others_go_on_once_every_urgent_reader_has_its_slot() -> None:
    slots = PrefetchSlots(0)
    urgent = started(lambda: slots.seen_by(urgent=True).acquire(timeout=LONG))
    until(lambda: slots._urgent_waiting == 1)
    other = started(lambda: slots.acquire(timeout=LONG))
    slots.release()
    slots.release()
    urgent.join(LONG)
    other.join(LONG)
    assert not urgent.is_alive()
    assert not other.is_alive()


def test_others_wait_for_all_urgent_readers_not_only_for_the_last() -> None:
    slots = PrefetchSlots(0)
    urgent = [started(lambda: slots.seen_by(urgent=True).acquire(timeout=LONG)) for _ in range(2)]
    until(lambda: slots._urgent_waiting == 2)
    slots.release()
    until(lambda: slots._urgent_waiting == 1)
    slots.release()
    for one in urgent:
        one.join(LONG)
    assert not slots.acquire(timeout=0)


def test_reader_that_is_not_urgent_sees_the_slots_themselves() -> None:
    slots = PrefetchSlots(1)
    assert slots.seen_by(urgent=False) is slots


def test_slot_that_comes_within_the_time_is_waited_for() -> None:
    slots, got = PrefetchSlots(0), list[bool]()
    waiting = started(lambda: got.append(slots.acquire(timeout=0.9)))
    waiting.join(0.05)
    assert waiting.is_alive()
    slots.release()
    waiting.join(LONG)
    assert got == [True]


def test_reader_hears_that_the_urgent_one_needs_nothing_more() -> None:
    """There are slots for both; but who is not urgent waits until the other one has taken its slot."""
    slots, may_go_on = PrefetchSlots(2), threading.Event()
    take = slots._take

    def take_late(timeout: float, may_take: Callable[[], bool]) -> bool:
        while not may_go_on.is_set():
            slots._changed.wait(0.01)
        return take(timeout, may_take)

    slots._take = take_late  # type: ignore[method-assign]
    urgent = started(lambda: slots.seen_by(urgent=True).acquire(timeout=LONG))
    until(lambda: slots._urgent_waiting == 1)
    slots._take = take  # type: ignore[method-assign]
    other = started(lambda: slots.acquire(timeout=LONG))
    assert not slots.acquire(timeout=0.05)
    may_go_on.set()
    urgent.join(10)
    other.join(10)
    assert not other.is_alive()
