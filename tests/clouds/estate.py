"""An account of many projects in several regions, in memory: a fake identity service, and a fake cloud a region.

Each (region, project) shows the region's public images and its own. `python -m tests.clouds.estate --projects 100
--images 50` serves one and prints the address of its identity service, for benchmarks and for a try by hand.
"""

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.clouds.identity import PASSWORD, AskedIdentity, FakeIdentity, fake_identity

REGIONS = ("eu-de", "eu-nl")


@dataclass(slots=True)
class InFlight:
    """How many requests there are at once, and the most there were."""

    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.now -= 1


@dataclass(slots=True)
class FakeEstate:
    """`contents` are the clouds, by region and project id; `servers` answer for all projects of a region.

    `seconds`: how long each answer takes. `forbidden`: projects in which nobody may log in any more. `domains`: of
    projects that are not in the domain `default`. `disabled`: projects that are listed so. `not_in_catalogue`: regions.
    """

    identity: FakeIdentity
    servers: dict[str, FakeCloud]
    names: dict[str, str]
    contents: dict[tuple[str, str], FakeCloud] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    domains: dict[str, str] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    not_in_catalogue: set[str] = field(default_factory=set)
    seconds: float = 0.0
    logins: Counter[str] = field(default_factory=Counter)
    logins_in_flight: InFlight = field(default_factory=InFlight)
    in_flight: dict[str, InFlight] = field(default_factory=dict)

    @property
    def entry(self) -> dict[str, Any]:
        """The account's entry in clouds.yaml."""
        auth = {"auth_url": f"{self.identity.url}/v3", "username": "u", "password": PASSWORD}
        return {"auth": {**auth, "user_domain_id": "default"}, "region_name": next(iter(self.servers))}

    def entry_of(self, region: str, project: str) -> dict[str, Any]:
        """The entry of one project in one region, as someone would write it by hand."""
        auth = {**self.entry["auth"], "project_id": project}
        return {**self.entry, "auth": auth, "region_name": region}

    def add_project(self, project: str, name: str, domain: str = "default") -> None:
        """A new project, which sees the public images of each region."""
        some_project = next(iter(self.names))
        self.names[project] = name
        self.domains[project] = domain
        for region, server in self.servers.items():
            cloud = self.contents[region, project] = FakeCloud(server.url)
            there = self.contents[region, some_project].images
            cloud.images |= {one: image for one, image in there.items() if image["visibility"] == "public"}

    def add(self, region: str, project: str, identity: str, **attributes: Any) -> None:
        """An image of the project; a public one for all projects of the region."""
        is_public = attributes.pop("listing", "private") == "public"
        for one in self.names if is_public else (project,):
            cloud = self.contents[region, one]
            cloud.add(identity, "public" if is_public else "private", owner=project, **attributes)

    def fill(self, images: int, public: int) -> None:
        """So many images of each cloud, of which so many are public; always the same."""
        for region, project in self.contents:
            for number in range(images - public):
                name = f"{region} {self.names[project]} {number}"
                self.add(region, project, str(uuid5(NAMESPACE_URL, name)), name=name)
        for region in self.servers:
            for number in range(public):
                name = f"{region} for all {number}"
                identity = str(uuid5(NAMESPACE_URL, name))
                self.add(region, next(iter(self.names)), identity, name=name, listing="public")

    def reply_of_region(self, region: str, asked: Asked) -> Reply:
        if asked.path in ("/", "/v2", "/v2/"):
            links = [{"rel": "self", "href": f"{self.servers[region].url}/v2/"}]
            return _json(200, {"versions": [{"id": "v2.16", "status": "CURRENT", "links": links}]})
        with self.in_flight[region]:
            time.sleep(self.seconds)
            project = (asked.token or "").partition("/")[0]
            if (region, project) not in self.contents or project in self.forbidden:
                return _json(401, {"message": "unauthorized"})
            return self.contents[region, project].reply(asked)

    def reply_of_identity(self, asked: AskedIdentity) -> Reply | None:
        if asked.is_login:
            with self.logins_in_flight:
                time.sleep(self.seconds)
                return self._log_in(asked)
        if asked.path.startswith("/v3/auth/projects"):
            projects = [
                {"id": one, "name": name, "domain_id": self._domain(one), "enabled": one not in self.disabled}
                for one, name in self.names.items()
                if one not in self.forbidden
            ]
            return _json(200, {"projects": projects, "links": {"next": None}})
        return None

    def _found(self, project: dict[str, Any]) -> str:
        """The id of the project that a login names by its id, or by its name and the id of its domain."""
        wanted = (project.get("name"), project.get("domain", {}).get("id"))
        named = (one for one, name in self.names.items() if (name, self._domain(one)) == wanted)
        return str(project.get("id") or next(named))

    def _domain(self, project: str) -> str:
        return self.domains.get(project, "default")

    def _log_in(self, asked: AskedIdentity) -> Reply:
        if PASSWORD not in asked.body:
            return _json(401, {"error": {"message": "The request requires authentication."}})
        scope = json.loads(asked.body)["auth"].get("scope")
        project = self._found(scope["project"]) if isinstance(scope, dict) else ""
        self.logins[project] += 1
        if project in self.forbidden | self.disabled:
            return _json(401, {"error": {"message": "The request you have made requires authentication."}})
        token: dict[str, Any] = {
            "methods": ["password"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "user", "domain": {"id": "default", "name": "Default"}},
        }
        if project:
            domain = {"id": self._domain(project), "name": self._domain(project)}
            token["project"] = {"id": project, "name": self.names[project], "domain": domain}
            token["roles"] = [{"id": "r", "name": "reader"}]
            endpoints = [
                {"interface": "public", "url": server.url, "region": region, "region_id": region, "id": region}
                for region, server in self.servers.items()
                if region not in self.not_in_catalogue
            ]
            token["catalog"] = [{"type": "image", "name": "glance", "id": "g", "endpoints": endpoints}]
        return _json(201, {"token": token}, {"X-Subject-Token": f"{project}/{self.logins[project]}"})


@contextmanager
def fake_estate(projects: int, regions: Sequence[str] = REGIONS) -> Iterator[FakeEstate]:
    """A running estate: its projects are `project-001` and so on, and empty."""
    with ExitStack() as running:
        identity = running.enter_context(fake_identity())
        servers = {region: running.enter_context(fake_cloud()) for region in regions}
        names = {f"{number:032x}": f"project-{number:03d}" for number in range(1, projects + 1)}
        estate = FakeEstate(identity, servers, names)
        identity.faults.append(estate.reply_of_identity)
        for region, server in servers.items():
            estate.in_flight[region] = InFlight()
            estate.contents |= {(region, project): FakeCloud(server.url) for project in names}

            def reply(asked: Asked, region: str = region) -> Reply:
                return estate.reply_of_region(region, asked)

            server.faults.append(reply)
        yield estate


def _json(status: int, value: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--projects", type=int, default=100)
    options.add_argument("--images", type=int, default=50)
    options.add_argument("--public", type=int, default=30)
    options.add_argument("--milliseconds", type=float, default=0.0)
    chosen = options.parse_args()
    with fake_estate(chosen.projects) as estate:
        estate.fill(chosen.images, chosen.public)
        estate.seconds = chosen.milliseconds / 1000
        sys.stdout.write(json.dumps(estate.entry) + "\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it closes it or ends


if __name__ == "__main__":
    main()
