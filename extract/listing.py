"""The listings of each dialect and their query parameters, as data; and whether an image is what a listing asked for.

Source: reference, 'Common Query Methods', for the IMS dialect; for plain Glance what a member of a project was
measured to see: no single query shows everything.
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
"""Where images belong that the account itself shares: every shared listing shows them, whatever status it asks."""

DIALECTS: Final = (IMS, OPENSTACK)


@dataclass(frozen=True, slots=True)
class Listing:
    """One question to `GET /v2/images`, by name. `filters` are its parameters, apart from paging and sorting.

    `project_id` is ours, where the login names it.
    """

    name: str
    filters: Mapping[str, str]
    project_id: str | None = None

    @property
    def is_shared(self) -> bool:
        return "member_status" in self.filters and self.filters.get("visibility") == "shared"


@dataclass(frozen=True, slots=True)
class ImageApi:
    """What an image API has of what came with later versions of Glance's.

    Source: openstack/glance, `_get_filters` and the image schema: community images came with 2.5, and with them images
    that say `shared`; hidden ones with 2.7.
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
    # A hidden image is in no listing but this: all visibilities and member statuses at once.
    _listing("hidden", os_hidden="true", visibility="all", member_status="all"),
)
_DEFAULT: Final = {IMS: _IMS, OPENSTACK: _OPENSTACK}
_KNOWN: Final = {IMS: (*_IMS, _MARKET), OPENSTACK: _OPENSTACK}


def known_names() -> tuple[str, ...]:
    """The names of all listings of all dialects, each once."""
    return tuple(dict.fromkeys(listing.name for listings in _KNOWN.values() for listing in listings))


def listings(
    dialect: str, project_id: str | None, names: tuple[str, ...] = (), api: ImageApi | None = None
) -> tuple[Listing, ...]:
    """The dialect's listings that the `api` has, or those of the names, ready to be asked.

    Raises: SettingsError when the dialect has no listing of a name, or one needs the project id and it is not known.
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
        # There, accepted shares say that they are private too, and are in the same answer.
        ready = [_of_owner(listing, project_id) if listing.name == "private" else listing for listing in ready]
    return tuple(ready)


def missing_listings(dialect: str, api: ImageApi) -> tuple[str, ...]:
    """The names of the dialect's listings that the API would refuse, or answer with nothing."""
    if dialect != OPENSTACK:
        return ()
    # `visibility=all` is younger than both, and hidden images are asked for with it.
    return (*(() if api.has_community else ("community",)), *(() if api.has_hidden else ("hidden",)))


def mismatch(listing: Listing, image: Json, since: datetime | None = None) -> str | None:
    """Which filter the image contradicts, as `attribute is X, asked for Y`; None where it has all that was asked for.

    `since` (UTC) is the bound of `updated_at=gte:`, where that was asked. A server or proxy that ignores a filter is
    caught here. The member status is not in an image and cannot be held against it.
    """
    if since is not None and _is_before(image.get("updated_at"), since):
        return f"updated_at is {image['updated_at']!r:.60}, asked for {since:%Y-%m-%dT%H:%M:%SZ} and later"
    for name, asked in _shown_filters(listing):
        value = image.get(name)
        if not _is(value, asked) and not (name == "visibility" and _is_received(listing, image)):
            return f"{name} is {value!r:.60}, asked for {asked!r}{_hint(listing, name, value)}"
    return None


def all_fit(listing: Listing, images: Sequence[Json]) -> bool:
    """Whether every image has what the listing's filters ask for, by one look at each attribute.

    False for images of an old API too, which `mismatch` takes: it looks at each.
    """
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


def _is_received(listing: Listing, image: Json) -> bool:
    """Whether an image that says `private` is one that another project shares with us.

    Before version 2.5 of Glance's API, and in IMS's older form, a shared image says that it is private. Nobody but its
    owner and those it is shared with is shown a private image: one of another project must be shared with ours.
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
    """Whether this is certainly a time before the bound; what cannot be read as a time is for the flattening to say."""
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
