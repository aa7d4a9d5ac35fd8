"""On a Prefect server that runs already: the run is there to be looked at, and holds no secret."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clouds.openstack import OpenStackCloud, free_port
from tests.flows.accounts import account, write_clouds_yaml, write_settings

FIVE_AND_TWO = {"public", "private", "shared-accepted", "shared-pending", "shared-rejected", "community", "hidden"}


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API address of a real Prefect server on loopback."""
    folder, port = tmp_path_factory.mktemp("prefect-server"), free_port()
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
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx.get(f"{url}/health", timeout=5)
            break
        except httpx.TransportError:
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield url
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()


def test_run_on_a_server_is_there_with_its_tasks_and_artifact_and_without_secrets(
    prefect_server: str, openstack: OpenStackCloud, tmp_path: Path
) -> None:
    openstack.create_image("alpha", name="seen by Prefect", visibility="private")
    config = write_settings(tmp_path, "[clouds.alpha]")
    clouds = write_clouds_yaml(tmp_path, alpha=account(openstack, "alpha"))
    done = subprocess.run(
        [sys.executable, "-m", "flows", "sync", "--json", "--config", config],
        env={**os.environ, "PREFECT_API_URL": prefect_server, "OS_CLIENT_CONFIG_FILE": str(clouds)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (flow_run,) = ask(prefect_server, "flow_runs")
    assert (flow_run["state_type"], flow_run["parameters"]["config"]) == ("COMPLETED", config)
    task_runs = {task_run["name"] for task_run in ask(prefect_server, "task_runs")}
    assert {f"alpha: {listing}" for listing in FIVE_AND_TWO} | {"enter alpha", "load alpha"} <= task_runs
    (artifact,) = ask(prefect_server, "artifacts")
    assert json.loads(done.stdout)["run_id"] in str(artifact["data"])
    logs = [entry["message"] for entry in ask(prefect_server, "logs")]
    assert any("listing private" in str(message) for message in logs)
    everything = json.dumps([flow_run, ask(prefect_server, "task_runs"), artifact, logs]) + done.stdout + done.stderr
    assert openstack.projects["alpha"].password not in everything
    assert "gAAAAA" not in everything


def test_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    config = write_settings(tmp_path, '[clouds.c]\nauth_type = "none"\nendpoint = "http://127.0.0.1:9"')
    done = subprocess.run(
        [sys.executable, "-m", "flows", "sync", "--config", config],
        env={**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "the Prefect server at http://127.0.0.1:9/api does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def ask(server: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(f"{server}/{what}/filter", json={}, timeout=30).json()
    return found
