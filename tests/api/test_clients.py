"""Clients that people have ask the past: openstackclient, openstacksdk, the vendor's SDK, and Terraform's requests."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import openstack
import pytest

from api.server import Served
from tests.api.serving import private, published, serving
from tests.clouds.openstack import clouds_python
from tests.load.runs import PROJECT

VENDORS_PYTHON = Path(__file__).parents[2] / ".venv-drivers" / "bin" / "python"
THEN = ["before", "image going", "image gold", "image staying"]
NOW = ["after", "image coming", "image gold", "image moving", "image staying"]


@pytest.fixture(scope="module")
def url(copy: Path) -> Iterator[str]:
    with serving(Served(copy, {"c": PROJECT})) as client:
        yield str(client.base_url)


def openstackclient(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [str(clouds_python().with_name("openstack")), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_openstackclient_lists_the_past_and_the_present(url: str) -> None:
    then = {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": f"{url}/as-of/2026-11-01"}
    now = {"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": "x", "OS_ENDPOINT": f"{url}/v2"}
    for account, names in ((then, THEN), (now, NOW)):
        listed = openstackclient("image", "list", "-f", "json", **account)
        assert listed.returncode == 0, listed.stderr
        assert sorted(image["Name"] for image in json.loads(listed.stdout)) == names


def test_openstacksdk_pages_and_finds(url: str) -> None:
    for endpoint, names in ((url, NOW), (f"{url}/as-of/2026-11-01", THEN)):
        connection = openstack.connection.Connection(auth_type="none", endpoint=endpoint)
        assert sorted(image.name for image in connection.image.images(limit=2)) == names
        assert connection.image.find_image("image gold").is_protected
        assert connection.image.find_image("nobody") is None


def test_the_vendors_sdk_pages_and_understands_refusals(tmp_path: Path) -> None:
    """It drops the path of an endpoint, so the server's time applies."""
    spelled = {"__isregistered": "true", "__image_size": "5", "max_ram": "0", "__os_bit": "64", "min_disk": 40}
    images = [private(f"i{number}", **spelled) for number in range(5)]
    copy = published(tmp_path, {"private": images}, {"private": images[1:]})
    with serving(Served(copy, {"c": PROJECT}, when="2026-11-01")) as client:
        command = [str(VENDORS_PYTHON), str(Path(__file__).with_name("ask_with_vendor_sdk.py")), str(client.base_url)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "names": [f"image i{number}" for number in range(5)],
        "first": ["private", "true", "5", 40],
        "refusal": [404, "No image found with ID nobody"],
    }


def test_terraforms_look_up_stays_at_its_time_from_page_to_page(url: str) -> None:
    """Source: gophercloud, `imageservice/v2/images`: `nextPageURL` puts the path of `next` behind the endpoint."""
    service = f"{url}/as-of/2026-11-01"
    query = {"limit": "1", "os_hidden": "false", "sort_key": "name", "sort_dir": "asc", "status": "active"}
    names, asked = [], f"{service}/v2/images?{urlencode(query)}"
    while True:
        page = httpx.get(asked, trust_env=False).raise_for_status().json()
        names += [image["name"] for image in page["images"]]
        if "next" not in page:
            break
        following = urlsplit(page["next"])
        asked = f"{service}/{following.path.removeprefix('/')}?{following.query}"
    assert names == THEN
    found = httpx.get(f"{service}/v2/images?name=before&visibility=private&owner={PROJECT}", trust_env=False).json()
    assert [image["id"] for image in found["images"]] == ["changing"]
