"""No secret in anything that a run leaves or says: every file and every stream is searched for canaries."""

import base64
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
import zstandard

from tests.clouds.accounts import account, write_clouds_yaml, write_settings
from tests.clouds.fake import Asked, FakeCloud, Reply, fake_cloud
from tests.clouds.openstack import OpenStackCloud
from tests.clouds.prefect_server import PrefectServer

TOKEN = "canary-0f3c9a-token"
FERNET = "gAAAAAB"  # how every token of the real Keystone begins
KEY = {"AK": "canary-4b1d-access", "SK": "canary-77aa-secret", "SECURITY_TOKEN": "canary-5f/5+c\\ab-temporary=="}
CRASHING = """
import sys
import pipeline.listing_reading
def crash(*_): raise RuntimeError("something that nobody foresaw")
pipeline.listing_reading.flatten = crash
from cli.main import main
main(sys.argv[1:])
"""


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.token = TOKEN
        running.largest_page = 2
        for number in range(9):
            running.add(f"{number}", ("public", "shared-accepted", "shared-pending")[number % 3])
        yield running


@pytest.fixture
def folder(tmp_path: Path, prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.url)
    monkeypatch.setenv("PREFECT_HOME", str(prefect_server.folder))
    write_settings(tmp_path, '[clouds.envvars]\nos_cloud = "envvars"\ntries = 1\nproject_id = "p"')
    return tmp_path


