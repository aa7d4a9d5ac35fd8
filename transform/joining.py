"""Joins the staged rows of two readings of one listing: the second reading follows the first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core import storage
from core.storage import Place
from extract.landed import LandedPage
from transform.stage import STAGED_REJECTS_SCHEMA, STAGED_SCHEMA, StagedListing

_ROWS_AT_ONCE = 4_000


Reading = tuple[StagedListing, Mapping[str, LandedPage]]
"""A reading's rows, and its landed pages: former file name -> the page where it lies now."""


def joined(first: Reading, again: Reading, folder: Path) -> StagedListing:
    """Write the rows of both readings to files in the folder, with continuous positions. Raises: OSError."""
    import pyarrow.compute as pc  # slow to import, and readings are seldom joined

    images, rejects = folder / "images.parquet", folder / "rejects.parquet"
    with pq.ParquetWriter(
        images, STAGED_SCHEMA, compression="lz4", write_statistics=False, use_dictionary=False
    ) as writer:
        count, offsets = 0, []
        for staged, pages in (first, again):
            offsets.append(count)
            for batch in _batches(staged.images):
                writer.write_batch(_moved(batch, count, pages))
                count += batch.num_rows
    with pq.ParquetWriter(rejects, STAGED_REJECTS_SCHEMA, compression="lz4") as writer:
        for (staged, _), offset in zip((first, again), offsets, strict=True):
            for batch in _batches(staged.rejects):
                writer.write_batch(_replaced(batch, "position", pc.add(batch.column("position"), offset)))
    return StagedListing(first[0].listing, images, rejects)


def _moved(batch: pa.RecordBatch, position: int, pages: Mapping[str, LandedPage]) -> pa.RecordBatch:
    """The rows, numbered from the position, with the pages and files where they lie now."""
    batch = _replaced(batch, "position", pa.array(range(position, position + batch.num_rows), pa.int64()))
    now = [pages.get(file) for file in batch.column("landed_file").to_pylist()]
    batch = _replaced(batch, "landed_page", pa.array([page and page.page for page in now], pa.int32()))
    return _replaced(batch, "landed_file", pa.array([page and page.file for page in now], pa.string()))


def _replaced(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    number = batch.schema.get_field_index(name)
    return batch.set_column(number, batch.schema.field(number), column)


def staged_times(staged: StagedListing, ids: Sequence[str]) -> set[tuple[str, datetime | None]]:
    """Return (id, `updated_at`) of the staged rows of these images; the files may be in a store. Raises: OSError."""
    import pyarrow.compute as pc  # as above

    wanted = pc.field("id").isin(pa.array(ids, pa.string()))
    # Without partitioning: `key=value` in a folder's name is not a column.
    table = pq.read_table(_file(staged), columns=["id", "updated_at"], filters=wanted, partitioning=None)
    return set(zip(table.column("id").to_pylist(), table.column("updated_at").to_pylist(), strict=True))


def staged_ids(staged: StagedListing) -> set[str]:
    """Return the usable ids of the staged rows; the files may be in a store. Raises: OSError."""
    ids = pq.read_table(_file(staged), columns=["id"], partitioning=None).column("id").to_pylist()
    return {identity for identity in ids if identity is not None}


def _file(staged: StagedListing) -> Path | pa.BufferReader:
    return staged.images if storage.is_local(staged.images) else pa.BufferReader(storage.get(staged.images))


def _batches(file: Place) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(file) as opened:
        yield from opened.iter_batches(_ROWS_AT_ONCE)
