"""Whatever characters a path has, the file that it names is read, as it is."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from load.staged_files import names_for_duckdb
from load.statements import names, statement
from tests.load.runs import Runs, image, new_warehouse

pytestmark = pytest.mark.slow

FOLDERS = [
    "owner=nobody", "env=prod", "status=1", "a*b", "**", "a?b", "[ab]", "a[", "x[!a]?*\\ 'q' \"d\" = {1,2};#%20é",
    "back\\slash", "new\nline", "~home", " ", "file:", "-x",
]  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_file_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    for folder in (name, "ab", "b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        pq.write_table(pa.table({"owner": [folder]}), tmp_path / folder / "images.parquet")
    files = [tmp_path / name / "images.parquet", tmp_path / "b" / "images.parquet"]
    with names_for_duckdb(files) as names, duckdb.connect() as connection:
        query = "SELECT * FROM read_parquet($files, hive_partitioning = false)"
        assert connection.execute(query, {"files": names}).fetchall() == [(name,), ("b",)]


@pytest.mark.parametrize("name", FOLDERS)
def test_night_in_such_a_folder_is_like_any_other(tmp_path: Path, name: str) -> None:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / name)
        nights.run({"public": [image("a", owner="o", min_ram=-1.5), image("b")]})
        nights.run({"public": [image("b")]}, there=(image("a", owner="p"),))
        found = nights.rows("SELECT id, cloud, owner, status, listings, state FROM images ORDER BY id")
        assert found == [("a", "c", "p", None, [], "unlisted"), ("b", "c", None, None, ["public"], "listed")]
        assert nights.rows("SELECT id, value FROM rejects") == [("a", "-1.5")]


def test_no_statement_makes_columns_of_folders() -> None:
    for folder in ("merge", "runs", "reading", "replay", "publish"):
        for name in names(folder):
            text = statement(folder, name).text
            assert text.count("read_parquet(") == text.count("hive_partitioning = false)"), name
