"""Finds an account's projects and regions: each (region, project) that the settings name is a cloud of its own.

Logs in once without a project, asks the identity service for the account's projects, and takes the regions from the
service catalogue. Called by pipeline.estates. Does not know images.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, Final

from core.errors import CloudError, GlancebackError, SettingsError
from core.redaction import Secrets
from extract.account import CloudSettings, described, region_of, session_of
from extract.account_access import AccountAccess, new_access
from extract.address import projects_url
from extract.connection import identity_client
from extract.retry import with_retry
from extract.scope import Estate, Project, Scope, cloud_name
from extract.token_auth import origin_of

_MOST_PAGES: Final = 1000
_MOST_NAMED: Final = 20
_ANY_REGION: Final = "any"
"""Stands for the region in a cloud's name if the settings do not name a region."""
_BOUND_TO_A_PROJECT: Final = ("v3applicationcredential", "v3oauth1", "aksk", "none", "admin_token")


def clouds_of(settings: CloudSettings) -> list[CloudSettings]:
    """Return the clouds of an account whose `estate` is set, ordered by region, then by project.

    Raises: SettingsError if the account is bound to one project, or no project, region or cloud matches; CloudError,
    TransientError as connect.
    """
    where = f"cloud {settings.name}"
    access = new_access(settings)
    region = access.region
    if region.config["auth_type"] in _BOUND_TO_A_PROJECT:
        raise SettingsError(
            f"{where}: auth_type {region.config['auth_type']} is bound to one project and cannot list the others",
            "Use a password or a token for projects and regions, or write a table for each project.",
        )
    directory = _Directory(settings, access)
    try:
        projects = _wanted_projects(settings, region, directory)
        regions = _wanted_regions(settings, region, directory, projects)
    finally:
        directory.close()
    names = Counter(project.name for project in projects)
    clouds = [
        replace(
            settings,
            name=cloud_name(settings.name, name, project, names[project.name] > 1),
            region=None if name == _ANY_REGION else name,
            estate=None,
            scope=Scope(settings.name, project),
        )
        for name in regions
        for project in projects
    ]
    estate = settings.estate or Estate()
    chosen = [cloud for cloud in clouds if estate.has_cloud(cloud.name)]
    if not chosen:
        raise SettingsError(
            f"{where}: none of its clouds fits {' or '.join(estate.only)}",
            f"There are: {', '.join(cloud.name for cloud in clouds[:_MOST_NAMED])}.",
        )
    return chosen


def _wanted_projects(settings: CloudSettings, region: Any, directory: "_Directory") -> list[Project]:
    """Return the projects that the settings name, or else the entry's own. Raises: as clouds_of."""
    estate, where = settings.estate or Estate(), f"cloud {settings.name}"
    own = _own_project(region) if estate.projects is None else None
    listed = with_retry(directory.projects, settings.retry_policy, where)
    wanted = [one for one in listed if (own in (one.id, one.name) if own else estate.has_project(one))]
    if not wanted:
        raise SettingsError(
            f"{where}: the account has no enabled project that projects names",
            f"Its projects: {', '.join(sorted(one.name for one in listed)) or 'none'}.",
        )
    return wanted


def _wanted_regions(
    settings: CloudSettings, region: Any, directory: "_Directory", projects: list[Project]
) -> list[str]:
    """Return the regions that the settings name, or else the entry's own. Raises: as clouds_of."""
    estate, where = settings.estate or Estate(), f"cloud {settings.name}"
    if estate.regions is None:
        return [region_of(region) or _ANY_REGION]
    listed = with_retry(lambda: directory.regions(projects), settings.retry_policy, where)
    wanted = [name for name in listed if estate.has_region(name)]
    if not wanted:
        raise SettingsError(
            f"{where}: no region with an image service fits regions",
            f"The regions there are: {', '.join(listed) or 'none'}.",
        )
    return wanted


def _own_project(region: Any) -> str | None:
    entry = described(region)
    return str(entry.get("project_id") or entry.get("project_name") or "") or None


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
        """Return the account's enabled projects, by name.

        Raises: CloudError if the next page is on another server, which must not get the token.
        """
        from extract.identity import absolute_url, with_our_errors  # slow to import

        first = projects_url(str(described(self._region)["auth_url"]))
        url: str | None = first
        found: dict[str, Project] = {}
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) >= _MOST_PAGES:
                raise CloudError(f"{self._where}: the identity service's pages of projects do not end", "Report it.")
            asked.add(url)
            page = with_our_errors(partial(self._page, url), self._where, self._secrets, self._unscoped.auth)
            found |= {project.id: project for project in _projects_in(page)}
            links = page.get("links")
            following = links.get("next") if isinstance(links, dict) else None
            url = absolute_url(url, str(following)) if following else None
            if url is not None and origin_of(url) != origin_of(first):
                raise CloudError(
                    f"{self._where}: the identity service's list of projects goes on at {self._secrets.url(url)}",
                    "The token would go to another server, so it is not followed. Set auth_url to the right address.",
                )
        return sorted(found.values(), key=lambda project: (project.name, project.id))

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


def _projects_in(page: Any) -> Iterator[Project]:
    """Yield the enabled projects of a page. Raises: CloudError if it is not a page of projects."""
    projects = page.get("projects") if isinstance(page, dict) else None
    if not isinstance(projects, list):
        raise CloudError("the identity service's answer has no list of projects", "Check auth_url.")
    for one in projects:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise CloudError("the identity service lists a project without an id", "Check auth_url.")
        if one.get("enabled", True) is not False:
            domain = one.get("domain_id")
            yield Project(one["id"], str(one.get("name") or one["id"]), str(domain) if domain else None)
