"""Rejects: values that do not fit their column and images without a usable id, each with its original text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

REJECTS_SCHEMA: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("id", "attribute", "value", "reason")),
        pa.field("position", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Reject:
    """A value that does not fit its column, or an image without a usable id (`attribute` None). `value`: the original.

    `position`: the image's row among those with a usable id; None for an image without one.
    """

    id: str | None
    attribute: str | None
    value: str
    reason: str
    position: int | None


def reject_batch(rejects: Sequence[Reject]) -> pa.RecordBatch:
    """Return the rejects as a batch with REJECTS_SCHEMA."""
    return pa.record_batch(
        [pa.array([getattr(reject, field.name) for reject in rejects], field.type) for field in REJECTS_SCHEMA],
        schema=REJECTS_SCHEMA,
    )
