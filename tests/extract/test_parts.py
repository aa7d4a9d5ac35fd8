"""Parts of a listing read side by side: what several readers get is what the server has, or the reading says so.

The server is a model with one order of its own, which changes and lies as a test wants. No network, but real threads.
"""

import itertools
import json
import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from core.errors import CloudError
from extract.body import PageBody
from extract.landing import Landing, ReadingStart, landed_pages
from extract.listing import listings
from extract.paging import Page, Pass
from extract.parts import Chain, Part, parts_between
from extract.reading import Reading
from tests.clouds.model import ModelServer, equal_parts, numbered
from tests.extract.conftest import as_it_is

PRIVATE = listings("openstack", None, ("private",))[0]
LETTERS = "0123456789abcdef-_ABZ"


def read(
    server: ModelServer, folder: Path, parts: Sequence[Part], page_size: int = 1000
) -> tuple[Reading[Page], list[str]]:
    connection = server.connection(page_size=page_size)
    landing = Landing(folder / "private")
    reading = Reading(connection, PRIVATE, landing, ReadingStart(datetime(2026, 11, 1), None, tuple(parts)), as_it_is)
    found = [image["id"] for page in reading.pages() for image in page.images]
    return reading, found


def test_page_in_the_middle_of_a_part_without_next_loses_nothing(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 25)
    server.without_next = lambda query: query.get("marker") == "0074"
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert sorted(set(found)) == server.ids


def test_short_page_in_the_middle_of_a_part_without_next_is_read_on(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 25)

    def cut_short(query: dict[str, str]) -> httpx.Response | None:
        """The part seems to end at 0050, also where that is asked once more."""
        images = lies.pop(query.get("marker", ""), None)
        return None if images is None else httpx.Response(200, json={"images": images})

    lies: dict[str, list[dict[str, str]]] = {"0049": [{"id": "0050", "visibility": "private"}], "0050": []}
    server.before = cut_short
    reading, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert sorted(set(found)) == server.ids
    assert reading.evidence["seams_read_again"] == 1


def test_part_that_seems_to_end_again_and_again_is_read_on_as_long_as_that_brings_images(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 10)
    lies = {f"{number:04d}" for number in (9, 19, 29)}

    def end(query: dict[str, str]) -> httpx.Response | None:
        """The page after has no `next`, and there is nothing when that is asked once more."""
        if (marker := query.get("marker", "")) not in lies:
            return None
        lies.remove(marker)
        return httpx.Response(200, json={"images": []})

    server.before = end
    reading, found = read(server, tmp_path, equal_parts(server.ids, 2), page_size=10)
    assert sorted(set(found)) == server.ids
    assert reading.evidence["seams_read_again"] == 3
    assert len(reading.evidence["parts"]) == 2


def test_server_that_always_ends_a_part_early_makes_the_listing_incomplete(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 25)
    end = {"images": [{"id": "0050", "visibility": "private"}]}

    def cut_short(query: dict[str, str]) -> httpx.Response | None:
        if query.get("marker") == "0049":
            return httpx.Response(200, json=end)
        return httpx.Response(200, json={"images": []}) if query.get("marker") == "0050" else None

    server.before = cut_short
    with pytest.raises(CloudError, match="several readers got image"):
        read(server, tmp_path, equal_parts(server.ids, 4))


def test_quiet_listing_asks_for_nothing_again(tmp_path: Path) -> None:
    server = ModelServer(numbered(1000), 25)
    reading, found = read(server, tmp_path, equal_parts(server.ids, 10), page_size=25)
    assert sorted(found) == server.ids
    assert (reading.evidence["seams_read_again"], reading.evidence["beyond_part"]) == (0, 0)
    # 40 pages, and one question more for the end: the last part ends without a bound.
    assert len(server.asked) == 41


def test_cuts_that_are_gone_cost_one_request_each(tmp_path: Path) -> None:
    ids = numbered(1600)
    parts = equal_parts(ids, 16)
    quiet = ModelServer(list(ids), 20)
    read(quiet, tmp_path / "quiet", parts)
    cuts = [part.after for part in parts[1:15]]
    server = ModelServer([identity for identity in ids if identity not in cuts], 20)
    reading, found = read(server, tmp_path / "gone", parts)
    assert sorted(found) == server.ids
    assert len(server.asked) <= 1.5 * len(quiet.asked)
    assert reading.evidence["markers_gone"] == 14


