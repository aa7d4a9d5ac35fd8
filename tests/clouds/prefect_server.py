"""One Prefect home for all flows of a test session, and one server: making its database is the slowest part."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from flows.embedded import (
    _new_database,
    begin_embedded_server,
    stop_embedded_server,
    take_new_database,
    wait_for_embedded_server,
)
from tests.clouds.openstack import free_port


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """`url` is the API's address."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = str(tmp_path_factory.mktemp("prefect"))
    os.environ["PREFECT_HOME"] = home
    yield home
    stop_embedded_server()
    del os.environ["PREFECT_HOME"]


@pytest.fixture
def embedded_server(prefect_home: str) -> str:
    """The address of this process's embedded server, for commands too: each would start one, which takes seconds."""
    from flows.start import prepare  # imports most of the program

    prepare(Path(prefect_home))
    os.environ.pop("PYTHONSAFEPATH", None)  # with it, children cannot import tests.*
    begin_embedded_server()
    wait_for_embedded_server()
    return os.environ["PREFECT_API_URL"]


START_AND_STOP: Final = """
from flows.embedded import begin_embedded_server, stop_embedded_server, wait_for_embedded_server
begin_embedded_server()
wait_for_embedded_server()
stop_embedded_server()
"""


def server_ran(home: Path) -> None:
    """Have an embedded server start in this home, and stop."""
    environment = environment_of_a_command(PREFECT_HOME=str(home))
    subprocess.run([sys.executable, "-c", START_AND_STOP], env=environment, check=True, timeout=240)


@pytest.fixture(scope="session")
def new_prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation's empty database of Prefect: the first server that starts leaves it there."""
    if not _new_database().is_file():
        server_ran(tmp_path_factory.mktemp("first-home"))
    return _new_database()


def environment_of_a_command(**more: str) -> dict[str, str]:
    """Our environment for a process of its own, which starts its own Prefect server and not asks this process's."""
    return {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"} | more


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, new_prefect_database: Path) -> Iterator[PrefectServer]:
    """A real Prefect server on loopback, and the folder with its database."""
    folder, port = tmp_path_factory.mktemp("prefect-server"), free_port()
    take_new_database(folder)
    environment = {
        **os.environ,
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + 300
    while True:
        try:
            httpx.get(f"{url}/health", timeout=5)
            break
        except httpx.TransportError:
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield PrefectServer(url, folder)
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
