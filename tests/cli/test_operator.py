"""A new operator on a real Keystone and Glance: what `check` says of mistakes; the README's example logs in."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from rich.console import Console

from cli.check import check_clouds as check
from tests.clouds.accounts import account, write_clouds_yaml, write_settings
from tests.clouds.openstack import REGION, OpenStackCloud
from tests.documents import document

Checks = Callable[[dict[str, Any]], tuple[int, str]]


@pytest.fixture
def checks(openstack: OpenStackCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checks:
    def run(entry: dict[str, Any]) -> tuple[int, str]:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, alpha=entry)))
        said = StringIO()
        code = check(write_settings(tmp_path, "[clouds.alpha]"), (), Console(file=said, width=400))
        return code, " ".join(said.getvalue().split())

    return run


def changed(openstack: OpenStackCloud, **auth: str | None) -> dict[str, Any]:
    entry = account(openstack, "alpha")
    given = {**entry["auth"], **auth}
    return {**entry, "auth": {name: value for name, value in given.items() if value is not None}}


@pytest.mark.parametrize("auth", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_password_is_told_from_a_wrong_project(
    openstack: OpenStackCloud, checks: Checks, auth: dict[str, str]
) -> None:
    code, said = checks(changed(openstack, **auth))
    assert code == 1
    assert "the project is not the reason" in said
    assert "wrong-password" not in said


def test_wrong_project_is_named_with_those_that_there_are(openstack: OpenStackCloud, checks: Checks) -> None:
    for auth_url in (openstack.keystone_url, openstack.keystone_url.removesuffix("/v3")):
        code, said = checks(changed(openstack, project_name="beta", auth_url=auth_url))
        assert code == 1
        assert "User and password are right; the project 'beta'" in said
        assert "The projects of this user: alpha." in said


@pytest.mark.parametrize("missing", ["project_domain_id", "user_domain_id"])
def test_missing_domain_is_named(openstack: OpenStackCloud, checks: Checks, missing: str) -> None:
    code, said = checks(changed(openstack, **{missing: None}))
    assert code != 0
    assert "user_domain_name and project_domain_name" in said


def test_regions_that_there_are_are_listed(openstack: OpenStackCloud, checks: Checks) -> None:
    code, said = checks({**account(openstack, "alpha"), "region_name": "nowhere"})
    assert code == 2
    assert f"The regions that have one: {REGION} (admin, internal, public)." in said


def token_entry(openstack: OpenStackCloud, token: str) -> dict[str, Any]:
    auth = {"auth_url": openstack.keystone_url, "token": token, "project_name": "alpha", "project_domain_id": "default"}
    return {"auth_type": "v3token", "auth": auth, "region_name": REGION}


def test_check_says_when_a_token_expires(openstack: OpenStackCloud, checks: Checks) -> None:
    code, said = checks(token_entry(openstack, openstack.token("alpha")))
    assert code == 0, said
    assert re.search(r"token: expires at \d{4}-\d\d-\d\d \d\d:\d\d UTC, in \d+\.\d hours; it cannot be renewed", said)
    assert "token: expires" not in checks(account(openstack, "alpha"))[1]


def test_check_says_when_an_application_credential_expires(openstack: OpenStackCloud, checks: Checks) -> None:
    token = openstack.token("alpha")
    me = httpx.get(f"{openstack.keystone_url}/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token})
    theirs = f"{openstack.keystone_url}/users/{me.json()['token']['user']['id']}/application_credentials"

    def said_of(name: str, auth_url: str = openstack.keystone_url, **more: str) -> str:
        asked = {"application_credential": {"name": name, **more}}
        made = httpx.post(theirs, headers={"X-Auth-Token": token}, json=asked).json()["application_credential"]
        auth = {"application_credential_id": made["id"], "application_credential_secret": made["secret"]}
        code, said = checks(
            {"auth_type": "v3applicationcredential", "auth": {"auth_url": auth_url, **auth}, "region_name": REGION}
        )
        assert code == 0, said
        httpx.delete(f"{theirs}/{made['id']}", headers={"X-Auth-Token": token}).raise_for_status()
        assert "Make a new one" not in said
        return said

    assert "application credential: does not expire" in said_of("for ever")
    without_version = openstack.keystone_url.removesuffix("/v3")
    said = said_of("until then", without_version, expires_at="2099-01-02T03:04:05")
    assert re.search(r"application credential: expires at 2099-01-02 03:04 UTC, in \d{5} days; create a new one", said)
    assert "application credential" not in checks(account(openstack, "alpha"))[1]


def test_token_that_is_none_any_more_is_no_wrong_password(openstack: OpenStackCloud, checks: Checks) -> None:
    code, said = checks(token_entry(openstack, "gAAAAABexpired"))
    assert code == 1
    assert "The token has expired, was revoked" in said
    assert "password" not in said.replace("or a password", "")


def test_own_shares_in_a_listing_of_received_ones_are_counted_apart(openstack: OpenStackCloud, checks: Checks) -> None:
    openstack.create_image("alpha", name="shared by us", visibility="shared")
    code, said = checks(account(openstack, "alpha"))
    assert code == 0, said
    assert re.search(r"listing shared-accepted: 1 image on the first page, 1 of them shared out by this project", said)
    assert "1 images" not in said


def test_readmes_clouds_yaml_logs_in(openstack: OpenStackCloud, checks: Checks) -> None:
    example = yaml.safe_load(document("README.md").split("```yaml\n")[1].split("```")[0])["clouds"]["mycloud"]
    project = openstack.projects["alpha"]
    values = {
        "auth_url": openstack.keystone_url,
        "username": project.user,
        "password": project.password,
        "project_name": project.name,
    }
    domains = {name: "Default" for name in example["auth"] if name.endswith("domain_name")}
    assert set(example["auth"]) == {*values, *domains}
    code, said = checks({"auth": {**values, **domains}, "region_name": REGION})
    assert code == 0, said


def test_cron_line_and_units_name_the_cloud() -> None:
    schedule = document("operating.md").split("## The schedule")[1].split("\n## ")[0]
    blocks = schedule.split("```")[1::2]
    crontabs = [block for block in blocks if "\n0 2 * * *" in block]
    units = [block for block in blocks if "ExecStart=" in block and "glanceback s" in block]
    assert len(crontabs) == 1
    assert len(units) == 2
    for block in crontabs + units:
        names, _, command = block.partition("glanceback s")
        assert "OS_CLOUD=mycloud" in names, block
        assert command.startswith(("ync", "erve")), block


def test_passwords_are_not_committed() -> None:
    ignored = (Path(__file__).resolve().parents[2] / ".gitignore").read_text().splitlines()
    assert {"clouds.yaml", "secure.yaml", "glanceback.toml"} <= set(ignored)
