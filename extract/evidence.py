"""The evidence that a listing was read completely. It is stored in `run_listings.evidence`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Evidence:
    """The findings of one pass over a listing or a part of it. Counts are of images unless the name says otherwise."""

    pages: int = 0
    images: int = 0
    bytes: int = 0
    first_id: str | None = None
    last_id: str | None = None
    largest_page: int = 0
    empty_pages_followed: int = 0
    markers_gone: int = 0
    repeats_dropped: int = 0
    without_id: int = 0
    beyond_part: int = 0
    ends_asked_again: int = 0
    requests: int = 0
    in_order: bool = True
    ended_without_next: bool = False
    ended_at_bound: bool = False


_SUMMED = (
    "pages", "images", "bytes", "empty_pages_followed", "markers_gone", "repeats_dropped", "without_id", "beyond_part",
    "ends_asked_again", "requests",
)  # fmt: skip


def together(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of a listing from that of its parts, given in their order."""
    if len(parts) == 1:
        return parts[0]
    firsts = [one.first_id for one in parts if one.first_id is not None]
    lasts = [one.last_id for one in parts if one.last_id is not None]
    return Evidence(
        **{name: sum(getattr(one, name) for one in parts) for name in _SUMMED},
        first_id=firsts[0] if firsts else None,
        last_id=lasts[-1] if lasts else None,
        largest_page=max((one.largest_page for one in parts), default=0),
        in_order=all(one.in_order for one in parts),
        ended_without_next=any(one.ended_without_next for one in parts),
    )
