"""Which session reads what all projects of a region see. Without a cloud."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from extract.listing import Listing, listings
from extract.scope import Project, Scope
from load.merge import ListingOutcome
from load.runs import Run
from pipeline.session import Session
from pipeline.shared_listings import SharedListings
from transform.stage import StagedListing

DAYS = [datetime(2026, 11, day) for day in range(1, 5)]


def session(name: str, dialect: str = "openstack", region: str = "a") -> Session:
    settings = SimpleNamespace(scope=Scope("prod", Project(name, name)), region=region)
    return cast(Session, SimpleNamespace(name=name, settings=settings, api_probe=SimpleNamespace(dialect=dialect)))


def public(dialect: str = "openstack") -> Listing:
    return listings(dialect, "p", ("public",))[0]


def outcome(*, complete: bool = True) -> ListingOutcome:
    staged = StagedListing("public", Path("images"), Path("rejects")) if complete else None
    return ListingOutcome("public", 1, 1, 1, 0.1, complete, {}, None if complete else "it broke", DAYS[0], staged)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> SharedListings:
    def hand_over(_: Any, reader: str, follower: Session, read: ListingOutcome) -> ListingOutcome:
        return read

    monkeypatch.setattr(SharedListings, "_hand_over", hand_over)
    return SharedListings(Path("landing"), Run("r", DAYS[0], "changes"))


def test_first_of_each_region_and_dialect_reads(shared: SharedListings) -> None:
    assert shared.left_to(session("a"), [public()], {}) == ()
    assert shared.left_to(session("b"), [public()], {}) == (public(),)
    assert shared.left_to(session("c", region="b"), [public()], {}) == ()
    assert shared.left_to(session("d", dialect="ims"), [public("ims")], {}) == ()


def test_who_needs_more_than_the_reader_reads_for_itself(shared: SharedListings) -> None:
    assert shared.left_to(session("a"), [public()], {"public": DAYS[1]}) == ()
    assert shared.left_to(session("earlier"), [public()], {"public": DAYS[0]}) == ()
    assert shared.left_to(session("new"), [public()], {}) == ()
    assert shared.left_to(session("later"), [public()], {"public": DAYS[2]}) == (public(),)


def test_reading_of_a_second_reader_is_taken_only_by_those_that_need_no_more(shared: SharedListings) -> None:
    first, second, third, fourth = (session(name) for name in "abcd")
    known = {first.name: DAYS[0], second.name: DAYS[2], third.name: DAYS[1], fourth.name: DAYS[3]}
    for one in (first, second, third, fourth):
        shared.left_to(one, [public()], {"public": known[one.name]})
    assert shared.ended(first, [outcome(complete=False)]) == frozenset()
    assert not shared.is_awaited(second, public())
    assert shared.take(second, public(), known[second.name], has_read=True) is None
    assert shared.is_awaited(third, public())
    read = outcome()
    assert shared.ended(second, [read]) == {"public"}
    assert shared.take(third, public(), known[third.name], has_read=True) is None
    assert shared.take(fourth, public(), known[fourth.name], has_read=True) is read


def test_after_a_failure_nobody_tries_before_it_has_read_something_of_its_own(shared: SharedListings) -> None:
    shared.left_to(session("a"), [public()], {})
    shared.ended(session("a"), [])
    later = session("b")
    assert shared.left_to(later, [public()], {}) == (public(),)
    refused = shared.take(later, public(), None, has_read=False)
    assert refused is not None
    assert "1 other project of its region could not read it (cloud a failed)" in str(refused.error)
    assert shared.take(later, public(), None, has_read=True) is None
