"""Side by side, by turns, each as a whole process: glanceback and what would be used instead, at the same catalogue.

`python -m benchmarks.run` (see --help) measures wall time and peak memory of every contender at every stage, and
writes results.json, results.md and chart.svg into benchmarks/results/. Unless told otherwise it measures DEFAULT, one
round, in at most twenty minutes; `--all` is every size, catalogue and latency, which takes hours. What did not fit in
`--budget` is named at the end.

The catalogue's server keeps to the last processor; a contender may use all, as it would. While one is measured, the
Prefect server of another stands still. A contender's start counts, for people wait for it too; ours does not.
"""

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil

from benchmarks import report
from benchmarks.catalogue import KINDS, served
from benchmarks.measuring import GLANCEBACK, HERE, PrefectServer, TookTooLong, measure, prefect_server

STAGES: Final = ("first load", "unchanged night", "1 % changed", "--changes")
DEFAULT_MINUTES: Final = 19
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
LATENCIES: Final = {"none": (0.0, 0.0), "as on Glance": (50.0, 1.0)}
_CHANGED_SINCE: Final = timedelta(seconds=60)
_FEWEST_THAT_TELL: Final = 10_000
"""A smaller size says nothing about the time that a larger one takes: it is the start of the process."""


@dataclass(frozen=True)
class Contender:
    """Who takes part: the command, and up to how many images it is worth waiting for, by latency."""

    name: str
    most_images: int = 1_000_000
    stages: tuple[str, ...] = STAGES
    with_latency: bool = True


PREFECT: Final = "glanceback, Prefect server running"
SCRIPTS: Final = {
    "dlt": "with_dlt",
    "dlt with Arrow tables": "with_dlt_arrow",
    "httpx, polars and DuckDB": "with_polars",
    "openstacksdk and pandas": "with_openstacksdk",
    "bare fetch": "bare_fetch",
}
CONTENDERS: Final = (
    Contender("glanceback"),
    Contender(PREFECT),
    Contender("dlt"),
    Contender("dlt with Arrow tables"),
    Contender("httpx, polars and DuckDB"),
    # It remembers nothing: every night is a first load. With latency it waits as long as the script above.
    Contender("openstacksdk and pandas", 100_000, ("first load",), with_latency=False),
    # One reader: with latency it takes as long as the server waits.
    Contender("bare fetch", 1_000_000, ("first load", "--changes"), with_latency=False),
)


@dataclass(frozen=True)
class Block:
    """What is measured side by side, at one catalogue: a round of the contenders at each of the stages."""

    images: int
    kind: str
    latency: str
    stages: tuple[str, ...] = STAGES
    contenders: tuple[Contender, ...] = CONTENDERS


DEFAULT: Final = (
    Block(1_000, "recorded", "none"),
    Block(100_000, "recorded", "none"),
    Block(100_000, "varied", "none"),
    Block(1_000, "varied", "none"),
    Block(100_000, "varied", "as on Glance", ("first load", "unchanged night", "--changes")),
    Block(100_000, "recorded", "as on Glance", ("first load", "--changes")),
    Block(1_000, "recorded", "as on Glance"),
    Block(10_000, "varied", "none"),
)
"""Most important first: what does not fit in the budget is at the end."""


@dataclass
class Row:
    """What was measured of a contender at a stage. `inside`: the seconds that glanceback itself reports of its run."""

    images: int
    kind: str
    latency: str
    stage: str
    contender: str
    seconds: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    main_peak_mb: list[float] = field(default_factory=list)
    failed: str | None = None


def command_of(contender: str, stage: str, url: str, project: str, folder: Path) -> list[str]:
    if contender.startswith("glanceback"):
        settings = folder / "glanceback.toml"
        settings.write_text(
            f'[clouds.benchmark]\nauth_type = "none"\nendpoint = "{url}"\nproject_id = "{project}"\ndialect = "ims"\n'
        )
        changes = ["--changes"] if stage == "--changes" else []
        return [str(GLANCEBACK / "glanceback"), "sync", "--json", "--config", str(settings), *changes]
    command = [sys.executable, f"peers/{SCRIPTS[contender]}.py", url, project, str(folder)]
    if stage == "--changes":
        command += ["--since", f"{datetime.now(UTC) - _CHANGED_SINCE:%Y-%m-%dT%H:%M:%SZ}"]
    return command


