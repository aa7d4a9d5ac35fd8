"""The listings of each dialect with their query parameters, as data; and the check of images against their filters.

Source: for IMS, the reference, 'Common Query Methods'; for plain Glance, measurements of what a project member sees: no
single query shows everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from core.errors import SettingsError
from extract.images import Json, column
from extract.times import api_time

IMS: Final = "ims"
OPENSTACK: Final = "openstack"
PROJECT_ID: Final = "{project_id}"
SHARED_OUT: Final = "shared-out"
"""For images that the account itself shares: every listing of shares shows them, whatever member status it asks for."""

DIALECTS: Final = (IMS, OPENSTACK)


@dataclass(frozen=True, slots=True)
class Listing:
    """A named query of `GET /v2/images`. `filters`: its parameters, except those for paging and sorting.

    `project_id`: our project, if the login returns it.
    """

    name: str
    filters: Mapping[str, str]
    project_id: str | None = None

    @property
    def is_shared(self) -> bool:
        return "member_status" in self.filters and self.filters.get("visibility") == "shared"


@dataclass(frozen=True, slots=True)
class ImageApi:
    """The features of an image API that old versions of Glance's API lack.

    Source: openstack/glance, `_get_filters` and the image schema: community images and the visibility `shared` came
    with 2.5, hidden images with 2.7.
    """

    has_community: bool = True
    has_hidden: bool = True


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
    # Only this listing shows hidden images, with all visibilities and member statuses.
    _listing("hidden", os_hidden="true", visibility="all", member_status="all"),
)
_DEFAULT: Final = {IMS: _IMS, OPENSTACK: _OPENSTACK}
_KNOWN: Final = {IMS: (*_IMS, _MARKET), OPENSTACK: _OPENSTACK}


def filtered_names() -> frozenset[str]:
    """The attributes that the listings of all dialects filter by."""
    return frozenset(name for listings in _KNOWN.values() for listing in listings for name in listing.filters)


def known_names() -> tuple[str, ...]:
    """The distinct names of the listings of all dialects."""
    return tuple(dict.fromkeys(listing.name for listings in _KNOWN.values() for listing in listings))


def listings(
    dialect: str, project_id: str | None, names: tuple[str, ...] = (), api: ImageApi | None = None
) -> tuple[Listing, ...]:
    """Return the listings with these `names`, or else the dialect's listings that the `api` supports, ready to read.

    Raises: SettingsError if the dialect does not have a listing, or a listing needs the project id and it is unknown.
    """
    known = {listing.name: listing for listing in _KNOWN[dialect]}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(
            f"the {dialect} dialect has no listing '{unknown[0]}'", f"Its listings are {', '.join(known)}."
        )
    if names:
        chosen = [known[name] for name in names]
    else:
        missing = missing_listings(dialect, api or ImageApi())
        chosen = [listing for listing in _DEFAULT[dialect] if listing.name not in missing]
    ready = [_filled(listing, project_id) for listing in chosen]
    if dialect == OPENSTACK and project_id and api is not None and not api.has_community:
        # There, accepted shares are private too, and would be in this listing.
        ready = [_of_owner(listing, project_id) if listing.name == "private" else listing for listing in ready]
    return tuple(ready)


def missing_listings(dialect: str, api: ImageApi) -> tuple[str, ...]:
    """The names of the dialect's listings that the API would refuse or answer with an empty page."""
    if dialect != OPENSTACK:
        return ()
    # The listing of hidden images uses `visibility=all`, which is newer than both features.
    return (*(() if api.has_community else ("community",)), *(() if api.has_hidden else ("hidden",)))


def mismatch(listing: Listing, image: Json, since: datetime | None = None) -> str | None:
    """Return which filter the image contradicts, as `attribute is X, asked for Y`; None if it matches all filters.

    `since` (UTC): the bound of `updated_at=gte:`, if the query had one. This detects a server or proxy that ignores a
    filter. An image does not contain the member status, so that filter cannot be checked.
    """
    if since is not None and _is_before(image.get("updated_at"), since):
        return f"updated_at is {image['updated_at']!r:.60}, asked for {since:%Y-%m-%dT%H:%M:%SZ} and later"
    for name, asked in _shown_filters(listing):
        value = image.get(name)
        if not _is(value, asked) and not (name == "visibility" and _is_received(listing, image)):
            return f"{name} is {value!r:.60}, asked for {asked!r}{_hint(listing, name, value)}"
    return None


def all_fit(listing: Listing, images: Sequence[Json]) -> bool:
    """Whether every image matches the listing's filters, by one check of each attribute.

    Also False for images of an old API that `mismatch` accepts; then each image must be checked.
    """
    return all(
        _is(text, asked)
        for name, asked in _shown_filters(listing)
        # As texts, because the values true and 1 are equal in Python.
        for text in set(map(str, column(images, name)))
    )


def _shown_filters(listing: Listing) -> Iterator[tuple[str, str]]:
    """The filters that an image can contradict."""
    for name, asked in listing.filters.items():
        if name != "member_status" and (name, asked) != ("visibility", "all"):
            yield name, asked


def _is(value: Json, asked: str) -> bool:
    return str(value).lower() == asked.lower()


def _is_received(listing: Listing, image: Json) -> bool:
    """Whether an image with visibility `private` is one that another project shares with us.

    Before version 2.5 of Glance's API, and in IMS's older form, a shared image has visibility `private`. Only its owner
    and the projects it is shared with can see it, so a private image of another project is shared with ours.
    """
    owner = image.get("owner")
    if not listing.project_id or not owner or not isinstance(owner, str):
        return False
    return listing.is_shared and _is(image.get("visibility"), "private") and not _is(owner, listing.project_id)


def _hint(listing: Listing, name: str, value: Json) -> str:
    if not listing.is_shared or name != "visibility" or not _is(value, "private"):
        return ""
    if listing.project_id is None:
        return " (an old image API calls shared images private: set project_id, so that they can be told from our own)"
    return ' (for IMS, set api_version = "Q": its older form calls shared images private)'


def _is_before(value: Json, bound: datetime) -> bool:
    """Whether the value is a time before the bound. Values that are not times are rejected later, in transform."""
    time = api_time(value)
    return time is not None and time < bound.replace(microsecond=0)


def _of_owner(listing: Listing, project_id: str) -> Listing:
    return replace(listing, filters=MappingProxyType({**listing.filters, "owner": project_id}))


def _filled(listing: Listing, project_id: str | None) -> Listing:
    if PROJECT_ID not in listing.filters.values():
        return replace(listing, project_id=project_id)
    if not project_id:
        raise SettingsError(
            f"the listing '{listing.name}' asks by project, and the login does not say which project it is",
            "Set project_id (or OS_PROJECT_ID).",
        )
    filters = {name: project_id if value == PROJECT_ID else value for name, value in listing.filters.items()}
    return Listing(listing.name, MappingProxyType(filters), project_id)
