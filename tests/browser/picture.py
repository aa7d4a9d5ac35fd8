"""Makes the picture of the page that the README shows: `python -m tests.browser.picture`, with .venv-browser set up.

The images are those of data/sample, and those of two names that a provider renews; ninety nights of additions, changes
and deletions are made up. The provider stops renewing one of the names, and a run on the way is not completed.
"""

import json
import random
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from load.publish import publish
from page.dashboard import write_page
from tests.documents import ROOT
from tests.load.runs import Runs, image, new_warehouse

PICTURE: Final = ROOT / "docs" / "dashboard.png"
LAST_NIGHT: Final = datetime(2026, 11, 30, 2)
MORNING: Final = LAST_NIGHT + timedelta(hours=6)
NIGHTS: Final = 90
FAULT: Final = "page 2: the cloud answered 503 ten times in 95 s"
VENV: Final = ROOT / ".venv-browser"


def sample() -> dict[str, list[dict[str, Any]]]:
    """The sample's images, by listing."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((ROOT / "data" / "sample" / "night-1").glob("*-[0-9][0-9].json")):
        found[path.stem.rpartition("-")[0]] += json.loads(path.read_text(encoding="utf-8"))["images"]
    return found


@dataclass
class Name:
    """A public name whose image is replaced every so many days, up to the night `ends`: the image before is hidden."""

    name: str
    promise: str
    days: int
    ends: int
    images: list[dict[str, Any]] = field(default_factory=list)

    def renew(self, night: int, at: datetime) -> None:
        if night % self.days != self.days // 2 or night > self.ends:
            return
        distribution, version = self.name.split()
        sent = {
            "name": self.name, "owner": "vendor", "status": "active", "visibility": "public", "architecture": "x86_64",
            "created_at": f"{at - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}", "size": 600_000_000 + night * 1_000_000,
            "os_distro": distribution.lower(), "os_version": version, "replace_frequency": self.promise,
        }  # fmt: skip
        self.images.append(image(str(uuid5(NAMESPACE_URL, f"{self.name} {night}")), **sent))


def live_through(nights: Runs) -> None:
    """Images come, change and go; the same ones each time that this is called."""
    chance = random.Random(16)
    left = sample()
    there = {name: [images.pop(0) for _ in range(len(images) * 6 // 10)] for name, images in left.items()}
    lines = [Name("Ubuntu 24.04", "weekly", 7, NIGHTS - 18), Name("Debian 13", "monthly", 30, NIGHTS)]
    for night in range(NIGHTS):
        at = LAST_NIGHT - timedelta(days=NIGHTS - 1 - night)
        for name, images in there.items():
            if left[name] and (chance.random() < 0.35 or night == NIGHTS - 1):
                images.append(left[name].pop(0))
            if chance.random() < 0.06 or (night == NIGHTS - 1 and name == "private"):
                images.pop(chance.randrange(len(images)))
            if chance.random() < 0.3:
                one = chance.randrange(len(images))
                images[one] = {**images[one], "min_disk": chance.choice((10, 20, 40, 80)), "updated_at": f"{at}Z"}
        for line in lines:
            line.renew(night, at)
        public = there["public"] + [line.images[-1] for line in lines if line.images]
        nights.run(there | {"public": public}, at=at, incomplete=("private",) if night == NIGHTS - 21 else ())


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with new_warehouse(folder) as warehouse:
            live_through(Runs(warehouse, folder / "stage"))
            warehouse.execute("UPDATE run_listings SET error = $error WHERE NOT complete", {"error": FAULT})
            warehouse.execute(
                "UPDATE runs SET status = 'partial' "
                "WHERE run_id IN (SELECT run_id FROM run_listings WHERE NOT complete)"
            )
            for table in ("image_versions", "listing_memberships", "run_clouds", "run_listings"):
                warehouse.execute(f"UPDATE {table} SET cloud = 'mycloud'")
            publish(warehouse, folder / "published.duckdb")
        page = folder / "page.html"
        write_page(folder / "published.duckdb", page, version("glanceback"), MORNING)
        look = [VENV / "bin" / "python", Path(__file__).with_name("look.py")]
        subprocess.run([*look, VENV / "chromium", page, PICTURE, f"{MORNING}Z"], check=True)


if __name__ == "__main__":
    main()
