"""Reads one listing of a cloud: lands its pages, flattens them, and returns the outcome.

Called by pipeline.cloud_reading, as a step that may run concurrently with others. Plain functions, without Prefect.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import storage
from core.errors import CloudError, GlancebackError, TransientError, unexpected
from core.storage import Place
from core.wording import counted
from extract.known_texts import KnownTexts
from extract.landing import Earlier, LandedAt, Landing, ReadingStart, earlier_reading, listing_folder
from extract.listing import Listing
from extract.parts import Part
from extract.reading import Reading
from load.merge import ListingOutcome
from load.runs import BrokenOff, Run
from pipeline.progress import Watched
from pipeline.session import Session
from transform.batch import Flattened, flatten
from transform.code_hash import code_hash
from transform.stage import StagedListing, StageWriter, handed_over

log = logging.getLogger(__name__)


class ListingIncomplete(CloudError):
    """A listing whose end was not reached, with what was read of it. `again`: whether a retry may help."""

    def __init__(self, what: str, advice: str = "", outcome: ListingOutcome | None = None, again: bool = False) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, outcome, again)
        self.outcome = outcome
        self.again = again


def listings_left(session: Session, run: Run, broken: BrokenOff | None) -> tuple[Listing, ...]:
    """The listings to read: without those that the run `broken` read to the end, if that was recently."""
    if broken is None or not _is_soon_after(session, (run.started_at - broken.started_at).total_seconds()):
        return session.listings
    return tuple(listing for listing in session.listings if (session.name, listing.name) not in broken.complete)


def read_listing(
    session: Session,
    listing: Listing,
    landing: Place,
    run: Run,
    watermark: datetime | None = None,
    broken: BrokenOff | None = None,
    parts: tuple[Part, ...] | None = (),
    known: KnownTexts | None = None,
) -> ListingOutcome:
    """Read a listing to its end, and land and flatten each page. Several readers share it if `parts` are given.

    `parts`: None for a listing that no run has read. `known`: images that came so before are staged briefly.

    In a changes run, `watermark` is the time (UTC) up to which the listing is known; without one it is read whole.
    A listing that is tried again in the same run resumes after its last landed page; so does one that the run
    `broken` was reading, if that was recently.
    Raises: ListingIncomplete.
    """
    folder = listing_folder(landing, run.run_id, session.name, listing.name)
    reader = _ListingReader(session, listing, folder, known)
    try:
        return reader.read(landing, watermark, broken, parts)
    except CloudError as exc:
        again = isinstance(exc, TransientError)
        raise ListingIncomplete(exc.what, exc.advice, reader.outcome_so_far(str(exc)), again) from exc
    except OSError as exc:
        raise ListingIncomplete(
            f"cloud {session.name}, listing {listing.name}: {folder} cannot be written ({storage.reason(exc)})",
            storage.advice(folder),
        ) from exc
    except GlancebackError as exc:  # a Dask worker that cannot log in
        raise ListingIncomplete(exc.what, exc.advice) from exc


class _ListingReader:
    """Reads one listing into its folder in landing."""

    def __init__(self, session: Session, listing: Listing, folder: Place, known: KnownTexts | None) -> None:
        self._session, self._listing, self._folder, self._known = session, listing, folder, known
        self._reading: Reading[tuple[Flattened, LandedAt]] | None = None

    def read(
        self, landing: Place, watermark: datetime | None, broken: BrokenOff | None, parts: tuple[Part, ...] | None
    ) -> ListingOutcome:
        """The outcome of a listing that was read to its end."""
        connection = self._session.connection  # a Dask worker logs in here
        landed = Landing(self._folder)
        try:
            earlier = landed.earlier_try() or self._of_the_broken_run(landing, broken)
            start = earlier.start if earlier else self._start(watermark, parts or ())
            landed.begin(start)
            self._reading = reading = Reading(
                connection,
                self._listing,
                landed,
                start,
                lambda page: (flatten(page.images), page.landed_at),
                closing_since=self._closing_since(start),
                earlier=earlier,
                is_new=parts is None,
                known=self._known,
            )
            staged = self._stage(reading, landed, sum(part.expected or 0 for part in start.parts) or None)
            landed.finish()
            return _outcome(self._listing.name, reading, start.started_at - self._clock_uncertainty, staged, None)
        finally:
            landed.close()

    def outcome_so_far(self, error: str) -> ListingOutcome | None:
        """The outcome with what was read before the error; None if nothing was."""
        if self._reading is None:
            return None
        return _outcome(self._listing.name, self._reading, self._session.api_probe.started_at, None, error)

    @property
    def _clock_uncertainty(self) -> timedelta:
        return self._session.api_probe.clock_uncertainty

    @property
    def _overlap(self) -> timedelta:
        return timedelta(seconds=self._session.settings.overlap_seconds)

    def _start(self, watermark: datetime | None, parts: tuple[Part, ...]) -> ReadingStart:
        changed_since = watermark - self._overlap if watermark else None
        return ReadingStart(self._session.api_probe.started_at, changed_since, parts)

    def _closing_since(self, start: ReadingStart) -> datetime | None:
        """The time after which the closing pass asks for changes; None in a changes run.

        A change during a changes run is later than this run's watermark, so the next run sees it.
        """
        return None if start.changed_since else start.started_at - self._clock_uncertainty - self._overlap

    def _of_the_broken_run(self, landing: Place, broken: BrokenOff | None) -> Earlier | None:
        """What the broken run landed; None if it is so old that a closing pass cannot cover the time since then."""
        if broken is None:
            return None
        earlier = earlier_reading(listing_folder(landing, broken.run_id, self._session.name, self._listing.name))
        if earlier is None:
            return None
        gap = (self._session.api_probe.started_at - earlier.start.started_at).total_seconds()
        where = f"cloud {self._session.name}, listing {self._listing.name}"
        if not _is_soon_after(self._session, gap):
            log.info("%s: began %.0f s ago, too old to resume; reading it from the start", where, gap)
            return None
        log.info("%s: resuming after %s that were landed before", where, counted(len(earlier), "page"))
        return earlier

    def _stage(
        self, reading: Reading[tuple[Flattened, LandedAt]], landed: Landing, expected: int | None
    ) -> StagedListing:
        """Write every page's columns as Parquet, to the folder from which they are loaded."""
        watched = Watched(self._session.name, self._listing.name, expected)
        with _staging(self._folder) as place:
            with StageWriter(place, self._listing.name) as writer:
                for flattened, landed_at in reading.pages():
                    writer.write(flattened, landed_at)
                    watched.page_was_read(reading.page_count, reading.images)
            landed.must_be_ours()
            return handed_over(writer.staged, self._folder)


