"""Makes the picture of the page that the README shows: `python -m tests.browser.picture`, with .venv-browser set up.

The images are those of data/sample; ninety nights of additions, changes and deletions are made up.
"""

import json
import random
import subprocess
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from load.publish import publish
from page.dashboard import write_page
from tests.documents import ROOT
from tests.load.runs import Runs, new_warehouse

PICTURE: Final = ROOT / "docs" / "dashboard.png"
LAST_NIGHT: Final = datetime(2026, 11, 30, 2)
MORNING: Final = LAST_NIGHT + timedelta(hours=6)
NIGHTS: Final = 90
VENV: Final = ROOT / ".venv-browser"


def sample() -> dict[str, list[dict[str, Any]]]:
    """The sample's images, by listing."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((ROOT / "data" / "sample" / "night-1").glob("*-[0-9][0-9].json")):
        found[path.stem.rpartition("-")[0]] += json.loads(path.read_text(encoding="utf-8"))["images"]
    return found


def live_through(nights: Runs) -> None:
    """Images come, change and go; the same ones each time that this is called."""
    chance = random.Random(16)
    left = sample()
    there = {name: [images.pop(0) for _ in range(len(images) * 6 // 10)] for name, images in left.items()}
    for night in range(NIGHTS):
        at = LAST_NIGHT - timedelta(days=NIGHTS - 1 - night)
        for name, images in there.items():
            if left[name] and chance.random() < 0.35:
                images.append(left[name].pop(0))
            if chance.random() < 0.06:
                images.pop(chance.randrange(len(images)))
            if chance.random() < 0.3:
                one = chance.randrange(len(images))
                images[one] = {**images[one], "min_disk": chance.choice((10, 20, 40, 80)), "updated_at": f"{at}Z"}
        nights.run(there, at=at)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with new_warehouse(folder) as warehouse:
            live_through(Runs(warehouse, folder / "stage"))
            for table in ("image_versions", "listing_memberships", "run_clouds", "run_listings"):
                warehouse.execute(f"UPDATE {table} SET cloud = 'mycloud'")
            publish(warehouse, folder / "published.duckdb")
        page = folder / "page.html"
        write_page(folder / "published.duckdb", page, version("glanceback"), MORNING)
        look = [VENV / "bin" / "python", Path(__file__).with_name("look.py")]
        subprocess.run([*look, VENV / "chromium", page, PICTURE, f"{MORNING}Z"], check=True)


if __name__ == "__main__":
    main()
