"""Paging without I/O: `ask` is a function of the test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.body import PageBody
from extract.errors import CloudError, Refused
from extract.listing import Listing
from extract.paging import Pass
from extract.parts import WHOLE, NotProven, Part

ALL = Listing("all", {})
NOW = datetime(2026, 11, 1)

Ask = Callable[[int, Mapping[str, str]], PageBody]
"""(page number from 1, query parameters) -> the page."""


class Reader:
    """Reads a pass to its end."""

    def __init__(
        self,
        ask: Ask,
        listing: Listing = ALL,
        page_size: int = 10,
        where: str = "c",
        since: datetime | None = None,
        part: Part = WHOLE,
    ) -> None:
        self.ask = ask
        self.one = Pass(listing, page_size, where, since, part=part)
        self.until = part.until

    @property
    def evidence(self) -> Any:
        return self.one.evidence

    def pages(self) -> Iterator[Sequence[Any]]:
        while not self.one.is_finished:
            try:
                body = self.ask(self.one.evidence.pages + 1, self.one.query())
            except Refused as exc:
                self.one.step_back(exc)
            else:
                yield self.one.take(body, 1, self.until)


class Catalogue:
    """Answers like Glance: ids in order, a marker must exist, `next` names the last id."""

    def __init__(self, ids: list[str], page: int) -> None:
        self.ids = set(ids)
        self.page = page
        self.asked: list[str | None] = []
        self.order: Callable[[str], str] = str

    def ask(self, number: int, query: Mapping[str, str]) -> PageBody:
        marker = query.get("marker")
        self.asked.append(marker)
        self.before_answer(number, marker)
        if marker is not None and marker not in self.ids:
            raise Refused("no such marker", status=400)
        after = None if marker is None else self.order(marker)
        rest = sorted((one for one in self.ids if after is None or self.order(one) > after), key=self.order)
        link = f"/v2/images?marker={rest[self.page - 1]}" if len(rest) > self.page else None
        return fetched([{"id": identity} for identity in rest[: self.page]], link)

    def before_answer(self, number: int, marker: str | None) -> None:
        """For tests that change the catalogue meanwhile."""


def fetched(images: list[Any], link: str | None) -> PageBody:
    return PageBody(images, link)


def script(*pages: PageBody) -> Reader:
    left = list(pages)
    return Reader(lambda number, query: left.pop(0) if left else fetched([], None), ALL, 10, "cloud c, listing all")


def ids(reading: Reader) -> list[str]:
    return [image["id"] for page in reading.pages() for image in page]


def images(*identities: str) -> list[Any]:
    return [{"id": identity} for identity in identities]


@given(st.sets(st.text("abc", min_size=1, max_size=4), max_size=40), st.integers(1, 7))
def test_every_image_comes_once_and_in_order(catalogue: set[str], page: int) -> None:
    source = Catalogue(sorted(catalogue), page)
    assert ids(Reader(source.ask, ALL, page, "c")) == sorted(catalogue)


def test_page_shorter_than_asked_is_not_the_end() -> None:
    assert ids(script(fetched(images("a"), "/v2/images?marker=a"), fetched(images("b"), None))) == ["a", "b"]


def test_empty_page_with_next_is_followed() -> None:
    source = Catalogue(["a", "b", "c"], 1)
    plain = source.ask

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        return fetched([], "/v2/images?marker=b") if query.get("marker") == "a" else plain(number, query)

    reading = Reader(ask, ALL, 1, "c")
    assert ids(reading) == ["a", "c"]
    assert reading.evidence.empty_pages_followed == 1


def test_marker_of_a_deleted_image_resumes_at_its_predecessor() -> None:
    source = Catalogue(["a", "b", "c", "d", "e"], 3)
    source.before_answer = lambda number, marker: source.ids.discard("c") if marker == "c" else None  # type: ignore[method-assign]
    reading = Reader(source.ask, ALL, 3, "c")
    assert ids(reading) == ["a", "b", "c", "d", "e"]
    assert source.asked == [None, "c", "b", "e"]
    assert reading.evidence.markers_gone == 1


@pytest.mark.parametrize("survivors", [0, 1, 2, 5])
def test_many_deleted_markers_in_a_row_lose_and_repeat_nothing(survivors: int) -> None:
    names = [f"{number:03d}" for number in range(40)]
    source = Catalogue(names, 20)

    def delete(number: int, marker: str | None) -> None:
        if marker == "019":
            source.ids -= set(names[survivors:20])

    source.before_answer = delete  # type: ignore[method-assign]
    assert ids(Reader(source.ask, ALL, 20, "c")) == names


@given(st.data())
def test_deletions_between_any_two_requests_lose_and_repeat_no_survivor(data: st.DataObject) -> None:
    names = [f"{number:02d}" for number in range(30)]
    source = Catalogue(names, data.draw(st.integers(1, 6)))

    def delete(number: int, marker: str | None) -> None:
        if source.ids:
            source.ids -= data.draw(st.sets(st.sampled_from(sorted(source.ids)), max_size=4))

    source.before_answer = delete  # type: ignore[method-assign]
    read = ids(Reader(source.ask, ALL, 6, "c"))
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
        ids(Reader(lambda number, query: fetched([], "/v2/images?marker=a"), ALL, 10, "c"))


def test_empty_page_whose_next_has_no_marker_is_an_error() -> None:
    with pytest.raises(CloudError, match="cannot continue"):
        ids(script(fetched([], "/v2/images")))


def test_image_that_comes_twice_on_a_page_is_an_error() -> None:
    with pytest.raises(CloudError, match="comes twice"):
        ids(script(fetched(images("a", "a"), None)))


def test_order_that_is_lost_in_mid_listing_is_read_as_it_comes() -> None:
    reading = script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("d", "c"), None))
    assert ids(reading) == ["a", "b", "d", "c"]
    assert not reading.evidence.in_order


def test_image_that_comes_again_after_the_order_was_lost_is_an_error() -> None:
    pages = (fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("d", "c", "a"), None))
    with pytest.raises(CloudError, match="image a comes twice"):
        ids(script(*pages))


def test_service_that_ignores_the_order_is_read_as_it_comes() -> None:
    reading = script(fetched(images("c", "a"), "/v2/images?marker=a"), fetched(images("d", "b"), None))
    assert ids(reading) == ["c", "a", "d", "b"]
    assert not reading.evidence.in_order


def test_image_that_comes_twice_without_order_is_an_error() -> None:
    with pytest.raises(CloudError, match="comes twice"):
        ids(script(fetched(images("c", "a"), "/v2/images?marker=a"), fetched(images("d", "c"), None)))


def part(after: str | None, until: str | None, *pages: PageBody) -> Reader:
    left = list(pages)
    return Reader(lambda number, query: left.pop(0), part=Part(after, until))


def test_part_ends_at_its_bound_and_leaves_what_is_beyond_to_others() -> None:
    reading = part("b", "d", fetched(images("c", "d", "e"), "/v2/images?marker=e"))
    assert ids(reading) == ["c", "d"]
    assert (reading.evidence.ended_at_bound, reading.evidence.beyond_part, reading.one.met) == (True, 1, "d")


def test_part_whose_last_image_is_gone_ends_with_the_page_that_is_past_it() -> None:
    reading = part("b", "d", fetched(images("c", "e"), "/v2/images?marker=e"))
    assert ids(reading) == ["c", "e"]
    assert (reading.evidence.ended_at_bound, reading.one.met) == (False, None)


@pytest.mark.parametrize("page", [("a", "c"), ("d", "c"), ("d", "c", "d"), ("C", "c")])
def test_part_that_is_not_in_order_is_for_one_reader(page: tuple[str, ...]) -> None:
    with pytest.raises(NotProven):
        ids(part("b", "z", fetched(images(*page), None)))


def test_part_that_outgrew_what_was_expected_asks_for_more_and_more() -> None:
    source = Catalogue([f"{number:05d}" for number in range(5000)], 1000)
    limits: list[int] = []

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        limits.append(int(query["limit"]))
        source.page = limits[-1]
        return source.ask(number, query)

    reading = Reader(ask, page_size=1000, part=Part(None, None, expected=1000))
    assert len(ids(reading)) == 5000
    assert limits[:6] == [1000, 50, 100, 300, 900, 1000]
    assert len(limits) < 12


def test_part_asks_at_its_end_for_little_more_than_it_should_still_have() -> None:
    reading = Reader(lambda number, query: fetched([], None), page_size=1000, part=Part(None, None, expected=100))
    assert reading.one.query()["limit"] == "112"


def test_page_that_begins_before_the_last_one_ended_is_an_error() -> None:
    with pytest.raises(CloudError, match="page 2"):
        ids(script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("b", "c"), None)))


def test_repeats_after_a_step_back_are_known_by_identity_in_the_order_without_regard_to_case() -> None:
    source = Catalogue(["0a01", "0a02", "a103", "B204", "c305"], 3)
    source.order = str.lower
    source.before_answer = lambda number, marker: source.ids.discard("a103") if marker == "a103" else None  # type: ignore[method-assign]
    reading = Reader(source.ask)
    assert ids(reading) == ["0a01", "0a02", "a103", "B204", "c305"]
    assert source.asked == [None, "a103", "0a02", "c305"]


@pytest.mark.parametrize("status", [400, 404])
def test_marker_that_is_refused_once_and_listed_again_costs_nothing(status: int) -> None:
    source = Catalogue(["a", "b", "c", "d", "e", "f"], 2)
    refused: list[str] = []

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        if query.get("marker") == "d" and not refused:
            refused.append("d")
            raise Refused("once", status=status)
        return source.ask(number, query)

    reading = Reader(ask)
    assert ids(reading) == ["a", "b", "c", "d", "e", "f"]
    assert reading.evidence.repeats_dropped == 1


def test_images_created_between_a_step_back_and_the_last_one_read_are_kept() -> None:
    source = Catalogue(["a", "c", "e", "g"], 2)

    def change(number: int, marker: str | None) -> None:
        if marker == "c":
            source.ids ^= {"b", "c"}

    source.before_answer = change  # type: ignore[method-assign]
    assert ids(Reader(source.ask)) == ["a", "c", "b", "e", "g"]


def test_full_page_without_next_is_not_taken_for_the_end() -> None:
    source = Catalogue(["a", "b", "c", "d", "e"], 2)

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        page = source.ask(number, query)
        return fetched(list(page.images), None) if query.get("marker") in (None, "b") else page

    reading = Reader(ask, page_size=2)
    assert ids(reading) == ["a", "b", "c", "d", "e"]
    assert reading.evidence.ends_asked_again > 0


def test_single_short_page_is_asked_for_once() -> None:
    source = Catalogue(["a", "b"], 10)
    assert ids(Reader(source.ask)) == ["a", "b"]
    assert source.asked == [None]


@pytest.mark.parametrize("link", ["http://[x", "::::", "/v2/images?marker", "\ud800", "next"])
def test_next_that_is_no_url_only_says_that_more_follows(link: str) -> None:
    source = Catalogue(["a", "b", "c"], 2)

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        page = source.ask(number, query)
        return fetched(list(page.images), link if page.next else None)

    assert ids(Reader(ask)) == ["a", "b", "c"]


def test_order_without_regard_to_case_is_an_order() -> None:
    assert ids(script(fetched(images("a", "B", "c"), None))) == ["a", "B", "c"]


def test_image_that_the_filter_excludes_is_an_error() -> None:
    listing = Listing("public", {"visibility": "public"})
    reading = Reader(lambda number, query: fetched([{"id": "a", "visibility": "private"}], None), listing, 10, "c")
    with pytest.raises(CloudError, match="visibility is 'private', asked for 'public'"):
        ids(reading)


def test_image_older_than_the_closing_pass_asked_for_is_an_error() -> None:
    old = [{"id": "a", "updated_at": "2020-01-01T00:00:00Z"}]
    with pytest.raises(CloudError, match="updated_at"):
        ids(Reader(lambda number, query: fetched(old, None), ALL, 10, "c", NOW))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_refusal_of_the_first_page_is_an_error(status: int) -> None:
    def refuse(number: int, query: Mapping[str, str]) -> PageBody:
        raise Refused("no", status=status)

    with pytest.raises(Refused):
        ids(Reader(refuse, ALL, 10, "c"))


def test_server_that_refuses_every_marker_is_an_error_not_a_loop() -> None:
    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        if "marker" in query:
            raise Refused("no markers here", status=400)
        return fetched(images("a", "b"), "/v2/images?marker=b")

    with pytest.raises(CloudError, match="refused as a marker, but is listed still"):
        ids(Reader(ask, ALL, 10, "c"))


def test_image_without_a_usable_id_is_handed_on() -> None:
    pages = list(script(fetched([{"id": 7}, {"id": "a"}, "nonsense"], None)).pages())
    assert list(pages[0]) == [{"id": 7}, {"id": "a"}, "nonsense"]


def test_question_asks_for_id_order_page_size_and_time() -> None:
    asked: list[dict[str, str]] = []

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        asked.append(dict(query))
        return fetched([], None)

    ids(Reader(ask, Listing("x", {"visibility": "public"}), 500, "c", datetime(2026, 11, 1, 2, 3, 4)))
    assert asked == [
        {
            "visibility": "public",
            "updated_at": "gte:2026-11-01T02:03:04Z",
            "limit": "500",
            "sort_key": "id",
            "sort_dir": "asc",
        }
    ]
