"""Every way in that the OpenStack world has, at a real Keystone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import CloudError, SettingsError
from extract.account import CloudSettings
from extract.connection import connect
from extract.dialect import probe_api
from tests.clouds.accounts import account, write_clouds_yaml
from tests.clouds.openstack import OpenStackCloud


def entry(openstack: OpenStackCloud, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> CloudSettings:
    clouds = write_clouds_yaml(folder, alpha=account(openstack, "alpha") | changes)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    return CloudSettings("alpha", os_cloud="alpha", tries=1)


def test_password_in_clouds_yaml(openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect(entry(openstack, tmp_path, monkeypatch))
    assert (connection.endpoint, connection.project_id, connection.user_name) == (
        openstack.glance_url,
        openstack.projects["alpha"].id,
        "alpha-user",
    )
    assert probe_api(connection).dialect == "openstack"


def test_password_in_the_environment(openstack: OpenStackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account(openstack, "alpha")["auth"].items():
        monkeypatch.setenv(f"OS_{name.upper()}", value)
    assert connect(CloudSettings("envvars")).project_id == openstack.projects["alpha"].id


def test_application_credential(openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = openstack.token("alpha")
    me = httpx.get(f"{openstack.keystone_url}/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token})
    made = httpx.post(
        f"{openstack.keystone_url}/users/{me.json()['token']['user']['id']}/application_credentials",
        headers={"X-Auth-Token": token},
        json={"application_credential": {"name": f"for {tmp_path.name}"}},
    ).json()["application_credential"]
    auth = {
        "auth_url": openstack.keystone_url,
        "application_credential_id": made["id"],
        "application_credential_secret": made["secret"],
    }
    settings = entry(openstack, tmp_path, monkeypatch, auth=auth, auth_type="v3applicationcredential")
    assert connect(settings).project_id == openstack.projects["alpha"].id


def test_token(openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {
        "auth_url": openstack.keystone_url,
        "token": openstack.token("alpha"),
        "project_name": "alpha",
        "project_domain_id": "default",
    }
    settings = entry(openstack, tmp_path, monkeypatch, auth=auth, auth_type="v3token")
    assert connect(settings).project_id == openstack.projects["alpha"].id


def test_admin_token_with_an_endpoint(openstack: OpenStackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_TYPE", "admin_token")
    monkeypatch.setenv("OS_ENDPOINT", f"{openstack.glance_url}/v2/")
    monkeypatch.setenv("OS_TOKEN", openstack.token("alpha"))
    monkeypatch.setenv("OS_PROJECT_ID", "given")
    connection = connect(CloudSettings("envvars"))
    assert (connection.endpoint, connection.project_id) == (openstack.glance_url, "given")
    assert probe_api(connection).dialect == "openstack"


def test_wrong_password_is_said_and_not_shown(
    openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = account(openstack, "alpha")["auth"] | {"password": "canary-secret"}
    with pytest.raises(CloudError, match="refused the login") as caught:
        connect(entry(openstack, tmp_path, monkeypatch, auth=auth))
    assert "canary-secret" not in str(caught.value)


def test_region_without_an_image_service_is_said(
    openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="no image service"):
        connect(entry(openstack, tmp_path, monkeypatch, region_name="Nowhere"))


def test_internal_interface_is_found(
    openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connect(entry(openstack, tmp_path, monkeypatch, interface="internal")).endpoint == openstack.glance_url


def test_unknown_clouds_yaml_entry_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nobody"):
        connect(CloudSettings("nobody", os_cloud="nobody"))


def test_identity_service_that_is_not_there_is_said(
    openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = account(openstack, "alpha")["auth"] | {"auth_url": "http://127.0.0.1:9/v3"}
    with pytest.raises(CloudError, match="does not answer"):
        connect(entry(openstack, tmp_path, monkeypatch, auth=auth))