def sync(folder: Path, *start: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    everything = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG"}
    return subprocess.run(
        [sys.executable, *(start or ("-m", "cli")), "sync", "--json", "--verbose"],
        env={**os.environ, **everything, "GLANCEBACK_CONFIG": str(folder / "glanceback.toml"), **environment},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def everything_left(folder: Path, done: "subprocess.CompletedProcess[str]") -> Iterator[tuple[str, bytes]]:
    """Every stream and file, unpacked, with its name."""
    yield "stdout", done.stdout.encode()
    yield "stderr", done.stderr.encode()
    for place in (folder, Path(os.environ["PREFECT_HOME"])):
        for file in place.rglob("*"):
            if file.is_file() and file.name != "clouds.yaml":
                content = file.read_bytes()
                yield str(file), content
                if file.parent.name == "storage":
                    yield f"{file} decoded", base64.b64decode(content)
                if file.suffix == ".zst":
                    yield f"{file} unpacked", zstandard.decompress(content)
    for database in folder.rglob("*.duckdb"):
        with duckdb.connect(str(database), read_only=True) as reader:
            for (table,) in reader.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield f"{database} {table}", repr(reader.execute(f"FROM {table}").fetchall()).encode()


def assert_nowhere(secrets: tuple[str, ...], folder: Path, done: "subprocess.CompletedProcess[str]") -> None:
    found = [
        (name, secret)
        for name, content in everything_left(folder, done)
        for secret in secrets
        if secret.encode() in content
    ]
    assert found == []


def by_token(cloud: FakeCloud, token: str = TOKEN) -> dict[str, str]:
    return {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": cloud.url, "OS_TOKEN": token}


def test_token_is_nowhere_after_a_run_whose_files_are_for_their_owner_but_for_the_published_copy(
    cloud: FakeCloud, folder: Path
) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (folder / "glanceback.toml").rename(inside / "glanceback.toml")
    private = {"GLANCEBACK_WAREHOUSE": "d/w.duckdb", "GLANCEBACK_PUBLISHED": "d/p.duckdb", "GLANCEBACK_LANDING": "d/l"}
    old_umask = os.umask(0o022)
    try:
        done = sync(inside, **by_token(cloud), **private)
    finally:
        os.umask(old_umask)
    assert done.returncode == 0, done.stderr
    assert_nowhere((TOKEN,), folder, done)
    modes = {name: (inside / "d" / name).stat().st_mode & 0o777 for name in ("", "w.duckdb", "p.duckdb", "l")}
    assert modes == {"": 0o755, "w.duckdb": 0o600, "p.duckdb": 0o444, "l": 0o700}
    pages = {file.stat().st_mode & 0o777 for file in (inside / "d" / "l").rglob("*") if file.is_file()}
    assert pages == {0o600}


def test_token_that_the_server_repeats_is_nowhere(cloud: FakeCloud, folder: Path) -> None:
    """A refusal, a failure and a redirect, each in another listing."""
    replies = {
        "public": Reply(403, f"no entry for {TOKEN}".encode()),
        "accepted": Reply(500, f'{{"token": "{TOKEN}"}}'.encode()),
        "pending": Reply(
            302, headers={"Location": f"http://{TOKEN}:{TOKEN}@elsewhere.invalid/v2/images?token={TOKEN}"}
        ),
    }
    repeated = set()

    def repeat(asked: Asked) -> Reply | None:
        if "marker" not in asked.query:
            return None
        listing = asked.query.get("member_status", "public")
        repeated.add(listing)
        return replies[listing]

    cloud.faults.append(repeat)
    done = sync(folder, **by_token(cloud))
    assert done.returncode == 1
    assert len(repeated) == len(replies)
    assert_nowhere((TOKEN,), folder, done)


def test_token_that_no_header_can_hold_is_nowhere(cloud: FakeCloud, folder: Path) -> None:
    done = sync(folder, **by_token(cloud, f"{TOKEN}\n"))
    assert done.returncode in (1, 2)
    assert "token" in done.stderr
    assert_nowhere((TOKEN,), folder, done)


def test_password_in_an_endpoint_is_nowhere(cloud: FakeCloud, folder: Path) -> None:
    endpoint = cloud.url.replace("http://", f"http://reader:{TOKEN}@")
    done = sync(folder, **(by_token(cloud, "other") | {"OS_ENDPOINT": endpoint}))
    assert done.returncode in (1, 2)
    assert_nowhere((TOKEN,), folder, done)


def by_temporary_key(folder: Path, cloud: FakeCloud, **parts: str) -> dict[str, str]:
    write_settings(
        folder, f'[clouds.signed]\nauth_type = "aksk"\nendpoint = "{cloud.url}"\nproject_id = "p"\ntries = 1'
    )
    return {f"HUAWEICLOUD_SDK_{name}": value for name, value in (KEY | parts).items()}


SPELLINGS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: "x" * 190 + text,
    lambda text: "<p>" * 1330 + text,
    lambda text: json.dumps(text).replace("/", "\\/"),
    lambda text: quote(text, safe=""),
    lambda text: text.replace("-", "<b>-</b>"),
]


def test_temporary_key_that_the_server_repeats_is_nowhere(cloud: FakeCloud, folder: Path) -> None:
    """Each listing is refused in other words, and some in two."""
    spellings = itertools.cycle(SPELLINGS)
    said: list[str] = []

    def repeat(asked: Asked) -> Reply | None:
        if "__imagetype" not in asked.query and "visibility" not in asked.query:
            return None
        headers = ["x-security-token", "authorization"] if len(said) % 2 else ["authorization", "x-security-token"]
        said.append(" ".join(next(spellings)(asked.headers[name]) for name in headers))
        return Reply(401 if len(said) % 3 else 403, said[-1].encode())

    cloud.token = None
    cloud.faults.append(repeat)
    done = sync(folder, **by_temporary_key(folder, cloud))
    assert done.returncode == 1
    assert len(said) >= len(SPELLINGS) / 2
    signatures = [re.findall("Signature=([0-9a-f]{16})", asked.headers["authorization"])[0] for asked in cloud.log]
    assert_nowhere((*KEY.values(), *(value[:10] for value in KEY.values()), *signatures), folder, done)


def test_key_that_no_header_can_hold_is_said_before_anything_is_sent_and_is_nowhere(
    cloud: FakeCloud, folder: Path
) -> None:
    done = sync(folder, **by_temporary_key(folder, cloud, AK="canary-9d2e\n-key"))
    assert done.returncode == 2, done.stderr
    assert "the access key has a line break" in done.stderr
    assert "HUAWEICLOUD_SDK_AK" in done.stderr
    assert cloud.log == []
    assert_nowhere(("canary-9d2e", *KEY.values()), folder, done)


def test_password_in_the_endpoint_of_the_settings_is_nowhere(cloud: FakeCloud, folder: Path) -> None:
    endpoint = cloud.url.replace("http://", f"http://reader:{TOKEN}@")
    write_settings(folder, f'[clouds.open]\nauth_type = "none"\nendpoint = "{endpoint}"')
    done = sync(folder)
    (folder / "glanceback.toml").unlink()
    assert done.returncode in (1, 2)
    assert "contains a user or a password" in done.stderr
    assert_nowhere((TOKEN,), folder, done)


def test_crash_shows_no_secret(cloud: FakeCloud, folder: Path) -> None:
    done = sync(folder, "-c", CRASHING, **by_token(cloud))
    assert done.returncode == 1
    assert "something that nobody foresaw" in done.stderr
    assert_nowhere((TOKEN,), folder, done)


def test_real_password_and_tokens_are_nowhere(openstack: OpenStackCloud, folder: Path) -> None:
    (folder / "glanceback.toml").unlink()
    write_settings(folder, "[clouds.alpha]")
    clouds = write_clouds_yaml(folder, alpha=account(openstack, "alpha"))
    done = sync(folder, OS_CLIENT_CONFIG_FILE=str(clouds))
    assert done.returncode == 0, done.stderr
    assert_nowhere((openstack.projects["alpha"].password, FERNET), folder, done)
