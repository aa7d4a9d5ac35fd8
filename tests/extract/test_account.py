"""What clouds.yaml and the environment may hold: whatever it is, it ends in an account or in a sentence."""

import errno
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import GlancebackError, SettingsError
from extract.account import CloudSettings, account, endpoint_of, region_of, session_of, wants_token
from extract.address import base_url
from extract.connection import connect
from extract.credentials import secrets_of
from extract.request import get
from extract.token_auth import origin_of
from tests.clouds.fake import FakeCloud

AUTH = {"auth_url": "http://127.0.0.1:9/v3", "username": "me", "password": "canary-password", "project_name": "p"}
FIXED = {"auth_type": "admin_token", "auth": {"endpoint": "http://127.0.0.1:9/v2", "token": "canary-token"}}


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No OS_* variable, no clouds.yaml but the one in the folder."""
    for name in list(os.environ):
        if name.startswith(("OS_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))


def write(folder: Path, text: str | bytes, name: str = "clouds.yaml") -> None:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def write_entry(folder: Path, **entry: Any) -> None:
    write(folder, msgspec.json.encode({"clouds": {"c": entry}}))


def problem(**more: Any) -> str:
    """The sentence that the account `c` ends in. It never holds a value that may be a secret."""
    with pytest.raises(SettingsError) as caught:
        session_of(account(CloudSettings("c", os_cloud="c", **more)))
    said = str(caught.value)
    assert "canary" not in repr(caught.value)
    assert (
        caught.value.__context__ is None
        or caught.value.__suppress_context__
        or "canary" not in repr(caught.value.__context__)
    )
    return said


ENTRIES = {
    "empty": ("clouds:\n  c:\n", "the entry 'c' is empty"),
    "empty mapping": ("clouds:\n  c: {}\n", "the entry 'c' is empty"),
    "text": ("clouds:\n  c: canary\n", "the entry 'c' is a str, not a mapping"),
    "list": ("clouds:\n  c: [canary]\n", "the entry 'c' is a list"),
    "auth as text": ("clouds:\n  c:\n    auth: canary\n", "auth must be a mapping, not text"),
    "empty auth": ("clouds:\n  c:\n    auth:\n", "auth must be a mapping, not empty"),
    "auth as list": ("clouds:\n  c:\n    auth: [{password: canary}]\n", "auth must be a mapping, not a list"),
    "number for a key": ("clouds:\n  c:\n    auth: {1: canary}\n", "key in the entry must be text"),
    "mapping in auth": ("clouds:\n  c:\n    auth: {password: {canary: x}}\n", "not a mapping"),
    "auth_url as number": ("clouds:\n  c:\n    auth: {auth_url: 5000}\n", "auth_url must be text, not a number"),
    "auth_type as list": ("clouds:\n  c:\n    auth_type: [password]\n", "auth_type must be text, not a list"),
    "regions as text": ("clouds:\n  c:\n    regions: canary\n", "regions must be a list, not text"),
    "region without a name": ("clouds:\n  c:\n    regions: [{values: {}}]\n", "regions\\[0\\] needs 'name'"),
    "region of more": ("clouds:\n  c:\n    regions: [{name: a, auth: canary}]\n", "must not have 'auth'"),
    "cacert as list": ("clouds:\n  c:\n    cacert: [canary]\n", "cacert must be text"),
    "clouds as list": ("clouds:\n  - c\n", "not a mapping with 'clouds'"),
    "empty clouds": ("clouds:\n", "not a mapping with 'clouds'"),
    "list at the top": ("- canary\n", "not a mapping with 'clouds'"),
    "text at the top": ("canary\n", "not a mapping with 'clouds'"),
    "empty file": ("", "Cloud c was not found"),
    "another entry": ("clouds:\n  d:\n    auth: {}\n", "Cloud c was not found"),
    "tab": ("clouds:\n  c:\n\tauth: canary\n", "clouds.yaml is not YAML: a tab in line 3, column 1"),
    "unknown tag": ("clouds:\n  c:\n    auth: {password: !canary x}\n", "is not YAML: line 3"),
    "unknown alias": ("clouds:\n  c:\n    auth: {password: *canary}\n", "is not YAML: line 3"),
    "reserved character": ("clouds:\n  c:\n    auth: {password: @canary}\n", "is not YAML: line 3"),
    "control character": ("clouds:\n  c: \x00canary\n", "is not YAML"),
    "not UTF-8": (b"clouds:\n  c: \xff\xfecanary\n", "is not UTF-8"),
    "impossible date": ("clouds:\n  c:\n    auth: {password: 2026-99-99}\n", "is not YAML"),
    "deeper than can be read": ("clouds: " + "[" * 5000, "is not YAML"),
    "containing itself": ("clouds:\n  c: &c\n    auth: {}\n    more: *c\n", "contains itself"),
    "brace in an address": ("clouds:\n  c:\n    auth: {auth_url: 'http://{canary}/'}\n", "reads { and } in a value"),
    "text for a number": ("clouds: {c: {api_timeout: canary, auth: {auth_url: 'http://h'}}}", "has the wrong type"),
    "odd cache": ("cache: canary\nclouds:\n  c:\n    auth: {auth_url: 'http://h'}\n", "has the wrong type"),
    "unknown profile": ("clouds:\n  c:\n    profile: nowhere\n", "the profile 'nowhere', which does not exist"),
    "profile that cannot be fetched": (
        "clouds:\n  c:\n    profile: 'http://me:canary@127.0.0.1:9/x'\n", "cannot be fetched from http://127.0.0.1:9/x"
    ),
    "unknown way in": ("clouds:\n  c:\n    auth_type: wizard\n", "The plugin wizard could not be found"),
    "no address": ("clouds:\n  c:\n    auth: {username: u, password: canary}\n", "not given: auth_url"),
    "verify in quotes": (
        "clouds:\n  c:\n    verify: 'False'\n    auth: {auth_url: 'http://h', username: u}\n", "verify is the text"
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize(("text", "sentence"), ENTRIES.values(), ids=ENTRIES)
def test_odd_clouds_yaml_ends_in_a_sentence(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    write(tmp_path, text)
    assert re.search(sentence.replace("{", r"\{"), said := problem()), said


@pytest.mark.parametrize(("text", "sentence"), list(ENTRIES.values())[:8], ids=list(ENTRIES)[:8])
def test_so_does_odd_secure_yaml(text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_entry(tmp_path, auth={"auth_url": "http://h"})
    write(tmp_path, text, "secure.yaml")
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    said = problem()
    assert sentence in said
    assert "secure.yaml" in said


def test_broken_secure_yaml_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_entry(tmp_path, auth=AUTH)
    write(tmp_path, "clouds:\n\tc: canary", "secure.yaml")
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    assert "secure.yaml is not YAML: a tab in line 2" in problem()


def test_password_may_be_in_secure_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_entry(tmp_path, auth={name: value for name, value in AUTH.items() if name != "password"})
    write(tmp_path, "clouds: {c: {auth: {password: canary}}}", "secure.yaml")
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    assert account(CloudSettings("c", os_cloud="c")).config["auth"]["password"] == "canary"


def test_folder_instead_of_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "clouds.yaml").mkdir()
    assert "clouds.yaml cannot be read (Is a directory)" in problem()


def test_file_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    write_entry(tmp_path, auth=AUTH)
    monkeypatch.setattr(Path, "read_text", refuse)  # root may read everything
    assert "clouds.yaml cannot be read (Permission denied)" in problem()


def test_missing_file_is_said_where_the_entry_is_not_found_elsewhere(tmp_path: Path) -> None:
    assert f"OS_CLIENT_CONFIG_FILE names {tmp_path / 'clouds.yaml'}, which does not exist" in problem()


def test_broken_file_that_is_not_needed_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from openstack.config import loader

    write(tmp_path, "clouds:\n\tc: canary", "broken.yaml")
    monkeypatch.setattr(loader, "CONFIG_FILES", [str(tmp_path / "broken.yaml"), str(tmp_path / "clouds.yaml")])
    monkeypatch.delenv("OS_CLIENT_CONFIG_FILE")
    write_entry(tmp_path, **FIXED)
    assert account(CloudSettings("c", os_cloud="c")).config["auth_type"] == "admin_token"
    (tmp_path / "clouds.yaml").unlink()
    assert "Cloud c was not found; " in (said := problem())
    assert "broken.yaml is not YAML: a tab in line 2" in said
    assert "canary" not in caplog.text


@pytest.mark.parametrize("url", ["h/v3", "//h", "ftp://h", "http://", "http://[x", "http://h:x", "http://h:99999", "http://h:0",
    "http://u:canary@[x/", "http://h/\x00"])  # fmt: skip
def test_odd_address_of_the_identity_service_is_said(url: str, tmp_path: Path) -> None:
    write_entry(tmp_path, auth={**AUTH, "auth_url": url})
    assert "is not the address of an identity service" in problem()


def test_same_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**AUTH, "auth_url": "http://[x"}.items():
        monkeypatch.setenv(f"OS_{name.upper()}", value)
    with pytest.raises(SettingsError, match="not the address of an identity service"):
        account(CloudSettings("envvars"))
    monkeypatch.setenv("OS_AUTH_URL", "http://[::1]:5000/v3")
    assert account(CloudSettings("envvars")).config["auth"]["auth_url"] == "http://[::1]:5000/v3"
    monkeypatch.setenv("OS_AUTH_TYPE", "wizard")
    with pytest.raises(SettingsError, match="plugin wizard"):
        account(CloudSettings("envvars"))
    monkeypatch.setenv("STATSD_PORT", "x")
    with pytest.raises(SettingsError, match="the OS_\\* variables cannot be used"):
        account(CloudSettings("envvars"))


@pytest.mark.parametrize("name", ["token", "access_key", "secret_key", "security_token"])
def test_credential_that_no_header_can_hold_is_said_before_anything_is_sent(name: str, tmp_path: Path) -> None:
    write_entry(tmp_path, auth_type="aksk", auth={name: "canary\n"})
    assert f"the {name} has a line break" in problem()


def test_so_is_an_odd_api_version_or_project() -> None:
    with pytest.raises(SettingsError, match="api_version has a line break"):
        account(CloudSettings("c", auth_type="none", endpoint="http://h", api_version="2\n"))
    with pytest.raises(SettingsError, match="project_id begins or ends with a blank"):
        account(CloudSettings("c", auth_type="none", endpoint="http://h", project_id=" p"))


NO_HOME = """
import pwd
def nobody(*_): raise KeyError("uid not found")
pwd.getpwuid = nobody
from extract.account import CloudSettings, account
from core.errors import SettingsError
try:
    account(CloudSettings("c", os_cloud="c"))
