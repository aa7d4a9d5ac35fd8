"""Measures a whole process and its children: wall time, peak memory. And a Prefect server that can stand still.

Called by benchmarks.run and benchmarks.start.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

HERE: Final = Path(__file__).resolve().parent
GLANCEBACK: Final = HERE.parent / ".venv" / "bin"
_LOOK_SECONDS: Final = 0.02
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_mb: float
    main_peak_mb: float
    output: str


class TookTooLong(Exception):
    """The process was ended: it took longer than anyone wants to wait."""


def measure(command: Sequence[str], environment: dict[str, str], patience: float) -> Measured:
    """Run the command; wall time, peak memory (resident) of all its processes together, and of the first alone.

    Raises: TookTooLong; subprocess.CalledProcessError with what it said last.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = psutil.Popen(command, env=environment, stdout=output, stderr=errors, cwd=HERE)
        peak = main_peak = 0
        while process.poll() is None:
            sizes = [_resident(one) for one in _family_of(process.pid)]
            peak, main_peak = max(peak, sum(sizes)), max(main_peak, sizes[0])
            if time.perf_counter() - began > patience:
                for one in _family(process):
                    one.kill()
                process.wait()
                raise TookTooLong
            time.sleep(_LOOK_SECONDS)
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        said = output.read().decode()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, said, errors.read().decode()[-2000:])
    return Measured(seconds, peak / 1e6, main_peak / 1e6, said)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [process]


def _family_of(pid: int) -> list[int]:
    """The process and its descendants. To ask the system for all its processes, as psutil does, takes a core's time."""
    family = [pid]
    for one in family:
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                family += map(int, (thread / "children").read_text().split())
    return family


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


@contextmanager
def prefect_server(folder: Path) -> Iterator["PrefectServer"]:
    """A Prefect server such as a team has running all day."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [str(GLANCEBACK / "prefect"), "server", "start", "--port", str(port)]
    process = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/api"
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield PrefectServer(url, process)
    finally:
        for one in _family(process):
            one.resume()
            one.terminate()
        process.wait()


@dataclass(frozen=True)
class PrefectServer:
    url: str
    process: psutil.Process

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Its clock-work would take processor time from those who do not use it."""
        family = _family(self.process)
        for one in family:
            one.suspend()
        try:
            yield
        finally:
            for one in family:
                one.resume()
