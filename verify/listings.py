"""Knows which images each listing asks for, as docs/reference.md says, and compares a landed page with that."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from verify.files import Fault
from verify.pages import Body, usable_id

Json = Any

_FINER_THAN_MICROSECONDS: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
_PAGING: Final = ("limit", "sort_key", "sort_dir", "marker", "updated_at")
_PROJECT: Final = "{project}"

_SHARED = {f"shared-{status}": {"member_status": status} for status in ("accepted", "pending", "rejected")}
_LISTINGS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "ims": {
        "public": {"__imagetype": "gold", "visibility": "public", "protected": "true"},
        "private": {"owner": _PROJECT},
        "market": {"__imagetype": "market", "visibility": "public"},
        **{name: {**asked, "visibility": "shared", "__imagetype": "shared"} for name, asked in _SHARED.items()},
    },
    "openstack": {
        "public": {"visibility": "public"},
        "private": {"visibility": "private"},
        "community": {"visibility": "community"},
        "hidden": {"os_hidden": "true", "visibility": "all", "member_status": "all"},
        **{name: {**asked, "visibility": "shared"} for name, asked in _SHARED.items()},
    },
}


@dataclass(frozen=True, slots=True)
class Page:
    """A landed page. `ids` has None for an image without a usable id; `ours`: which images belong to our project."""

    where: str
    line: dict[str, Json]
    ids: list[str | None]
    ours: list[bool]
    next: str | None
    next_marker: str | None

    @property
    def until(self) -> str | None:
        """The image at which the page's part of the listing ends."""
        return self.line.get("until")

    @property
    def has_met(self) -> bool:
        return self.until is not None and self.until in self.ids

    @property
    def taken(self) -> list[tuple[str | None, bool]]:
        """The images that count, each with whether it is ours. Those after `until` belong to the next part."""
        images = list(zip(self.ids, self.ours, strict=True))
        return images[: self.ids.index(self.until) + 1] if self.has_met else images

    @property
    def usable(self) -> list[str]:
        """The usable ids of the images that count."""
        return [identity for identity, _ in self.taken if identity is not None]

    @property
    def is_past(self) -> bool:
        """Whether the page reaches the image `until` or goes beyond it."""
        last = self.usable[-1] if self.usable else ""
        return self.has_met or (self.until is not None and last > self.until)

    @property
    def changed_since(self) -> datetime | None:
        """The bound (UTC) of `updated_at=gte:` in the request; None if the request had none. Raises: Fault."""
        bound = self.line["query"].get("updated_at")
        try:
            return bound and datetime.fromisoformat(bound.removeprefix("gte:").removesuffix("Z"))
        except ValueError as exc:
            raise Fault(f"a page was asked for with updated_at={bound!r:.60}") from exc


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing of a cloud with this dialect, as our project asks for it."""

    dialect: str | None
    name: str
    project: str | None

    def page(self, where: str, line: dict[str, Json], body: Body) -> Page:
        """The page. Raises: Fault if it differs from the manifest's line, or has images that were not asked for."""
        query = line["query"]
        asked = self._filters(query)
        if asked is None or {name: query[name] for name in query.keys() - {*_PAGING}} != asked:
            raise Fault(f"{where} was not asked for as the listing {self.name} is")
        if line["path"] != "/v2/images" or line["status"] != 200 or query.get("sort_key") != "id":
            raise Fault(f"{where} is not an answer of a listing")
        images = [image for image, _ in body.images]
        page = Page(where, line, list(map(usable_id, images)), list(map(self._is_ours, images)),
                    body.next, body.next_marker)  # fmt: skip
        usable = [one for one in page.ids if one is not None]
        said = (line["count"], line["first_id"], line["last_id"])
        if said != (len(images), usable[0] if usable else None, usable[-1] if usable else None):
            raise Fault(f"{where} has other images than the manifest says: a number, or the first or last id, differs")
        for image, (identity, _) in zip(images, page.taken, strict=False):
            why = self._contradiction(asked, image, page.changed_since) if identity is not None else None
            if why is not None:
                raise Fault(f"{where}: image {identity} is not what was asked for: {why}")
        return page

    def _filters(self, query: dict[str, str]) -> dict[str, str] | None:
        """The filters of a query; None if the dialect does not have the listing."""
        found = _LISTINGS.get(self.dialect or "", {}).get(self.name)
        if found is None:
            return None
        asked = {name: (self.project or "") if value == _PROJECT else value for name, value in found.items()}
        if (self.dialect, self.name) == ("openstack", "private") and self.project and "owner" in query:
            asked["owner"] = self.project  # an old API shows accepted shares as private too
        return asked

    def _contradiction(self, asked: dict[str, str], image: dict[str, Json], since: datetime | None) -> str | None:
        """Why the image does not fit the filters, or is older than `since` (UTC); None if it fits."""
        updated_at = _api_time(image.get("updated_at"))
        if since is not None and updated_at is not None and updated_at < since:
            return f"updated_at is {image['updated_at']!r:.60}"
        for name, wanted in asked.items():
            # An image does not have its member status, and `all` allows any value.
            if name == "member_status" or (name, wanted) == ("visibility", "all"):
                continue
            value = image.get(name)
            if str(value).lower() != wanted.lower() and not (name == "visibility" and self._is_received(asked, image)):
                return f"{name} is {value!r:.60}"
        return None

    def _is_received(self, asked: dict[str, str], image: dict[str, Json]) -> bool:
        """Whether the image is `private` but of another project: an old API shows shared images in this way."""
        owner = image.get("owner")
        is_shared = "member_status" in asked and asked.get("visibility") == "shared"
        is_private = str(image.get("visibility")).lower() == "private"
        is_ours = not self.project or not isinstance(owner, str) or owner.lower() in ("", self.project.lower())
        return is_shared and is_private and not is_ours

    def _is_ours(self, image: Json) -> bool:
        return self.project is not None and isinstance(image, dict) and image.get("owner") == self.project


def _api_time(value: Json) -> datetime | None:
    """The time (UTC, without a zone); None if the value is not a time."""
    if not isinstance(value, str) or len(value) < len("2018-09-06T14:03:27") or value[10] not in "T ":
        return None
    if "\x00" in value or _FINER_THAN_MICROSECONDS.search(value):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        return None
