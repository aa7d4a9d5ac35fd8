"""(b) Checks from the landed pages alone that a listing is complete if the cloud's record says so.

A page shows the images after its marker. So if each page begins where the previous one ended, and the last has no
`next`, the pages show the whole listing. The counts in the record are counted again here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from verify.files import Fault
from verify.listings import Page

Json = Any

_COUNTED: Final = ("pages", "images", "bytes", "without_id", "repeats_dropped", "beyond_part", "empty_pages_followed",
                   "largest_page", "first_id", "last_id")  # fmt: skip
_MAIN, _CLOSING, _AGAIN = range(3)


def check_complete(pages: list[Page], start: dict[str, Json], outcome: dict[str, Json], is_shared: bool) -> None:
    """Check that the pages are the whole listing, as its outcome in the cloud's record says.

    Raises: Fault.
    """
    evidence, where = outcome["evidence"], outcome["listing"]
    kinds = [_kind(page.line["part"]) for page in pages]
    if kinds != sorted(kinds):
        raise Fault(f"{where}: the closing pass does not come after the pages that it closes")
    first, closing, again = (
        [page for page, its_kind in zip(pages, kinds, strict=True) if its_kind == kind]
        for kind in (_MAIN, _CLOSING, _AGAIN)
    )
    since = start["changed_since"] and datetime.fromisoformat(start["changed_since"]).replace(microsecond=0)
    if any(page.changed_since != since for page in first):
        raise Fault(f"{where}: not every page has the updated_at of reading.json")
    main = _check_reading(first, evidence, start, where, is_shared)
    passes = list(main)
    if since is None:
        passes.append(_check_closing(first, closing, evidence, start, f"{where}, closing pass"))
    elif closing:
        raise Fault(f"{where}: a changes reading has a closing pass")
    if bool(again) != (evidence.get("again") is not None):
        raise Fault(f"{where}: the record and the pages disagree about a second look")
    if len({page.line["query"].get("updated_at") for page in again}) > 1:
        raise Fault(f"{where}: the pages of the second look ask for different times")
    if again:
        passes += _check_reading(again, evidence["again"], None, f"{where}, second look", is_shared)
    for name, found in (("pages", sum(one.counts["pages"] for one in passes)),
                        ("bytes", sum(one.counts["bytes"] for one in passes)),
                        ("images", sum(one.counts["images"] - one.shared_out for one in main))):  # fmt: skip
        if outcome[name] != found:
            raise Fault(f"{where}: the cloud's record counts {outcome[name]} {name}, but the pages have {found}")


def _kind(part: str) -> int:
    return _CLOSING if part == "closing" else _AGAIN if part.startswith("again-") else _MAIN


def _check_closing(
    first: list[Page], closing: list[Page], evidence: dict[str, Json], start: dict[str, Json], where: str
) -> "_Pass":
    """Check the closing pass: it must ask for all changes since before the first page."""
    if not closing or evidence.get("closing") is None:
        raise Fault(f"{where}: it is missing, so changes during the reading may be missing")
    bound, *others = {page.changed_since for page in closing}
    served = [page.line["served_at"] for page in first if page.line["served_at"] is not None]
    began = min(map(datetime.fromisoformat, [start["started_at"], *served]))
    if others or bound is None or bound > began:
        raise Fault(f"{where}: it asks for changes since {bound}, but the reading began at {began} UTC")
    one = _Pass(where, closing, None, [], is_shared=False)
    one.compare(evidence["closing"])
    if not one.has_ended:
        raise Fault(f"{where}: its last page has a `next`")
    return one


def _check_reading(
    pages: list[Page], evidence: dict[str, Json], start: dict[str, Json] | None, where: str, is_shared: bool
) -> "list[_Pass]":
    """Check a reading by one or several readers, whose parts must meet; return its passes, one per part."""
    alone = [page for page in pages if page.line["part"].removeprefix("again-") == "alone"]
    parts = evidence["parts"] or [{**evidence, "after": None, "until": None}]
    if alone and evidence["parts"]:
        raise Fault(f"{where}: it was read by one reader and by several")
    cuts = [(part["after"], part["until"]) for part in parts]
    if evidence["parts"] and start and cuts != [(part["after"], part["until"]) for part in start["parts"]]:
        raise Fault(f"{where}: reading.json has other parts than the cloud's record")
    names = ["alone" if alone else "listing", *(f"part-{number}" for number in range(1, len(parts)))]
    of_part: list[list[Page]] = [[] for _ in parts]
    for page in alone or pages:
        part = page.line["part"].removeprefix("again-")
        number = names.index(part) if part in names else None
        if number is None or page.line.get("after") != parts[number]["after"]:
            raise Fault(f"{page.where} is of a part that the cloud's record does not have")
        of_part[number].append(page)
    passes = []
    for number, (part, its_pages) in enumerate(zip(parts, of_part, strict=True)):
        name = f"{where}, part {number}" if len(parts) > 1 else where
        later = [one["after"] for one in parts[number + 1 :]]
        passes.append(_Pass(name, its_pages, part["after"], later, is_shared))
        passes[-1].compare(part)
    _check_seams(passes)
    return passes


def _check_seams(passes: "list[_Pass]") -> None:
    """Check that the parts, from the first on, meet one another up to a page without `next`.

    A part meets another if it has the image after which that part begins, or if its last page has an image of that
    part: then no image can be between the two.
    """
    while True:
        one, *passes = passes
        met = [number for number, other in enumerate(passes) if other.pages and one.meets(other)]
        if met:
            passes = passes[met[0] :]
            continue
        if not one.has_ended:
            raise Fault(f"{one.where}: it neither meets a part after it nor ends with a page without `next`")
        if any(not other.ids <= one.ids for other in passes):
            raise Fault(f"{one.where}: it ends with a page without `next`, but later parts have more images")
        return


@dataclass(slots=True)
class _Pass:
    """One reader's pages after the image `after`. Each page begins where the previous one ended.

    `later`: the images at which later parts begin. The constructor raises Fault if a page begins elsewhere, or an image
    occurs twice.
    """

    where: str
    pages: list[Page]
    after: str | None
    later: list[str]
    is_shared: bool
    ids: set[str] = field(default_factory=set)
    last_page: set[str] = field(default_factory=set)
    counts: dict[str, Json] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    shared_out: int = 0
    steps_back: int = 0

    def __post_init__(self) -> None:
        self.counts["first_id"] = self.counts["last_id"] = before = None
        for page in self.pages:
            if page.until not in (None, *self.later):
                raise Fault(f"{page.where}: no later part begins at the image where this page ends")
            self._begins_well(page, before)
            self._count(page)
            self.last_page = set(page.usable) or self.last_page
            before = page

    def meets(self, other: "_Pass") -> bool:
        return other.after in self.ids or not self.last_page.isdisjoint(other.ids)

    @property
    def has_ended(self) -> bool:
        return bool(self.pages) and self.pages[-1].next is None and not self.pages[-1].has_met

    def compare(self, evidence: dict[str, Json]) -> None:
        """Compare the counts with the record. Raises: Fault."""
        for name in _COUNTED:
            if evidence[name] != self.counts[name]:
                raise Fault(
                    f"{self.where}: the cloud's record has {name} {evidence[name]!r:.60}, "
                    f"but the pages {self.counts[name]!r:.60}"
                )
        # If an end was asked for again and the last image was no longer a valid marker, there is no page of that.
        *asked_again, may_be_more = [
            page.next is None and page.line["last_id"] is not None and not page.is_past for page in self.pages
        ] or [False]
        if not 0 <= evidence["ends_asked_again"] - sum(asked_again) <= may_be_more:
            raise Fault(f"{self.where}: pages without `next` were asked again a different number of times")
        if self.steps_back > evidence["markers_gone"]:
            raise Fault(f"{self.where}: a page begins at an image before the last one, but no image was gone")

    def _begins_well(self, page: Page, before: Page | None) -> None:
        marker, expected = page.line["query"].get("marker"), self.counts["last_id"] or self.after
        if before is not None and before.next is not None and not any(before.ids):
            expected = before.next_marker
        if marker == expected:
            return
        if before is None or not (marker in self.ids or marker == self.after):
            raise Fault(f"{page.where} begins after {marker}, but the page before ended at {expected}")
        self.steps_back += 1

    def _count(self, page: Page) -> None:
        counts = self.counts
        for identity, is_ours in page.taken:
            if identity is None:
                counts["without_id"] += 1
            elif identity in self.ids or identity == page.line["query"].get("marker"):
                if not self.steps_back:
                    raise Fault(f"{page.where}: image {identity} occurs twice")
                counts["repeats_dropped"] += 1
                continue
            else:
                self.ids.add(identity)
            counts["images"] += 1
            self.shared_out += self.is_shared and is_ours
        counts["pages"] += 1
        counts["bytes"] += page.line["bytes"]
        counts["largest_page"] = max(counts["largest_page"], len(page.ids))
        counts["beyond_part"] += sum(identity is not None for identity in page.ids[len(page.taken) :])
        counts["empty_pages_followed"] += not page.usable and page.next is not None
        if page.usable:
            counts["first_id"] = counts["first_id"] or page.usable[0]
            counts["last_id"] = page.usable[-1]
