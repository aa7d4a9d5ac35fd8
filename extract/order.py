"""The ids that a pass over a listing has read: their order, repeats, and the ids to step back to.

Used by extract.paging, and by `check`. Does not know pages or requests.
"""

import operator
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice


class StepBackIds:
    """Ids to step back to if a marker's image is gone: all of the last page, and one of each page before it."""

    def __init__(self, start: str | None = None) -> None:
        """`start`: the marker at which a part begins."""
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
        """Forget the last `steps` ids; return the last remaining id, or None."""
        del self._ids[-steps:]
        return self.last


class ReadIds:
    """The ids that were read, in eight bytes per id: Python's 64-bit hashes, whose key differs in each process.

    Repeats cannot be detected by order, because databases order ids differently. Two of a million ids have the same
    hash in one of 37 million listings, and that matters only if a page overlaps one that was read before.
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
        # Built on first use: it takes ten times the memory, and most passes never look up an id.
        if self._looked_up is None:
            self._looked_up = set(self._hashes)
        return self._looked_up


class IdOrder:
    """Checks that ids ascend, by bytes as in SQLite and PostgreSQL's C locale, or without regard to case as in MySQL.

    A cloud does not say which of the two its database uses, but a listing must use the same one throughout.
    """

    def __init__(self, last: str | None = None) -> None:
        self.last = last
        self._by_bytes = True
        self._caseless = True

    def follows(self, identity: str) -> bool:
        """Return whether the id is greater than the last one; it becomes the last one."""
        if self.last is not None:
            self._by_bytes = self._by_bytes and identity > self.last
            self._caseless = self._caseless and identity.lower() > self.last.lower()
        self.last = identity
        return self._by_bytes or self._caseless

    def all_follow(self, ids: Sequence[str]) -> bool:
        """Return whether the ids are in lower case and ascend from the last one, which then becomes the last of them.

        For a whole page this is ten times as fast as `follows` for each id.
        """
        text = "".join(ids)
        if text != text.lower() or not all(map(operator.lt, ids, islice(ids, 1, None))) or not self.follows(ids[0]):
            return False
        self.last = ids[-1]
        return True


def ascending(ids: Sequence[str]) -> bool:
    """Whether the ids ascend in one of the two orders that databases use. Repeats are not checked here."""
    caseless = [identity.lower() for identity in ids]
    by_bytes = sorted(ids)
    return list(ids) == by_bytes or caseless == sorted(caseless)
