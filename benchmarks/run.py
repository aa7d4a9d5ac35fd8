"""Side by side, by turns, each as a whole process: glanceback and what would be used instead, at the same catalogue.

`python -m benchmarks.run` (see --help) measures wall time and peak memory of every contender at every stage, and writes
results.json, results.md and chart.svg into benchmarks/results/.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil

from benchmarks import report
from benchmarks.catalogue import served

HERE: Final = Path(__file__).resolve().parent
GLANCEBACK: Final = HERE.parent / ".venv" / "bin"
STAGES: Final = ("first load", "unchanged night", "1 % changed", "--changes")
LATENCIES: Final = {"none": (0.0, 0.0), "as on Glance": (50.0, 1.0)}
_LOOK_SECONDS: Final = 0.02
_CHANGED_SINCE: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Contender:
    """Who takes part: the command, and up to how many images it is worth waiting for, by latency."""

    name: str
    most_images: int = 1_000_000
    stages: tuple[str, ...] = STAGES


CONTENDERS: Final = (
    Contender("glanceback"),
    Contender("glanceback, Prefect server running"),
    Contender("dlt"),
    # It remembers nothing: every night is a first load.
    Contender("openstacksdk and pandas", 100_000, ("first load",)),
    Contender("bare fetch", 1_000_000, ("first load", "--changes")),
)


@dataclass
class Row:
    """What was measured of a contender at a stage. `inside`: the seconds that glanceback itself reports of its run."""

    images: int
    latency: str
    stage: str
    contender: str
    seconds: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    main_peak_mb: list[float] = field(default_factory=list)
    failed: str | None = None


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
            sizes = [_resident(one) for one in _family(process)]
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


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@contextmanager
def prefect_server(folder: Path) -> Iterator[str]:
    """A Prefect server such as a team has running all day: its address."""
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
        yield url
    finally:
        for one in _family(process):
            one.terminate()
        process.wait()


def command_of(contender: str, stage: str, url: str, project: str, folder: Path) -> list[str]:
    if contender.startswith("glanceback"):
        settings = folder / "glanceback.toml"
        settings.write_text(
            f'[clouds.benchmark]\nauth_type = "none"\nendpoint = "{url}"\nproject_id = "{project}"\ndialect = "ims"\n'
        )
        changes = ["--changes"] if stage == "--changes" else []
        return [str(GLANCEBACK / "glanceback"), "sync", "--json", "--config", str(settings), *changes]
    script = {"dlt": "with_dlt", "openstacksdk and pandas": "with_openstacksdk", "bare fetch": "bare_fetch"}[contender]
    command = [sys.executable, f"peers/{script}.py", url, project, str(folder)]
    if stage == "--changes":
        command += ["--since", f"{datetime.now(UTC) - _CHANGED_SINCE:%Y-%m-%dT%H:%M:%SZ}"]
    return command


def environment_of(contender: str, server: str) -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "GLANCEBACK_"))
    }
    environment |= {"PYTHONPATH": str(HERE), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    if contender == "glanceback, Prefect server running":
        environment["PREFECT_API_URL"] = server
    return environment


def run(
    images: int, latency: str, rounds: int, patience: float, contenders: Sequence[Contender], stages: Sequence[str]
) -> Iterator[list[Row]]:
    """Measure one size and latency; yields all rows so far after every measurement."""
    rows: dict[tuple[str, str], Row] = {}
    with tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place, served(images, *LATENCIES[latency]) as at:
        url, project = at
        with prefect_server(Path(place) / "prefect") as server:
            for number in range(rounds):
                for stage in stages:
                    changed = {"1 % changed": images // 100, "--changes": min(100, images // 10)}.get(stage, 0)
                    if changed:
                        httpx.post(f"{url}/change", params={"images": changed}).raise_for_status()
                        time.sleep(1.1)
                    for contender in contenders:
                        if stage not in contender.stages or images > contender.most_images:
                            continue
                        row = rows.setdefault((stage, contender.name), Row(images, latency, stage, contender.name))
                        folder = Path(place) / contender.name.replace(" ", "-")
                        if stage == stages[0]:
                            shutil.rmtree(folder, ignore_errors=True)
                            folder.mkdir()
                        if row.failed is None:
                            _measure_into(row, contender, url, project, folder, server, patience)
                        print(
                            f"round {number + 1}: {images} images, latency {latency}, {stage}, {_said(row)}", flush=True
                        )
                        yield list(rows.values())


def _measure_into(
    row: Row, contender: Contender, url: str, project: str, folder: Path, server: str, patience: float
) -> None:
    command = command_of(contender.name, row.stage, url, project, folder)
    try:
        measured = measure(command, environment_of(contender.name, server), patience)
    except TookTooLong:
        row.failed = f"more than {patience:.0f} s"
        return
    except subprocess.CalledProcessError as exc:
        row.failed = f"failed with {exc.returncode}"
        print(exc.stderr, file=sys.stderr)
        return
    row.seconds.append(measured.seconds)
    row.peak_mb.append(measured.peak_mb)
    row.main_peak_mb.append(measured.main_peak_mb)
    if contender.name.startswith("glanceback"):
        row.inside.append(json.loads(measured.output)["seconds"])


def _said(row: Row) -> str:
    if row.failed or not row.seconds:
        return f"{row.contender}: {row.failed}"
    return f"{row.contender}: {row.seconds[-1]:.1f} s, {row.peak_mb[-1]:.0f} MB"


def machine() -> dict[str, str]:
    """Where it was measured."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processors": f"{len(os.sched_getaffinity(0))} x {_processor()}",
        "memory": memory,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--latency", nargs="+", choices=list(LATENCIES), default=list(LATENCIES))
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many is shown")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--contender", nargs="+", choices=[one.name for one in CONTENDERS])
    parser.add_argument("--patience", type=float, default=3600, help="seconds after which a contender is ended")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    given = parser.parse_args()
    contenders = [one for one in CONTENDERS if not given.contender or one.name in given.contender]
    given.results.mkdir(parents=True, exist_ok=True)
    kept = report.load(given.results)
    for latency in given.latency:
        for images in given.images:
            for rows in run(images, latency, given.rounds, given.patience, contenders, given.stage):
                measured = [asdict(row) for row in rows]
                kept = report.with_rows(kept, machine(), measured)
                report.save(given.results, kept)
    report.write(given.results, kept)


if __name__ == "__main__":
    main()
