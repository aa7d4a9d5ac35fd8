"""The listings of each dialect and their query parameters, as data; and whether an image is what a listing asked for.

Source: reference, 'Common Query Methods', for the IMS dialect; for plain Glance what a member of a project was
measured to see: no single query shows everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from extract.errors import SettingsError
from extract.images import Json, column

PROJECT_ID: Final = "{project_id}"
SHARED_OUT: Final = "shared-out"
"""Where images belong that the account itself shares: every shared listing shows them, whatever status it asks."""

DIALECTS: Final = ("ims", "openstack")


@dataclass(frozen=True, slots=True)
class Listing:
    """One question to `GET /v2/images`, by name. `filters` are its parameters, apart from paging and sorting."""

    name: str
    filters: Mapping[str, str]

    @property
    def is_shared(self) -> bool:
        return "member_status" in self.filters and self.filters.get("visibility") == "shared"


def _listing(name: str, **filters: str) -> Listing:
    return Listing(name, MappingProxyType(filters))


_IMS = (
    _listing("public", __imagetype="gold", visibility="public", protected="true"),
    _listing("private", owner=PROJECT_ID),
    _listing("shared-accepted", member_status="accepted", visibility="shared", __imagetype="shared"),
    _listing("shared-pending", member_status="pending", visibility="shared", __imagetype="shared"),
    _listing("shared-rejected", member_status="rejected", visibility="shared", __imagetype="shared"),
)
_MARKET = _listing("market", __imagetype="market", visibility="public")
_OPENSTACK = (
    _listing("public", visibility="public"),
    _listing("private", visibility="private"),
    _listing("shared-accepted", member_status="accepted", visibility="shared"),
    _listing("shared-pending", member_status="pending", visibility="shared"),
    _listing("shared-rejected", member_status="rejected", visibility="shared"),
    _listing("community", visibility="community"),
    # A hidden image is in no listing but this: all visibilities and member statuses at once.
    _listing("hidden", os_hidden="true", visibility="all", member_status="all"),
)
_DEFAULT: Final = {"ims": _IMS, "openstack": _OPENSTACK}
_KNOWN: Final = {"ims": (*_IMS, _MARKET), "openstack": _OPENSTACK}


def known_names() -> tuple[str, ...]:
    """The names of all listings of all dialects, each once."""
    return tuple(dict.fromkeys(listing.name for listings in _KNOWN.values() for listing in listings))


def listings(dialect: str, project_id: str | None, names: tuple[str, ...] = ()) -> tuple[Listing, ...]:
    """The dialect's listings, or those of the names, ready to be asked.

    Raises: SettingsError when the dialect has no listing of a name, or one needs the project id and it is not known.
    """
    known = {listing.name: listing for listing in _KNOWN[dialect]}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(
            f"the {dialect} dialect has no listing '{unknown[0]}'", f"Its listings are {', '.join(known)}."
        )
    chosen = tuple(known[name] for name in names) if names else _DEFAULT[dialect]
    return tuple(_filled(listing, project_id) for listing in chosen)


def mismatch(listing: Listing, image: Json, since: datetime | None = None) -> str | None:
    """Which filter the image contradicts, as `attribute is X, asked for Y`; None where it has all that was asked for.

    `since` (UTC) is the bound of `updated_at=gte:`, where that was asked. A server or proxy that ignores a filter is
    caught here. The member status is not in an image and cannot be held against it.
    """
    if since is not None and _is_before(image.get("updated_at"), since):
        return f"updated_at is {image['updated_at']!r}, asked for {since:%Y-%m-%dT%H:%M:%SZ} and later"
    for name, asked in _shown_filters(listing):
        value = image.get(name)
        if not _is(value, asked):
            return f"{name} is {value!r:.60}, asked for {asked!r}"
    return None


def all_fit(listing: Listing, images: Sequence[Json]) -> bool:
    """Whether every image has what the listing's filters ask for: mismatch, of all at once."""
    return all(
        _is(text, asked)
        for name, asked in _shown_filters(listing)
        # As texts, for as values true and 1 would be one.
        for text in set(map(str, column(images, name)))
    )


def _shown_filters(listing: Listing) -> Iterator[tuple[str, str]]:
    """The filters that an image can contradict."""
    for name, asked in listing.filters.items():
        if name != "member_status" and (name, asked) != ("visibility", "all"):
            yield name, asked


def _is(value: Json, asked: str) -> bool:
    return str(value).lower() == asked.lower()


def _is_before(value: Json, bound: datetime) -> bool:
    """Whether this is certainly a time before the bound; what cannot be read as a time is for the flattening to say."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time < bound.replace(microsecond=0)


def _filled(listing: Listing, project_id: str | None) -> Listing:
    if PROJECT_ID not in listing.filters.values():
        return listing
    if not project_id:
        raise SettingsError(
            f"the listing '{listing.name}' asks by project, and the login does not say which project it is",
            "Set project_id (or OS_PROJECT_ID).",
        )
    filters = {name: project_id if value == PROJECT_ID else value for name, value in listing.filters.items()}
    return Listing(listing.name, MappingProxyType(filters))
