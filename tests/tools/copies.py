"""A published copy for the tools, and how to run their programs."""

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
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


def on_a_screen(command: Sequence[str], said: Sequence[tuple[bytes, bytes]]) -> bytes:
    """What a program of the tools' environment draws on a terminal. `said`: what to wait for, and what to type then."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    variables = {**os.environ, "TERM": "xterm-256color", "DO_NOT_TRACK": "1"}
    program = subprocess.Popen([str(BIN / command[0]), *command[1:]], stdin=its, stdout=its, stderr=its, env=variables)
    os.close(its)
    drawn, until = b"", time.monotonic() + 300
    try:
        for awaited, typed in said:
            while awaited not in drawn:
                assert time.monotonic() < until, f"{awaited!r} was never drawn: {drawn[-2000:]!r}"
                if select.select([ours], [], [], 1)[0]:
                    drawn += os.read(ours, 1 << 16)
            os.write(ours, typed)
    finally:
        program.kill()
        program.wait()
        os.close(ours)
    return drawn


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
