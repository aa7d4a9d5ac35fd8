"""The images of the benchmarks' catalogues: any number, shaped like the recorded ones of data/sample.

An image is made when it is needed, and always the same, so that a million of them take no memory. benchmarks.service
serves them.
"""

import json
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from math import gcd
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks import varied

SHARES: Final = {"public": 0.4, "private": 0.3, "shared-accepted": 0.1, "shared-pending": 0.1, "shared-rejected": 0.1}
KINDS: Final = {"recorded": SHARES, "varied": varied.SHARES}
"""The catalogues, each with the shares of its listings."""
TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_PAGE: Final = 1000
_ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = _ROOT / ".venv" / "bin" / "python"
"""Of glanceback's own environment, which the comparison is not made in."""
_SAMPLE: Final = _ROOT / "data" / "sample" / "night-1"
_FIRST_DAY: Final = datetime(2021, 1, 1)
_DAYS: Final = 5 * 365
_MARKS: Final = ("@id", "@created", "@updated", "@number")


class Listing:
    """The images of one listing, numbered in id order."""

    def __init__(self, images: int, id_of: Callable[[int], int], recorded: Sequence[dict[str, Any]]) -> None:
        self.images = images
        self._id_of = id_of
        self._templates = [_template(image) for image in recorded]
        # Creation follows another order than ids do: neighbours by id lie days apart.
        self._stride = next(n for n in range(images * 5 // 8 + 1, images * 2 + 2) if gcd(n, images) == 1)
        self._seconds_between = _DAYS * 86_400 / max(1, images)

    def pages(self, numbers: Iterable[int] | None = None, updated_at: str | None = None) -> Iterator[bytes]:
        """Pages of 1,000 of these images, as the service answers them; of all images if no numbers are given.

        `updated_at`: when they were changed, in TIME_FORM; if not given, they are as they were created.
        """
        rest = iter(range(self.images) if numbers is None else numbers)
        while page := [self._text(number, updated_at) for number in islice(rest, _PAGE)]:
            yield f'{{"images": [{", ".join(page)}]}}'.encode()

    def _text(self, number: int, updated_at: str | None) -> str:
        seconds = int(number * self._stride % self.images * self._seconds_between)
        created_at = f"{_FIRST_DAY + timedelta(seconds=seconds):{TIME_FORM}}"
        return self._templates[number % len(self._templates)] % {
            "id": str(UUID(int=self._id_of(number))),
            "created": created_at,
            "updated": updated_at or created_at,
            "number": number,
        }


class Catalogue:
    """The five listings of an IMS account, `images` in all; a listing whose share is 0 is empty."""

    def __init__(self, images: int, shares: Sequence[float] = (), kind: str = "recorded") -> None:
        """`shares`: how much of it each listing has; those of its kind if none are given."""
        self.project: str = _recorded("private")[0]["owner"]
        self.shares = dict(zip(SHARES, shares or [KINDS[kind][name] for name in SHARES], strict=True))
        self.listings: dict[str, Listing] = {}
        for number, (name, share) in enumerate(self.shares.items()):
            # What the account itself shares out would be in all shared listings.
            is_private = name == "private"
            recorded = [
                one
                for one in _recorded(name)
                if (one["visibility"] == "private" if is_private else one["owner"] != self.project)
            ]
            length = max(1, round(images * share)) if share else 0
            if kind == "varied":
                recorded = varied.images(recorded[0], name)
            ids = _random_ids if kind == "varied" else _even_ids
            self.listings[name] = Listing(length, ids(number, length), recorded)


@contextmanager
def served(
    images: int,
    base_ms: float,
    image_ms: float,
    shares: Sequence[float] = (),
    *,
    kind: str = "recorded",
) -> Iterator[tuple[str, str]]:
    """A catalogue of this size and latency, in a process of its own: its address and project."""
    command = [str(PYTHON), "-m", "benchmarks.service", "--images", str(images), "--kind", kind]
    command += ["--base-ms", str(base_ms), "--image-ms", str(image_ms)]
    command += ["--shares", *map(str, shares)] if shares else []
    with (
        tempfile.TemporaryDirectory(prefix="glanceback-bench-") as folder,
        subprocess.Popen([*command, "--folder", folder], stdout=subprocess.PIPE, text=True, cwd=_ROOT) as server,
    ):
        try:
            assert server.stdout is not None
            url, project = server.stdout.readline().split()
            yield url, project
        finally:
            server.terminate()


def _even_ids(kind: int, images: int) -> Callable[[int], int]:
    """The ids of a listing, at equal distances, so that none is kept."""
    step = 2**128 // (len(SHARES) * (images + 1))
    return lambda number: (len(SHARES) * number + kind) * step


def _random_ids(kind: int, images: int) -> Callable[[int], int]:
    """The ids of a listing as Glance makes them: some parts of the order have more than others."""
    chance = random.Random(f"ids {kind}")
    return sorted(chance.getrandbits(128) for _ in range(images)).__getitem__


def _recorded(listing: str) -> list[dict[str, Any]]:
    files = sorted(_SAMPLE.glob(f"{listing}-*.json"))
    return [image for file in files for image in json.loads(file.read_bytes())["images"]]


def _template(image: dict[str, Any]) -> str:
    marked = {
        **image,
        "id": "@id",
        "created_at": "@created",
        "updated_at": "@updated",
        "name": f"{image['name']} @number",
    }
    marked |= {"self": "/v2/images/@id", "file": "/v2/images/@id/file"}
    text = json.dumps(marked).replace("%", "%%")
    for mark in _MARKS:
        text = text.replace(mark, f"%({mark[1:]})s")
    return text
