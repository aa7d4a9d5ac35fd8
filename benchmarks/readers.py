"""How busy the readers of a run are at a catalogue with latency: a first load, and a night without changes.

`python -m benchmarks.readers [--catalogue varied] [--images 100000]`, in glanceback's own environment. The least time
is that of all requests that the run made, shared evenly by the connections: what the catalogue waits, without our own
work. A reading, from its first request to its last, takes at most 1.15 times that. The line below it shows how many
requests were in flight, in forty equal steps. Exits with 1 where a reading takes longer.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import msgspec

from benchmarks.catalogue import KINDS, served
from extract import request
from page.dashboard import write_page
from pipeline.run import RunRequest, run
from pipeline.threads import ThreadSteps

BASE_MS: Final = 50.0
IMAGE_MS: Final = 1.0
CONNECTIONS: Final = 8
MOST_TIMES_AS_LONG: Final = 1.15
_STEPS: Final = 40


class _Page(msgspec.Struct):
    images: list[msgspec.Raw] = []


@dataclass(frozen=True)
class Sent:
    """A request, from its start to its answer; `images`: of the answer, None if it was not a page."""

    began: float
    ended: float
    images: int | None


@contextmanager
def observed() -> Iterator[list[Sent]]:
    """Yields the requests to the image service, which are added as their answers come."""
    sent, lock, send = list[Sent](), threading.Lock(), request.send

    def observe(client: Any, asked: Any, *others: Any) -> Any:
        began = time.perf_counter()
        answer = send(client, asked, *others)
        ended = time.perf_counter()
        is_page = answer.is_success and "limit" in asked.url.params
        images = len(msgspec.json.decode(answer.content, type=_Page).images) if is_page else None
        with lock:
            sent.append(Sent(began, ended, images))
        return answer

    with patch.object(request, "send", observe):
        yield sent


def report(what: str, sent: list[Sent]) -> float:
    """Print how the requests were spread; how many times the least time they took."""
    began, ended = min(one.began for one in sent), max(one.ended for one in sent)
    pages = [one.images for one in sent if one.images is not None]
    least = (len(pages) * BASE_MS + sum(pages) * IMAGE_MS) / 1000 / CONNECTIONS
    step = (ended - began) / _STEPS
    times = [began + step * (number + 0.5) for number in range(_STEPS)]
    busy = [sum(one.began <= time < one.ended for one in sent) for time in times]
    print(
        f"{what}: {ended - began:.1f} s, {(ended - began) / least:.2f} times the least; {len(sent)} requests, "
        f"{sum(pages):,} images\n  {' '.join(map(str, busy))}",
        flush=True,
    )
    return (ended - began) / least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--catalogue", nargs="+", choices=list(KINDS), default=list(KINDS))
    given = parser.parse_args()
    times = []
    for kind in given.catalogue:
        with (
            tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place,
            served(given.images, BASE_MS, IMAGE_MS, kind=kind) as (url, project),
        ):
            config = Path(place) / "glanceback.toml"
            config.write_text(
                f'[clouds.benchmark]\nauth_type = "none"\nendpoint = "{url}"\nproject_id = "{project}"\n'
                f'dialect = "ims"\nmax_connections = {CONNECTIONS}\n'
            )
            for what in ("first load", "unchanged night"):
                with observed() as sent, ThreadSteps() as steps:
                    if run(RunRequest("full", str(config)), steps, write_page).status != "completed":
                        sys.exit(f"{kind}, {what}: not completed")
                times.append(report(f"{given.images:,} images, {kind}, {what}", sent))
    if max(times) > MOST_TIMES_AS_LONG:
        sys.exit(f"wanted: at most {MOST_TIMES_AS_LONG} times the least")


if __name__ == "__main__":
    main()
