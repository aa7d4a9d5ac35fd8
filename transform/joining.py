"""Two readings of one listing, staged, as one: what was read again comes after what was read first."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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


def _batches(*files: object) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file) as opened:
            yield from opened.iter_batches(_ROWS_AT_ONCE)
