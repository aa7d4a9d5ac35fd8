"""One account with many projects in two regions: one run, beside a `sync` for each, and openstacksdk in a loop.

`python -m benchmarks.estate [--projects 100] [--images 50] [--separate 20]`: so many of the separate syncs are made,
and their sum is scaled to all clouds. The service is the tests' fake, in a process of its own. Says the processor time
(user and system) and the peak memory of whole processes; on a machine with other work the wall time says little.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clouds.estate import REGIONS

ROOT = Path(__file__).resolve().parent.parent

WITH_OPENSTACKSDK = """
import json, sys
import openstack

listings = [
    {"visibility": "public", "__imagetype": "gold"},
    {"owner": None},
    *({"visibility": "shared", "member_status": status, "__imagetype": "shared"}
      for status in ("accepted", "pending", "rejected")),
]
rows = 0
with open(sys.argv[1], "w") as file:
    for project in sys.argv[2:]:
        for region in ("eu-de", "eu-nl"):
            cloud = openstack.connect(cloud="prod", project_id=project, region_name=region)
            for filters in listings:
                query = {name: value or project for name, value in filters.items()} | {"limit": 1000}
                answer = cloud.image.get("/images", params=query)
                for image in answer.json()["images"]:
                    file.write(json.dumps(image) + chr(10))
                    rows += 1
print(rows)
"""
"""Every listing of every project into one file. It remembers nothing of the night before."""


@dataclass(frozen=True)
class Taken:
    """`cpu`: processor seconds; `peak_mb`: of the process's resident memory."""

    cpu: float
    wall: float
    peak_mb: float
    output: str


def taken(command: Sequence[str], environment: dict[str, str]) -> Taken:
    """Run the command to its end. Raises: SystemExit if it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{command[:4]} ended with {process.returncode}: {errors.read().decode()[-2000:]}")
        wall = time.perf_counter() - began
        return Taken(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, output.read().decode())


@contextmanager
def served(projects: int, images: int, public: int) -> Iterator[dict[str, Any]]:
    """The account's entry of clouds.yaml."""
    sizes = ["--projects", str(projects), "--images", str(images), "--public", str(public)]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.clouds.estate", *sizes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait()


def write(folder: Path, entries: dict[str, Any], tables: str) -> dict[str, str]:
    """Settings with these tables; the environment in which they are used."""
    folder.mkdir(exist_ok=True)
    (folder / "clouds.yaml").write_text(json.dumps({"clouds": entries}))
    paths = 'warehouse = "warehouse.duckdb"\npublished = "published.duckdb"\nlanding = "landing"\n'
    (folder / "glanceback.toml").write_text(paths + tables)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OS_", "GLANCEBACK_", "PREFECT_"))
    }
    config = {"GLANCEBACK_CONFIG": str(folder / "glanceback.toml")}
    return {**kept, **config, "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"), "PYTHONPATH": str(ROOT)}


def say(what: str, one: Taken, times: float = 1.0) -> None:
    print(
        f"{what}: {one.cpu * times:.1f} s of processor time, {one.wall * times:.1f} s, peak {one.peak_mb:.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--public", type=int, default=30)
    parser.add_argument("--separate", type=int, default=20)
    given = parser.parse_args()
    sync = [sys.executable, "-m", "cli", "sync", "--json", "--orchestrator", "threads"]
    with (
        tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place,
        served(given.projects, given.images, given.public) as entry,
    ):
        folder = Path(place)
        environment = write(folder / "one", {"prod": entry}, '[clouds.prod]\nprojects = "all"\nregions = "all"\n')
        clouds: list[str] = []
        for night in ("first load", "unchanged night", "--changes"):
            run = taken([*sync, *([night] if night == "--changes" else [])], environment)
            clouds = [cloud["cloud"] for cloud in json.loads(run.output)["clouds"]]
            say(f"one run of {len(clouds)} clouds, {night}", run)
        ids = [f"{number:032x}" for number in range(1, given.projects + 1)]
        # openstacksdk takes only a region that the entry names.
        its_entry = {name: value for name, value in entry.items() if name != "region_name"} | {"regions": [*REGIONS]}
        its_own = write(folder / "loop", {"prod": its_entry}, "")
        loop = taken([sys.executable, "-c", WITH_OPENSTACKSDK, str(folder / "images.jsonl"), *ids], its_own)
        say(f"openstacksdk in a loop, {loop.output.strip()} images of {len(clouds)} clouds", loop)

        chosen = clouds[:: max(1, len(clouds) // given.separate)][: given.separate]
        entries, tables = {}, ""
        for number, name in enumerate(chosen):
            _, region, project = name.split("/")
            auth = {**entry["auth"], "project_id": f"{int(project.removeprefix('project-')):032x}"}
            entries[str(number)] = {**entry, "auth": auth, "region_name": region}
            tables += f'[clouds."{name}"]\nos_cloud = "{number}"\n'
        apart = write(folder / "apart", entries, tables)
        for night in ("first load", "unchanged night"):
            runs = [taken([*sync, "--cloud", name], apart) for name in chosen]
            whole = Taken(
                sum(one.cpu for one in runs), sum(one.wall for one in runs), max(one.peak_mb for one in runs), ""
            )
            scale = len(clouds) / len(chosen)
            say(f"a sync for each cloud, {night} ({len(chosen)} measured, times {scale:.0f})", whole, scale)


if __name__ == "__main__":
    main()
