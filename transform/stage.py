"""Staging, between flatten and load: a Parquet file of images and one of rejects per listing and run.

The reader of a listing writes them page by page, so that memory does not grow with the listing; the load reads them.
Parquet, because readers may be other processes, or other machines with shared storage.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core import storage
from core.storage import Place
from extract.landed import LandedAt
from transform.batch import IMAGES_SCHEMA, Flattened
from transform.rejects import REJECTS_SCHEMA

STAGED_SCHEMA: Final = pa.schema(
    [
        pa.field("listing", pa.string()),
        pa.field("position", pa.int64()),
        pa.field("received_at", pa.timestamp("us")),
        *IMAGES_SCHEMA,
        pa.field("landed_page", pa.int32()),
        pa.field("landed_file", pa.string()),
    ]
)
STAGED_REJECTS_SCHEMA: Final = pa.schema([pa.field("listing", pa.string()), *REJECTS_SCHEMA])
"""`position`: the image's position; NULL if the image has no usable id."""


class StagedListing:
    """A listing's staged files. `images` has STAGED_SCHEMA; `position` counts from 0 in the order received.

    Not a dataclass: msgspec inspects the fields of dataclasses and does not support a union of two kinds of path.
    """

    __slots__ = ("images", "listing", "rejects")

    def __init__(self, listing: str, images: Place, rejects: Place) -> None:
        self.listing = listing
        self.images = images
        self.rejects = rejects


def is_empty(staged: StagedListing) -> bool:
    """Whether there is neither an image nor a reject in it; False for files that cannot be read."""
    try:
        return all(pq.read_metadata(file).num_rows == 0 for file in (staged.images, staged.rejects))
    except (OSError, pa.ArrowException):
        return False


def handed_over(staged: StagedListing, folder: Place) -> StagedListing:
    """Put the files into a folder where the load finds them, and return them there. Raises: OSError."""
    there = StagedListing(staged.listing, folder / staged.images.name, folder / staged.rejects.name)
    for file, target in ((staged.images, there.images), (staged.rejects, there.rejects)):
        if file != target:
            storage.adopt(file, target)
    return there


_ROWS_A_GROUP: Final = 4_000
"""Rows per write: written a page at a time, they take twice as long to write and to read."""


class StageWriter:
    """Writes one listing's flattened pages. Use it in a `with` statement; the files are complete at its end."""

    def __init__(self, folder: Path, listing: str) -> None:
        images, rejects = folder / "images.parquet", folder / "rejects.parquet"
        self.staged = StagedListing(listing, images, rejects)
        self._position = 0
        self._waiting: list[pa.RecordBatch] = []
        self._images = pq.ParquetWriter(
            images, STAGED_SCHEMA, compression="lz4", write_statistics=False, use_dictionary=False
        )
        self._rejects = pq.ParquetWriter(rejects, STAGED_REJECTS_SCHEMA, compression="lz4")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._write_waiting()
        self._images.close()
        self._rejects.close()

    def write(self, page: Flattened, landed: LandedAt | Sequence[LandedAt]) -> None:
        """Add a page's rows. `landed`: where the page lies, or a place per image if each has an answer of its own."""
        rows = page.images.num_rows
        if page.rejects.num_rows:
            listing = pa.repeat(self.staged.listing, page.rejects.num_rows)
            *texts, positions = page.rejects.columns
            import pyarrow.compute as pc  # as in transform.batch

            columns = [listing, *texts, pc.add(positions, self._position)]
            self._rejects.write_batch(pa.record_batch(columns, schema=STAGED_REJECTS_SCHEMA))
        if rows:
            places = [landed] * rows if isinstance(landed, LandedAt) else landed
            columns = [
                pa.repeat(self.staged.listing, rows),
                pa.array(range(self._position, self._position + rows), pa.int64()),
                pa.array([place.received_at for place in places], pa.timestamp("us")),
                *page.images.columns,
                pa.array([place.page for place in places], pa.int32()),
                pa.array([place.file for place in places], pa.string()),
            ]
            self._waiting.append(pa.record_batch(columns, schema=STAGED_SCHEMA))
            self._position += rows
            if sum(batch.num_rows for batch in self._waiting) >= _ROWS_A_GROUP:
                self._write_waiting()

    def _write_waiting(self) -> None:
        if self._waiting:
            self._images.write_table(pa.Table.from_batches(self._waiting))
            self._waiting.clear()
