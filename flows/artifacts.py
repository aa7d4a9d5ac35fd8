"""What a run shows in Prefect's UI: the progress of tasks, a summary, tables, a link to the page.

The history needs none of it: if the Prefect server fails here, the run does not.
"""

import functools
import logging
import time
from collections.abc import Callable
from typing import Any, Final, cast
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from extract.listing import Listing
from load.merge import ListingOutcome
from load.runs import Run
from load.warehouse import Warehouse
from pipeline import listing_reading
from pipeline.progress import ListingProgress, listening
from pipeline.report import RunReport, summary
from pipeline.session import Session

log = logging.getLogger(__name__)

_MOST_CHANGES: Final = 100
_EVERY_SECONDS: Final = 2.0


@functools.wraps(listing_reading.read_listing)
def read_listing(session: Session, listing: Listing, *args: Any, **kwargs: Any) -> ListingOutcome:
    """listing_reading.read_listing; shows the progress with the task run, if that takes more than a few seconds."""
    progress = _TaskProgress(session.name, listing.name)
    with listening(progress):
        outcome = listing_reading.read_listing(session, listing, *args, **kwargs)
    progress.complete()
    return outcome


class _TaskProgress:
    """Shows the progress of one listing. Make it in the listing's task."""

    def __init__(self, cloud: str, listing: str) -> None:
        self._of = (cloud, listing)
        self._shown_at = time.monotonic()
        self._artifact: UUID | None = None
        self._told = ""

    def __call__(self, read: ListingProgress) -> None:
        now = time.monotonic()
        if (read.cloud, read.listing) != self._of or now - self._shown_at < _EVERY_SECONDS:
            return
        self._shown_at = now
        self._told = f"{read.cloud} {read.listing}: {read.told}"
        _quietly(lambda: self._show(100 * (read.share or 0.0)))

    def complete(self) -> None:
        if self._artifact is not None:
            _quietly(lambda: self._show(100.0))

    def _show(self, percent: float) -> None:
        if self._artifact is None:
            self._artifact = cast(UUID, create_progress_artifact(percent, description=self._told))
        else:
            update_progress_artifact(self._artifact, percent, description=self._told)


def leave(report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
    """Show the run's summary, its listings, what it found different, and the page's address. Call it in the flow."""
    told = f"Run {report.run_id}"
    _quietly(lambda: create_markdown_artifact(summary(report), key="glanceback-run", description=told))
    if listings := _listings(report):
        _quietly(lambda: create_table_artifact(listings, key="glanceback-listings", description=told))
    if any(cloud.new or cloud.changed or cloud.deleted or cloud.returned for cloud in report.clouds):
        _quietly(
            lambda: create_table_artifact(_changes(warehouse, run), key="glanceback-changes", description=told),
        )
    if page:
        _quietly(lambda: create_link_artifact(page, "The catalogue over time", key="glanceback-page", description=told))


def _listings(report: RunReport) -> list[dict[str, Any]]:
    return [
        {
            "cloud": cloud.cloud,
            "listing": listing.listing,
            "pages": listing.pages,
            "images": listing.images,
            "complete": listing.complete,
            "error": listing.error or "",
        }
        for cloud in report.clouds
        for listing in cloud.listings
    ]


def _changes(warehouse: Warehouse, run: Run) -> list[dict[str, Any]]:
    columns = ("event", "cloud", "name", "id", "attribute", "old_value", "new_value")
    rows = warehouse.rows("runs", "run_changes", run_id=run.run_id, started_at=run.started_at, most=_MOST_CHANGES)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _quietly(leave_it: Callable[[], object]) -> None:
    try:
        leave_it()
    except Exception:
        log.warning("an artifact could not be stored in Prefect", exc_info=True)
