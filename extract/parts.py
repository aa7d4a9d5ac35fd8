"""A long listing in parts for several readers, and the proof that the parts meet.

A listing has one order, the server's, which we need not know. A part begins after the image at which the listing was
cut. Its reader continues until it meets the next part: until it receives the image at which the next part begins, or an
image that the next part's reader has received. Then no image lies between the two, whatever the order is. So a listing
is complete if each part from the first on meets a later one, and the last of these ends with a page without `next`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import CloudError

if TYPE_CHECKING:
    from extract.paging import Pass


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a listing after the image `after` (None: from its start) up to the image `until` (None: to its end).

    `expected`: its number of images when it was last read, None if unknown.
    """

    after: str | None = None
    until: str | None = None
    expected: int | None = None


WHOLE: Final = Part()


class NotProven(CloudError):
    """The parts of a listing cannot be shown to meet: one reader must read the whole listing."""


def parts_between(cuts: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a listing that is cut at these ids, from its start to its end."""
    return tuple(Part(after, until) for after, until in zip([None, *cuts], [*cuts, None], strict=True))


class Chain:
    """The passes over the parts of one listing, in the expected order.

    The readers' threads share it: each changes only its own pass, and `drop` changes one list item.
    """

    def __init__(self, passes: Sequence["Pass"]) -> None:
        self.passes = list(passes)
        self._dropped = [False] * len(self.passes)

    def drop(self, one: "Pass") -> None:
        """Leave a part to the previous one: the image at which it begins is gone, so it cannot begin there."""
        self._dropped[self.passes.index(one)] = True

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
