"""A landed page held against what its listing asks for, and as far as completeness is concerned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from verify.files import Fault
from verify.listings import contradiction, filters
from verify.pages import Body, usable_id

Json = Any

_PAGING: Final = ("limit", "sort_key", "sort_dir", "marker", "updated_at")


@dataclass(frozen=True, slots=True)
class Page:
    """A landed page, as far as its completeness is concerned. `ids` has None for an image without a usable one.

    `taken`: how many of its images count; those behind the image `until` are the next part's.
    """

    where: str
    line: dict[str, Json]
    ids: list[str | None]
    ours: list[bool]
    next: str | None
    next_marker: str | None

    @property
    def taken(self) -> int:
        until = self.line.get("until")
        return self.ids.index(until) + 1 if until is not None and until in self.ids else len(self.ids)

    @property
    def has_met(self) -> bool:
        return self.line.get("until") in self.ids and self.line.get("until") is not None

    @property
    def is_past(self) -> bool:
        until, usable = self.line.get("until"), [one for one in self.ids if one is not None]
        return self.has_met or (until is not None and bool(usable) and usable[-1] > until)


@dataclass(frozen=True, slots=True)
class Question:
    """What the pages of one listing must answer: its dialect and name, and our project."""

    dialect: str | None
    listing: str
    project: str | None

    def page(self, where: str, line: dict[str, Json], body: Body) -> Page:
        """The page. Raises: Fault where it is not what the line says, or has what was not asked for."""
        query = line["query"]
        asked = filters(self.dialect, self.listing, self.project, query)
        if asked is None or {name: query[name] for name in query.keys() - {*_PAGING}} != asked:
            raise Fault(f"{where} was not asked for as the listing {self.listing} is")
        if line["path"] != "/v2/images" or line["status"] != 200 or query.get("sort_key") != "id":
            raise Fault(f"{where} is no answer of a listing")
        ids = [usable_id(image) for image, _ in body.images]
        usable = [one for one in ids if one is not None]
        said = (line["count"], line["first_id"], line["last_id"])
        if said != (len(ids), usable[0] if usable else None, usable[-1] if usable else None):
            raise Fault(f"{where} has other images than the manifest says: a number, or the first or last id, differs")
        page = Page(where, line, ids, [_is_of(image, self.project) for image, _ in body.images],
                    body.next, body.next_marker)  # fmt: skip
        since = changed_since(query)
        for (image, _), identity in list(zip(body.images, ids, strict=True))[: page.taken]:
            why = contradiction(asked, self.project, image, since) if identity is not None else None
            if why is not None:
                raise Fault(f"{where}: image {identity} is not what was asked for: {why}")
        return page


def changed_since(query: dict[str, str]) -> datetime | None:
    """The bound of `updated_at=gte:`, UTC; None where that was not asked. Raises: Fault."""
    bound = query.get("updated_at")
    if bound is None:
        return None
    try:
        return datetime.fromisoformat(bound.removeprefix("gte:").removesuffix("Z"))
    except ValueError as exc:
        raise Fault(f"a page was asked for with updated_at={bound!r:.60}") from exc


def _is_of(image: Json, project: str | None) -> bool:
    return project is not None and isinstance(image, dict) and image.get("owner") == project
