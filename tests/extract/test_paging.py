"""Paging without I/O: `ask` is a function of the test."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.body import PageBody
from extract.cutting import parts_between
from extract.errors import CloudError, Refused
from extract.listing import Listing
from extract.paging import Fetched, NotInOrder, Part, Pass

ALL = Listing("all", {})
NOW = datetime(2026, 11, 1)


class Catalogue:
    """Answers like Glance: ids in order, a marker must exist, `next` names the last id."""

    def __init__(self, ids: list[str], page: int) -> None:
        self.ids = set(ids)
        self.page = page
        self.asked: list[str | None] = []

    def ask(self, number: int, query: Mapping[str, str]) -> Fetched:
        marker = query.get("marker")
        self.asked.append(marker)
        self.before_answer(number, marker)
        if marker is not None and marker not in self.ids:
            raise Refused("no such marker", status=400)
        rest = sorted(identity for identity in self.ids if marker is None or identity > marker)
        link = f"/v2/images?marker={rest[self.page - 1]}" if len(rest) > self.page else None
        return fetched([{"id": identity} for identity in rest[: self.page]], link)

    def before_answer(self, number: int, marker: str | None) -> None:
        """For tests that change the catalogue meanwhile."""


def fetched(images: list[Any], link: str | None) -> Fetched:
    return Fetched(PageBody(images, link), NOW, 1)


def script(*pages: Fetched) -> Pass:
    left = list(pages)
    return Pass(lambda number, query: left.pop(0), ALL, 10, "cloud c, listing all")


def ids(reading: Pass) -> list[str]:
    return [image["id"] for page in reading.pages() for image in page.images]


def images(*identities: str) -> list[Any]:
    return [{"id": identity} for identity in identities]


@given(st.sets(st.text("abc", min_size=1, max_size=4), max_size=40), st.integers(1, 7))
def test_every_image_comes_once_and_in_order(catalogue: set[str], page: int) -> None:
    source = Catalogue(sorted(catalogue), page)
    assert ids(Pass(source.ask, ALL, page, "c")) == sorted(catalogue)


def test_page_shorter_than_asked_is_not_the_end() -> None:
    assert ids(script(fetched(images("a"), "/v2/images?marker=a"), fetched(images("b"), None))) == ["a", "b"]


def test_empty_page_with_next_is_followed() -> None:
    source = Catalogue(["a", "b", "c"], 1)
    plain = source.ask

    def ask(number: int, query: Mapping[str, str]) -> Fetched:
        return fetched([], "/v2/images?marker=b") if query.get("marker") == "a" else plain(number, query)

    reading = Pass(ask, ALL, 1, "c")
    assert ids(reading) == ["a", "c"]
    assert reading.evidence.empty_pages_followed == 1


def test_marker_of_a_deleted_image_resumes_at_its_predecessor() -> None:
    source = Catalogue(["a", "b", "c", "d", "e"], 3)
    source.before_answer = lambda number, marker: source.ids.discard("c") if marker == "c" else None  # type: ignore[method-assign]
    reading = Pass(source.ask, ALL, 3, "c")
    assert ids(reading) == ["a", "b", "c", "d", "e"]
    assert source.asked == [None, "c", "b"]
    assert reading.evidence.markers_gone == 1


@pytest.mark.parametrize("survivors", [0, 1, 2, 5])
def test_many_deleted_markers_in_a_row_lose_and_repeat_nothing(survivors: int) -> None:
    names = [f"{number:03d}" for number in range(40)]
    source = Catalogue(names, 20)

    def delete(number: int, marker: str | None) -> None:
        if marker == "019":
            source.ids -= set(names[survivors:20])

    source.before_answer = delete  # type: ignore[method-assign]
    assert ids(Pass(source.ask, ALL, 20, "c")) == names


@given(st.data())
def test_deletions_between_any_two_requests_lose_and_repeat_no_survivor(data: st.DataObject) -> None:
    names = [f"{number:02d}" for number in range(30)]
    source = Catalogue(names, data.draw(st.integers(1, 6)))

    def delete(number: int, marker: str | None) -> None:
        if source.ids:
            source.ids -= data.draw(st.sets(st.sampled_from(sorted(source.ids)), max_size=4))

    source.before_answer = delete  # type: ignore[method-assign]
    read = ids(Pass(source.ask, ALL, 6, "c"))
    assert len(read) == len(set(read))
    assert source.ids <= set(read)


def test_marker_that_comes_twice_is_an_error() -> None:
    reading = script(
        fetched(images("a"), "/v2/images?marker=a"),
        fetched(images("b"), "/v2/images?marker=b"),
        fetched([], "/v2/images?marker=a"),
    )
    with pytest.raises(CloudError, match=r"listing all, page 3: the marker 'a' comes a second time"):
        ids(reading)


def test_endless_empty_pages_are_an_error() -> None:
    with pytest.raises(CloudError, match="second time"):
        ids(Pass(lambda number, query: fetched([], "/v2/images?marker=a"), ALL, 10, "c"))


def test_empty_page_whose_next_has_no_marker_is_an_error() -> None:
    with pytest.raises(CloudError, match="no way on"):
        ids(script(fetched([], "/v2/images")))


def test_image_that_comes_twice_on_a_page_is_an_error() -> None:
    with pytest.raises(CloudError, match="ascending order"):
        ids(script(fetched(images("a", "a"), None)))


def test_order_that_is_lost_in_mid_listing_is_an_error() -> None:
    with pytest.raises(CloudError, match="ascending order"):
        ids(script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("d", "c"), None)))


def test_service_that_ignores_the_order_is_read_as_it_comes() -> None:
    reading = script(fetched(images("c", "a"), "/v2/images?marker=a"), fetched(images("d", "b"), None))
    assert ids(reading) == ["c", "a", "d", "b"]
    assert not reading.evidence.in_order


def test_image_that_comes_twice_without_order_is_an_error() -> None:
    with pytest.raises(CloudError, match="comes twice"):
        ids(script(fetched(images("c", "a"), "/v2/images?marker=a"), fetched(images("d", "c"), None)))


def part(after: str | None, until: str | None, *pages: Fetched, before: tuple[str, ...] = ()) -> Pass:
    left = list(pages)
    bounds = Part(after, until, before)
    return Pass(lambda number, query: left.pop(0), ALL, 10, "cloud c, listing all", part=bounds)


def test_part_ends_at_its_bound_and_leaves_what_is_beyond_to_others() -> None:
    reading = part("b", "d", fetched(images("c", "d", "e"), "/v2/images?marker=e"))
    assert ids(reading) == ["c", "d"]
    assert (reading.evidence.ended_at_bound, reading.evidence.beyond_part) == (True, 1)


def test_part_whose_last_image_is_gone_ends_at_the_first_beyond() -> None:
    assert ids(part("b", "d", fetched(images("c", "e"), "/v2/images?marker=e"))) == ["c"]


@pytest.mark.parametrize("page", [("a", "c"), ("d", "c"), ("e", "c"), ("C", "c")])
def test_part_that_is_not_in_order_is_for_one_reader(page: tuple[str, str]) -> None:
    with pytest.raises(NotInOrder):
        ids(part("b", "d", fetched(images(*page), None)))


@given(st.sets(st.text("abcd", min_size=1, max_size=4), min_size=1, max_size=60), st.integers(1, 7), st.data())
def test_parts_together_are_the_listing_whatever_vanishes_before_they_are_read(
    catalogue: set[str], page: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.sampled_from(sorted(catalogue)), max_size=6)))
    vanished = data.draw(st.sets(st.sampled_from(sorted(catalogue))))
    cloud = Catalogue(sorted(catalogue - vanished), page)
    found: list[str] = []
    for stretch in parts_between(cuts):
        before = tuple(sorted(identity for identity in catalogue if identity < (stretch.after or ""))[-3:])
        bounds = replace(stretch, before=before, expected=data.draw(st.none() | st.integers(0, 60)))
        found += ids(Pass(cloud.ask, ALL, page, "cloud c, listing all", part=bounds))
    assert found == sorted(catalogue - vanished)


def test_page_that_begins_before_the_last_one_ended_is_an_error() -> None:
    with pytest.raises(CloudError, match="page 2"):
        ids(script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("b", "c"), None)))


def test_order_without_regard_to_case_is_an_order() -> None:
    assert ids(script(fetched(images("a", "B", "c"), None))) == ["a", "B", "c"]


def test_image_that_the_filter_excludes_is_an_error() -> None:
    listing = Listing("public", {"visibility": "public"})
    reading = Pass(lambda number, query: fetched([{"id": "a", "visibility": "private"}], None), listing, 10, "c")
    with pytest.raises(CloudError, match="visibility is 'private', asked for 'public'"):
        ids(reading)


def test_image_older_than_the_closing_pass_asked_for_is_an_error() -> None:
    old = [{"id": "a", "updated_at": "2020-01-01T00:00:00Z"}]
    with pytest.raises(CloudError, match="updated_at"):
        ids(Pass(lambda number, query: fetched(old, None), ALL, 10, "c", NOW))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_refusal_of_the_first_page_is_an_error(status: int) -> None:
    def refuse(number: int, query: Mapping[str, str]) -> Fetched:
        raise Refused("no", status=status)

    with pytest.raises(Refused):
        ids(Pass(refuse, ALL, 10, "c"))


def test_server_that_refuses_every_marker_is_an_error_not_a_loop() -> None:
    def ask(number: int, query: Mapping[str, str]) -> Fetched:
        if "marker" in query:
            raise Refused("no markers here", status=400)
        return fetched(images("a", "b"), "/v2/images?marker=b")

    with pytest.raises(CloudError, match="refused as a marker, but is listed still"):
        ids(Pass(ask, ALL, 10, "c"))


def test_image_without_a_usable_id_is_handed_on() -> None:
    pages = list(script(fetched([{"id": 7}, {"id": "a"}, "nonsense"], None)).pages())
    assert pages[0].images == [{"id": 7}, {"id": "a"}, "nonsense"]


def test_question_asks_for_id_order_page_size_and_time() -> None:
    asked: list[dict[str, str]] = []

    def ask(number: int, query: Mapping[str, str]) -> Fetched:
        asked.append(dict(query))
        return fetched([], None)

    ids(Pass(ask, Listing("x", {"visibility": "public"}), 500, "c", datetime(2026, 11, 1, 2, 3, 4)))
    assert asked == [
        {
            "visibility": "public",
            "updated_at": "gte:2026-11-01T02:03:04Z",
            "limit": "500",
            "sort_key": "id",
            "sort_dir": "asc",
        }
    ]
