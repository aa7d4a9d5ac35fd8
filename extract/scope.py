"""Which projects and regions of an account are clouds of their own. Asks nothing; called by account and estate."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import quote

ALL: Final = ("*",)

_OF_A_PROJECT: Final = (
    *("project_id", "project_name", "project_domain_id", "project_domain_name"),
    *("tenant_id", "tenant_name", "domain_id", "domain_name", "system_scope", "trust_id"),
)
"""What says under `auth` in which project one works."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Which projects and regions of an account are clouds, by names or ids with `*`. None: the entry's own.

    `only`: of these clouds only those whose name fits one of the patterns; empty: all.
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
    """A project as Keystone lists it. `domain` is the domain's id, None where the service does not say."""

    id: str
    name: str
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """One project of an account whose projects are many clouds. `estate` is their name in the settings."""

    estate: str
    project: Project


def cloud_name(estate: str, region: str, project: Project, namesakes: bool) -> str:
    """`prod/eu-de/web`; the project's domain follows where another project has its name: `prod/eu-de/web@default`."""
    name = quote(project.name, safe=" ") if "/" in project.name else project.name
    return f"{estate}/{region}/{name}@{project.domain}" if namesakes else f"{estate}/{region}/{name}"


def in_project(auth: dict[str, Any], project: Project | None) -> dict[str, Any]:
    """What an entry says under `auth`, for another project; None: for no project at all."""
    unscoped = {name: value for name, value in auth.items() if name not in _OF_A_PROJECT}
    return unscoped if project is None else {**unscoped, "project_id": project.id}
