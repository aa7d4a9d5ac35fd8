"""A long listing in parts, which several readers share, and the proof that the parts meet.

A listing has one order, the server's, and we need not know it. A part begins after the image that the listing was cut
at, and its reader goes on until it meets the next part: until it receives the image at which the next part begins, or
one that the next part's reader has received. Then nothing lies between the two, whatever the order is. So a listing is
complete when one comes from its first part, seam by seam, to a page without `next`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import CloudError

if TYPE_CHECKING:
    from extract.paging import Pass


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a listing that begins after the image `after` (None: at its start) and goes up to the image `until`.

    `expected` is how many images it had when it was last read, None where that is not known.
    """

    after: str | None = None
    until: str | None = None
    expected: int | None = None


WHOLE: Final = Part()


class NotProven(CloudError):
    """Parts of a listing that cannot be shown to meet: one reader has to read the whole listing."""


def parts_between(cuts: Sequence[str]) -> tuple[Part, ...]:
    """The parts of a listing that is cut at these ids; the first has no beginning, the last no end."""
    return tuple(Part(after, until) for after, until in zip([None, *cuts], [*cuts, None], strict=True))


class Chain:
    """The passes over the parts of one listing, in the order in which they are expected to follow one another.

    Shared by the readers' threads: each changes only its own pass, and `drop` changes one list item.
    """

    def __init__(self, passes: Sequence["Pass"]) -> None:
        self.passes = list(passes)
        self._dropped = [False] * len(self.passes)

    def drop(self, one: "Pass") -> None:
        """Leave a part to the one before it: the image that it was cut at is gone, so it cannot begin there."""
        self._dropped[self.passes.index(one)] = True

    def until(self, one: "Pass") -> str | None:
        """The image at which the next part begins that was not dropped; None for the last part."""
        following = self._next(self.passes.index(one))
        return None if following is None else self.passes[following].part.after

    def lets_go_on(self, one: "Pass") -> bool:
        """Reopen a finished pass whose next part was dropped meanwhile. Whether it was reopened."""
        if one.evidence.ended_without_next or self.until(one) == one.until:
            return False
        one.reopen()
        return True

    def open_seam(self) -> "Pass | None":
        """The first pass that does not meet one that follows, nor the listing's end; None where all is proven.

        Where a page without `next` ended a pass, the parts after it must have nothing that this pass and those before
        it have not: otherwise the listing goes on there.
        """
        position: int | None = 0
        while position is not None:
            one = self.passes[position]
            joined = self._joined(position)
            if joined is None:
                return None if one.evidence.ended_without_next and self._nothing_beyond(position) else one
            position = joined
        return None

    def meets_next(self, one: "Pass") -> bool:
        """Whether the pass has met a part after it."""
        return self._joined(self.passes.index(one)) is not None

    def _joined(self, position: int) -> int | None:
        """The part after this position that the pass there has met."""
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

    def _nothing_beyond(self, position: int) -> bool:
        read = self.passes[position].read
        return all(not len(other.read) or read.includes(other.read) for other in self.passes[position + 1 :])
