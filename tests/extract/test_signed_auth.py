"""AK/SK at a server that verifies signatures."""

import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from extract.account import CloudSettings
from extract.confirmation import confirm
from extract.connection import Connection, connect
from extract.errors import Refused, SettingsError
from extract.landing import Landing, ReadingStart
from extract.listing import listings
from extract.reading import Reading
from extract.request import get
from extract.signed_auth import AccessKey, SignedAuth
from extract.token_auth import origin_of
from tests.clouds.fake import PROJECT, FakeCloud
from tests.clouds.signatures import Gateway
from tests.extract.conftest import as_it_is
from tests.flows.accounts import write_clouds_yaml

START = ReadingStart(datetime(2026, 11, 1), None)
KEY = AccessKey("AKCANARY", "canary-secret-key", "canary-security-token", PROJECT)


@pytest.fixture
def cloud(cloud: FakeCloud) -> FakeCloud:
    cloud.largest_page = 2
    cloud.faults.append(Gateway(KEY.access_key, KEY.secret_key, PROJECT, KEY.security_token))
    for identity in ("a", "b", "c/d e&f", "~g"):
        cloud.add(identity)
    return cloud


def signed(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, secret_key: str = KEY.secret_key) -> Connection:
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", KEY.access_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", secret_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", str(KEY.security_token))
    return connect(CloudSettings("c", auth_type="aksk", endpoint=cloud.url, project_id=PROJECT, tries=1))


def test_every_page_is_signed_so_that_the_gateway_accepts_it(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listing = listings("ims", PROJECT, ("private",))[0]
    reading = Reading(
        signed(cloud, monkeypatch),
        listing,
        Landing(tmp_path / "private"),
        ReadingStart(datetime(2026, 11, 1), None),
        as_it_is,
    )
    assert [image["id"] for page in reading.pages() for image in page.images] == ["a", "b", "c/d e&f", "~g"]
    assert len(cloud.log) == 2


def test_single_images_are_signed_whatever_their_id(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    said = confirm(signed(cloud, monkeypatch), {"~g", "c/d e&f", "gone"})
    assert (set(said.there), set(said.gone)) == ({"~g", "c/d e&f"}, {"gone"})


def test_wrong_secret_key_is_refused_and_not_shown(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = signed(cloud, monkeypatch, "canary-wrong")
    with pytest.raises(Refused, match="the signature is wrong") as caught:
        get(connection, connection.images_url, {"limit": "1"}, "cloud c")
    assert "canary" not in f"{caught.value} {connection!r} {KEY!r} {connection.client.auth!r}"


def test_key_may_be_in_clouds_yaml(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = {
        "auth_type": "aksk",
        "auth": {
            "access_key": KEY.access_key, "secret_key": KEY.secret_key, "security_token": KEY.security_token,
            "project_id": PROJECT,
        },
        "image_endpoint_override": f"{cloud.url}/v2",
    }  # fmt: skip
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(tmp_path, c=entry)))
    connection = connect(CloudSettings("c", os_cloud="c"))
    assert connection.project_id == PROJECT
    assert get(connection, connection.images_url, {"owner": PROJECT}, "cloud c").status == 200


def test_nothing_is_signed_for_another_origin() -> None:
    auth = SignedAuth(KEY, origin_of("https://ims.example.com"))
    request = next(auth.auth_flow(httpx.Request("GET", "https://ims.example.com:8443/v2/images")))
    assert "Authorization" not in request.headers
    assert "X-Security-Token" not in request.headers


def test_missing_key_is_said(cloud: FakeCloud) -> None:
    with pytest.raises(SettingsError, match="needs an access key"):
        connect(CloudSettings("c", auth_type="aksk", endpoint=cloud.url))


def test_missing_extra_is_said(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)
    with pytest.raises(SettingsError, match=r"requirements-aksk\.txt"):
        signed(cloud, monkeypatch)
