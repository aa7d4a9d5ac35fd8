"""One account, many projects and regions: each is a cloud, as if the settings had a table for it.

A real Keystone, two real Glances as two regions.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from load.merge import ListingOutcome
from pipeline import cloud_reading
from pipeline.listing_reading import read_listing
from pipeline.report import problems
from pipeline.session import Session
from tests.clouds.accounts import write_clouds_yaml, write_settings
from tests.clouds.openstack import REGION, OpenStackCloud, Project, Region, another_region
from tests.pipeline.syncing import sync
from tests.verify.landings import faults

WORDS = ("web", "ci", "data/lake")
SECOND = "RegionTwo"
ROWS = """SELECT cloud, id, name, content_hash, listings FROM images ORDER BY ALL"""


@dataclass
class EstateOfProjects:
    cloud: OpenStackCloud
    second: Region
    user: Project
    projects: dict[str, str]

    def create_image(self, project: str, url: str, **attributes: Any) -> str:
        headers = {"X-Auth-Token": self.cloud.token_in(self.projects[project], self.user)}
        body = {"disk_format": "raw", "container_format": "bare", **attributes}
        answer = httpx.post(f"{url}/v2/images", headers=headers, json=body, timeout=60)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def share(self, identity: str, owner: str, **statuses: str) -> None:
        """Share an image of the first region with other projects, each of which answers so."""
        address = f"{self.cloud.glance_url}/v2/images/{identity}/members"
        for project, status in statuses.items():
            member = self.projects[project]
            ours, theirs = (
                {"X-Auth-Token": self.cloud.token_in(one, self.user)} for one in (self.projects[owner], member)
            )
            assert httpx.post(address, headers=ours, json={"member": member}, timeout=60).status_code == 200
            if status != "pending":
                answer = httpx.put(f"{address}/{member}", headers=theirs, json={"status": status}, timeout=60)
                assert answer.status_code == 200, answer.text

    def take_role(self, project: str) -> None:
        """Take the user's role in the project; the second region knows it when this returns."""
        headers = {"X-Auth-Token": self.cloud.token_in(self.projects[project], self.user)}

        def is_let_in() -> bool:
            return httpx.get(f"{self.second.url}/v2/images", headers=headers, timeout=60).status_code == 200

        assert is_let_in()
        self.cloud.set_role(self.projects[project], self.user, has_role=False)
        while is_let_in():
            time.sleep(0.1)


@pytest.fixture(scope="module")
def estate(openstack: OpenStackCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateOfProjects]:
    described = {"user": {"name": "many-user", "password": "many-password", "domain_id": "default"}}
    openstack.identity("POST", "/users", described)
    user = Project("", "many", "many-user", "many-password")
    with another_region(openstack, tmp_path_factory.mktemp("second"), SECOND) as second:
        url = second.url
        made = EstateOfProjects(openstack, second, user, openstack.create_projects(WORDS, user))
        for project in WORDS:
            made.create_image(project, openstack.glance_url, name=f"own of {project}", visibility="private")
            made.create_image(project, url, name=f"second of {project}", visibility="private")
        shared = made.create_image("web", openstack.glance_url, name="shared of web", visibility="shared")
        made.share(shared, "web", **{"ci": "accepted", "data/lake": "pending"})
        headers = {"X-Auth-Token": openstack.token("admin")}
        for address in (openstack.glance_url, url):
            body = {"disk_format": "raw", "container_format": "bare", "name": "everybody's", "visibility": "public"}
            assert httpx.post(f"{address}/v2/images", headers=headers, json=body, timeout=60).status_code == 201
        yield made


class Place:
    def __init__(self, folder: Path, estate: EstateOfProjects, clouds: str, monkeypatch: pytest.MonkeyPatch) -> None:
        who = estate.user
        entry = {
            "auth": {
                "auth_url": estate.cloud.keystone_url,
                "username": who.user,
                "password": who.password,
                "user_domain_id": "default",
            },
            "region_name": REGION,
        }
        self.entry = entry
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(folder, prod=entry)))
        self.folder = folder
        self.config = write_settings(folder, clouds)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "published.duckdb"), read_only=True) as reader:
            return reader.execute(query).fetchall()


