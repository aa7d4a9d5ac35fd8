"""Finds an account's projects and regions: each (region, project) that the settings name is a cloud of its own.

Logs in once without a project, asks the identity service for the account's projects, and takes the regions from the
service catalogue; extract.signed_directory does it for access keys. Called by pipeline.estates. Does not know images.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, Final

from core.errors import CloudError, GlancebackError, SettingsError
from core.redaction import Secrets
from core.wording import first_of
from extract.account import (
    APPLICATION_CREDENTIALS,
    REGION_IN_ENDPOINT,
    SIGNED,
    CloudSettings,
    described,
    region_of,
    session_of,
)
from extract.account_access import AccountAccess, new_access
from extract.address import projects_url
from extract.connection import identity_client
from extract.project_pages import projects_of_pages
from extract.retry import with_retry
from extract.scope import CloudNames, EarlierCloud, Estate, Project, Scope, is_in_region
from extract.signed_directory import SignedDirectory

_BOUND_TO_A_PROJECT: Final = ("v3oauth1", "none", "admin_token")


@dataclass(frozen=True, slots=True)
class AccountClouds:
    """The clouds of an account that are to be read, ordered by region, then by project.

    `projects`: all enabled projects of the account; `regions`: all regions with an image service, or those that the
    settings name. `unused`: what the settings name and the account does not have, as sentences.
    """

    clouds: tuple[CloudSettings, ...]
    projects: tuple[Project, ...]
    regions: tuple[str, ...]
    unused: tuple[str, ...] = ()


def clouds_of(settings: CloudSettings, known: Iterable[EarlierCloud] = ()) -> AccountClouds:
    """Return the clouds of an account whose `estate` is set. `known`: those of earlier runs, which keep their names.

    Raises: SettingsError if the account is bound to one project, or no project, region or cloud matches; CloudError,
    TransientError as connect.
    """
    where = f"cloud {settings.name}"
    access = new_access(settings)
    region, estate = access.region, settings.estate or Estate()
    _must_be_able(settings, region.config["auth_type"], where)
    directory = (SignedDirectory if region.config["auth_type"] == SIGNED else _Directory)(settings, access)
    try:
        listed = with_retry(directory.projects, settings.retry_policy, where)
        if estate.projects is not None:
            projects = _wanted_projects(settings, estate, listed)
        else:
            projects = [_own_project(settings, directory, listed)]
        # A Huawei-family project is in the region that its name begins with.
        is_of_all_regions = estate.regions is None and not isinstance(directory, SignedDirectory)
        all_regions = [] if is_of_all_regions else _regions(settings, directory, projects)
        regions = _wanted_regions(settings, region, all_regions)
    finally:
        directory.close()
    _must_have_addresses(settings, regions)
    names = CloudNames(settings.name, known)
    namesakes = Counter(project.name for project in projects)
    clouds = [
        replace(
            settings,
            name=names.of(name, project, has_namesake=namesakes[project.name] > 1),
            region=name,
            estate=None,
            scope=Scope(settings.name, project),
        )
        for name in regions
        for project in projects
        if is_in_region(project, name, all_regions, listed)
    ]
    chosen = tuple(cloud for cloud in clouds if estate.has_cloud(cloud.name))
    if not chosen:
        raise SettingsError(
            f"{where}: none of its clouds fits {' or '.join(estate.only) or 'the regions'}",
            f"There are: {first_of(cloud.name for cloud in clouds)}.",
        )
    there = {
        "projects": first_of(sorted(one.name for one in listed)),
        "regions": first_of(all_regions),
    }
    unused = [
        f"{where}: {setting} has '{pattern}', and the account has none such; its {setting}: {there[setting]}"
        for pattern, setting in estate.unused(listed, all_regions).items()
    ]
    return AccountClouds(chosen, tuple(listed), tuple(all_regions or filter(None, regions)), tuple(unused))


def _must_be_able(settings: CloudSettings, auth_type: str, where: str) -> None:
    """Raises: SettingsError if a login of this kind cannot read what the settings ask for."""
    reads_projects = settings.estate is not None and settings.estate.projects is not None
    if auth_type in APPLICATION_CREDENTIALS and reads_projects:
        raise SettingsError(
            f"{where}: an application credential is for one project, even an unrestricted one: the identity service "
            "gives no token for another",
            "Use a password or a token for projects, or an application credential and a table for each project. "
            "regions alone works with it.",
        )
    if auth_type in _BOUND_TO_A_PROJECT:
        raise SettingsError(
            f"{where}: auth_type {auth_type} is bound to one project and cannot list the others",
            "Use a password, a token or an access key for projects and regions, or write a table for each project.",
        )


def _wanted_projects(settings: CloudSettings, estate: Estate, listed: list[Project]) -> list[Project]:
    """Return the projects that the settings name. Raises: as clouds_of."""
    if not listed:
        raise CloudError(
            f"cloud {settings.name}: the identity service lists no enabled project of the account",
            "Ask an administrator whether the user still has its roles. What earlier runs read stays as it is.",
        )
    wanted = [one for one in listed if estate.has_project(one)]
    if not wanted:
        raise SettingsError(
            f"cloud {settings.name}: the account has no enabled project that projects names",
            f"Its projects: {first_of(sorted(one.name for one in listed))}.",
        )
    return wanted


def _own_project(settings: CloudSettings, directory: "_Directory | SignedDirectory", listed: list[Project]) -> Project:
    """Return the project of the account's entry. Raises: as clouds_of."""
    own = with_retry(directory.own_project, settings.retry_policy, f"cloud {settings.name}")
    if own is None:
        raise SettingsError(
            f"cloud {settings.name}: the account's entry names no project of the account, and projects is not set",
            'Set projects = "all", or name the project in the entry. '
            f"Its projects: {first_of(sorted(one.name for one in listed))}.",
        )
    return next((one for one in listed if one.id == own.id), own)


