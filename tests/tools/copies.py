"""A published copy for the tools, and how to run their programs."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from load.publish import publish
from tests.load.runs import Runs, image, new_warehouse

BIN = Path(__file__).resolve().parent.parent.parent / ".venv-tools" / "bin"


def published(folder: Path, *spoiling: str) -> Path:
    """A copy with three images and two runs, after the statements that spoil its warehouse."""
    with new_warehouse(folder) as warehouse:
        runs = Runs(warehouse, folder / "stage")
        runs.run({"public": [image("a", tags=["x", "y"], odd="1", size=1000), image("b")]})
        runs.run({"public": [image("a", name="大", odd="2", size=1000), image("b")], "private": [image("c")]})
        for statement in spoiling:
            warehouse.execute(statement)
        publish(warehouse, folder / "published.duckdb")
    return folder / "published.duckdb"


def run(folder: Path, *command: str, variables: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a program of the tools' environment in the folder. It tells nobody that it ran."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DBT_"))},
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
        "HOME": str(folder),
        **(variables or {}),
    }
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
