"""Starts and stops a Prefect server for this process: its API on loopback, its database in a folder.

Prefect starts its own embedded server only after it has been imported, and that server outlives a killed process. Ours
starts first, imports on another core meanwhile, and ends when its standard input ends. Called by start.
"""

import gc
import logging
import os
import select
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Final

from core.errors import GlancebackError, SettingsError
from core.wording import reason
from flows.prefect_history import DATABASE, forget_old_runs, has_other_database

log = logging.getLogger(__name__)

_START_SECONDS: Final = 180.0
"""In a new folder the database is made first, which may take more than 20 s on a slow machine."""

_STOP_SECONDS: Final = 10.0
_READY: Final = b"ready\n"
_SAID_CHARACTERS: Final = 300
_running: list["_Server"] = []


def begin_embedded_server(port: int = 0, *, has_ui: bool = False) -> None:
    """Begin to start it, once per process, and set PREFECT_API_URL to it: Prefect reads that when it is imported.

    Port 0: any free port. With the UI it also runs the services that a schedule needs.
    Raises: SettingsError if the port is in use.
    """
    if not _running:
        home = Path(os.environ["PREFECT_HOME"])
        take_new_database(home)
        # A new database must not have what its services write meanwhile.
        makes_database = not has_ui and not has_other_database() and not (home / DATABASE).exists()
        _running.append(_Server(port, has_ui, home if makes_database else None))


def wait_for_embedded_server() -> None:
    """Wait until the server answers, if this process has one. Raises: GlancebackError if it does not start."""
    for server in _running:
        server.wait()


def has_embedded_server() -> bool:
    """Whether this process has a server."""
    return bool(_running)


def flush() -> None:
    """Send queued events to the server: it learns of task runs from them. Call it after a flow."""
    from prefect.events.worker import EventsWorker  # after prepare has made Prefect's settings
    from prefect.logging.handlers import APILogWorker  # as above

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=_STOP_SECONDS)


def stop_embedded_server(days: int | None = None) -> None:
    """Stop it after it has written everything. If the process dies without this call, the server stops too.

    `days`: runs that ended more than so many days ago are removed from its database.
    """
    has_run = bool(_running)
    while _running:
        _running.pop().stop()
    if has_run and days is not None:
        forget_old_runs(Path(os.environ["PREFECT_HOME"]), days)


def _keep_new_database(home: Path) -> None:
    """Keep a copy of the database that Prefect just made, for other homes: it saves each of them 10 s or more.

    No copy is kept if the installation is not writable, or if the database already has somebody else's flow.
    """
    new = _new_database()
    try:
        with tempfile.TemporaryDirectory(prefix="glanceback-") as folder:
            copy = Path(folder) / DATABASE
            with closing(sqlite3.connect(home / DATABASE)) as database:
                database.execute("VACUUM INTO ?", [str(copy)])
            with closing(sqlite3.connect(copy)) as database:
                if database.execute("SELECT count(*) FROM flow").fetchone() != (0,):
                    return
                database.execute("DELETE FROM configuration")  # each home has its own
                database.commit()
            new.parent.mkdir(parents=True, exist_ok=True)
            unfinished = new.with_name(f".{new.name}.{os.getpid()}")
            shutil.copyfile(copy, unfinished)
            unfinished.replace(new)
    except (OSError, sqlite3.Error):
        log.debug("no copy is kept of Prefect's new database", exc_info=True)


def _new_database() -> Path:
    return Path(sys.prefix) / "share" / "glanceback" / f"prefect-{version('prefect')}.db"


def take_new_database(home: Path) -> None:
    """Start a new home of Prefect with the installation's empty database, if it has one."""
    new, database = _new_database(), home / DATABASE
    if new.is_file() and not database.exists() and not has_other_database():
        unfinished = database.with_name(f".{DATABASE}.{os.getpid()}")
        try:
            home.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, unfinished)
            os.link(unfinished, database)  # the first process wins
        except OSError:
            log.debug("Prefect makes its own database", exc_info=True)
        finally:
            unfinished.unlink(missing_ok=True)


class _Server:
    def __init__(self, port: int, has_ui: bool, new_home: Path | None) -> None:
        self._new_home = new_home
        """The folder in which Prefect makes a new database; None if it has one."""
        try:
            listening = socket.create_server(("127.0.0.1", port))
        except OSError as exc:
            raise SettingsError(f"port {port} cannot be used ({reason(exc)})", "Use another --port.") from exc
        self._ready, ready = os.pipe()
        self._said: IO[bytes] = tempfile.TemporaryFile(prefix="glanceback-")  # noqa: SIM115 - closed by stop
        with listening:
            self._url = os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
            command = [sys.executable, "-m", "flows.embedded", str(listening.fileno()), str(ready)]
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, *(["ui"] if has_ui else [])],
                stdin=subprocess.PIPE,
                # Not a pipe: Prefect writes there too, and how much depends on its settings.
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                pass_fds=[listening.fileno(), ready],
                start_new_session=True,  # a Ctrl-C must reach only us
                cwd=Path(__file__).resolve().parent.parent,
            )
        os.close(ready)
        self._is_ready = False

    def wait(self) -> None:
        if self._is_ready:
            return
        if not select.select([self._ready], [], [], _START_SECONDS)[0] or os.read(self._ready, len(_READY)) != _READY:
            why = self._last_line()
            self.stop()
            raise GlancebackError(
                f"the embedded Prefect server did not start{f' ({why})' if why else ''}",
                "Check the PREFECT_ variables that are set, and its database in "
                f"{os.environ.get('PREFECT_HOME')}; or run a server and set PREFECT_API_URL.",
            )
        self._is_ready = True
        if self._new_home is not None:
            _keep_new_database(self._new_home)

    def _last_line(self) -> str:
        """The last line that it wrote; empty if it wrote nothing."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and not line.startswith("Application startup failed")]
        return said[-1][:_SAID_CHARACTERS] if said else ""

    def stop(self) -> None:
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        # Otherwise the next flow of this process takes it for a server that somebody named.
        if os.environ.get("PREFECT_API_URL") == self._url:
            del os.environ["PREFECT_API_URL"]
        if not self._said.closed:
            self._said.close()
            os.close(self._ready)


def serve(listening: socket.socket, ready: int, *, has_ui: bool) -> None:
    """Serve Prefect's API on the socket until standard input ends; write to the pipe `ready` when it answers."""
    gc.disable()  # imports make a million objects, and no garbage
    import asyncio

    import uvicorn  # slow
    from prefect.server.api.server import create_app  # slow

    class Server(uvicorn.Server):
        """Reports that it answers, and ends at once when standard input ends."""

        async def main_loop(self) -> None:
            gc.enable()
            os.write(ready, _READY)
            os.close(ready)
            await asyncio.to_thread(sys.stdin.buffer.read)

    # Open connections of clients must not delay the end.
    config = uvicorn.Config(
        create_app(ephemeral=not has_ui), log_config=None, lifespan="on", timeout_graceful_shutdown=0
    )
    # The user decides about Prefect's own console; an error at the start is shown in any case.
    logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler())
    Server(config).run(sockets=[listening])
    os._exit(0)  # everything is written, and a normal exit with so many modules takes a second


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), has_ui=sys.argv[3:] == ["ui"])