def test_every_project_of_every_region_is_read_as_if_it_had_a_table_of_its_own(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    one = Place(tmp_path / "one", estate, '[clouds.prod]\nprojects = "all"\nregions = "all"\n', monkeypatch)
    report = sync(one.config)
    assert (report.status, len(report.clouds)) == ("completed", 6), report
    assert [cloud.cloud for cloud in report.clouds][:2] == [f"prod/{REGION}/ci", f"prod/{REGION}/data%2Flake"]
    assert one.rows("SELECT DISTINCT region, project_name, settings_name FROM clouds ORDER BY ALL") == [
        (region, project, "prod") for region in (REGION, SECOND) for project in sorted(WORDS)
    ]

    tables = "\n".join(
        f'[clouds."{cloud.cloud}"]\nos_cloud = "{number}"\n' for number, cloud in enumerate(report.clouds)
    )
    many = Place(tmp_path / "many", estate, tables, monkeypatch)
    ids = dict(one.rows("SELECT cloud, project_id FROM clouds"))
    entries = {
        str(number): {
            **many.entry,
            "auth": {**many.entry["auth"], "project_id": ids[cloud.cloud]},  # type: ignore[dict-item]
            "region_name": cloud.cloud.split("/")[1],
        }
        for number, cloud in enumerate(report.clouds)
    }
    write_clouds_yaml(tmp_path / "many", **entries)
    assert sync(many.config).status == "completed"
    assert one.rows(ROWS) == many.rows(ROWS)
    assert len(one.rows(ROWS)) >= 12

    seen_by = "SELECT projects, seen_by, owner FROM estate_images WHERE name = 'shared of web'"
    seen_as = {"web": "owned", "ci": "accepted", "data/lake": "pending"}
    assert one.rows(seen_by) == [(3, seen_as, estate.projects["web"])]
    everybodys = "SELECT region, projects FROM estate_images WHERE name = 'everybody''s' ORDER BY region"
    assert one.rows(everybodys) == [(REGION, 3), (SECOND, 3)]
    assert one.rows("SELECT count(*) FROM estate_images WHERE name LIKE '% of %'") == [(7,)]

    read_by = "SELECT cloud, evidence->>'read_by' FROM run_listings WHERE listing = 'public' ORDER BY ALL"
    readers = [reader for _, reader in one.rows(read_by)]
    assert readers.count(None) == 2, "the public listing is read once a region"
    assert faults(tmp_path / "one") == []

    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "one" / "clouds.yaml"))
    again = sync(one.config)
    assert [(cloud.new, cloud.changed, cloud.deleted) for cloud in again.clouds] == [(0, 0, 0)] * 6


def test_project_that_is_gone_ends_nothing_and_is_reported_once(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, estate, '[clouds.prod]\nprojects = ["w*", "temp"]\n', monkeypatch)
    made = estate.cloud.create_projects(["temp"], estate.user)
    assert [cloud.cloud for cloud in sync(place.config).clouds] == [f"prod/{REGION}/temp", f"prod/{REGION}/web"]
    before = place.rows(ROWS)
    estate.cloud.set_role(made["temp"], estate.user, has_role=False)
    report = sync(place.config)
    assert report.status == "partial"
    assert {cloud.cloud: cloud.status for cloud in report.clouds} == {
        f"prod/{REGION}/temp": "failed",
        f"prod/{REGION}/web": "completed",
    }
    assert place.rows(ROWS) == before
    assert sync(place.config).status == "completed", "it is reported once"
    assert place.rows(ROWS) == before
    estate.cloud.set_role(made["temp"], estate.user)
    assert len(sync(place.config).clouds) == 2, "a project that is there again is read again"
    assert place.rows("SELECT count(*) FROM clouds WHERE gone_since IS NOT NULL") == [(0,)]


