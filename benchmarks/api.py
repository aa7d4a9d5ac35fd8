"""The image API over a large catalogue: its first answer, its pages beside what their bytes cost, and many clients.

`python -m benchmarks.api [--images 100000] [--seconds 60] [--clients 50]`, in glanceback's own environment. A page
costs at most 1.5 times what a server of the same kind takes that has nothing to do but to send these bytes; the first
answer comes within a second of the start of the process; no client sees an error, and memory is flat. Exits with 1
where one of them fails.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from benchmarks.history import load, stage
from load.publish import publish
from load.schema import bring_up_to_date
from load.warehouse import Warehouse

MOST_TIMES_THE_BYTES: Final = 1.5
MOST_START_SECONDS: Final = 1.0
MOST_GROWTH: Final = 1.1
PAGE: Final = 1000
_ROOT: Final = Path(__file__).resolve().parent.parent
_BYTES_ALONE: Final = """
import socket, sys, uvicorn
from starlette.responses import Response
body = open(sys.argv[1], "rb").read()
async def app(scope, receive, send):
    if scope["type"] == "http":
        await Response(body, media_type="application/json")(scope, receive, send)
listening = socket.create_server(("127.0.0.1", 0))
listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(f"at http://127.0.0.1:{listening.getsockname()[1]} -", file=sys.stderr, flush=True)
uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listening])
"""


def make(folder: Path, images: int) -> Path:
    """A settings file beside a copy of so many images, after two nights."""
    staged = stage(images, folder)
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        bring_up_to_date(warehouse, "0")
        for night in range(2):
            load(warehouse, staged, night)
        publish(warehouse, folder / "published.duckdb")
    config = folder / "glanceback.toml"
    config.write_text('published = "published.duckdb"\n')
    return config


@contextmanager
def running(*command: str) -> Iterator[tuple[httpx.Client, int]]:
    """A client of the server that the command starts, and its process id."""
    with subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        try:
            assert process.stderr is not None
            url = process.stderr.readline().split("at ")[1].split(" ")[0]
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                yield client, process.pid
        finally:
            process.terminate()


def first_answer(config: Path) -> float:
    """Seconds from the start of the process to the first page of the usual length."""
    began = time.perf_counter()
    with running("-m", "cli", "api", "--port", "0", "--config", str(config)) as (client, _):
        client.get("/v2/images").raise_for_status()
        return time.perf_counter() - began


def walk(client: httpx.Client, coding: str) -> tuple[list[float], bytes]:
    """The seconds of each page of 1,000 of all images, by id, and the body of one."""
    seconds, body, marker = [], b"", ""
    while True:
        began = time.perf_counter()
        answer = client.get(
            f"/v2/images?sort_key=id&sort_dir=asc&member_status=all&limit={PAGE}{marker}",
            headers={"Accept-Encoding": coding},
        ).raise_for_status()
        seconds.append(time.perf_counter() - began)
        page = answer.json()
        if "next" not in page:
            return seconds, body
        body = answer.content
        marker = f"&marker={page['images'][-1]['id']}"


def bytes_alone(body: bytes, folder: Path, pages: int) -> float:
    """The median seconds that a page of these bytes takes where nothing has to be found or made."""
    file = folder / "page.json"
    file.write_bytes(body)
    seconds = []
    with running("-c", _BYTES_ALONE, str(file)) as (client, _):
        for _ in range(pages):
            began = time.perf_counter()
            answer = client.get("/").raise_for_status()
            seconds.append(time.perf_counter() - began)
            answer.json()
    return statistics.median(seconds)


def many_clients(url: str, clients: int, seconds: float, ids: list[str]) -> tuple[int, int]:
    """How many answers so many clients got in that time, and how many were no answers."""
    answered, failed = [0] * clients, [0] * clients
    deadline = time.monotonic() + seconds

    def ask(number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while time.monotonic() < deadline:
                try:
                    client.get(_question(rng, ids)).raise_for_status()
                    answered[number] += 1
                except httpx.HTTPError:
                    failed[number] += 1

    threads = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered), sum(failed)


def _question(rng: random.Random, ids: list[str]) -> str:
    marker = rng.choice(ids)
    return rng.choice(
        (
            f"/v2/images/{marker}",
            "/v2/images?visibility=public&__imagetype=gold&protected=true",
            f"/v2/images?sort_key=id&sort_dir=asc&limit=100&marker={marker}",
            f"/v2/images?__os_type=Linux&sort=name:asc&limit=50&marker={marker}",
            f"/v2/images?name=in:{marker},nobody&visibility=all",
            f"/as-of/now/v2/images?created_at=gte:202{rng.randrange(6)}-01-01T00:00:00Z&limit=10",
        )
    )


def memory_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    given = parser.parse_args()
    failures: list[str] = []

    def hold(what: str, is_held: bool) -> None:
        print(what + ("" if is_held else "  <- too much"))
        if not is_held:
            failures.append(what)

    with tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place:
        measure(make(Path(place), given.images), given, hold)
    sys.exit(bool(failures))


def measure(config: Path, given: argparse.Namespace, hold: Callable[[str, bool], None]) -> None:
    starts = [first_answer(config) for _ in range(3)]
    hold(f"first answer after the start: {min(starts):.2f} s", min(starts) <= MOST_START_SECONDS)
    with running("-m", "cli", "api", "--port", "0", "--config", str(config)) as (client, process):
        for coding in ("identity", "gzip"):
            first, body = walk(client, coding)
            again, _ = walk(client, coding)
            if coding == "identity":
                alone = bytes_alone(body, config.parent, len(first))
                print(f"a page of {PAGE:,}, {len(body) / 1e6:.2f} MB: its bytes alone {alone * 1000:.1f} ms")
            for name, seconds in (("the first walk", first), ("the second walk", again)):
                median = statistics.median(seconds)
                times = median / alone
                hold(
                    f"{coding}, {name} through {len(seconds)} pages: {median * 1000:.1f} ms a page, {times:.2f} times "
                    f"the bytes alone; the slowest {max(seconds) * 1000:.0f} ms",
                    coding == "gzip" or times <= MOST_TIMES_THE_BYTES,
                )
        ids = [image["id"] for image in client.get(f"/v2/images?limit={PAGE}").json()["images"]]
        many_clients(str(client.base_url), given.clients, given.seconds / 4, ids)
        before = memory_mb(process)
        answered, failed = many_clients(str(client.base_url), given.clients, given.seconds, ids)
        after = memory_mb(process)
        hold(
            f"{given.clients} clients for {given.seconds:.0f} s: {answered / given.seconds:.0f} answers a second, "
            f"{failed} failed",
            failed == 0,
        )
        hold(f"memory: {before:.0f} MB before, {after:.0f} MB after", after <= before * MOST_GROWTH)


if __name__ == "__main__":
    main()
