"""Two readings of one listing, staged, as one: what was read again comes after what was read first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from extract import storage
from transform.batch import REJECTS_SCHEMA
from transform.stage import STAGED_SCHEMA, StagedListing

_ROWS_AT_ONCE = 4_000
_POSITION = STAGED_SCHEMA.get_field_index("position")


def joined(first: StagedListing, again: StagedListing, folder: Path) -> StagedListing:
    """Return both readings' rows as the files of one, in the folder. Positions count on. Raises: OSError."""
    images, rejects = folder / "images.parquet", folder / "rejects.parquet"
    with pq.ParquetWriter(
        images, STAGED_SCHEMA, compression="lz4", write_statistics=False, use_dictionary=False
    ) as writer:
        position = 0
        for batch in _batches(first.images, again.images):
            positions = pa.array(range(position, position + batch.num_rows), pa.int64())
            writer.write_batch(batch.set_column(_POSITION, STAGED_SCHEMA.field(_POSITION), positions))
            position += batch.num_rows
    with pq.ParquetWriter(rejects, REJECTS_SCHEMA, compression="lz4") as writer:
        for batch in _batches(first.rejects, again.rejects):
            writer.write_batch(batch)
    return StagedListing(first.listing, images, rejects)


def staged_times(staged: StagedListing, ids: Sequence[str]) -> set[tuple[str, datetime | None]]:
    """Return id and `updated_at` of those of the images that are staged, wherever the files are. Raises: OSError."""
    file = staged.images if storage.is_local(staged.images) else pa.BufferReader(storage.get(staged.images))
    wanted = pc.field("id").isin(pa.array(ids, pa.string()))
    # No partitioning: `key=value` in a folder's name is no column.
    table = pq.read_table(file, columns=["id", "updated_at"], filters=wanted, partitioning=None)
    return set(zip(table.column("id").to_pylist(), table.column("updated_at").to_pylist(), strict=True))


def _batches(*files: object) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file) as opened:
            yield from opened.iter_batches(_ROWS_AT_ONCE)
