"""How fast one process parses and flattens pages, beside `orjson.loads` alone on the same pages, by turns.

`python -m benchmarks.flattening [--images 20000] [--rounds 5]`, in glanceback's own environment (orjson comes with
Prefect).
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from benchmarks.catalogue import Catalogue
from extract.body import parse_page
from pipeline.memory import expect_many_pages
from transform.batch import flatten


def pages(images: int) -> list[bytes]:
    """The public listing's pages of a thousand, recorded ones repeated."""
    return list(Catalogue(images * 5 // 2).listings["public"].pages())


def seconds(work: Callable[[bytes], Any], bodies: list[bytes]) -> float:
    began = time.perf_counter()
    for body in bodies:
        work(body)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    bodies = pages(given.images)
    expect_many_pages()  # as every run does
    works: dict[str, Callable[[bytes], Any]] = {
        "orjson.loads": orjson.loads,
        "parse_page": lambda body: parse_page(body, "benchmark"),
        "parse_page and flatten": lambda body: flatten(parse_page(body, "benchmark").images),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(given.rounds):
        for name, work in works.items():
            times[name].append(seconds(work, bodies))
    fastest = statistics.median(times["orjson.loads"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name}: {given.images / median:,.0f} images/s, {median / fastest:.2f} times orjson.loads")


if __name__ == "__main__":
    main()
