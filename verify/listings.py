"""Which images each listing asks for, as docs/internals.md has it, and whether an image is one of those."""

import re
from datetime import UTC, datetime
from typing import Any, Final

Json = Any

_FINER_THAN_MICROSECONDS: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
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


def filters(dialect: str | None, listing: str, project: str | None, query: dict[str, str]) -> dict[str, str] | None:
    """What a query of this listing must ask for; None where the dialect has no such listing."""
    found = _LISTINGS.get(dialect or "", {}).get(listing)
    if found is None:
        return None
    asked = {name: (project or "") if value == _PROJECT else value for name, value in found.items()}
    if (dialect, listing) == ("openstack", "private") and project and "owner" in query:
        asked["owner"] = project  # an old API shows accepted shares as private too
    return asked


def contradiction(
    asked: dict[str, str], project: str | None, image: dict[str, Json], since: datetime | None
) -> str | None:
    """Which filter the image contradicts; None where it has all that was asked for, since that time (UTC)."""
    updated_at = api_time(image.get("updated_at"))
    if since is not None and updated_at is not None and updated_at < since:
        return f"updated_at is {image['updated_at']!r:.60}"
    for name, wanted in asked.items():
        # A member status is not in an image, and with `all` nothing is asked for.
        if name == "member_status" or (name, wanted) == ("visibility", "all"):
            continue
        value = image.get(name)
        if str(value).lower() != wanted.lower() and not (name == "visibility" and _is_received(asked, project, image)):
            return f"{name} is {value!r:.60}"
    return None


def api_time(value: Json) -> datetime | None:
    """The time in UTC, without a zone; None for what is none."""
    if not isinstance(value, str) or len(value) < len("2018-09-06T14:03:27") or value[10] not in "T ":
        return None
    if "\x00" in value or _FINER_THAN_MICROSECONDS.search(value):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        return None


def _is_received(asked: dict[str, str], project: str | None, image: dict[str, Json]) -> bool:
    """Whether the image says `private` and is another project's: an old API calls shared images so."""
    owner = image.get("owner")
    is_shared = "member_status" in asked and asked.get("visibility") == "shared"
    is_private = str(image.get("visibility")).lower() == "private"
    is_ours = not project or not isinstance(owner, str) or not owner or owner.lower() == project.lower()
    return is_shared and is_private and not is_ours
