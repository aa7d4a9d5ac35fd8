"""The whole sorted answer to a question, kept while a client reads it page by page."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

from api.question import Question

Row = tuple[int, str]

_MOST_IMAGES: Final = 250_000
"""The most images in all walks of a snapshot; each takes about 200 bytes."""


class Walk:
    """The rows of image_versions that answer a question, and their ids, in order."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._places = {identity: place for place, (_, identity) in enumerate(rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def behind(self, marker: str, count: int) -> list[Row] | None:
        """`count` rows after the image of this id; None if the answer does not have it."""
        place = self._places.get(marker)
        return None if place is None else list(self._rows[place + 1 : place + 1 + count])


class Walks:
    """The walks that were used last. `most_images`: a longer answer is not kept."""

    most_images: Final = _MOST_IMAGES

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Walk] = OrderedDict()

    def get(self, question: Question) -> Walk | None:
        walk = self._kept.get(_of(question))
        if walk is not None:
            self._kept.move_to_end(_of(question))
        return walk

    def keep(self, question: Question, rows: Sequence[Row]) -> Walk | None:
        """Keep and return the walk over these rows; None if there are too many."""
        if len(rows) > _MOST_IMAGES:
            return None
        walk = self._kept[_of(question)] = Walk(rows)
        while sum(map(len, self._kept.values())) > _MOST_IMAGES:
            self._kept.popitem(last=False)
        return walk


def _of(question: Question) -> Hashable:
    """What identifies the question, without the page."""
    return question.filters, question.tags, question.visibility, question.member_status, question.order
