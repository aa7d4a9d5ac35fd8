"""Where the last run's ids cut a listing. The warehouse is a list of ids here."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from extract.listing import Listing
from extract.parts import Part
from load.cuts import known_parts
from load.warehouse import Warehouse

PRIVATE = Listing("private", {"visibility": "private"})


class LastRun:
    """Answers as the SQL does, for one listing with these ids."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = sorted(ids)
        self.asked: list[dict[str, Any]] = []

    def row(self, folder: str, name: str, **parameters: Any) -> dict[str, int]:
        assert (folder, name) == ("reading", "listing_size")
        self.asked.append(parameters)
        return {"images": len(self.ids)}

    def rows(self, folder: str, name: str, *, step: int, **parameters: Any) -> list[tuple[str]]:
        assert (folder, name) == ("reading", "ids_to_cut_at")
        self.asked.append(parameters)
        return [(identity,) for identity in self.ids[:-1][step - 1 :: step]]


def parts(ids: Sequence[str], page_size: int = 2, readers: int = 2, listing: Listing = PRIVATE) -> tuple[Part, ...]:
    run = LastRun(ids)
    found = known_parts(cast(Warehouse, run), "c", listing, page_size, readers)
    assert found is not None
    assert all(one == {"cloud": "c", "listing": listing.name, "is_shared": listing.is_shared} for one in run.asked)
    return found


def test_parts_have_a_page_each_and_the_last_what_is_left() -> None:
    assert parts("abcdefg") == (Part(None, "b", 2), Part("b", "d", 2), Part("d", "f", 2), Part("f", None, 1))


def test_long_listing_has_eight_parts_a_reader() -> None:
    found = parts([f"{number:04d}" for number in range(1001)])
    assert [part.expected for part in found] == [63] * 15 + [56]


@pytest.mark.parametrize(("images", "readers", "number"), [(2, 2, 0), (3, 2, 2), (3, 1, 0), (1, 2, 0)])
def test_short_listing_and_single_reader_have_no_parts(images: int, readers: int, number: int) -> None:
    assert len(parts([f"{one}" for one in range(images)], readers=readers)) == number


@pytest.mark.parametrize("readers", [1, 2])
def test_listing_without_known_images_may_be_new(readers: int) -> None:
    assert known_parts(cast(Warehouse, LastRun([])), "c", PRIVATE, 2, readers) is None


@pytest.mark.parametrize("odd", ["D", "ä"])
def test_listing_is_not_cut_where_one_of_the_cuts_may_have_another_place(odd: str) -> None:
    assert parts(["A", "B", "C", "D", "e", "f"] if odd == "D" else ["a", "b", "c", "ä", "ä1", "ä2"]) == ()


def test_shared_listing_is_known_with_what_is_shared_out() -> None:
    shared = Listing("shared", {"visibility": "shared", "member_status": "accepted"})
    assert len(parts("abcdefghij", listing=shared)) == 5