def test_pattern_chooses_among_the_clouds_of_an_account(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(
        tmp_path,
        estate,
        '[clouds.prod]\nprojects = "all"\nprojects_except = ["ci", "temp"]\nregions = "all"\n',
        monkeypatch,
    )
    report = sync(place.config, clouds=["prod/*/web", "prod/RegionTwo/*"])
    assert [cloud.cloud for cloud in report.clouds] == [
        f"prod/{REGION}/web", f"prod/{SECOND}/data%2Flake", f"prod/{SECOND}/web",
    ]  # fmt: skip


def test_application_credential_reads_its_project_in_every_region(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, estate, '[clouds.prod]\nregions = "all"\n', monkeypatch)
    headers = {"X-Auth-Token": estate.cloud.token_in(estate.projects["web"], estate.user)}
    keystone = estate.cloud.keystone_url
    (user,) = estate.cloud.identity("GET", f"/users?name={estate.user.user}", status=200)["users"]
    body = {"application_credential": {"name": "regions"}}
    answer = httpx.post(
        f"{keystone}/users/{user['id']}/application_credentials", headers=headers, json=body, timeout=60
    )
    made = answer.json()["application_credential"]
    auth = {
        "auth_url": keystone,
        "application_credential_id": made["id"],
        "application_credential_secret": made["secret"],
    }
    write_clouds_yaml(tmp_path, prod={"auth_type": "v3applicationcredential", "auth": auth, "region_name": REGION})
    report = sync(place.config)
    assert {cloud.cloud: cloud.status for cloud in report.clouds} == {
        f"prod/{region}/web": "completed" for region in (REGION, SECOND)
    }
    assert place.rows("SELECT cloud, name FROM images WHERE listings = ['private'] ORDER BY ALL") == [
        (f"prod/{REGION}/web", "own of web"), (f"prod/{SECOND}/web", "second of web"),
    ]  # fmt: skip


def test_region_that_is_killed_in_the_middle_of_a_run_ends_nothing_and_harms_no_other(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[clouds.prod]\nprojects = ["web", "ci"]\nregions = "all"\ntries = 1\n'
    place = Place(tmp_path, estate, settings, monkeypatch)
    assert sync(place.config).status == "completed"
    before = place.rows(ROWS)

    def read(*, session: Session, **parameters: Any) -> ListingOutcome:
        """The first listing of the region is read; then its Glance is killed."""
        outcome = read_listing(session=session, **parameters)
        if session.settings.region == SECOND:
            estate.second.kill()
        return outcome

    with monkeypatch.context() as patch:
        step = replace(cloud_reading.READ_LISTING, function=read, retry_delay_seconds=0.0)
        patch.setattr(cloud_reading, "READ_LISTING", step)
        report = sync(place.config)
    try:
        assert report.status == "partial"
        found = {cloud.cloud: cloud.status for cloud in report.clouds}
        assert {found.pop(f"prod/{REGION}/{project}") for project in ("web", "ci")} == {"completed"}
        assert set(found.values()) <= {"partial", "failed"}
        errors = [problem for problem in problems(report.clouds) if "connection to" in problem]
        assert errors
        assert all(f"prod/{SECOND}/" in error for error in errors)
        assert place.rows(ROWS) == before
    finally:
        estate.second.start()
    again = sync(place.config)
    assert again.status == "completed"
    assert [(cloud.new, cloud.deleted) for cloud in again.clouds] == [(0, 0)] * 4


def test_role_that_is_taken_in_the_middle_of_a_run_ends_nothing_and_harms_no_other(
    estate: EstateOfProjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f'[clouds.prod]\nprojects = ["web", "ci"]\nregions = ["{SECOND}"]\ntries = 1\n'
    place = Place(tmp_path, estate, settings, monkeypatch)
    assert sync(place.config).status == "completed"
    before = place.rows(ROWS)

    def read(*, session: Session, **parameters: Any) -> ListingOutcome:
        """The login and the first page worked; then the account loses its role."""
        with taking:
            if session.name == f"prod/{SECOND}/ci" and not taken:
                estate.take_role("ci")
                taken.append(session.name)
        return read_listing(session=session, **parameters)

    taken: list[str] = []
    taking = threading.Lock()
    try:
        with monkeypatch.context() as patch:
            step = replace(cloud_reading.READ_LISTING, function=read, retry_delay_seconds=0.0)
            patch.setattr(cloud_reading, "READ_LISTING", step)
            report = sync(place.config)
        found = {cloud.cloud: cloud.status for cloud in report.clouds}
        assert found.pop(f"prod/{SECOND}/ci") != "completed"
        assert found == {f"prod/{SECOND}/web": "completed"}
        assert any("refused the login" in problem for problem in problems(report.clouds))
        assert place.rows(ROWS) == before
        gone = sync(place.config)
        assert [cloud.cloud for cloud in gone.clouds if "no longer has project ci" in str(cloud.error)] == taken
        assert place.rows(ROWS) == before
    finally:
        estate.cloud.set_role(estate.projects["ci"], estate.user)
    again = sync(place.config)
    assert [(cloud.status, cloud.new, cloud.deleted) for cloud in again.clouds] == [("completed", 0, 0)] * 2
