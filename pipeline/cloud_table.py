"""`[clouds.NAME]` of the settings, and the cloud that OS_CLOUD or the OS_* variables describe. Called by settings."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec

from core.errors import SettingsError
from core.wording import first_of
from extract.account import CloudSettings
from extract.listing import known_names
from extract.scope import ALL, Estate

_SIGNS_OF_AN_ACCOUNT: Final = ("OS_AUTH_URL", "OS_ENDPOINT", "OS_TOKEN", "OS_AUTH_TYPE", "OS_IMAGE_ENDPOINT_OVERRIDE")
_ENVIRONMENT_CLOUD: Final = "envvars"
"""What openstack.config calls the account that the OS_* variables describe."""

_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class CloudTable(msgspec.Struct, forbid_unknown_fields=True):
    """`[clouds.NAME]`."""

    os_cloud: str | None = None
    auth_type: Literal["none", "aksk"] | None = None
    endpoint: str | None = None
    project_id: str | None = None
    projects: Literal["all"] | tuple[str, ...] | None = None
    projects_except: tuple[str, ...] = ()
    region: str | None = None
    regions: Literal["all"] | tuple[str, ...] | None = None
    interface: Literal["public", "internal", "admin"] | None = None
    dialect: Literal["auto", "ims", "openstack"] = "auto"
    listings: tuple[str, ...] = ()
    page_size: _Positive = 1000
    api_version: str | None = None
    tries: _Positive | None = None
    retry_seconds: Annotated[float, msgspec.Meta(ge=0)] = 120.0
    connect_timeout_seconds: _Seconds = 10.0
    read_timeout_seconds: _Seconds = 120.0
    page_timeout_seconds: _Seconds = 600.0
    largest_page_bytes: _Positive = 268_435_456
    most_pages: _Positive = 100_000
    max_connections: _Positive = 8
    overlap_seconds: Annotated[int, msgspec.Meta(ge=0)] = 300
    resume_within_seconds: _Seconds = 21_600.0


def cloud_of(name: str, table: CloudTable, source: str) -> CloudSettings:
    if not name.strip():
        raise SettingsError(f"{source}: a cloud has no name", "Write it into [clouds.NAME].")
    if table.auth_type and not table.endpoint:
        raise SettingsError(f"{source}: cloud {name} has auth_type {table.auth_type} and no endpoint", "Set endpoint.")
    must_be_known(table.listings, known_names(), "listing", f"any dialect ({source}, cloud {name})")
    # An empty text means the same as a missing key.
    given = {key: value for key in table.__struct_fields__ if (value := getattr(table, key)) != ""}
    given["listings"] = tuple(dict.fromkeys(table.listings))
    given["estate"] = _estate(name, given.pop("projects"), given.pop("projects_except"), given.pop("regions"), source)
    if not table.os_cloud and not table.auth_type:
        given["os_cloud"] = name
    return CloudSettings(name=name, **given)


def cloud_of_the_environment(environment: Mapping[str, str]) -> tuple[CloudSettings, ...]:
    if environment.get("OS_CLOUD"):
        return (CloudSettings(name=environment["OS_CLOUD"], os_cloud=environment["OS_CLOUD"]),)
    if any(environment.get(name) for name in _SIGNS_OF_AN_ACCOUNT):
        return (CloudSettings(name=_ENVIRONMENT_CLOUD, project_id=environment.get("OS_PROJECT_ID")),)
    return ()


def must_be_known(names: Sequence[str], known: Sequence[str] | Mapping[str, object], what: str, where: str) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no {what} '{name}' in {where}", f"There are: {first_of(known)}.")


def _estate(
    name: str, projects: object, projects_except: tuple[str, ...], regions: object, source: str
) -> Estate | None:
    if projects is None and regions is None:
        if projects_except:
            raise SettingsError(f"{source}: cloud {name} has projects_except without projects", 'Set projects = "all".')
        return None
    for written, key in ((projects, "projects"), (regions, "regions")):
        if written == ():
            raise SettingsError(f"{source}: cloud {name} has an empty list of {key}", "Name some, or leave it out.")
    return Estate(
        ALL if projects == "all" else projects,  # type: ignore[arg-type]
        projects_except,
        ALL if regions == "all" else regions,  # type: ignore[arg-type]
    )
