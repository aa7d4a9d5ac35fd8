"""A real Glance without a Keystone: whoever asks says who they are. It starts in a third of the time of both.

Its database may be written while it runs, with times of whole seconds, as MySQL keeps them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clouds.openstack import _configure_glance, _run, _serve, _wait_for, clouds_python, free_port

_PIPELINE = "cors http_proxy_to_wsgi versionnegotiation osprofiler"


@dataclass(frozen=True, slots=True)
class LoneGlance:
    """`url` has no trailing slash; `database` is its SQLite file."""

    url: str
    database: Path

    @staticmethod
    def headers(project: str) -> dict[str, str]:
        """What a member of the project sends: what Keystone would have found out."""
        names = {"X-Identity-Status": "Confirmed", "X-Roles": "member,reader", "X-User-Id": "u" * 32}
        return {**names, "X-Project-Id": project}

    def add(self, table: str, rows: list[dict[str, Any]]) -> None:
        with closing(sqlite3.connect(self.database, timeout=30)) as database, database:
            for row in rows:
                marks = ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@contextmanager
def glance_alone(folder: Path) -> Iterator[LoneGlance]:
    """A Glance on a free port, running until the block is left."""
    folder.mkdir(parents=True, exist_ok=True)
    bin_folder, port = clouds_python().parent, free_port()
    _configure_glance(folder, bin_folder, port, 1000)
    paste = folder / "glance-api-paste.ini"
    paste.write_text(paste.read_text().replace(f"keystone = {_PIPELINE} authtoken", f"keystone = {_PIPELINE}"))
    _run(
        [str(bin_folder / "glance-manage"), "--config-file", str(folder / "glance-api.conf"), "db_sync"], folder / "log"
    )
    service = _serve("glance", port, folder, {"OS_GLANCE_CONFIG_DIR": str(folder)})
    try:
        _wait_for(f"http://127.0.0.1:{port}/", service, folder / "glance.log")
        yield LoneGlance(f"http://127.0.0.1:{port}", folder / "glance.sqlite")
    finally:
        service.terminate()
        service.wait(20)
