"""DuckLake does what a DuckDB file does: after the same runs, every table, view and macro has the same rows.

The other tests of the load make their warehouses in DuckDB files, for a run on DuckLake takes ten times as long.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from load.invariants import require
from load.retirement import Rename, Retirement, rename_within, retire_within
from load.runs import begin_run
from load.statements import names
from tests.load import runs
from tests.load.runs import Runs, image, new_warehouse
from tests.load.test_invariants import undamaged_rules

FIRST = datetime(2026, 11, 2, 2)
OF_ONE_WAREHOUSE = {"attributes", "clouds", "end_of_life", "schema_migrations", "published_copies"}
"""Tables that these runs do not write."""
TIMES_OF_WRITING = re.compile(r"finished_at|age_hours|seconds")


def history(nights: Runs) -> None:
    """Runs that take every branch of the merge; then a listing is retired and the cloud renamed."""
    a, b = image("a", __os_type="Linux", mine="1", tags=["x", "y"]), image("b", __image_size="7")
    c = image("c", __os_version="Ubuntu 20.04 server 64bit")
    offered = image("s", visibility="shared")
    promised = {"name": "P", "visibility": "public", "created_at": "2026-09-25T00:00:00Z"}
    old, new = (image(f"p{number}", **promised) for number in (1, 2))
    old, new = old | {"replace_frequency": "monthly"}, new | {"created_at": "2026-11-02T09:00:00Z"}
    everything = {"public": [a, b, old], "private": [c, image("d")], "shared-pending": [offered], "shared-accepted": []}
    changed = a | {"min_disk": 5, "mine": "2", "tags": ["y"], "updated_at": "2026-11-02T10:00:00Z"}
    rejected = image("d", min_ram="much", __lazyloading="perhaps")
    days = (FIRST + timedelta(days=number) for number in range(100))
    nights.run(everything, at=next(days))
    nights.run(everything, at=next(days))
    moved = everything | {"shared-pending": [], "shared-accepted": [offered]}
    nights.run(moved | {"public": [changed, b], "private": [c, rejected, {"name": "no id"}]}, at=next(days))
    nights.run({"public": [image("a", name="in a changes run")]}, mode="changes", at=next(days))
    nights.run(moved | {"public": [changed], "private": [c]}, at=next(days), there=(b,), withheld=frozenset("d"))
    nights.run(moved | {"public": [], "private": [c]}, at=next(days), incomplete=("public",))
    nights.run(moved | {"public": [], "private": [c]}, at=next(days), gone=frozenset("a"), there=(b,))
    nights.run(moved | {"public": [], "private": [c]}, at=next(days), unaskable=True)
    back = image("a", name="is back")
    nights.run(moved | {"public": [b, back, old | {"name": "P old"}, new], "private": [c]}, at=next(days))
    last = begin_run(nights.warehouse, "full", "0", {"c": True})
    listings = moved | {"public": [new], "private": [c, image("e", fresh="\x00")]}
    nights.run(listings, at=next(days), run=last, there=(b,), withheld=frozenset("a"))
    nights.warehouse.atomically(
        lambda: retire_within(nights.warehouse, Retirement(last.run_id, "c", "shared-accepted", next(days)))
    )
    nights.warehouse.atomically(lambda: rename_within(nights.warehouse, Rename(last.run_id, "c", "new", next(days))))


def everything_in(nights: Runs) -> dict[str, list[str]]:
    """The rows of each table, view and macro, as text without what differs from one warehouse to another."""
    tables = {name.partition("_")[2].partition(".")[0] for name in names("schema")} - OF_ONE_WAREHOUSE
    found = {name: rows_of(nights, name) for name in sorted(tables | set(names("views")))}
    for day in range(0, 10, 3):
        at = FIRST + timedelta(days=day, hours=1)
        found[f"images_as_of {day}"] = rows_of(nights, f"images_as_of(TIMESTAMP '{at}')")
    found["catalogue_diff"] = rows_of(nights, f"catalogue_diff(TIMESTAMP '{FIRST}', TIMESTAMP '2026-12-01')")
    return found


def rows_of(nights: Runs, name: str) -> list[str]:
    columns = [column for column in nights.warehouse.columns(f"(FROM {name})") if not TIMES_OF_WRITING.search(column)]
    listed = ", ".join(f'"{column}"' for column in columns)
    text = "\n".join(sorted(str(row) for row in nights.rows(f"SELECT {listed} FROM {name}")))
    for number, (run_id,) in enumerate(nights.rows("SELECT run_id FROM runs ORDER BY started_at")):
        text = text.replace(run_id, f"run {number}")
    return sorted(text.splitlines())


@pytest.mark.slow
def test_same_runs_give_the_same_rows_and_the_same_rules_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load.merge._ROWS_A_PIECE", 2)
    found = {}
    for engine in runs.ENGINES:
        runs.engine[0] = engine
        with new_warehouse(tmp_path / engine) as warehouse:
            nights = Runs(warehouse, tmp_path / engine / "stage")
            history(nights)
            found[engine] = everything_in(nights)
            require(warehouse)
            assert undamaged_rules(warehouse, "new") == []
    assert found["ducklake"] == found["duckdb"]
    assert {name for name, rows in found["duckdb"].items() if not rows} == set(), "no rows show nothing"
