"""The schedule: `glanceback serve`, and prefect.yaml's deployments on a real server, run by a real worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from click.testing import CliRunner

from flows.cli import main
from tests.clouds.fake import PROJECT, FakeCloud, fake_cloud
from tests.clouds.openstack import free_port
from tests.flows.accounts import write_settings
from tests.flows.conftest import PrefectServer, environment_of_a_command

ROOT = Path(__file__).resolve().parent.parent.parent
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
        f'dashboard = "page.html"\n[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"',
    )


def ask(api: str, what: str, body: dict[str, Any]) -> Any:
    return httpx.post(f"{api}/{what}", json=body, timeout=30).raise_for_status().json()


def until(true: Callable[[], Any], seconds: float = 90) -> Any:
    """What it says once that is true. Asking a server that is starting is no failure."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := true():
                return found
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, true
        time.sleep(0.3)


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
    }

    def prefect(*arguments: str) -> None:
        done = subprocess.run(
            [*PREFECT, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr

    prefect("work-pool", "create", "glanceback", "--type", "process")
    prefect("deploy", "--all")
    deployments = {
        found["name"]: found
        for found in ask(prefect_server.url, "deployments/filter", {})
        if found["name"] in ("nightly", "changes")
    }
    assert [schedule["active"] for schedule in deployments["nightly"]["schedules"]] == [True]
    assert [schedule["active"] for schedule in deployments["changes"]["schedules"]] == [False]
    for name in ("nightly", "changes"):
        run = ask(prefect_server.url, f"deployments/{deployments[name]['id']}/create_flow_run", {})
        prefect("worker", "start", "--pool", "glanceback", "--run-once", "--limit", "1")
        state = httpx.get(f"{prefect_server.url}/flow_runs/{run['id']}", timeout=30).json()["state"]
        assert state["type"] == "COMPLETED", state
    assert modes_of_runs(tmp_path) == ["changes", "full"]
    links = [found for found in ask(prefect_server.url, "artifacts/filter", {}) if found["key"] == "glanceback-page"]
    assert any((tmp_path / "page.html").as_uri() in found["data"] for found in links)


def test_serve_has_a_schedule_and_a_ui_runs_flows_and_leaves_no_process_behind(config: str, tmp_path: Path) -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    command = ["serve", "--cron", "0 2 * * *", "--timezone", "Europe/Berlin", "--port", str(port), "--config", config]
    command += ["--changes-cron", "*/15 * * * *"]
    environment = environment_of_a_command()
    # What flows in this process have set for themselves.
    for name in ("PREFECT_HOME", "PREFECT_SERVER_UI_ENABLED", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"):
        environment.pop(name, None)
    serving = subprocess.Popen(
        [sys.executable, "-m", "flows", *command], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        deployments = until(lambda: len(found := ask(api, "deployments/filter", {})) == 2 and found)
        (nightly,) = (found for found in deployments if found["name"] == "nightly")
        assert nightly["schedules"][0]["schedule"] == {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "day_or": True}
        assert "<html" in httpx.get(f"http://127.0.0.1:{port}/", timeout=30).text
        scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        until(lambda: len(ask(api, "flow_runs/filter", scheduled)) > 1)
        run = ask(api, f"deployments/{nightly['id']}/create_flow_run", {})
        until(lambda: httpx.get(f"{api}/flow_runs/{run['id']}", timeout=30).json()["state"]["type"] == "COMPLETED")
        assert modes_of_runs(tmp_path) == ["full"]
    finally:
        serving.send_signal(signal.SIGTERM)
        try:
            said = serving.communicate(timeout=60)[1]
        finally:
            serving.kill()
    assert "Traceback" not in said, said
    assert serving.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api}/health")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cron", "at two"], "'at two' is no cron schedule"),
        (["--timezone", "Europe/Bielefeld"], "no time zone"),
    ],
)
def test_schedule_that_means_nothing_is_refused(
    config: str, arguments: list[str], said: str, prefect_home: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows", "serve", *arguments, "--port", str(free_port()), "--config", config],
        env=environment_of_a_command(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert said in done.stderr
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
