"""The embedded Prefect server: a new folder begins with a copy of an empty database, and nothing in it is shared."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.embedded import (
    _keep_new_database,
    begin_embedded_server,
    has_embedded_server,
    stop_embedded_server,
    take_new_database,
)
from tests.clouds.fake import PROJECT, fake_cloud
from tests.clouds.prefect_server import environment_of_a_command, server_ran


def test_new_home_begins_with_the_empty_database_of_the_installation_and_prefect_accepts_it(
    tmp_path: Path, new_prefect_database: Path
) -> None:
    made = "SELECT version_num FROM alembic_version"
    take_new_database(tmp_path / "home")
    taken = rows(tmp_path / "home", made)
    server_ran(tmp_path / "home")
    assert rows(tmp_path / "home", made) == taken
    assert rows(tmp_path / "home", "SELECT count(*) FROM flow_run") == [(0,)]


def test_first_server_of_an_installation_keeps_an_empty_database_for_the_homes_to_come(
    tmp_path: Path, new_prefect_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept is the form alone: no configuration, by which homes are told apart, and nothing where a flow is known."""
    kept = tmp_path / "share" / "new.db"
    monkeypatch.setattr("flows.embedded._new_database", lambda: kept)
    home = tmp_path / "home"
    home.mkdir()
    (home / "prefect.db").write_bytes(new_prefect_database.read_bytes())
    with closing(sqlite3.connect(home / "prefect.db")) as database, database:
        database.execute("INSERT INTO configuration (id, key, value) VALUES ('1', 'ENCRYPTION_KEY', '{}')")
    _keep_new_database(home)
    with closing(sqlite3.connect(kept)) as database:
        assert database.execute("SELECT count(*) FROM configuration").fetchall() == [(0,)]
    kept.unlink()
    with closing(sqlite3.connect(home / "prefect.db")) as database, database:
        database.execute("INSERT INTO flow (id, name, tags, labels) VALUES ('1', 'of another process', '[]', '{}')")
    _keep_new_database(home)
    assert not kept.exists()


def test_database_that_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_text("somebody's")
    take_new_database(tmp_path)
    assert (tmp_path / "prefect.db").read_text() == "somebody's"
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.db"]


@pytest.mark.parametrize("set_meanwhile", [None, "http://127.0.0.1:4200/api"])
def test_address_of_a_server_that_was_stopped_is_not_left_to_the_next_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_meanwhile: str | None
) -> None:
    monkeypatch.setattr("flows.embedded._running", [])
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "")  # which is there again after the test
    begin_embedded_server()
    assert os.environ["PREFECT_API_URL"].startswith("http://127.0.0.1:")
    if set_meanwhile:
        os.environ["PREFECT_API_URL"] = set_meanwhile
    stop_embedded_server()
    assert not has_embedded_server()
    assert os.environ.get("PREFECT_API_URL") == set_meanwhile


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return database.execute(query).fetchall()


SYNC = """[clouds.c]
auth_type = "none"
endpoint = "{url}"
project_id = "{project}"
tries = 1
"""


def sync(folder: Path, url: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    (folder / "glanceback.toml").write_text(SYNC.format(url=url, project=PROJECT))
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cli",
            *(arguments or ("sync", "--orchestrator", "prefect")),
            "--config",
            str(folder / "glanceback.toml"),
        ],
        env=environment_of_a_command(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "variables", [("PREFECT_DEBUG_MODE", "PREFECT_LOGGING_TO_API_ENABLED"), ("PREFECT_TEST_MODE",)], ids="+".join
)
def test_sync_works_however_much_prefect_says(tmp_path: Path, variables: tuple[str, ...]) -> None:
    with fake_cloud() as cloud:
        cloud.add("a")
        done = sync(tmp_path, cloud.url, **dict.fromkeys(variables, "1"))
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "1 new" in done.stderr


def test_wrong_setting_of_prefect_is_named_and_its_value_not_shown(tmp_path: Path) -> None:
    done = sync(tmp_path, "http://127.0.0.1:9", PREFECT_API_REQUEST_TIMEOUT="s3cr3t")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "a setting of Prefect has a value that it cannot use (request_timeout:" in done.stderr
    assert "s3cr3t" not in done.stderr


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "data" / "prefect").mkdir(parents=True)
    (tmp_path / "data" / "prefect" / "prefect.db").write_text("no database")
    done = sync(tmp_path, "http://127.0.0.1:9", PREFECT_HOME=str(tmp_path / "data" / "prefect"))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "the embedded Prefect server did not start" in done.stderr


class Refusing(BaseHTTPRequestHandler):
    status = 401

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("sync", 401, "refuses our login (HTTP status 401). Set PREFECT_API_AUTH_STRING"),
        ("serve", 403, "refuses our login (HTTP status 403)"),
    ],
)
def test_answer_of_a_server_that_will_not_have_us_is_a_sentence(
    tmp_path: Path, command: str, status: int, said: str
) -> None:
    handler = type("Own", (Refusing,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api"
        done = sync(tmp_path, "http://127.0.0.1:9", command, PREFECT_API_URL=url, PREFECT_CLIENT_MAX_RETRIES="0")
        server.shutdown()
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert said in done.stderr
    assert url in done.stderr


def test_no_request_to_our_own_server_or_the_demos_cloud_goes_through_a_proxy(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(handler: Refusing) -> None:
        asked.append(handler.path)
        Refusing.do_GET(handler)

    handler = type("Proxy", (Refusing,), {"do_GET": ask, "do_POST": ask, "do_CONNECT": ask})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        proxy = f"http://127.0.0.1:{server.server_port}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy)
        done = sync(tmp_path, "http://images.example:9", **proxies)
        read = subprocess.run(
            [sys.executable, "-c", OF_THE_SAMPLE], env=environment_of_a_command(**proxies), check=False, timeout=300
        )
        server.shutdown()
    assert done.returncode == 1, done.stderr
    assert {path.partition("?")[0] for path in asked} == {"http://images.example:9/v2/images"}
    assert read.returncode == 0


OF_THE_SAMPLE = """
import os
from core.proxies import proxy_for
from cli.sample_cloud import sample_cloud
with sample_cloud() as cloud:
    assert proxy_for(cloud.url, os.environ) is None
assert proxy_for(cloud.url, os.environ) is not None
"""
