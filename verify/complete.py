"""(b) From a listing's landed pages alone: is what the night's record calls complete complete?

A page shows what follows the image that it was asked to begin after. So pages that begin where the one before ended, up
to one without `next`, show all that the listing had. What the record says that it met is counted again here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from verify.files import Fault
from verify.question import Page, changed_since

Json = Any

_COUNTED: Final = ("pages", "images", "bytes", "without_id", "repeats_dropped", "beyond_part", "empty_pages_followed",
                   "largest_page", "first_id", "last_id")  # fmt: skip


def check_complete(pages: Sequence[Page], start: dict[str, Json], outcome: dict[str, Json], is_shared: bool) -> None:
    """See that the pages are the whole listing, as the outcome of its reading in the night's record says.

    Raises: Fault.
    """
    evidence, where = outcome["evidence"], outcome["listing"]
    kinds = [_kind(page.line["part"]) for page in pages]
    if kinds != sorted(kinds):
        raise Fault(f"{where}: the closing pass does not come after the pages that it closes")
    first = [page for page, kind in zip(pages, kinds, strict=True) if kind == _MAIN]
    closing = [page for page, kind in zip(pages, kinds, strict=True) if kind == _CLOSING]
    again = [page for page, kind in zip(pages, kinds, strict=True) if kind == _AGAIN]
    since = start["changed_since"] and datetime.fromisoformat(start["changed_since"]).replace(microsecond=0)
    if any(changed_since(page.line["query"]) != since for page in first):
        raise Fault(f"{where}: not every page asks for what reading.json says is read")
    main = _check_reading(first, evidence, start, where, is_shared)
    second = None
    if again or evidence.get("again") is not None:
        if evidence.get("again") is None or not again:
            raise Fault(f"{where}: the record and the pages disagree on a second look")
        if len({page.line["query"].get("updated_at") for page in again}) > 1:
            raise Fault(f"{where}: the pages of the second look ask for different times")
        second = _check_reading(again, evidence["again"], None, f"{where}, second look", is_shared)
    closed = _check_closing(first, closing, evidence, start, where) if since is None else []
    if since is not None and closing:
        raise Fault(f"{where}: a reading of changes has a closing pass")
    passes = [*main, *closed, *(second or [])]
    for name, found in (("pages", sum(one.counts["pages"] for one in passes)),
                        ("bytes", sum(one.counts["bytes"] for one in passes)),
                        ("images", sum(one.counts["images"] - one.shared_out for one in main))):  # fmt: skip
        if outcome[name] != found:
            raise Fault(f"{where}: the night's record counts {outcome[name]} {name}, and the pages have {found}")


_MAIN, _CLOSING, _AGAIN = range(3)


def _kind(part: str) -> int:
    return _CLOSING if part == "closing" else _AGAIN if part.startswith("again-") else _MAIN


def _check_closing(
    first: Sequence[Page], closing: Sequence[Page], evidence: dict[str, Json], start: dict[str, Json], where: str
) -> "list[_Pass]":
    """The closing pass: all that changed since before the first page was asked for."""
    if not closing or evidence.get("closing") is None:
        raise Fault(f"{where}: there is no closing pass, so what changed during the reading may be missing")
    bounds = {changed_since(page.line["query"]) for page in closing}
    served = [page.line["served_at"] for page in first if page.line["served_at"] is not None]
    began = min(map(datetime.fromisoformat, [start["started_at"], *served]))
    bound = bounds.pop()
    if bounds or bound is None or bound > began:
        raise Fault(f"{where}: the closing pass asks from {bound} on, and the reading began at {began} UTC")
    one = _Pass.over(closing, None, [], f"{where}, closing pass", is_shared=False)
    one.compare(evidence["closing"])
    if not one.has_ended:
        raise Fault(f"{one.where}: its last page has a `next`")
    return [one]


def _check_reading(
    pages: Sequence[Page], evidence: dict[str, Json], start: dict[str, Json] | None, where: str, is_shared: bool
) -> "list[_Pass]":
    """The passes of a reading by one reader or by several, which meet, up to the listing's end."""
    alone = [page for page in pages if page.line["part"].removeprefix("again-") == "alone"]
    parts = evidence["parts"] or [{**evidence, "after": None, "until": None}]
    if alone and evidence["parts"]:
        raise Fault(f"{where}: it was read by one reader and by several")
    if evidence["parts"] and start is not None:
        cuts = [(part["after"], part["until"]) for part in parts]
        if cuts != [(part["after"], part["until"]) for part in start["parts"]]:
            raise Fault(f"{where}: reading.json has other parts than the night's record")
    of_part: list[list[Page]] = [[] for _ in parts]
    for page in alone or pages:
        number = _part_number(page.line["part"].removeprefix("again-"))
        if number is None or number >= len(parts) or page.line.get("after") != parts[number]["after"]:
            raise Fault(f"{page.where} is of a part that the night's record does not have")
        of_part[number].append(page)
    afters = [part["after"] for part in parts]
    passes = []
    for number, (part, its_pages) in enumerate(zip(parts, of_part, strict=True)):
        name = f"{where}, part {number}" if len(parts) > 1 else where
        one = _Pass.over(its_pages, part["after"], afters[number + 1 :], name, is_shared)
        one.compare(part)
        passes.append(one)
    _check_seams(passes, where)
    return passes


