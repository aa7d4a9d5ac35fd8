"""What shows that a listing is complete, put together from its parts."""

from dataclasses import asdict, fields, replace

from extract.evidence import Evidence, together

ONE = Evidence(
    pages=1, images=20, bytes=300, first_id="a", last_id="c", largest_page=7, empty_pages_followed=1, markers_gone=2,
    repeats_dropped=3, without_id=4, beyond_part=5, ends_asked_again=6, requests=7, in_order=True,
    ended_at_bound=True,
)  # fmt: skip
OTHER = Evidence(
    pages=2, images=40, bytes=700, first_id="d", last_id="f", largest_page=6, empty_pages_followed=10, markers_gone=20,
    repeats_dropped=30, without_id=40, beyond_part=50, ends_asked_again=60, requests=70, in_order=True,
    ended_without_next=True,
)  # fmt: skip
THIRD = Evidence(pages=1, images=1, first_id="g", last_id="h")
EMPTY = Evidence(pages=1)


def test_single_part_is_the_listing() -> None:
    assert together([ONE]) == ONE


def test_counts_of_parts_are_added() -> None:
    assert asdict(together([ONE, OTHER])) == {
        "pages": 3, "images": 60, "bytes": 1000, "first_id": "a", "last_id": "f", "largest_page": 7,
        "empty_pages_followed": 11, "markers_gone": 22, "repeats_dropped": 33, "without_id": 44, "beyond_part": 55,
        "ends_asked_again": 66, "requests": 77, "in_order": True, "ended_without_next": True, "ended_at_bound": False,
    }  # fmt: skip


def test_first_and_last_id_are_those_of_parts_that_had_images() -> None:
    both = together([EMPTY, ONE, OTHER, THIRD, EMPTY])
    assert (both.first_id, both.last_id) == ("a", "h")
    none = together([EMPTY, EMPTY])
    assert (none.first_id, none.last_id) == (None, None)


def test_listing_is_in_order_where_each_part_is() -> None:
    assert not together([ONE, replace(OTHER, in_order=False), ONE]).in_order


def test_listing_ended_where_any_of_its_parts_did() -> None:
    assert together([OTHER, ONE]).ended_without_next
    assert not together([ONE, ONE]).ended_without_next


def test_no_parts_are_no_evidence_of_an_end() -> None:
    assert together([]) == Evidence()
    assert not any(getattr(together([]), field.name) for field in fields(Evidence) if field.name != "in_order")