def test_cut_that_is_deleted_after_its_part_began_is_proven_by_what_both_readers_got(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 25)
    parts = equal_parts(server.ids, 2)
    late = threading.Event()

    def delete(query: dict[str, str]) -> None:
        if query.get("marker") == "0099" and not late.is_set():
            late.set()
        elif late.is_set() and "0099" in server.ids:
            server.ids.remove("0099")

    server.before = delete
    reading, found = read(server, tmp_path, parts, page_size=10)
    assert set(found) >= set(server.ids)
    assert reading.evidence["in_order"]


def test_marker_refused_once_in_a_part_is_read_again(tmp_path: Path) -> None:
    server = ModelServer(numbered(400), 25)
    refused: list[str] = []

    def once(query: dict[str, str]) -> httpx.Response | None:
        marker = query.get("marker")
        if marker is None or marker in refused or int(marker) % 50 != 24:
            return None
        refused.append(marker)
        return httpx.Response(404)

    server.before = once
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    assert len(refused) >= 4
    assert sorted(set(found)) == server.ids


def odd_id(source: random.Random) -> str:
    return "".join(source.choices(LETTERS, k=source.randint(1, 6)))


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_whatever_order_the_server_keeps(tmp_path: Path, seed: int) -> None:
    """Its order is stable, and differs from the order of bytes for some ids, or is without regard to case."""
    source = random.Random(seed)
    ids = sorted({odd_id(source) for _ in range(source.randint(4, 60))})
    moved = {one: odd_id(source) for one in source.sample(ids, source.randint(0, 3))}
    key = str.lower if source.random() < 0.3 else str
    server = ModelServer(list(ids), source.randint(1, 12), lambda one: (key(moved.get(one, one)), one))
    lost_next = source.random() < 0.3
    server.without_next = lambda query: lost_next and source.random() < 0.3
    gone: set[str] = set()
    new = (f"{number:03d}{odd_id(source)}" for number in itertools.count())

    def change(query: dict[str, str]) -> httpx.Response | None:
        if source.random() < 0.1 and server.ids:
            victim = source.choice(server.ids)
            gone.add(victim)
            server.ids.remove(victim)
        if source.random() < 0.1:
            server.ids.append(next(new))
        return httpx.Response(404) if source.random() < 0.03 and query.get("marker") else None

    server.before = change
    cuts = sorted(source.sample(ids, min(len(ids), source.randint(1, 6))))
    parts = [
        replace(part, expected=source.choice([None, 3, 10]), is_guess=source.random() < 0.5)
        for part in parts_between(cuts)
    ]
    try:
        _, found = read(server, tmp_path, parts, page_size=source.randint(2, 12))
    except CloudError:
        return
    assert set(found) >= set(ids) - gone


