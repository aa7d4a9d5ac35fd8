"""The ids that a pass over a listing has read: their order, which were read before, and which to step back to.

Used by paging, and by `check`. Knows no pages and no requests.
"""

import operator
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice


class StepBackIds:
    """Ids to step back to when a marker's image is gone: all of the last page, and one of each page before it."""

    def __init__(self, start: str | None = None) -> None:
        """`start` is the marker at which a part begins."""
        self._ids: list[str] = [] if start is None else [start]
        self._last_page_at = len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    @property
    def last_page(self) -> Sequence[str]:
        return self._ids[self._last_page_at :]

    def add_page(self, ids: Sequence[str]) -> None:
        if ids:
            del self._ids[self._last_page_at : -1]
            self._last_page_at = len(self._ids)
            self._ids.extend(ids)

    @property
    def last(self) -> str | None:
        return self._ids[-1] if self._ids else None

    def step_back(self, steps: int) -> str | None:
        """Forget the last ids, so many; return the last that is left, None where there is none."""
        del self._ids[-steps:]
        return self.last


class ReadIds:
    """Which ids were read, in eight bytes an id: Python's 64-bit hashes, whose key differs in each process.

    Repeats are known by this alone, for ids have no order that all databases share. Two of a million ids have the same
    hash once in 37 million listings, and that matters only where a page overlaps one that was read before.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._looked_up: set[int] | None = None

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, identity: str) -> bool:
        return hash(identity) in self._set

    def add(self, ids: Sequence[str]) -> None:
        hashes = list(map(hash, ids))
        self._hashes.extend(hashes)
        if self._looked_up is not None:
            self._looked_up.update(hashes)

    def has_none_of(self, ids: Sequence[str]) -> bool:
        return self._set.isdisjoint(map(hash, ids))

    def includes(self, other: "ReadIds") -> bool:
        return self._set.issuperset(other._hashes)

    @property
    def _set(self) -> set[int]:
        # Made when it is first needed: it takes ten times the memory, and most passes never look an id up.
        if self._looked_up is None:
            self._looked_up = set(self._hashes)
        return self._looked_up


class IdOrder:
    """Ids that ascend, by bytes as in SQLite and PostgreSQL's C locale, or without regard to case as in MySQL.

    Which of the two a cloud's database uses cannot be asked; a listing must keep to one of them throughout.
    """

    def __init__(self, last: str | None = None) -> None:
        self.last = last
        self._by_bytes = True
        self._caseless = True

    def follows(self, identity: str) -> bool:
        """Whether the id ascends from the last one; it becomes the last one."""
        if self.last is not None:
            self._by_bytes = self._by_bytes and identity > self.last
            self._caseless = self._caseless and identity.lower() > self.last.lower()
        self.last = identity
        return self._by_bytes or self._caseless

    def all_follow(self, ids: Sequence[str]) -> bool:
        """Whether the ids are all in lower case and ascend from the last one; if so, their last becomes the last one.

        Asked of a whole page at once, this is ten times as fast as `follows` for each id.
        """
        text = "".join(ids)
        if text != text.lower() or not all(map(operator.lt, ids, islice(ids, 1, None))) or not self.follows(ids[0]):
            return False
        self.last = ids[-1]
        return True


def ascending(ids: Sequence[str]) -> bool:
    """Whether the ids ascend, in either of the orders that databases have; ids that repeat are for others to refuse."""
    caseless = [identity.lower() for identity in ids]
    by_bytes = sorted(ids)
    return list(ids) == by_bytes or caseless == sorted(caseless)
