"""How many images lie between two ids, as far as random ids tell."""

import pytest

from extract.spread import images_left, position

HALF, THREE_QUARTERS = "7fffffff-0000", "bfffffff-0000"


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        ("ffffffff", 1.0),
        ("7fffffff-1234", 0.5),
        ("00000000", 1 / 16**8),
        ("7FFFFFFF", None),
        ("7ffffff", None),
        ("", None),
    ],
)
def test_place_follows_from_the_first_eight_digits(identity: str, place: float | None) -> None:
    assert position(identity) == place


@pytest.mark.parametrize(
    ("after", "last", "until", "left"),
    [
        (None, HALF, None, 200),
        (None, HALF, THREE_QUARTERS, 100),
        (HALF, THREE_QUARTERS, None, 200),
        (HALF, THREE_QUARTERS, "dfffffff", 100),
        # The last page reached beyond the end, because the image there is gone.
        (None, THREE_QUARTERS, HALF, 0),
    ],
)
def test_rest_is_as_dense_as_what_was_read(after: str | None, last: str, until: str | None, left: int) -> None:
    assert images_left(200, after, last, until) == left


@pytest.mark.parametrize(
    ("read", "after", "last", "until"),
    [
        (99, None, HALF, None),
        (200, "no number", HALF, None),
        (200, None, "no number", None),
        (200, None, HALF, "no number"),
        (200, HALF, HALF, None),
        (200, THREE_QUARTERS, HALF, None),
    ],
)
def test_nothing_is_guessed_from_few_images_or_from_other_ids(
    read: int, after: str | None, last: str, until: str | None
) -> None:
    assert images_left(read, after, last, until) is None


def test_hundred_images_are_enough() -> None:
    assert images_left(100, None, HALF, None) == 100
