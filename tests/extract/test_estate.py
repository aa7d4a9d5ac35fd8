"""What the identity service says of an account's projects, where it says it wrongly."""

import json
from pathlib import Path

import pytest

from core.errors import CloudError, SettingsError
from extract.account import CloudSettings
from extract.estate import clouds_of
from extract.scope import ALL, Estate
from tests.clouds.accounts import write_clouds_yaml
from tests.clouds.fake import Reply
from tests.clouds.identity import PASSWORD, AskedIdentity, FakeIdentity, fake_identity


def names(identity: FakeIdentity, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    auth = {"auth_url": f"{identity.url}/v3", "username": "u", "password": PASSWORD, "user_domain_id": "default"}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(folder, prod={"auth": auth, "region_name": "R"})))
    account = CloudSettings("prod", os_cloud="prod", tries=1, estate=Estate(ALL))
    return [cloud.name for cloud in clouds_of(account).clouds]


def page(project: str, following: object) -> Reply:
    projects = [{"id": project, "name": project, "domain_id": "default", "enabled": True}]
    return Reply(200, json.dumps({"projects": projects, "links": {"next": following}}).encode())


def test_all_pages_of_projects_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: AskedIdentity) -> Reply | None:
        if "/auth/projects" not in asked.path:
            return None
        return page("b", None) if "page=2" in asked.path else page("a", "/v3/auth/projects?page=2")

    with fake_identity() as identity:
        identity.faults.append(answer)
        assert names(identity, tmp_path, monkeypatch) == ["prod/R/a", "prod/R/b"]


def test_token_does_not_follow_the_next_page_to_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_identity() as identity, fake_identity() as other:
        elsewhere = f"{other.url}/v3/auth/projects"
        identity.faults.append(lambda asked: page("a", elsewhere) if "/auth/projects" in asked.path else None)
        with pytest.raises(CloudError, match=r"goes on at .* another server"):
            names(identity, tmp_path, monkeypatch)
    assert other.log == []


@pytest.mark.parametrize("following", ["http://[x", "http://127.0.0.1:9/v3", 5])
def test_next_page_that_is_not_an_address_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, following: object
) -> None:
    with fake_identity() as identity:
        identity.faults.append(lambda asked: page("a", following) if "/auth/projects" in asked.path else None)
        with pytest.raises(CloudError):
            names(identity, tmp_path, monkeypatch)


def test_application_credential_is_refused_for_many_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {
        "auth_url": "http://127.0.0.1:9/v3",
        "application_credential_id": "i",
        "application_credential_secret": "canary",
    }
    entry = {"auth_type": "v3applicationcredential", "auth": auth}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, prod=entry)))
    with pytest.raises(SettingsError, match="an application credential is for one project"):
        clouds_of(CloudSettings("prod", os_cloud="prod", tries=1, estate=Estate(ALL)))
