"""What could not be kept in its place, with the original, so that nothing is lost."""

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
    """A value, or (attribute None) an image, that could not be kept in its place; `value` is the original.

    `position` is the image's row among those with a usable id; None for an image that has none.
    """

    id: str | None
    attribute: str | None
    value: str
    reason: str
    position: int | None


def reject_batch(rejects: Sequence[Reject]) -> pa.RecordBatch:
    """The rejects as a batch with REJECTS_SCHEMA."""
    return pa.record_batch(
        [pa.array([getattr(reject, field.name) for reject in rejects], field.type) for field in REJECTS_SCHEMA],
        schema=REJECTS_SCHEMA,
    )
