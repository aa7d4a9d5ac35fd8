"""A long listing in parts for several readers, and the proof that the parts meet.

A listing has one order, the server's, which we need not know. A part begins after the image at which the listing was
cut. Its reader continues until it meets the next part: until it receives the image at which the next part begins, or an
image that the next part's reader has received. Then no image lies between the two, whatever the order is. So a listing
is complete if each part from the first on meets a later one, and the last of these ends with a page without `next`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import CloudError
from extract.spread import images_left

if TYPE_CHECKING:
    from extract.paging import Pass


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a listing after the image `after` (None: from its start) up to the image `until` (None: to its end).

    `expected`: its number of images when it was last read, None if unknown. `is_guess`: it was not read before, and the
    number follows from the ids at its ends.
    """

    after: str | None = None
    until: str | None = None
    expected: int | None = None
    is_guess: bool = False

    def images_left(self, read: int, last: str | None, until: str | None) -> int | None:
        """How many images to expect after the first `read`, the last of which is `last`; None if unknown.

        `until`: where the part ends now, if another one was dropped.
        """
        if self.expected is None:
            return None
        guess = images_left(read, self.after, last, until) if self.is_guess and last is not None else None
        return self.expected - read if guess is None else guess


WHOLE: Final = Part()


class NotProven(CloudError):
    """The parts of a listing cannot be shown to meet: one reader must read the whole listing."""


def parts_between(cuts: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a listing that is cut at these ids, from its start to its end."""
    return tuple(Part(after, until) for after, until in zip([None, *cuts], [*cuts, None], strict=True))


class Chain:
    """The passes over the parts of one listing, in the expected order.

    The readers' threads share it: each changes only its own pass. A reader that is done with a pass leaves it; then the
    reader that drops the next part takes it over.
    """

    def __init__(self, passes: Sequence["Pass"]) -> None:
        self.passes = list(passes)
        self._dropped = [False] * len(self.passes)
        self._left = [False] * len(self.passes)
        self._lock = threading.Lock()

    def longest_first(self) -> list[tuple[int, "Pass"]]:
        """The passes with their numbers, so that no reader begins a long part when the others are about to end."""
        return sorted(enumerate(self.passes), key=lambda numbered: -(numbered[1].part.expected or 0))

    def drop(self, one: "Pass") -> "Pass | None":
        """Leave a part to the previous one: the image at which it begins is gone, so it cannot begin there.

        Return the previous pass, reopened, if its reader has left it: the caller must continue it.
        """
        with self._lock:
            number = self.passes.index(one)
            self._dropped[number] = True
            before = next((earlier for earlier in reversed(range(number)) if not self._dropped[earlier]), None)
            if before is None or not self._left[before] or not self.reopen_if_next_dropped(self.passes[before]):
                return None
            self._left[before] = False
            return self.passes[before]

    def leave(self, one: "Pass") -> bool:
        """Whether the reader is done with its finished pass; otherwise it is reopened, as its next part was dropped."""
        with self._lock:
            if self.reopen_if_next_dropped(one):
                return False
            self._left[self.passes.index(one)] = True
            return True

    def until(self, one: "Pass") -> str | None:
        """The image at which the next part (not dropped) begins; None for the last part."""
        following = self._next(self.passes.index(one))
        return None if following is None else self.passes[following].part.after

    def reopen_if_next_dropped(self, one: "Pass") -> bool:
        """Reopen a finished pass if its next part was dropped meanwhile; return whether it was reopened."""
        if one.evidence.ended_without_next or self.until(one) == one.until:
            return False
        one.reopen()
        return True

    def open_seam(self) -> "Pass | None":
        """The first pass that meets neither a later one nor the listing's end; None if the listing is complete.

        If a pass ended with a page without `next`, it must have read all images of the later parts; otherwise the
        listing has more images there.
        """
        position: int | None = 0
        while position is not None:
            one = self.passes[position]
            joined = self._joined(position)
            if joined is None:
                return None if one.evidence.ended_without_next and self._has_all_after(position) else one
            position = joined
        return None

    def meets_next(self, one: "Pass") -> bool:
        """Whether the pass has met a later part."""
        return self._joined(self.passes.index(one)) is not None

    def _joined(self, position: int) -> int | None:
        """The position of the later part that the pass at this position has met."""
        one = self.passes[position]
        following = [number for number in range(position + 1, len(self.passes)) if not self._dropped[number]]
        met = (number for number in following if self.passes[number].part.after == one.met)
        overlapped = (number for number in following if self._overlap(one, self.passes[number]))
        return next(met if one.met is not None else iter(()), None) or next(overlapped, None)

    @staticmethod
    def _overlap(one: "Pass", other: "Pass") -> bool:
        begins_at = other.part.after
        return (begins_at is not None and begins_at in one.read) or not other.read.has_none_of(one.last_ids)

    def _next(self, position: int) -> int | None:
        following = range(position + 1, len(self.passes))
        return next((number for number in following if not self._dropped[number]), None)

    def _has_all_after(self, position: int) -> bool:
        read = self.passes[position].read
        return all(not len(other.read) or read.includes(other.read) for other in self.passes[position + 1 :])
