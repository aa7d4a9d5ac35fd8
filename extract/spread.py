"""Estimates of how many images lie between two ids. Glance's ids are random, so they are spread evenly.

Only for speed: where ids are not random, a reader asks for too many or too few images at a time, and nothing is lost.
"""

import re
from typing import Final

_DIGITS: Final = 8
_HEXADECIMAL: Final = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")
_FEWEST_READ: Final = 100
"""A guess from fewer images is off by more than a tenth."""


def position(identity: str) -> float | None:
    """The id's place in the order, above 0 and up to 1; None if it is not hexadecimal."""
    match = _HEXADECIMAL.match(identity)
    return (int(match[0], 16) + 1) / 16**_DIGITS if match else None


def images_left(read: int, after: str | None, last: str, until: str | None) -> int | None:
    """Guess how many images lie between `last` and `until`, after `read` images between `after` and `last`.

    `after` and `until`: None for the start and the end of the listing. None if that cannot be guessed.
    """
    begin, now, end = (
        0.0 if after is None else position(after),
        position(last),
        1.0 if until is None else position(until),
    )
    if read < _FEWEST_READ or begin is None or now is None or end is None or now <= begin:
        return None
    return max(0, round(read * (end - now) / (now - begin)))
