"""On a Prefect server that runs already: the run is there to be looked at, and holds no secret."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.clouds.accounts import account, write_clouds_yaml, write_settings
from tests.clouds.estate import REGIONS, fake_estate
from tests.clouds.openstack import OpenStackCloud
from tests.clouds.prefect_server import PrefectServer

FIVE_AND_TWO = {"public", "private", "shared-accepted", "shared-pending", "shared-rejected", "community", "hidden"}


def test_run_on_a_server_is_there_with_its_tasks_and_artifacts_and_without_secrets(
    prefect_server: PrefectServer, openstack: OpenStackCloud, tmp_path: Path
) -> None:
    openstack.create_image("alpha", name="seen by Prefect", visibility="private")
    config = write_settings(tmp_path, "[clouds.alpha]")
    clouds = write_clouds_yaml(tmp_path, alpha=account(openstack, "alpha"))
    done = sync(prefect_server, config, clouds)
    assert done.returncode == 0, done.stderr
    (flow_run,) = (run for run in ask(prefect_server.url, "flow_runs") if run["parameters"]["config"] == config)
    assert flow_run["state_type"] == "COMPLETED"
    assert re.fullmatch(r"nightly alpha \d{4}-\d\d-\d\d", flow_run["name"])
    task_runs = {task_run["name"] for task_run in ask(prefect_server.url, "task_runs")}
    assert {f"alpha: {listing}" for listing in FIVE_AND_TWO} | {"log in to alpha", "load alpha"} <= task_runs
    run_id = json.loads(done.stdout)["run_id"]
    artifacts = {
        found["key"]: found for found in ask(prefect_server.url, "artifacts") if run_id in str(found["description"])
    }
    assert artifacts.keys() == {"glanceback-run", "glanceback-listings", "glanceback-changes"}
    assert run_id in artifacts["glanceback-run"]["data"]
    assert {row["listing"] for row in json.loads(artifacts["glanceback-listings"]["data"])} == FIVE_AND_TWO
    changes = json.loads(artifacts["glanceback-changes"]["data"])
    assert {"came"} == {row["event"] for row in changes}
    assert "seen by Prefect" in {row["name"] for row in changes}
    logs = [entry["message"] for entry in ask(prefect_server.url, "logs")]
    assert any("listing private" in str(message) for message in logs)
    everything = (
        json.dumps([flow_run, ask(prefect_server.url, "task_runs"), artifacts, logs]) + done.stdout + done.stderr
    )
    assert openstack.projects["alpha"].password not in everything
    assert "gAAAAA" not in everything


def test_account_of_many_clouds_is_a_few_tasks_with_its_tag(prefect_server: PrefectServer, tmp_path: Path) -> None:
    with fake_estate(2) as estate:
        estate.fill(2, public=1)
        config = write_settings(tmp_path, '[clouds.many]\nprojects = "all"\nregions = "all"')
        clouds = write_clouds_yaml(tmp_path, many=estate.entry)
        done = sync(prefect_server, config, clouds)
    assert done.returncode == 0, done.stderr
    assert [cloud["unchanged"] + cloud["new"] for cloud in json.loads(done.stdout)["clouds"]] == [2] * 4
    (flow_run,) = (run for run in ask(prefect_server.url, "flow_runs") if run["parameters"]["config"] == config)
    assert re.fullmatch(r"nightly many \d{4}-\d\d-\d\d", flow_run["name"])
    tasks = [run for run in ask(prefect_server.url, "task_runs") if run["flow_run_id"] == flow_run["id"]]
    loads = [run for run in tasks if "many" in run["tags"]]
    assert sorted(run["name"] for run in loads) == sorted(
        f"load many/{region}/{project}" for region in REGIONS for project in estate.names.values()
    )
    assert sorted(run["name"] for run in tasks if run not in loads) == ["publish"]
    logs = [
        str(entry["message"]) for entry in ask(prefect_server.url, "logs") if entry["flow_run_id"] == flow_run["id"]
    ]
    assert any("many/eu-nl/project-002, listing private" in message for message in logs), "threads log to the flow run"


def test_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    config = write_settings(tmp_path, '[clouds.c]\nauth_type = "none"\nendpoint = "http://127.0.0.1:9"')
    done = subprocess.run(
        [sys.executable, "-m", "cli", "sync", "--config", config],
        env={**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 2
    assert "the Prefect server at http://127.0.0.1:9/api does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def sync(server: PrefectServer, config: str, clouds: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", "sync", "--json", "--config", config],
        env={**os.environ, "PREFECT_API_URL": server.url, "OS_CLIENT_CONFIG_FILE": str(clouds)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def ask(server: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(f"{server}/{what}/filter", json={}, timeout=30).json()
    return found
