"""Selects the projects and regions of an account that are clouds. Sends no requests; called by account and estate."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import quote

ALL: Final = ("*",)

_REGION_NAME: Final = re.compile(r"[a-z]+-[a-z]+[a-z0-9]*(-[a-z0-9]+)*")
"""A region of the Huawei family: `eu-de`, `cn-north-4`."""

_OF_A_PROJECT: Final = (
    *("project_id", "project_name", "project_domain_id", "project_domain_name"),
    *("tenant_id", "tenant_name", "domain_id", "domain_name", "system_scope", "trust_id"),
)
"""The options under `auth` that select a project."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Patterns (with `*`) for the projects, by name or id, and regions of an account. None: the entry's own.

    `only`: patterns for the names of the clouds that result; empty: all.
    """

    projects: tuple[str, ...] | None = None
    projects_except: tuple[str, ...] = ()
    regions: tuple[str, ...] | None = None
    only: tuple[str, ...] = ()

    def has_project(self, project: "Project") -> bool:
        def is_among(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern) for name in (project.id, project.name) for pattern in patterns)

        return is_among(self.projects or ()) and not is_among(self.projects_except)

    def has_cloud(self, name: str) -> bool:
        return not self.only or any(fnmatchcase(name, pattern) for pattern in self.only)

    def has_region(self, region: str) -> bool:
        return any(fnmatchcase(region, pattern) for pattern in self.regions or ())


@dataclass(frozen=True, slots=True)
class Project:
    """A project as Keystone lists it. `domain`: the domain's id, None if the service does not say it."""

    id: str
    name: str
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """One project of an account that is read as many clouds. `estate`: the account's name in the settings."""

    estate: str
    project: Project


def cloud_name(estate: str, region: str, project: Project, namesakes: bool) -> str:
    """`prod/eu-de/web`; with the project's domain if another project has the same name: `prod/eu-de/web@default`."""
    name = quote(project.name, safe=" ") if "/" in project.name else project.name
    return f"{estate}/{region}/{name}@{project.domain}" if namesakes else f"{estate}/{region}/{name}"


def home_region(project: Project) -> str | None:
    """The region with whose name that of a Huawei-family project begins: of `eu-de` and `eu-de_web`, `eu-de`."""
    head = project.name.partition("_")[0]
    return head if _REGION_NAME.fullmatch(head) else None


def is_in_region(project: Project, region: str, regions: Collection[str], projects: Iterable[Project]) -> bool:
    """Whether the project may have images in this one of the regions. `projects`: all of the account.

    In plain OpenStack each project is in each region. In a Huawei-family cloud it is in one: such a cloud has projects
    that are named like regions.
    """
    home = home_region(project)
    if home == region or home not in regions:
        return True
    return not any(one.name in regions and home_region(one) for one in projects)


def in_project(auth: dict[str, Any], project: Project | None) -> dict[str, Any]:
    """The values under `auth` of an entry, changed to another project; None: without a project."""
    unscoped = {name: value for name, value in auth.items() if name not in _OF_A_PROJECT}
    return unscoped if project is None else {**unscoped, "project_id": project.id}
