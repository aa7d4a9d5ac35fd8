"""The account of a cloud without a login: what openstack.config would find in the same settings."""

from pathlib import Path

import openstack.config
import pytest

from extract.account import CloudSettings, account, region_of, wants_token
from extract.account_in_settings import AccountInSettings


@pytest.mark.parametrize("auth_type", ["none", "aksk"])
@pytest.mark.parametrize("region", [None, "eu-1"])
@pytest.mark.parametrize("interface", [None, "internal"])
@pytest.mark.parametrize("endpoint", [None, "https://image.example.com"])
def test_says_what_openstack_config_says(
    auth_type: str, region: str | None, interface: str | None, endpoint: str | None
) -> None:
    wanted = {"region_name": region, "interface": interface, "auth_type": auth_type}
    theirs = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False).get_one(
        **{key: value for key, value in wanted.items() if value is not None},
        auth={"endpoint": endpoint},
        validate=False,
    )
    ours = account(CloudSettings("c", auth_type=auth_type, region=region, interface=interface, endpoint=endpoint))
    assert isinstance(ours, AccountInSettings)
    assert {name: theirs.config[name] for name in ours.config} == ours.config
    assert ours.name == theirs.name
    assert region_of(ours) == region_of(theirs) == region
    assert ours.get_interface("image") == theirs.get_interface("image")
    assert ours.get_endpoint("image") == theirs.get_endpoint("image")
    assert ours.get_requests_verify_args() == theirs.get_requests_verify_args()
    assert wants_token(ours) == wants_token(theirs) == (auth_type != "none")


def test_entry_of_clouds_yaml_counts_even_without_a_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {here: {auth_type: none, auth: {endpoint: https://one.example.com}, verify: false}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    found = account(CloudSettings("c", os_cloud="here", auth_type="none"))
    assert found.get_endpoint("image") == "https://one.example.com"
    assert found.get_requests_verify_args() == (False, None)
