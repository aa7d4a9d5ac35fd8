"""Which runs go on, and which died: the system knows."""

import platform
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from load.living_runs import died, forget_died, going_on
from load.runs import begin_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse

HOLD = """
import sys
from pathlib import Path
from load.living_runs import going_on
with going_on(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_run_whose_process_was_killed_died_and_one_that_goes_on_or_ended_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert died(tmp_path) == []
    with going_on(tmp_path, "ended"):
        assert died(tmp_path) == []
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "killed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert died(tmp_path) == []
        process.send_signal(signal.SIGKILL)
    with going_on(tmp_path, "goes on"):
        assert died(tmp_path) == ["killed"]
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(platform, "node", lambda: "another/machine")
            assert died(tmp_path) == [], "of a run of another machine nobody knows"
            assert died(tmp_path, anywhere=True) == ["killed"]
            forget_died(tmp_path, ["killed"])
        assert died(tmp_path) == ["killed"]
        forget_died(tmp_path, ["killed"])
        assert died(tmp_path) == []


def test_run_goes_on_where_no_lock_can_be_had(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("not a folder")
    with going_on(tmp_path, "r"):
        assert died(tmp_path) == []


def test_run_is_locked_before_it_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a process that is killed in between leaves a run that seems to go on."""
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        locked: list[str] = []

        def run(folder: str, statement: str, **parameters: object) -> None:
            if statement == "add_run":
                locked.extend(one.name.partition(" ")[0] for one in (tmp_path / "running").iterdir())
            Warehouse.run(warehouse, folder, statement, **parameters)

        monkeypatch.setattr(warehouse, "run", run)
        with ExitStack() as until_the_end:
            begun = begin_run(warehouse, "full", "0", home=tmp_path, until=until_the_end)
            assert locked == [begun.run_id]
            assert died(tmp_path) == []
        assert list((tmp_path / "running").iterdir()) == []
