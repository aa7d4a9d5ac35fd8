"""The schedule: `glanceback serve`, and prefect.yaml's deployments on a real server, run by a real worker."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import httpx
import pytest
from click.testing import CliRunner

from cli.main import main
from core.errors import SettingsError
from flows.serving import check_schedule
from pipeline.settings import load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, fake_cloud
from tests.clouds.openstack import free_port
from tests.clouds.prefect_server import PrefectServer, environment_of_a_command

ROOT = Path(__file__).resolve().parent.parent.parent
IMPATIENT = {"PREFECT_RUNNER_POLL_FREQUENCY": "1", "PREFECT_WORKER_QUERY_SECONDS": "1"}
"""Prefect looks for runs that are due every ten seconds, unless it is told otherwise."""
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        running.add("a", "private")
        yield running


@pytest.fixture
def config(cloud: FakeCloud, tmp_path: Path) -> str:
    return write_settings(
        tmp_path,
        f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"',
        'dashboard = "page.html"\nlock_wait_seconds = 300',
    )


def ask(api: str, what: str, body: dict[str, Any]) -> Any:
    return httpx.post(f"{api}/{what}", json=body, timeout=30).raise_for_status().json()


def start_run(api: str, deployment: str) -> str:
    """The id of a run that the deployment makes at once. A server that is busy answers 503: it is asked again."""
    body = {"idempotency_key": f"at once {deployment}"}
    run = until(lambda: ask(api, f"deployments/{deployment}/create_flow_run", body))
    return str(run["id"])


def until(true: Callable[[], Any], seconds: float = 300) -> Any:
    """What it says once that is true. Asking a server that is starting or busy is no failure."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := true():
                return found
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, true
        time.sleep(0.3)


