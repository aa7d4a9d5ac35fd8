"""A second night that is killed at its n-th statement: `die.py FOLDER N`. 0: it lives, and says how many there were."""

import os
import signal
import sys
from pathlib import Path

import duckdb

from load.publish import publish
from load.warehouse import Warehouse
from tests.load.nights import Nights, image

statements = 0
FATAL = int(sys.argv[2])
plain = Warehouse.execute


def execute(self: Warehouse, text: str, parameters: dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
    global statements  # noqa: PLW0603 - a script of its own
    statements += 1
    if statements == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(self, text, parameters)


def main() -> None:
    folder = Path(sys.argv[1])
    Warehouse.execute = execute  # type: ignore[method-assign]
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        Nights(warehouse, folder / f"stage-{FATAL}").night(
            {"public": [image("a", name="changed"), image("new")], "private": [image("b")]}
        )
        publish(warehouse, folder / "published.duckdb")
    sys.stdout.write(str(statements))


if __name__ == "__main__":
    main()