def _regions(settings: CloudSettings, directory: "_Directory | SignedDirectory", projects: list[Project]) -> list[str]:
    return with_retry(lambda: directory.regions(projects), settings.retry_policy, f"cloud {settings.name}")


def _wanted_regions(settings: CloudSettings, region: Any, listed: list[str]) -> Sequence[str | None]:
    """Return the regions that the settings name, or else the entry's own; None: no name. Raises: as clouds_of."""
    estate = settings.estate or Estate()
    if estate.regions is None:
        return [settings.region or region_of(region)]
    wanted = [name for name in listed if estate.has_region(name)]
    if not wanted:
        raise SettingsError(
            f"cloud {settings.name}: no region with an image service fits regions",
            f"The regions there are: {first_of(listed)}.",
        )
    return wanted


def _must_have_addresses(settings: CloudSettings, regions: Sequence[str | None]) -> None:
    """Raises: SettingsError if one address is set for several regions."""
    if settings.endpoint and len(regions) > 1 and REGION_IN_ENDPOINT not in settings.endpoint:
        raise SettingsError(
            f"cloud {settings.name}: endpoint is the address of one region, and {len(regions)} are to be read",
            f"Write {REGION_IN_ENDPOINT} where the region's name stands in the address, or remove endpoint if the "
            "service catalogue has the addresses.",
        )


class _Directory:
    """Asks the identity service for the projects and regions of an account."""

    def __init__(self, settings: CloudSettings, access: AccountAccess) -> None:
        self._settings, self._region = settings, access.region
        self._where = f"cloud {settings.name}"
        self._secrets: Secrets = access.secrets
        self._client = identity_client(settings, access)
        self._unscoped = self._session(None)

    def close(self) -> None:
        self._client.close()

    def projects(self) -> list[Project]:
        """Return the account's enabled projects, by name. Raises: as projects_of_pages."""
        from extract.identity import with_our_errors  # slow to import

        def page_of(url: str) -> Any:
            return with_our_errors(partial(self._page, url), self._where, self._secrets, self._unscoped.auth)

        first = projects_url(str(described(self._region)["auth_url"]))
        return projects_of_pages(first, page_of, self._where, self._secrets)

    def own_project(self) -> Project | None:
        """Return the project in which the entry logs in; None if it names none. Raises: as connect."""
        from extract.identity import session_through, with_our_errors  # slow to import

        session = session_through(self._client, session_of(self._region), self._where, self._secrets)
        access = with_our_errors(partial(session.auth.get_access, session), self._where, self._secrets, session.auth)
        own = access.project_id
        return Project(own, access.project_name, access.project_domain_id) if own else None

    def _page(self, url: str) -> Any:
        return self._unscoped.get(url).json()

    def regions(self, projects: list[Project]) -> list[str]:
        """Return the regions with an image service in the catalogue of the first project that can log in."""
        from extract.identity import with_our_errors  # slow to import

        refused: GlancebackError | None = None
        for project in projects:
            session = self._session(project)
            try:
                ask = partial(session.auth.get_access, session)
                access = with_our_errors(ask, self._where, self._secrets, session.auth)
            except CloudError as exc:
                refused = exc
                continue
            endpoints = access.service_catalog.get_endpoints_data(service_type="image")
            return sorted({str(one.region_name) for one in chain(*endpoints.values()) if one.region_name})
        raise refused or CloudError(f"{self._where}: no project has a service catalogue", "Check the account.")

    def _session(self, project: Project | None) -> Any:
        from extract.identity import session_through  # slow to import

        return session_through(
            self._client, session_of(self._region, project, is_unscoped=project is None), self._where, self._secrets
        )
