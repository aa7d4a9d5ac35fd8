"""The embedded Prefect server: a new folder begins with a copy of an empty database, and nothing in it is shared."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from flows.embedded import _new_database, take_new_database

START_AND_STOP = """
from flows.embedded import begin_embedded_server, stop_embedded_server, wait_for_embedded_server
begin_embedded_server()
wait_for_embedded_server()
stop_embedded_server()
"""


def test_new_home_begins_with_the_empty_database_of_the_installation_and_prefect_accepts_it(tmp_path: Path) -> None:
    made = "SELECT version_num FROM alembic_version"
    take_new_database(tmp_path / "home")
    taken = rows(tmp_path / "home", made)
    server_ran(tmp_path / "home")
    assert rows(tmp_path / "home", made) == taken
    assert rows(tmp_path / "home", "SELECT count(*) FROM flow_run") == [(0,)]


def test_two_homes_share_no_configuration(tmp_path: Path) -> None:
    with closing(sqlite3.connect(_new_database())) as database:
        assert database.execute("SELECT count(*) FROM configuration").fetchall() == [(0,)]


def test_database_that_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_text("somebody's")
    take_new_database(tmp_path)
    assert (tmp_path / "prefect.db").read_text() == "somebody's"
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.db"]


def server_ran(home: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(home)}
    environment.pop("PREFECT_API_URL", None)
    subprocess.run([sys.executable, "-c", START_AND_STOP], env=environment, check=True, timeout=120)


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return database.execute(query).fetchall()
