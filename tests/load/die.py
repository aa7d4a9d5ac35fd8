"""A second night, killed at its first statement, at its second, and so on, until it lives: `die.py FIRST_NIGHT FOLDER`.

Each is played in a copy of the first night, FOLDER/1, FOLDER/2 and so on, by a process forked from this one, which has
imported everything. Prints how many statements the night has; it lives in the folder after that.
"""

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import duckdb

from load.publish import publish
from load.warehouse import Warehouse
from tests.load.runs import Runs, image

_execute = Warehouse.execute


def second_night(folder: Path, stage: str = "second-stage") -> None:
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        Runs(warehouse, folder / stage).run(
            {"public": [image("a", name="changed"), image("new")], "private": [image("b")]}
        )
        publish(warehouse, folder / "published.duckdb")


def _killed_at(fatal: int, folder: Path) -> bool:
    """Whether the night dies: it has so many statements."""
    child = os.fork()
    if child == 0:
        statements = itertools.count(1)

        def execute(
            self: Warehouse, text: str, parameters: dict[str, object] | None = None
        ) -> "duckdb.DuckDBPyConnection":
            if next(statements) == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return _execute(self, text, parameters)

        Warehouse.execute = execute  # type: ignore[method-assign]
        try:
            second_night(folder)
        except BaseException as exc:
            sys.stderr.write(f"{exc!r}\n")
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"the night ended with {status}")
    return status != 0


def main() -> None:
    first_night, folder = map(Path, sys.argv[1:])
    for fatal in itertools.count(1):
        shutil.copytree(first_night, folder / str(fatal))
        if not _killed_at(fatal, folder / str(fatal)):
            sys.stdout.write(str(fatal - 1))
            return


if __name__ == "__main__":
    main()