@contextmanager
def _staging(folder: Place) -> Iterator[Path]:
    """Where a listing's Parquet is written: its own folder; if that is in a store, first a folder on our disk."""
    if storage.is_local(folder):
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
            yield Path(place)


def _is_soon_after(session: Session, gap_seconds: float) -> bool:
    return 0 <= gap_seconds <= session.settings.resume_within_seconds


def incomplete_outcome(cloud: str, listing: str, error: BaseException) -> ListingOutcome:
    """The outcome of a listing that ended in this error."""
    if isinstance(error, ListingIncomplete) and error.outcome is not None:
        return error.outcome
    where = f"cloud {cloud}, listing {listing}"
    text = str(error) if isinstance(error, GlancebackError) else f"{where}: {unexpected(error)}"
    return ListingOutcome(listing, 0, 0, 0, 0.0, False, {}, text, None, None)


def _outcome(
    listing: str, reading: Reading[Any], watermark: datetime, staged: StagedListing | None, error: str | None
) -> ListingOutcome:
    return ListingOutcome(
        listing=listing,
        pages=reading.page_count,
        images=reading.images,
        bytes=reading.bytes,
        seconds=reading.seconds,
        complete=error is None,
        evidence={**reading.evidence, "flattened_by": code_hash()},
        error=error,
        watermark=watermark,
        staged=staged,
    )
