"""Paging without I/O: `ask` is a function of the test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CloudError, Refused
from extract.body import PageBody
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
    with pytest.raises(CloudError, match=r"2: a page without images has a `next` without a marker: the"):
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

    with pytest.raises(CloudError, match="refused as a marker, but is still listed"):
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


def test_pass_that_is_reopened_reads_on_after_its_last_image() -> None:
    reading = part("b", "d", fetched(images("c", "d"), "/v2/images?marker=d"))
    assert ids(reading) == ["c", "d"]
    one = reading.one
    assert (one.is_finished, one.evidence.ended_at_bound, one.met) == (True, True, "d")
    one.reopen()
    assert (one.is_finished, one.evidence.ended_at_bound, one.met) == (False, False, None)
    assert one.query()["marker"] == "d"
    one.take(fetched(images("e"), "/v2/images?marker=e"), 1, "f")
    one.take(fetched([], None), 1, "f")
    assert (one.is_finished, one.evidence.ended_without_next) == (True, True)
    one.reopen()
    assert one.evidence.ended_without_next is False
    # The same marker again is no circle: what comes after it is asked for once more.
    one.take(fetched(images("f"), "/v2/images?marker=f"), 1, "f")
    assert one.evidence.pages == 4


def test_what_lies_beyond_a_part_is_counted_each_time_it_ends() -> None:
    one = Pass(ALL, 10, "c", part=Part("b", "d"))
    one.take(fetched(images("c", "d", "e", "f"), "/v2/images?marker=f"), 1, "d")
    one.reopen()
    one.take(fetched(images("e", "f", "g"), "/v2/images?marker=g"), 1, "f")
    assert one.evidence.beyond_part == 3


def test_quiet_reading_looks_no_id_up() -> None:
    """That takes ten times the memory of the ids, and each page longer."""
    reading = script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("c"), None))
    assert ids(reading) == ["a", "b", "c"]
    assert reading.one.read._looked_up is None


def test_server_that_shows_one_page_again_and_again_after_a_step_back_is_an_error() -> None:
    refused: list[str] = []

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        if query.get("marker") == "c" and not refused:
            refused.append("c")
            raise Refused("gone", status=404)
        return fetched(images("a", "b", "c"), "/v2/images?marker=c")

    with pytest.raises(CloudError, match="page 3: the marker 'c' comes a second time: the listing repeats"):
        ids(Reader(ask))


def test_empty_pages_are_counted() -> None:
    reading = script(fetched([], "/v2/images?marker=a"), fetched([], "/v2/images?marker=b"), fetched(images("c"), None))
    assert ids(reading) == ["c"]
    assert reading.evidence.empty_pages_followed == 2


def test_listing_that_goes_on_after_the_most_pages_is_an_error() -> None:
    source = Catalogue(["a", "b", "c"], 1)
    one = Pass(ALL, 1, "cloud c", most_pages=2)
    for number in (1, 2):
        one.take(source.ask(number, one.query()), 1)
    with pytest.raises(CloudError, match="cloud c: the listing did not end after 2 pages") as caught:
        one.query()
    assert caught.value.advice == "Raise most_pages if the listing is that long."


@pytest.mark.parametrize(("times", "is_read"), [(3, True), (4, False)])
def test_marker_that_is_listed_still_may_be_refused_three_times(times: int, is_read: bool) -> None:
    source = Catalogue(["a", "b", "c", "d", "e", "f"], 1)
    left = [404] * times

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        if query.get("marker") == "d" and left:
            raise Refused("not now", status=left.pop())
        return source.ask(number, query)

    reading = Reader(ask)
    if is_read:
        assert ids(reading) == ["a", "b", "c", "d", "e", "f"]
    else:
        with pytest.raises(CloudError, match="c, page 8: image d was refused as a marker") as caught:
            ids(reading)
        assert caught.value.advice == "Report this to the cloud's operator."


def test_each_marker_has_refusals_of_its_own() -> None:
    source = Catalogue([f"{number:02d}" for number in range(20)], 1)
    refused: set[str] = set()

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        marker = query.get("marker")
        if marker is not None and marker not in refused:
            refused.add(marker)
            raise Refused("once", status=400)
        return source.ask(number, query)

    reading = Reader(ask)
    assert ids(reading) == sorted(source.ids)
    # The last refusal is that of the question for the end.
    assert (reading.evidence.markers_gone, len(refused)) == (19, 20)
    assert (reading.evidence.repeats_dropped, reading.evidence.ends_asked_again) == (19, 1)


def test_steps_back_double_until_an_image_is_there() -> None:
    source = Catalogue([f"{number:02d}" for number in range(20)], 10)

    def delete(number: int, marker: str | None) -> None:
        source.ids -= {f"{one:02d}" for one in range(3, 10)} if marker == "09" else set()
        source.ids -= {"19"} if marker == "19" else set()

    source.before_answer = delete  # type: ignore[method-assign]
    assert len(ids(Reader(source.ask))) == 20
    assert source.asked == [None, "09", "08", "06", "02", "19"]


def test_part_without_an_image_to_go_on_from_is_for_one_reader() -> None:
    reading = part("b", "z", fetched(images("c"), "/v2/images?marker=c"))
    next(reading.pages())
    reading.one.step_back(Refused("gone", status=404))
    assert reading.one.query()["marker"] == "b"
    with pytest.raises(NotProven, match="c: the images from which it could resume are gone"):
        reading.one.step_back(Refused("gone", status=404))


@pytest.mark.parametrize("status", [401, 403, 410, 500])
def test_refusal_that_is_not_about_the_marker_is_an_error(status: int) -> None:
    reading = script(fetched(images("a"), "/v2/images?marker=a"))
    next(reading.pages())
    refusal = Refused("no", status=status)
    with pytest.raises(Refused) as caught:
        reading.one.step_back(refusal)
    assert caught.value is refusal
    assert reading.evidence.markers_gone == 0


def test_part_that_is_out_of_order_says_where() -> None:
    with pytest.raises(NotProven, match="c: its images are not in the order of their ids"):
        ids(part("b", "z", fetched(images("d", "c"), None)))


def test_service_that_ignores_the_order_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    reading = script(fetched(images("c", "a"), "/v2/images?marker=a"), fetched(images("d", "b"), None))
    ids(reading)
    assert reading.evidence.in_order is False
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


def test_page_is_counted() -> None:
    reading = script(
        fetched([{"id": "a"}, {"id": 7}, {"id": ""}, {"id": "b"}], "/v2/images?marker=b"), fetched(images("c"), None)
    )
    list(reading.pages())
    evidence = reading.evidence
    assert (evidence.pages, evidence.images, evidence.bytes, evidence.without_id) == (3, 5, 3, 2)
    assert (evidence.first_id, evidence.last_id, evidence.largest_page) == ("a", "c", 4)
    assert (evidence.in_order, evidence.ended_without_next, evidence.ended_at_bound) == (True, True, False)
    assert evidence.ends_asked_again == 1


def test_last_id_of_a_part_is_that_of_its_last_image() -> None:
    reading = part("b", "d", fetched(images("c", "d", "e"), "/v2/images?marker=e"))
    ids(reading)
    assert (reading.evidence.first_id, reading.evidence.last_id) == ("c", "d")


def test_images_without_an_id_before_the_bound_belong_to_the_part() -> None:
    page = [{"id": "c"}, {"id": 7}, {"id": "d"}, {"id": 8}, {"id": "e"}]
    reading = part("b", "d", fetched(page, "/v2/images?marker=e"))
    assert [list(one) for one in reading.pages()] == [page[:3]]
    assert (reading.evidence.without_id, reading.evidence.beyond_part) == (1, 1)


def test_part_whose_bound_is_the_last_of_its_page_leaves_nothing_beyond() -> None:
    reading = part("b", "d", fetched(images("c", "d"), "/v2/images?marker=d"))
    ids(reading)
    assert (reading.evidence.beyond_part, reading.evidence.ended_without_next) == (0, False)


def test_part_goes_on_until_a_page_is_past_its_bound() -> None:
    reading = part(
        "b", "e", fetched(images("c"), "/v2/images?marker=c"), fetched(images("d", "f"), "/v2/images?marker=f")
    )
    assert ids(reading) == ["c", "d", "f"]
    assert reading.one.until == "e"
    assert not reading.evidence.ended_without_next


def test_page_of_nothing_but_images_without_ids_is_followed_by_its_next() -> None:
    reading = script(fetched([{"id": 7}], "/v2/images?marker=m%20n"), fetched([], None))
    assert [list(one) for one in reading.pages()] == [[{"id": 7}], []]
    assert reading.evidence.empty_pages_followed == 1


def test_marker_of_next_is_read_percent_decoded_and_the_last_one_counts() -> None:
    one = Pass(ALL, 10, "c")
    one.take(fetched([], "/v2/images?marker=a&marker=b%2Fc%20d"), 1)
    assert one.query()["marker"] == "b/c d"


def test_next_that_goes_back_to_a_page_of_before_is_an_error() -> None:
    reading = script(
        fetched(images("a"), "/v2/images?marker=a"),
        fetched(images("b"), "/v2/images?marker=a"),
    )
    with pytest.raises(CloudError, match=r"page 2: the marker 'a' comes a second time: the listing repeats"):
        ids(reading)


@pytest.mark.parametrize(
    ("images_on_page", "asked_for", "is_asked_again"),
    [(24, 100, False), (25, 100, True), (9, 10, False), (10, 10, True)],
)
def test_single_page_that_no_bound_can_have_cut_is_believed(
    images_on_page: int, asked_for: int, is_asked_again: bool
) -> None:
    source = Catalogue([f"{number:02d}" for number in range(images_on_page)], 100)
    reading = Reader(source.ask, page_size=asked_for)
    assert len(ids(reading)) == images_on_page
    assert (len(source.asked), reading.evidence.ends_asked_again) == ((2, 1) if is_asked_again else (1, 0))


def test_short_page_is_not_believed_in_a_part_nor_after_others_nor_where_the_end_is_doubted() -> None:
    in_part = part("b", "z", fetched(images("c"), None), fetched([], None))
    assert ids(in_part) == ["c"]
    after_others = script(fetched(images("a"), "/v2/images?marker=a"), fetched(images("b"), None))
    assert ids(after_others) == ["a", "b"]
    doubted = script(fetched(images("a"), None))
    doubted.one.doubts_end = True
    assert ids(doubted) == ["a"]
    assert [one.evidence.ends_asked_again for one in (in_part, after_others, doubted)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("expected", "had", "limit"),
    [(None, 0, 1000), (1000, 0, 1000), (500, 0, 520), (20, 0, 50), (40, 0, 50), (50, 0, 61), (30, 30, 50), (30, 55, 50),
     (30, 56, 52)],
)  # fmt: skip
def test_limit_is_what_a_part_should_still_have_and_a_little_more(expected: int | None, had: int, limit: int) -> None:
    one = Pass(ALL, 1000, "c", part=Part("0", None, expected))
    one.evidence.images = had
    assert one.query()["limit"] == str(limit)


def test_bound_of_changes_is_cut_to_the_second() -> None:
    one = Pass(ALL, 10, "c", datetime(2026, 11, 1, 2, 3, 4, 999_999))
    assert one.query()["updated_at"] == "gte:2026-11-01T02:03:04Z"
    changed = {"id": "a", "updated_at": "2026-11-01T02:03:04Z"}
    assert list(one.take(fetched([changed], None), 1)) == [changed]


def test_sample_of_ids_is_one_of_each_page_and_all_of_the_last() -> None:
    reading = script(fetched(images("a", "b"), "/v2/images?marker=b"), fetched(images("c", "d"), None))
    ids(reading)
    assert (reading.one.sample_ids, reading.one.last_ids) == (["b", "c", "d"], ["c", "d"])


def test_images_are_held_against_the_filters_whatever_page_they_are_on() -> None:
    listing = Listing("public", {"visibility": "public"})
    one = Pass(listing, 10, "c")
    fitting = [{"id": "a", "visibility": "public"}, {"id": "b", "visibility": "PUBLIC"}]
    assert list(one.take(fetched(fitting, "/v2/images?marker=b"), 1)) == fitting
    with pytest.raises(CloudError, match=r"c, page 2: image d is not what the listing asked for") as caught:
        one.take(fetched([{"id": "c", "visibility": "public"}, {"id": "d", "visibility": "private"}], None), 1)
    assert caught.value.advice == "A proxy or the service ignores a filter: set dialect, or leave this listing out."


def test_end_stays_the_end_where_its_question_is_refused() -> None:
    source = Catalogue(["a", "b", "c", "d"], 2)

    def ask(number: int, query: Mapping[str, str]) -> PageBody:
        if query.get("marker") == "d":
            raise Refused("no such marker", status=404)
        return source.ask(number, query)

    reading = Reader(ask)
    assert ids(reading) == ["a", "b", "c", "d"]
    assert (reading.evidence.ended_without_next, reading.evidence.ends_asked_again) == (True, 1)


def test_first_page_may_be_smaller_than_the_others() -> None:
    one = Pass(ALL, 1000, "c", first_limit=50)
    assert one.query()["limit"] == "50"
    one.take(PageBody(images(*(f"{number:03d}" for number in range(50))), "/v2/images?marker=049"), 1)
    assert one.query()["limit"] == "1000"
    assert Pass(ALL, 20, "c", first_limit=50).query()["limit"] == "20"


def test_reader_of_a_guessed_part_asks_for_what_lies_between_its_last_image_and_its_end() -> None:
    one = Pass(ALL, 1000, "c", part=Part(None, "bfffffff", 400, is_guess=True))
    assert one.query()["limit"] == str(400 + 8 + 10)
    ids = [f"{number:08x}" for number in range(399)] + ["7fffffff"]
    one.take(PageBody(images(*ids), "/v2/images?marker=7fffffff"), 1, "bfffffff")
    assert one.query()["limit"] == str(200 + 4 + 10)
