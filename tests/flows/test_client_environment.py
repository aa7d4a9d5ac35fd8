"""Proxy variables of every form: Prefect's client does not fail on them, and ours reads them as they were."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import httpx
import hypothesis
import pytest
from hypothesis import strategies as st

from core.errors import SettingsError
from core.proxies import proxy_for
from flows.client_environment import check_certificates, variables_for_httpx
from tests.clouds.fake import PROJECT, fake_cloud
from tests.clouds.prefect_server import environment_of_a_command

AS_DESKTOPS_SET_IT = {"ALL_PROXY": "socks://127.0.0.1:9", "NO_PROXY": "127.0.0.0/8,[::1],fd00::/8,localhost"}
URLS = (
    "http://127.0.0.1:4200/api",
    "https://c.example.com/v2",
    "http://[fd00::1]:9292",
    "http://[::1]:80",
    "http://10.1.2.3",
)


def ways(environment: Mapping[str, str]) -> list[str | None]:
    """The proxy for each address, or the sentence."""
    found: list[str | None] = []
    for url in URLS:
        try:
            found.append(proxy_for(url, environment))
        except SettingsError as exc:
            found.append(str(exc))
    return found


def proxies_of_httpx(environment: Mapping[str, str]) -> dict[str, bool]:
    """Whether httpx asks a proxy for each address; it fails here on what it cannot read."""
    with mock.patch.dict("os.environ", environment, clear=True), httpx.Client(verify=False) as client:
        return {url: client._transport_for_url(httpx.URL(url)) is not client._transport for url in URLS}


@pytest.mark.parametrize(
    "environment",
    [
        AS_DESKTOPS_SET_IT,
        {"all_proxy": "socks://127.0.0.1:9", "no_proxy": "[::1]:80,fd00::/8,::1/128"},
        {"HTTP_PROXY": "proxy:3128", "https_proxy": "http://user:p@ss@proxy:3128"},
        {"HTTP_PROXY": "nonsense://", "http_proxy": "http://proxy:1"},
        {"HTTP_PROXY": "http://proxy:1", "http_proxy": ""},
        {"HTTP_PROXY": "http://[::1", "NO_PROXY": "*"},
        {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "10.0.0.0/8 .example.com:443,*.example.org,http://x"},
        {"NO_PROXY": "[::1]"},
    ],
)
def test_httpx_can_read_them_and_ours_mean_what_they_did(environment: dict[str, str]) -> None:
    changed = {**environment, **variables_for_httpx(environment)}
    assert not proxies_of_httpx(changed)[URLS[0]]
    assert ways(changed) == ways(environment)
    assert variables_for_httpx(changed).items() <= changed.items()


VALUES = st.text(max_size=12).filter(lambda text: "\x00" not in text) | st.sampled_from(
    [
        "socks://p:1",
        "http://p:1",
        "p",
        "[::1]",
        "fd00::/8",
        "127.0.0.0/8",
        "a.b:1",
        "*",
        ".",
        ":",
        "[",
        "http://[",
        "::1",
    ]
)


@hypothesis.given(
    st.dictionaries(
        st.sampled_from(["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]), VALUES
    ),
    st.dictionaries(st.sampled_from(["no_proxy", "NO_PROXY"]), st.lists(VALUES).map(",".join)),
)
def test_whatever_they_hold_httpx_does_not_fail(proxies: dict[str, str], no_proxy: dict[str, str]) -> None:
    environment = {**proxies, **no_proxy}
    changed = {**environment, **variables_for_httpx(environment)}
    try:
        changed = {name: value.encode("utf-8").decode() for name, value in changed.items()}
    except UnicodeEncodeError:
        hypothesis.reject()
    assert not environment or not proxies_of_httpx(changed)[URLS[0]]
    assert ways(changed) == ways(environment)


def test_nothing_is_set_where_nothing_was() -> None:
    assert variables_for_httpx({"HOME": "/root"}) == {}


def test_prefects_server_in_a_range_needs_no_proxy() -> None:
    environment = {"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8", "PREFECT_API_URL": "http://10.1.2.3:4200/api"}
    assert not proxies_of_httpx({**environment, **variables_for_httpx(environment)})["http://10.1.2.3"]


def sync(folder: Path, url: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    settings = f'[clouds.c]\nauth_type = "none"\nendpoint = "{url}"\nproject_id = "{PROJECT}"\ntries = 1\n'
    (folder / "glanceback.toml").write_text(settings)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cli",
            "sync",
            "--orchestrator",
            "prefect",
            "--json",
            "--config",
            str(folder / "glanceback.toml"),
        ],
        env=environment_of_a_command(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_sync_with_the_variables_of_a_desktop(tmp_path: Path) -> None:
    with fake_cloud() as cloud:
        cloud.add("a")
        done = sync(tmp_path, cloud.url, **AS_DESKTOPS_SET_IT)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert json.loads(done.stdout)["clouds"][0]["new"] == 1


def test_sync_without_the_certificates_that_a_variable_names_is_a_sentence(tmp_path: Path) -> None:
    done = sync(tmp_path, "http://127.0.0.1:9", SSL_CERT_FILE=str(tmp_path / "nowhere"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "Check SSL_CERT_FILE" in done.stderr


@pytest.mark.parametrize("what", ["folder", "no certificate"])
def test_certificates_that_cannot_be_read_are_said_before_prefect_starts(tmp_path: Path, what: str) -> None:
    if what == "no certificate":
        (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        check_certificates({"SSL_CERT_FILE": str(tmp_path / "x" if what == "no certificate" else tmp_path)})