@pytest.mark.parametrize("seed", range(60))
def test_no_false_alarm_where_images_come_and_go(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    ids = [f"{source.getrandbits(64):016x}" for _ in range(120)]
    server = ModelServer(list(ids), 10)
    gone: set[str] = set()

    def change(query: dict[str, str]) -> None:
        victim = source.choice(server.ids)
        gone.add(victim)
        server.ids.remove(victim)
        server.ids.append(f"{source.getrandbits(64):016x}")

    server.before = change
    _, found = read(server, tmp_path, equal_parts(ids, 6), page_size=10)
    assert set(found) >= set(ids) - gone


def test_landing_holds_every_page_that_was_read(tmp_path: Path) -> None:
    server = ModelServer(numbered(200), 25)
    _, found = read(server, tmp_path, equal_parts(server.ids, 4))
    landed = [image["id"] for _, body in landed_pages(tmp_path / "private") for image in json.loads(body)["images"]]
    assert set(found) <= set(landed)


def had(after: str | None, pages: Sequence[str], until: str | None = None, *, is_last: bool = False) -> Pass:
    """A pass that got these pages, each an image a letter; `is_last`: and then one without images and `next`."""
    one = Pass(PRIVATE, 10, "c", part=Part(after, until))
    for letters in (*pages, *([""] if is_last else [])):
        images = [{"id": letter, "visibility": "private"} for letter in letters]
        one.take(PageBody(images, f"/v2/images?marker={letters[-1]}" if letters else None), 1, until)
    return one


def test_parts_meet_where_each_got_the_image_the_next_begins_after() -> None:
    chain = Chain([had(None, ["ab"], "b"), had("b", ["cd"], "d"), had("d", ["e"], is_last=True)])
    assert chain.open_seam() is None
    assert [chain.meets_next(one) for one in chain.passes] == [True, True, False]


def test_first_part_that_does_not_meet_another_is_the_open_seam() -> None:
    chain = Chain([had(None, ["ab"], "b"), had("b", ["cf"], "e"), had("e", ["g"], is_last=True)])
    assert chain.open_seam() is chain.passes[1]


def test_part_that_got_the_cut_out_of_order_meets_the_next() -> None:
    """The server's order is not ours: the image that the next part begins after may come early in a page."""
    one = had(None, ["abd"])
    chain = Chain([one, had("b", ["cf"], is_last=True)])
    assert one.met is None
    assert chain.meets_next(one)
    assert chain.open_seam() is None


def test_part_whose_last_page_overlaps_with_the_next_part_meets_it() -> None:
    one = had(None, ["ad"], "c")
    chain = Chain([one, had("c", ["de"], is_last=True)])
    assert chain.meets_next(one)
    assert chain.open_seam() is None


def test_images_of_an_earlier_page_in_the_next_part_prove_no_seam() -> None:
    """Something may lie between: only what comes last in one part shows where the other goes on."""
    one = had(None, ["ad", "f"], "c")
    chain = Chain([one, had("c", ["de"], is_last=True)])
    assert not chain.meets_next(one)
    assert chain.open_seam() is one


def test_part_may_meet_one_that_comes_later() -> None:
    overtaken = had("b", [])
    chain = Chain([had(None, ["abcde"]), overtaken, had("d", ["ef"], is_last=True)])
    chain.drop(overtaken)
    assert chain.open_seam() is None
    assert chain.until(chain.passes[0]) == "d"


def test_last_part_without_an_end_is_open() -> None:
    chain = Chain([had(None, ["ab"], "b"), had("b", ["cd"])])
    assert chain.open_seam() is chain.passes[1]


def test_end_in_the_middle_is_believed_where_the_parts_after_it_have_nothing_more() -> None:
    ended = had(None, ["ab"], "c", is_last=True)
    assert Chain([ended, had("c", []), had("d", [])]).open_seam() is None
    assert Chain([ended, had("c", ["d"], is_last=True)]).open_seam() is ended
    assert Chain([ended, had("c", []), had("d", ["e"], is_last=True)]).open_seam() is ended


def test_end_in_the_middle_is_believed_where_a_part_after_it_has_images_that_came_before() -> None:
    """They were moved, or the server's order is its own: whatever it is, nothing is missing."""
    ended = had(None, ["ad", "f"], "c", is_last=True)
    chain = Chain([ended, had("c", ["d"])])
    assert not chain.meets_next(ended)
    assert chain.open_seam() is None


def test_parts_that_met_at_a_cut_need_no_look_at_what_each_has_read() -> None:
    """That look takes ten times the memory of the ids, which a quiet night does without."""
    chain = Chain([had(None, ["ab"], "b"), had("b", ["cd"], "d"), had("d", ["e"], is_last=True)])
    assert chain.open_seam() is None
    assert [one.read._looked_up for one in chain.passes] == [None, None, None]


def test_end_is_not_compared_with_the_parts_before_it() -> None:
    assert Chain([had(None, ["ab"], "b"), had("b", ["c"], is_last=True)]).open_seam() is None


def test_part_goes_on_when_the_next_was_dropped_after_it_ended() -> None:
    one, gone, last = had(None, ["ab"], "b"), had("b", []), had("d", ["e"], is_last=True)
    chain = Chain([one, gone, last])
    assert one.is_finished
    assert not chain.reopen_if_next_dropped(one)
    chain.drop(gone)
    assert chain.reopen_if_next_dropped(one)
    assert not one.is_finished
    assert one.query()["marker"] == "b"


def test_part_that_saw_the_listings_end_does_not_go_on() -> None:
    ended, gone = had(None, ["ab"], "c", is_last=True), had("c", [])
    chain = Chain([ended, gone])
    chain.drop(gone)
    assert not chain.reopen_if_next_dropped(ended)
    assert ended.is_finished


def test_dropped_part_proves_nothing() -> None:
    one, gone = had(None, ["abc"], "c"), had("c", [])
    chain = Chain([one, gone, had("x", ["y"], is_last=True)])
    assert chain.meets_next(one)
    chain.drop(gone)
    assert not chain.meets_next(one)
    assert chain.open_seam() is one


def test_cuts_lie_between_parts() -> None:
    assert parts_between([]) == (Part(None, None),)
    assert parts_between(["b", "d"]) == (Part(None, "b"), Part("b", "d"), Part("d", None))


def test_longest_parts_are_begun_first_and_keep_their_numbers() -> None:
    sizes = [3, None, 7, 3, 5]
    passes = [Pass(PRIVATE, 10, "c", part=Part(str(number), expected=size)) for number, size in enumerate(sizes)]
    assert Chain(passes).longest_first() == [(number, passes[number]) for number in (2, 4, 0, 3, 1)]


@pytest.mark.parametrize(
    ("part", "read", "last", "until", "left"),
    [
        (Part("a", "b"), 200, "7fffffff", None, None),
        (Part(None, None, 500), 200, "7fffffff", None, 300),
        (Part(None, None, 500, is_guess=True), 200, "7fffffff", None, 200),
        (Part(None, None, 500, is_guess=True), 99, "7fffffff", None, 401),
        (Part(None, None, 500, is_guess=True), 0, None, None, 500),
        (Part(None, "ffffffff", 500, is_guess=True), 200, "7fffffff", "bfffffff", 100),
        (Part("3fffffff", None, 500, is_guess=True), 200, "7fffffff", None, 400),
        (Part(None, None, None, is_guess=True), 200, "7fffffff", None, None),
    ],
)
def test_what_is_left_of_a_part_is_counted_or_guessed_from_what_was_read(
    part: Part, read: int, last: str | None, until: str | None, left: int | None
) -> None:
    assert part.images_left(read, last, until) == left


def test_reader_that_drops_a_part_continues_the_one_before_if_its_reader_has_left_it() -> None:
    one, gone, last = had(None, ["ab"], "b"), had("b", []), had("d", ["e"], is_last=True)
    chain = Chain([one, gone, last])
    assert chain.leave(one)
    assert chain.drop(gone) is one
    assert not one.is_finished
    assert chain.until(one) == "d"
    # It is read again, and so nobody else may take it over.
    assert chain.drop(gone) is None


def test_reader_that_is_still_there_reads_on_itself() -> None:
    one, gone, last = had(None, ["ab"], "b"), had("b", []), had("d", ["e"], is_last=True)
    chain = Chain([one, gone, last])
    assert chain.drop(gone) is None
    assert one.is_finished
    assert not chain.leave(one)
    assert not one.is_finished


def test_part_before_several_that_are_dropped_is_continued_once() -> None:
    one, two, three, last = had(None, ["ab"], "b"), had("b", []), had("c", []), had("d", ["e"], is_last=True)
    chain = Chain([one, two, three, last])
    assert chain.leave(one)
    assert chain.drop(three) is None, "the part before it is still to be read"
    assert chain.drop(two) is one
    assert chain.until(one) == "d"


def test_part_that_saw_the_end_is_not_continued() -> None:
    ended, gone = had(None, ["ab"], "c", is_last=True), had("c", [])
    chain = Chain([ended, gone])
    assert chain.leave(ended)
    assert chain.drop(gone) is None
    assert ended.is_finished


def test_first_part_has_none_before_it() -> None:
    gone = had("b", [])
    assert Chain([gone, had("d", ["e"], is_last=True)]).drop(gone) is None


def test_cuts_that_are_gone_leave_nothing_to_a_single_reader(tmp_path: Path) -> None:
    """One reader at a time: each part has been left when the next one is found to be gone."""
    ids = numbered(160)
    parts = equal_parts(ids, 8)
    gone = {part.after for part in parts[2:7:2]}
    server = ModelServer([identity for identity in ids if identity not in gone], 20)
    connection = server.connection(max_connections=1)
    start = ReadingStart(datetime(2026, 11, 1), None, parts)
    reading = Reading(connection, PRIVATE, Landing(tmp_path / "private"), start, as_it_is)
    assert sorted(image["id"] for page in reading.pages() for image in page.images) == server.ids
    assert reading.evidence["markers_gone"] == 3
    assert reading.evidence["seams_read_again"] == 0