def folder_with_modules_named_as_ours(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    (folder / "core").mkdir(parents=True)
    for module in ("flows.py", "core/__init__.py", "pipeline.py"):
        (folder / module).write_text("raise RuntimeError('a module of the user')")
    return folder


def modes_of_runs(folder: Path) -> list[str]:
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        return [
            row[0] for row in reader.execute("SELECT mode FROM runs WHERE status = 'completed' ORDER BY 1").fetchall()
        ]


def test_deployments_of_prefect_yaml_are_run_by_a_worker(
    prefect_server: PrefectServer, config: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PREFECT_API_URL": prefect_server.url,
        "GLANCEBACK_CHECKOUT": str(ROOT),
        "GLANCEBACK_CONFIG": config,
        **IMPATIENT,
    }

    def prefect(*arguments: str) -> None:
        done = subprocess.run(
            [*PREFECT, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr

    pool = httpx.post(f"{prefect_server.url}/work_pools/", json={"name": "glanceback", "type": "process"}, timeout=30)
    assert pool.status_code == 201
    prefect("deploy", "--all")
    deployments = {
        found["name"]: found
        for found in ask(prefect_server.url, "deployments/filter", {})
        if found["name"] in ("nightly", "changes")
    }
    assert [schedule["active"] for schedule in deployments["nightly"]["schedules"]] == [True]
    assert [schedule["active"] for schedule in deployments["changes"]["schedules"]] == [False]
    runs = [start_run(prefect_server.url, deployments[name]["id"]) for name in ("nightly", "changes")]
    prefect("worker", "start", "--pool", "glanceback", "--run-once", "--limit", "2")
    for run in runs:
        state = httpx.get(f"{prefect_server.url}/flow_runs/{run}", timeout=30).json()["state"]
        assert state["type"] == "COMPLETED", state
    assert modes_of_runs(tmp_path) == ["changes", "full"]
    links = [found for found in ask(prefect_server.url, "artifacts/filter", {}) if found["key"] == "glanceback-page"]
    assert any((tmp_path / "page.html").as_uri() in found["data"] for found in links)


class Served:
    """`glanceback serve` in a folder with modules named as ours; `said` is what it wrote until it was stopped."""

    def __init__(self, config: str, elsewhere: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api"
        self.said = ""
        command = ["serve", "--cron", "0 2 * * *", "--timezone", "Europe/Berlin", "--changes-cron", "0 3 * * *"]
        environment = environment_of_a_command(**IMPATIENT)
        # What flows in this process have set for themselves.
        for name in ("PREFECT_HOME", "PREFECT_SERVER_UI_ENABLED", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", *command, "--port", str(port), "--config", config],
            cwd=elsewhere, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.said = self.process.communicate(timeout=300)[1]
        finally:
            self.process.kill()


def test_serve_has_a_schedule_and_a_ui_runs_flows_and_one_run_makes_up_for_those_missed_while_it_was_down(
    config: str, tmp_path: Path
) -> None:
    elsewhere = folder_with_modules_named_as_ours(tmp_path)
    with Served(config, elsewhere) as serving:
        api = serving.api
        deployments = until(lambda: len(found := ask(api, "deployments/filter", {})) == 2 and found)
        (nightly,) = (found for found in deployments if found["name"] == "nightly")
        assert nightly["schedules"][0]["schedule"] == {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "day_or": True}
        assert "<html" in httpx.get(f"{serving.url}/", timeout=30).text
        scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        until(lambda: len(ask(api, "flow_runs/filter", scheduled)) > 1)
        run = start_run(api, nightly["id"])
        until(lambda: httpx.get(f"{api}/flow_runs/{run}", timeout=30).json()["state"]["type"] == "COMPLETED")
        assert modes_of_runs(tmp_path) == ["full"]
    assert "Traceback" not in serving.said, serving.said
    assert serving.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api}/health")

    copies = make_runs_that_were_missed(load_settings(config).home / "prefect", nightly["id"])

    def states(api: str) -> list[str]:
        runs = ask(api, "flow_runs/filter", {"flow_runs": {"expected_start_time": {"before_": "2100-01-01T00:00:00Z"}}})
        return sorted(run["state"]["name"] for run in runs if run["id"] in copies)

    with Served(config, elsewhere) as serving:
        until(lambda: "Completed" in states(serving.api))
        assert states(serving.api) == ["Cancelled"] * 3 + ["Completed"]
    assert modes_of_runs(tmp_path) == ["full", "full"]


def make_runs_that_were_missed(home: Path, deployment: str) -> list[str]:
    """The ids of runs of the deployment that were due on the last days. Those of the days to come are copied."""
    with closing(sqlite3.connect(home / "prefect.db")) as database, database:
        to_come = (
            "SELECT id FROM flow_run WHERE auto_scheduled AND state_type = 'SCHEDULED' AND deployment_id = ? LIMIT 1"
        )
        ((identity,),) = database.execute(to_come, [deployment])
        last_days = [datetime.now(UTC) - timedelta(days=number + 1) for number in range(4)]
        return [copy_run(database, identity, f"missed {at}", f"{at:%Y-%m-%d %H:%M:%S.%f}") for at in last_days]


def copy_run(database: sqlite3.Connection, run: str, name: str, at: str) -> str:
    """Add a run like this one that was scheduled for then; return its id. A run that begins gets another name."""
    new, state = str(uuid4()), str(uuid4())
    changed: dict[str, dict[str, object]] = {
        "flow_run": {
            "id": new, "name": name, "state_id": state, "idempotency_key": name,
            "expected_start_time": at, "next_scheduled_start_time": at,
        },
        "flow_run_state": {"id": state, "flow_run_id": new},
    }  # fmt: skip
    for table, of_the_run in (("flow_run", "id"), ("flow_run_state", "flow_run_id")):
        columns = [row[1] for row in database.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]
        values = ", ".join(f":{column}" if column in changed[table] else column for column in columns)
        database.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {of_the_run} = :of LIMIT 1",
            {**changed[table], "of": run},
        )
    # Prefect would let the run wait until the time that its state has.
    scheduled = "UPDATE flow_run_state SET state_details = json_set(state_details, '$.scheduled_time', ?) WHERE id = ?"
    database.execute(scheduled, [f"{at.replace(' ', 'T')}Z", state])
    return new


def test_time_zone_that_does_not_exist_is_refused(prefect_home: str) -> None:
    with pytest.raises(SettingsError, match="'Europe/Bielefeld' is not a time zone"):
        check_schedule({"nightly": "0 2 * * *"}, "Europe/Bielefeld")


def test_schedule_that_means_nothing_is_refused(config: str, embedded_server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "serve", "--cron", "at two", "--port", str(free_port()), "--config", config],
        env=environment_of_a_command(PREFECT_API_URL=embedded_server),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 2
    assert "'at two' is not a cron schedule" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_GLANCEBACK_COMPLETE" in result.stdout


def test_completion_knows_commands_and_the_cookbook() -> None:
    for words, expected in (("glanceback da", "dashboard"), ("glanceback sql --query larg", "largest_owners")):
        environment = {
            "_GLANCEBACK_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = subprocess.run(
            [str(Path(sys.executable).parent / "glanceback")],
            env=environment_of_a_command(**environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"plain,{expected}" in done.stdout.splitlines(), done.stderr