except SettingsError as exc:
    print(exc)
"""


@pytest.mark.slow
def test_user_without_a_home_is_told_so() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HOME" and not name.startswith("XDG_")}
    done = subprocess.run(
        [sys.executable, "-c", NO_HOME], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert "HOME is not set" in done.stdout


REGIONS = {"regions": ["north", {"name": "south", "values": {"interface": "internal"}}], **FIXED}


@pytest.mark.parametrize(
    ("entry", "environment", "given", "region"),
    [
        (REGIONS, {}, None, "north"),
        (REGIONS, {"OS_CLOUD": "c", "OS_REGION_NAME": "south"}, None, "south"),
        (REGIONS, {"OS_CLOUD": "c", "OS_REGION_NAME": ""}, None, "north"),
        (REGIONS, {"OS_CLOUD": "c", "OS_REGION_NAME": "south"}, "north", "north"),
        (REGIONS, {"OS_REGION_NAME": "south"}, None, "south"),
        (REGIONS, {"OS_REGION_NAME": "elsewhere"}, None, "north"),
        (FIXED, {"OS_CLOUD": "c", "OS_REGION_NAME": "any"}, None, "any"),
        (FIXED, {"OS_CLOUD": "other", "OS_REGION_NAME": "any"}, None, None),
        ({**FIXED, "region_name": "north"}, {"OS_CLOUD": "other", "OS_REGION_NAME": "south"}, None, "north"),
    ],
)
def test_region_is_chosen_by_the_settings_the_environment_or_the_entry(
    entry: dict[str, Any], environment: dict[str, str], given: str | None, region: str | None,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write_entry(tmp_path, **entry)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert region_of(account(CloudSettings("c", os_cloud="c", region=given))) == region


def test_region_that_there_is_not_is_said_with_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_entry(tmp_path, **REGIONS)
    monkeypatch.setenv("OS_CLOUD", "c")
    monkeypatch.setenv("OS_REGION_NAME", "elsewhere")
    assert "Valid choices are north,south" in problem()


def test_cloud_without_a_login_wants_no_token(tmp_path: Path) -> None:
    write_entry(tmp_path, **FIXED)
    assert wants_token(account(CloudSettings("c", os_cloud="c")))
    assert not wants_token(account(CloudSettings("c", auth_type="none", endpoint="http://h")))
    write_entry(tmp_path, auth_type="none", auth={"endpoint": "http://h"})
    assert not wants_token(account(CloudSettings("c", os_cloud="c")))


def test_cloud_without_a_login_is_sent_no_token(cloud: FakeCloud) -> None:
    connection = connect(CloudSettings("c", auth_type="none", endpoint=cloud.url))
    get(connection, connection.images_url, {}, "cloud c")
    assert [asked.token for asked in cloud.log] == [None]


def test_secrets_of_an_account_are_known_whatever_way_in_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "canary-9")
    monkeypatch.setenv("OS_TOKEN", "canary-8")
    monkeypatch.setenv("https_proxy", "http://me:canary-7@proxy:3128")
    entry = {
        "auth": {
            "password": "canary-0", "application_credential_secret": "canary-1", "passcode": 20260001,
            "made_up_by_a_plugin": "canary-2", "auth_url": "https://me:canary-3@h/v3", "username": "public-user",
            "application_credential_id": "public-id", "project_name": "public-project", "user_domain_id": "public-d",
        },
        "secret_key": "canary-4", "image_endpoint_override": "https://me:canary-5@h", "region_name": "public-region",
        "regions": [{"name": "public-r", "values": {"auth": {"token": "canary-6"}}}],
    }  # fmt: skip
    text = " ".join(f"canary-{number}" for number in range(10)) + " 20260001"
    public = "public-user public-id public-project public-d public-region public-r https://h/v3"
    secrets = secrets_of(entry)
    assert secrets.mask(f"{text} {public}") == "*** " * 11 + public


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("http://[::1]:9292/v2/", "http://[::1]:9292"),
        ("HTTPS://H.example/v2", "https://H.example"),
        (" https://h/v2\n", "https://h"),
    ],
)
def test_endpoint_may_be_written_so(endpoint: str, base: str) -> None:
    assert base_url(endpoint) == base


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://[x", "http://h:x", "http://h:99999", "http://h:0", "http://a\nb", "http://h\ud800", "http://*.é..x/",
        "http://canary:canary@h/v2", "http://canary@h", "http://h/v2?token=canary", "http://h#canary", "http:///v2", "",
    ],
)  # fmt: skip
def test_text_that_is_no_endpoint_is_said_without_what_may_be_secret(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="endpoint") as caught:
        base_url(endpoint)
    assert "canary" not in repr(caught.value)


def test_password_in_the_endpoint_is_in_no_repr() -> None:
    assert "canary" not in repr(CloudSettings("c", endpoint="https://me:canary@h"))


@pytest.mark.parametrize(
    "more",
    [
        {"image_interface": [1]}, {"image_interface": {"a": 1}}, {"image_endpoint_override": ["x"]},
        {"image_endpoint": "http://[x"}, {"auth": {"endpoint": ["x"], "token": "t"}}, {"auth": {"token": ["canary"]}},
        {"auth": {"endpoint": "http://u:canary@h", "token": "t"}},
    ],
)  # fmt: skip
def test_odd_value_of_the_image_service_is_said(more: dict[str, Any], tmp_path: Path) -> None:
    write_entry(tmp_path, **{**FIXED, **more})
    mine = CloudSettings("c", os_cloud="c")
    with pytest.raises(SettingsError) as caught:
        endpoint_of(mine, region := account(mine), session_of(region))
    assert "canary" not in repr(caught.value)


@given(st.text() | st.from_regex(r"https?://[a-z\[\]:@/?#%0-9.]*", fullmatch=True))
def test_any_text_is_an_endpoint_or_a_mistake_in_the_settings(text: str) -> None:
    origin_of(text)
    try:
        base = base_url(text)
    except SettingsError:
        return
    assert origin_of(base)[0] in ("http", "https")
    assert base_url(base) in (base, base.rpartition("/")[0])


_SCALARS = st.sampled_from(
    ["canary-value", "", "http://127.0.0.1:9/v3", "{canary}", "none", "admin_token", "password", "aksk", "v3token",
     "false", None, True, 0, 7, 1.5, "http://[x", "C\n", "/", "c"]
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "values", "auth", "c"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_KEYS = [
    "auth", "auth_type", "auth_url", "username", "password", "token", "endpoint", "project_id", "project_name",
    "region_name", "regions", "interface", "verify", "insecure", "cacert", "cert", "key", "domain_id", "networks",
    "image_endpoint_override", "image_region_name", "image_interface", "access_key", "secret_key", "metrics",
    "external_network", "api_timeout", "endpoint_type", "force_ipv4", "prefer_ipv6",
]  # fmt: skip
_ENTRY = st.dictionaries(
    st.sampled_from(_KEYS),
    _VALUES | st.dictionaries(st.sampled_from(_KEYS), _SCALARS, max_size=4),
    max_size=5,
)
_CLOUDS = st.fixed_dictionaries({}, optional={"c": _ENTRY | _VALUES}) | _VALUES
_SECTIONS = {"clouds": _CLOUDS, "cache": _VALUES, "client": _VALUES, "metrics": _VALUES}
_FILES = st.fixed_dictionaries({}, optional=_SECTIONS)


@pytest.mark.filterwarnings("ignore::Warning")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=_FILES | _VALUES, secure=st.none() | _FILES)
def test_any_clouds_yaml_is_an_account_or_a_mistake_in_the_settings(
    content: Any, secure: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, msgspec.json.encode(content))
    write(tmp_path, msgspec.json.encode(secure), "secure.yaml")
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    mine = CloudSettings("c", os_cloud="c")
    with suppress(GlancebackError):
        region = account(mine)
        session = session_of(region)
        wants_token(region)
        region_of(region)
        if region.config["auth_type"] in ("none", "admin_token"):  # another one has to log in first
            endpoint_of(mine, region, session)
