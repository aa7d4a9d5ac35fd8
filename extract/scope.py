"""Selects the projects and regions of an account that are clouds, and names them.

Sends no requests; called by account and estate.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import quote

ALL: Final = ("*",)
ANY_REGION: Final = "any"
"""Stands for the region in a cloud's name if the settings do not name a region."""

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

    def unused(self, projects: "Collection[Project]", regions: Collection[str]) -> dict[str, str]:
        """The patterns that fit none of the account's projects or regions, each with the name of its setting."""
        names = [name for one in projects for name in (one.id, one.name)]
        written = {"projects": (self.projects or (), names), "regions": (self.regions or (), regions)}
        return {
            pattern: setting
            for setting, (patterns, there) in written.items()
            for pattern in patterns
            if not any(fnmatchcase(name, pattern) for name in there)
        }


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


@dataclass(frozen=True, slots=True)
class EarlierCloud:
    """A cloud of earlier runs, and whose images its history has. None: not known."""

    name: str
    settings_name: str
    region: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    is_gone: bool = False


@dataclass(slots=True)
class CloudNames:
    """Names the clouds of one account: `prod/eu-de/web`.

    A name stays with its project: two projects' images in one history would look as if those of the first had ended.
    So a cloud that earlier runs know keeps its name, also if the project is called something else now; and no other
    project gets that name, also if it is called so. It gets `prod/eu-de/web@default`, with its domain, or with its id.
    """

    account: str
    known: Iterable[EarlierCloud] = ()
    _kept: dict[tuple[str | None, str], str] = field(init=False, default_factory=dict)
    _taken: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for one in sorted(self.known, key=lambda one: not one.is_gone):
            if one.project_id is not None:
                self._taken[one.name] = one.project_id
                if one.settings_name == self.account:
                    self._kept[one.region, one.project_id] = one.name

    def of(self, region: str | None, project: Project, *, has_namesake: bool) -> str:
        """The name of the project's cloud. `region`: None if the settings do not name one."""
        kept = self._kept.get((region, project.id))
        if kept is not None and self._taken[kept] == project.id:
            return kept
        name = f"{self.account}/{region or ANY_REGION}/{_escaped(project.name)}"
        spellings = [f"{name}@{project.domain}"] if project.domain else []
        for spelling in [*spellings, f"{name}@{project.id}"] if has_namesake else [name, *spellings]:
            if self._taken.setdefault(spelling, project.id) == project.id:
                return spelling
        return f"{name}@{project.id}"


def _escaped(name: str) -> str:
    """The project's name as a part of a cloud's name: never with a /, and different for each name.

    Also without control characters: a cloud's name is in logs and in commands to copy.
    """
    return quote(name, safe=" ") if not name.isprintable() or set("/%") & set(name) else name


def home_region(project: Project) -> str | None:
    """The region with whose name that of a Huawei-family project begins: of `eu-de` and `eu-de_web`, `eu-de`."""
    head = project.name.partition("_")[0]
    return head if _REGION_NAME.fullmatch(head) else None


def is_in_region(project: Project, region: str | None, regions: Collection[str], projects: Iterable[Project]) -> bool:
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