def environment_of(contender: str, server: PrefectServer | None) -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "GLANCEBACK_"))
    }
    environment |= {"PYTHONPATH": str(HERE), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    if contender == PREFECT and server is not None:
        environment["PREFECT_API_URL"] = server.url
    return environment


class Budget:
    """The time that is left, and what did not fit into it."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._largest: dict[tuple[str, str], float] = {}
        self.left_out: list[str] = []

    @property
    def left(self) -> float:
        return self._ends_at - time.monotonic()

    def allows(self, row: Row) -> bool:
        """Whether it is expected to fit: as long as the last time, in proportion to its size."""
        known = self._largest.get((row.contender, row.latency), 0.0) * row.images
        if known < self.left and self.left > 0:
            return True
        self.left_out.append(f"{row.images:,} images, {row.kind}, latency {row.latency}: {row.stage}, {row.contender}")
        return False

    def took(self, row: Row, seconds: float) -> None:
        if row.images >= _FEWEST_THAT_TELL:
            self._largest[row.contender, row.latency] = seconds / row.images


def run(block: Block, rounds: int, patience: float, budget: Budget) -> Iterator[list[Row]]:
    """Measure one size, catalogue and latency; yields all rows so far after every measurement."""
    rows: dict[tuple[str, str], Row] = {}
    images, latency = block.images, block.latency
    with (
        tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place,
        served(images, *LATENCIES[latency], kind=block.kind) as (url, project),
        prefect_server(Path(place) / "prefect")
        if any(one.name == PREFECT for one in block.contenders)
        else nullcontext(None) as server,
    ):
        for number in range(rounds):
            for stage in block.stages:
                changed = {"1 % changed": images // 100, "--changes": min(100, images // 10)}.get(stage, 0)
                if changed:
                    httpx.post(f"{url}/change", params={"images": changed}, timeout=None).raise_for_status()
                    time.sleep(1.1)
                for contender in block.contenders:
                    if stage not in contender.stages or images > contender.most_images:
                        continue
                    if latency != "none" and not contender.with_latency:
                        continue
                    row = rows.get((stage, contender.name)) or Row(images, block.kind, latency, stage, contender.name)
                    if row.failed is not None or not budget.allows(row):
                        continue
                    folder = Path(place) / contender.name.replace(" ", "-")
                    if stage == block.stages[0]:
                        shutil.rmtree(folder, ignore_errors=True)
                        folder.mkdir()
                    elif not folder.exists():
                        continue
                    rows[stage, contender.name] = row
                    still = server.standing_still() if server and contender.name != PREFECT else nullcontext()
                    began = time.monotonic()
                    with still:
                        _measure_into(row, contender, url, project, folder, server, min(patience, budget.left + 60))
                    budget.took(row, time.monotonic() - began)
                    print(
                        f"round {number + 1}: {images} images, {block.kind}, latency {latency}, {stage}, {_said(row)}",
                        flush=True,
                    )
                    yield list(rows.values())


def _measure_into(
    row: Row,
    contender: Contender,
    url: str,
    project: str,
    folder: Path,
    server: PrefectServer | None,
    patience: float,
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


def chosen(given: argparse.Namespace) -> list[Block]:
    """The blocks that were asked for."""
    named = [one for one in CONTENDERS if not given.contender or one.name in given.contender]
    if given.all or given.sizes or given.catalogue or given.latency:
        blocks = [
            Block(images, kind, latency)
            for images in given.sizes or SIZES
            for latency in given.latency or LATENCIES
            for kind in given.catalogue or KINDS
        ]
    else:
        blocks = list(DEFAULT)
    return [
        replace(
            block,
            stages=tuple(stage for stage in given.stage or block.stages),
            contenders=tuple(one for one in block.contenders if one in named),
        )
        for block in blocks
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", "--images", type=int, nargs="+", help=f"numbers of images, of {SIZES} where not given"
    )
    parser.add_argument("--catalogue", nargs="+", choices=list(KINDS), help="both if not given")
    parser.add_argument("--latency", nargs="+", choices=list(LATENCIES), help="both if not given")
    parser.add_argument("--all", action="store_true", help="all sizes, catalogues and latencies")
    parser.add_argument("--budget", type=float, help=f"minutes; {DEFAULT_MINUTES}, or without end where you say what")
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many is shown")
    parser.add_argument("--stage", nargs="+", choices=STAGES, help="the first load is always needed")
    parser.add_argument("--contender", nargs="+", choices=[one.name for one in CONTENDERS])
    parser.add_argument("--patience", type=float, default=3600, help="seconds after which a contender is ended")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    given = parser.parse_args()
    is_default = not (given.all or given.sizes or given.catalogue or given.latency)
    budget = Budget((given.budget or (DEFAULT_MINUTES if is_default else math.inf)) * 60)
    given.results.mkdir(parents=True, exist_ok=True)
    kept = report.load(given.results)
    for block in chosen(given):
        if budget.left <= 0:
            budget.left_out.append(f"{block.images:,} images, {block.kind}, latency {block.latency}")
            continue
        for rows in run(block, given.rounds, given.patience, budget):
            kept = report.with_rows(kept, machine(), [asdict(row) for row in rows])
            report.save(given.results, kept)
        report.write(given.results, kept)
    for what in budget.left_out:
        print(f"not measured, for want of time: {what}")


if __name__ == "__main__":
    main()
