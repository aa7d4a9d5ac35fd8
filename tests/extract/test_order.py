"""Ids in order, ids read before, ids to step back to."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.order import IdOrder, ReadIds, StepBackIds, ascending

some_ids = st.lists(st.text("abAB01_", min_size=1, max_size=3), max_size=8)


@given(some_ids)
def test_order_is_kept_where_each_id_is_above_the_one_before_by_bytes_or_without_regard_to_case(ids: list[str]) -> None:
    by_bytes = all(one < other for one, other in pairwise(ids))
    caseless = all(one.lower() < other.lower() for one, other in pairwise(ids))
    order = IdOrder()
    assert all(order.follows(identity) for identity in ids) is (by_bytes or caseless)


def test_order_is_one_throughout() -> None:
    order = IdOrder()
    assert [order.follows(identity) for identity in ("a", "B", "Z", "C")] == [True, True, True, False]


@given(some_ids.filter(len), st.none() | st.text("ab01", min_size=1, max_size=3))
def test_whole_page_follows_where_each_of_its_ids_does(ids: list[str], last: str | None) -> None:
    plain = [identity.lower() for identity in ids]
    one, other = IdOrder(last), IdOrder(last)
    follows = [one.follows(identity) for identity in plain]
    assert other.all_follow(plain) is all(follows)
    if all(follows):
        assert one.last == other.last == plain[-1]


@pytest.mark.parametrize(
    ("ids", "expected"), [([], True), (["a", "B"], True), (["B", "a"], True), (["b", "a"], False), (["a_", "aB"], True)]
)
def test_page_ascends_in_either_order(ids: list[str], expected: bool) -> None:
    assert ascending(ids) is expected


@given(st.lists(some_ids, max_size=4), st.text("abAB01_", min_size=1, max_size=3))
def test_read_ids_are_those_that_were_added(pages: list[list[str]], identity: str) -> None:
    read = ReadIds()
    early = ReadIds()
    assert "z" not in early
    for page in pages:
        read.add(page)
        early.add(page)
    known = {one for page in pages for one in page}
    assert (identity in read) is (identity in early) is (identity in known)
    assert read.has_none_of([identity, "zz"]) is (identity not in known)
    assert len(read) == sum(map(len, pages))
    assert read.includes(early)
    early.add(["zz"])
    assert not read.includes(early)


def test_step_back_goes_through_the_last_page_then_page_by_page_to_the_start() -> None:
    ids = StepBackIds("start")
    ids.add_page(["a", "b", "c"])
    ids.add_page(["d", "e", "f"])
    ids.add_page([])
    assert list(ids) == ["start", "c", "d", "e", "f"]
    assert (ids.last, list(ids.last_page)) == ("f", ["d", "e", "f"])
    assert [ids.step_back(1), ids.step_back(2), ids.step_back(1), ids.step_back(1)] == ["e", "c", "start", None]
    assert ids.step_back(4) is None
