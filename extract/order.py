"""The order of a listing's ids: whether they keep to one, and which to step back to. Used by paging, and by `check`."""

import operator
from itertools import islice


class Trail:
    """Ids to step back to when a marker's image is gone: all of the last page, one of each page before it."""

    def __init__(self, before: tuple[str, ...] = ()) -> None:
        self._ids: list[str] = list(before)
        self._last_page_at = len(self._ids)

    def add_page(self, ids: list[str]) -> None:
        if ids:
            del self._ids[self._last_page_at : -1]
            self._last_page_at = len(self._ids)
            self._ids.extend(ids)

    def step_back(self, steps: int) -> str | None:
        """The id that many steps before the last one, which with those between is forgotten; None: from the start."""
        del self._ids[-steps:]
        return self._ids[-1] if self._ids else None


class IdOrder:
    """Ids that ascend, by bytes as in SQLite and PostgreSQL's C locale, or without regard to case as in MySQL.

    Which of the two a cloud's database uses cannot be asked; a listing must keep to one of them throughout.
    """

    def __init__(self, last: str | None = None) -> None:
        self.last = last
        self._by_bytes = True
        self._caseless = True

    def follows(self, identity: str) -> bool:
        """Whether the id ascends from the last one; it is the last one from then on."""
        if self.last is not None:
            self._by_bytes = self._by_bytes and identity > self.last
            self._caseless = self._caseless and identity.lower() > self.last.lower()
            if not (self._by_bytes or self._caseless):
                return False
        self.last = identity
        return True

    def all_follow(self, ids: list[str]) -> bool:
        """Whether these are all in lower case and ascend from the last one; if so, the last of them is that now."""
        text = "".join(ids)
        if text != text.lower() or not all(map(operator.lt, ids, islice(ids, 1, None))) or not self.follows(ids[0]):
            return False
        self.last = ids[-1]
        return True

    def is_after(self, identity: str, other: str) -> bool:
        return identity > other if self._by_bytes else identity.lower() > other.lower()


def ascending(ids: list[str]) -> bool:
    """Whether the ids ascend, in either of the orders that databases have; ids that repeat are for others to refuse."""
    caseless = [identity.lower() for identity in ids]
    return ids == sorted(ids) or caseless == sorted(caseless)