def _part_number(part: str) -> int | None:
    if part in ("listing", "alone"):
        return 0
    digits = part.removeprefix("part-")
    return int(digits) if digits != part and digits.isascii() and digits.isdigit() else None


def _check_seams(passes: "Sequence[_Pass]", where: str) -> None:
    """From the first part one must come, part by part, to a page without `next`.

    A part meets another where it has the image after which that one begins, or where its last page has an image of
    that one's: then nothing can lie between the two.
    """
    at = 0
    while True:
        one, later = passes[at], range(at + 1, len(passes))
        met = [to for to in later if passes[to].pages and one.meets(passes[to])]
        if met:
            at = met[0]
            continue
        if not one.has_ended:
            raise Fault(f"{one.where}: it neither meets a part after it nor ends with a page without `next`")
        if any(not passes[to].ids <= one.ids for to in later):
            raise Fault(f"{one.where}: it ends with a page without `next`, and later parts have more images")
        return


@dataclass(slots=True)
class _Pass:
    """One reader's pages, from `after` on, each of which began where the one before ended."""

    where: str
    pages: Sequence[Page]
    after: str | None
    ids: set[str] = field(default_factory=set)
    last_page: set[str] = field(default_factory=set)
    counts: dict[str, Json] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    shared_out: int = 0
    steps_back: int = 0
    ends_asked_again: int = 0

    @staticmethod
    def over(pages: Sequence[Page], after: str | None, later: list[str], where: str, is_shared: bool) -> "_Pass":
        """Raises: Fault where a page does not begin where the one before ended, or an image comes twice."""
        one = _Pass(where, pages, after)
        one.counts |= {"first_id": None, "last_id": None}
        last, before = after, None
        for page in pages:
            if page.line.get("until") not in (None, *later):
                raise Fault(f"{page.where}: no later part begins at the image where it is said to end")
            one._begins_well(page, before, last)
            one._count(page, is_shared)
            usable = [identity for identity in page.ids[: page.taken] if identity is not None]
            if usable:
                last, one.last_page = usable[-1], set(usable)
            before = page
        asked_again = [page for page in pages[:-1] if page.next is None and page.line["last_id"] and not page.is_past]
        one.ends_asked_again = len(asked_again)
        return one

    def meets(self, other: "_Pass") -> bool:
        return other.after in self.ids or not self.last_page.isdisjoint(other.ids)

    @property
    def has_ended(self) -> bool:
        return bool(self.pages) and self.pages[-1].next is None and not self.pages[-1].has_met

    def compare(self, evidence: dict[str, Json]) -> None:
        """Hold what was counted against what the record says was met. Raises: Fault."""
        for name in _COUNTED:
            if evidence[name] != self.counts[name]:
                raise Fault(
                    f"{self.where}: the night's record has {name} {evidence[name]!r:.60}, "
                    f"and the pages {self.counts[name]!r:.60}"
                )
        # An end that was asked again, where the last image was no marker any more, has left no page.
        last = self.pages[-1] if self.pages else None
        may_be_more = last is not None and last.next is None and last.line["last_id"] is not None and not last.is_past
        more = evidence["ends_asked_again"] - self.ends_asked_again
        if not 0 <= more <= may_be_more:
            raise Fault(f"{self.where}: pages without `next` were asked again a different number of times")
        if self.steps_back > evidence["markers_gone"]:
            raise Fault(f"{self.where}: a page begins at an image before the last one, and no image was gone")

    def _begins_well(self, page: Page, before: Page | None, last: str | None) -> None:
        marker = page.line["query"].get("marker")
        expected = last
        if before is not None and before.next is not None and not any(before.ids):
            expected = before.next_marker
        if marker == expected:
            return
        if before is None or not (marker in self.ids or marker == self.after):
            raise Fault(f"{page.where} begins after {marker}, and the one before ended at {expected}")
        self.steps_back += 1

    def _count(self, page: Page, is_shared: bool) -> None:
        counts, marker = self.counts, page.line["query"].get("marker")
        new = 0
        for identity, is_ours in list(zip(page.ids, page.ours, strict=True))[: page.taken]:
            if identity is None:
                counts["without_id"] += 1
            elif identity in self.ids or identity == marker:
                if not self.steps_back:
                    raise Fault(f"{page.where}: image {identity} comes twice")
                counts["repeats_dropped"] += 1
                continue
            else:
                self.ids.add(identity)
            new += 1
            self.shared_out += is_shared and is_ours
        usable = [identity for identity in page.ids[: page.taken] if identity is not None]
        counts["pages"] += 1
        counts["images"] += new
        counts["bytes"] += page.line["bytes"]
        counts["largest_page"] = max(counts["largest_page"], len(page.ids))
        counts["beyond_part"] += sum(identity is not None for identity in page.ids[page.taken :])
        counts["empty_pages_followed"] += not usable and page.next is not None
        if usable:
            counts["first_id"] = counts["first_id"] or usable[0]
            counts["last_id"] = usable[-1]
