"""What the published copy stores of views is what the warehouse's views say, whichever way the copy was made."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from load import publish as publication
from load import stored_views
from load.publish import publish
from load.retirement import Rename, rename_within
from load.runs import begin_run, finish_run
from load.stored_views import BY_TIME, WHOLE
from load.warehouse import Warehouse
from tests.load.runs import Runs, image, new_warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with new_warehouse(tmp_path) as opened:
        yield opened


@pytest.fixture
def since(monkeypatch: pytest.MonkeyPatch) -> list[datetime | None]:
    """From when on each copy was worked out anew; None: whole."""
    found: list[datetime | None] = []
    real = stored_views.store_views

    def store(warehouse: Warehouse, since: datetime | None) -> None:
        found.append(since)
        real(warehouse, since)

    monkeypatch.setattr(publication, "store_views", store)
    return found


def _answers(ask: Any, view: str) -> tuple[Any, Any]:
    return ask(f"SELECT column_name, column_type FROM (DESCRIBE {view})"), ask(f"FROM {view} ORDER BY ALL")


def assert_same(warehouse: Warehouse, published: Path) -> None:
    with closing(duckdb.connect(str(published), read_only=True)) as reader:
        for view in (*WHOLE, *BY_TIME):
            copied = _answers(lambda query: reader.execute(query).fetchall(), view)
            assert copied == _answers(lambda query: warehouse.execute(query).fetchall(), view)


@pytest.mark.slow
def test_copy_says_what_the_views_say_after_whatever_happened(
    warehouse: Warehouse, tmp_path: Path, since: list[datetime | None]
) -> None:
    published = tmp_path / "published.duckdb"
    nights = Runs(warehouse, tmp_path / "stage")

    def started() -> list[datetime]:
        return [at for (at,) in nights.rows("SELECT started_at FROM runs ORDER BY started_at")]

    def published_since() -> datetime | None:
        publish(warehouse, published)
        assert_same(warehouse, published)
        return since[-1]

    nights.run({"public": [image("a", min_ram="much")], "private": [image("b", note="1"), image("c")]})
    nights.run({"public": [image("a", min_ram="more")], "private": [image("b", note="2")]})
    assert published_since() is None
    nights.run({"public": [image("a", min_disk=1), image("c", tags=["x"])], "private": [image("b", note="2")]})
    assert published_since() == started()[-1]

    # Another machine's run began earlier and loads later: what the copy has of its time and after is not all.
    slow = begin_run(warehouse, "changes", "0")
    nights.run({"public": [image("a", min_disk=2), image("c", tags=["x"])], "private": [image("b", note="2")]})
    assert published_since() == slow.started_at
    nights.run({"private": [image("b", note="3", tags=["y"])]}, mode="changes", run=slow)
    assert published_since() == slow.started_at
    assert nights.rows("SELECT count(*) FROM image_changes WHERE new_value = '3'") == [(1,)]

    # What no run did is seen in the versions. It is no history of ours: a copy made whole has it too.
    nights.run({"public": [image("a", min_disk=3), image("c", tags=["x"])], "private": [image("b", note="3")]})
    warehouse.execute("DELETE FROM image_versions WHERE id = 'a' AND min_disk = 1")
    assert published_since() is None

    # A rename gives the past another name, in one transaction with its run; so does a replay.
    run = begin_run(warehouse, "rename", "0")
    rename_within(warehouse, Rename(run.run_id, "c", "d", run.started_at))
    finish_run(warehouse, run, "completed")
    assert published_since() is None
    warehouse.execute("UPDATE image_versions SET name = 'renamed' WHERE id = 'a' AND seen_to IS NOT NULL")
    finish_run(warehouse, begin_run(warehouse, "replay", "0"), "completed")
    assert published_since() is None

    # So does a new scheme of hashes, or a column that a dictionary has grown.
    warehouse.execute("UPDATE image_versions SET description = 'grown' WHERE id = 'a' AND seen_to IS NULL")
    warehouse.execute("UPDATE schema_migrations SET fingerprint = 'x' WHERE name = 'content hash'")
    assert published_since() is None
