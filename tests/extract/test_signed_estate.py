"""The projects of an access key, at an identity service that verifies signatures; and logins that have one project."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import LoginRefused, SettingsError, TransientError
from extract.account import CloudSettings
from extract.connection import connect
from extract.estate import clouds_of
from extract.request import get
from extract.scope import ALL, Estate
from tests.clouds.accounts import write_clouds_yaml
from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.clouds.signatures import Gateway

AK, SK = "AKCANARY", "canary-secret-key"
PROJECTS = ("MOS", "eu-de", "eu-de_web", "eu-nl", "eu-nl_db")


@dataclass
class Vendor:
    """The vendor's identity service and image services, all at one address. `signed_for`: the projects of requests."""

    cloud: FakeCloud
    refused: list[str] = field(default_factory=list)
    signed_for: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply | None:
        project = asked.headers.get("x-project-id")
        problem = Gateway(AK, SK, project).problem(asked)  # type: ignore[arg-type]
        if problem:
            self.refused.append(problem)
            return Reply(401, problem.encode())
        self.signed_for.append((asked.path, project))
        if asked.path != "/v3/auth/projects":
            return None
        last = "page=2" in asked.target
        names = PROJECTS[3:] if last else PROJECTS[:3]
        body = {
            "projects": [{"id": f"id-{name}", "name": name, "domain_id": "d", "enabled": True} for name in names],
            "links": {"next": None if last else f"{self.cloud.url}/v3/auth/projects?page=2"},
        }
        return Reply(200, json.dumps(body).encode())


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with fake_cloud() as cloud:
        made = Vendor(cloud)
        cloud.faults.append(made.answer)
        yield made


Account = Callable[..., CloudSettings]


@pytest.fixture
def account(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    def written(estate: Estate, secret_key: str = SK, **settings: object) -> CloudSettings:
        auth = {"access_key": AK, "secret_key": secret_key, "auth_url": f"{vendor.cloud.url}/v3", "project_id": "own"}
        path = write_clouds_yaml(tmp_path, prod={"auth_type": "aksk", "auth": auth, "region_name": "eu-de"})
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        given = {"endpoint": f"{vendor.cloud.url}/{{region}}", **settings}
        return CloudSettings("prod", os_cloud="prod", tries=1, estate=estate, **given)  # type: ignore[arg-type]

    return written


def test_access_key_reads_each_project_in_its_own_region(vendor: Vendor, account: Account) -> None:
    clouds = clouds_of(account(Estate(ALL, ("MOS",), ALL))).clouds
    assert [cloud.name for cloud in clouds] == [
        "prod/eu-de/eu-de", "prod/eu-de/eu-de_web", "prod/eu-nl/eu-nl", "prod/eu-nl/eu-nl_db",
    ]  # fmt: skip
    assert vendor.refused == []
    assert {project for _, project in vendor.signed_for} == {None}, "the list is of no project"
    vendor.signed_for.clear()
    for cloud in clouds:
        connection = connect(cloud)
        get(connection, connection.images_url, {}, "here")
        connection.client.close()
    assert vendor.signed_for == [
        (f"/{region}/v2/images", f"id-{name}")
        for region, name in (("eu-de", "eu-de"), ("eu-de", "eu-de_web"), ("eu-nl", "eu-nl"), ("eu-nl", "eu-nl_db"))
    ]


def test_access_key_without_regions_reads_the_projects_of_its_entrys_region(account: Account) -> None:
    clouds = clouds_of(account(Estate(("eu-*",)))).clouds
    assert [cloud.name for cloud in clouds] == ["prod/eu-de/eu-de", "prod/eu-de/eu-de_web"]


def test_wrong_secret_key_is_said_and_not_shown(account: Account) -> None:
    with pytest.raises(LoginRefused, match=r"refused to list the access key's projects .401: the signature is wrong"):
        clouds_of(account(Estate(ALL), secret_key="canary-wrong"))


def test_identity_service_that_fails_for_a_while_is_said_to_be_that(vendor: Vendor, account: Account) -> None:
    vendor.cloud.faults.insert(0, lambda _: Reply(503))
    with pytest.raises(TransientError, match=r"identity service does not answer correctly .503"):
        clouds_of(account(Estate(ALL)))


def test_one_address_is_not_read_as_two_regions(vendor: Vendor, account: Account) -> None:
    with pytest.raises(SettingsError, match="endpoint is the address of one region, and 2 are to be read"):
        clouds_of(account(Estate(ALL, (), ALL), endpoint=vendor.cloud.url))


def test_address_of_the_identity_service_is_asked_for(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = account(Estate(ALL))
    entry = {"auth_type": "aksk", "auth": {"access_key": AK, "secret_key": SK}}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, prod=entry)))
    with pytest.raises(SettingsError, match="its address is not set"):
        clouds_of(settings)
