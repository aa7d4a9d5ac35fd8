"""AK/SK at a server that verifies signatures."""

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from core.errors import Refused, SettingsError
from core.redaction import Secrets
from extract.account import CloudSettings
from extract.confirmation import confirm
from extract.connection import Connection, connect
from extract.landing import Landing, ReadingStart
from extract.listing import listings
from extract.reading import Reading
from extract.request import get
from extract.signed_auth import AccessKey, SignedAuth, access_key, clock_difference
from extract.token_auth import origin_of
from tests.clouds.accounts import write_clouds_yaml
from tests.clouds.fake import PROJECT, Asked, FakeCloud
from tests.clouds.signatures import Gateway
from tests.extract.conftest import as_it_is

START = ReadingStart(datetime(2026, 11, 1), None)
KEY = AccessKey("AKCANARY", "canary-secret-key", "canary-security-token", PROJECT)
PARTS = {"access_key": KEY.access_key, "secret_key": KEY.secret_key, "security_token": KEY.security_token}


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
    assert len(cloud.log) >= 2


def test_single_images_are_signed_whatever_their_id(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    said = confirm(signed(cloud, monkeypatch), dict.fromkeys(("~g", "c/d e&f", "gone"), ("a",)), lambda *_: None)
    assert (set(said.there), set(said.gone), set(said.unaskable)) == ({"~g", "c/d e&f"}, {"gone"}, set())


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


@pytest.mark.parametrize("part", ["access_key", "secret_key", "security_token", "project_id"])
@pytest.mark.parametrize("odd", ["canary\nkey", "canaryé", "canary\x00", "canary ", " canary"])
def test_key_that_no_header_can_hold_is_refused_before_anything_is_sent(part: str, odd: str) -> None:
    with pytest.raises(SettingsError, match=part.replace("_", " ")) as caught:
        SignedAuth(replace(KEY, **{part: odd}), origin_of("http://h"))
    assert "canary" not in repr(caught.value)
    with pytest.raises(SettingsError, match=f"{part} in clouds.yaml") as caught:
        access_key({**PARTS, part: odd}, None, "cloud c")
    assert "canary" not in repr(caught.value)


def test_key_of_the_variables_fills_what_the_entry_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AK": "ak", "SK": "sk", "SECURITY_TOKEN": "st", "PROJECT_ID": "pi"}.items():
        monkeypatch.setenv(f"HUAWEICLOUD_SDK_{name}", value)
    assert access_key({}, None, "c") == AccessKey("ak", "sk", "st", "pi")
    assert access_key(PARTS, "p", "c") == AccessKey(KEY.access_key, KEY.secret_key, KEY.security_token, "p")


def test_key_is_masked_from_the_beginning() -> None:
    secrets = Secrets()
    SignedAuth(KEY, origin_of("http://h"), secrets)
    assert secrets.mask(f"{KEY.access_key} {KEY.secret_key} {KEY.security_token} {KEY.project_id}") == (
        f"*** *** *** {PROJECT}"
    )


@pytest.mark.parametrize(
    "path", ["/v2/images/%2e%2e", "/v2/images/%25", "/v2/images/a%2Fb", "/v2/images/%C3%A9", "/v2/images/a//b"]
)
def test_path_is_signed_as_it_is_sent(path: str) -> None:
    request = httpx.Request("GET", f"http://h{path}?owner=a%2Bb&x=")
    next(SignedAuth(KEY, origin_of("http://h")).auth_flow(request))
    assert request.url.raw_path == f"{path}?owner=a%2Bb&x=".encode()
    headers = {name.lower(): value for name, value in request.headers.items()}
    asked = Asked(path, {}, None, target=request.url.raw_path.decode(), headers=headers)
    gateway = Gateway(KEY.access_key, KEY.secret_key, PROJECT, KEY.security_token)
    assert gateway.problem(asked) is None


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (0, None),
        (60, None),
        (-60, None),
        (61, "1 minute ahead of"),
        (-120, "2 minutes behind"),
        (-1200, "20 minutes behind"),
        (5400, "90 minutes ahead of"),
        (-7200, "2 hours behind"),
        (86_400, "24 hours ahead of"),
        (-30 * 86_400, "30 days behind"),
    ],
)
def test_clocks_that_differ_are_said(seconds: int, sentence: str | None) -> None:
    served_at = datetime(2026, 11, 1, 12)
    said = clock_difference(served_at, served_at + timedelta(seconds=seconds))
    assert said is None if sentence is None else f"clock is {sentence} the cloud's" in str(said)
    if said:
        assert ("set the clock" in said) == (abs(seconds) > 900)
    assert clock_difference(None, served_at) is None


def test_missing_key_is_said(cloud: FakeCloud) -> None:
    with pytest.raises(SettingsError, match="needs an access key"):
        connect(CloudSettings("c", auth_type="aksk", endpoint=cloud.url))


def test_missing_extra_is_said(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huaweicloudsdkcore.auth.credentials", None)
    with pytest.raises(SettingsError, match=r"requirements-aksk\.txt"):
        signed(cloud, monkeypatch)
