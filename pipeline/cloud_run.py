"""What a night does at one cloud, step by step: read a listing, end what is gone, load. Plain functions.

flows.nightly makes Prefect tasks of them; they run, and are tested, without Prefect.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import storage
from core.errors import CloudError, GlancebackError, TransientError, WarehouseError
from core.storage import Place
from core.wording import counted
from extract.landing import Earlier, Landing, ReadingStart, earlier_reading, listing_folder
from extract.listing import Listing
from extract.parts import Part
from extract.reading import Reading
from load.guard import Guard
from load.merge import CloudCounts, CloudNight, ListingOutcome, find_missing, merge
from load.missing import NOTHING_MISSING
from load.records import keep_night
from load.runs import BrokenOff, Run
from load.warehouse import Warehouse
from load.withheld import first_names
from pipeline.missing_images import NAMES_SHOWN, decided
from pipeline.progress import Watched
from pipeline.session import Visit
from transform.batch import flatten
from transform.stage import StagedListing, StageWriter, handed_over

log = logging.getLogger(__name__)


class ListingIncomplete(CloudError):
    """A listing whose end was not reached, with what was read of it. `again` says whether another try may help."""

    def __init__(self, what: str, advice: str = "", outcome: ListingOutcome | None = None, again: bool = False) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, outcome, again)
        self.outcome = outcome
        self.again = again


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the load of one cloud came to; `error` says what was withheld, and what to do.

    `to_decide`: of so many images the deletion is withheld until a person decides.
    """

    counts: CloudCounts
    error: str | None
    to_decide: int = 0


def listings_left(visit: Visit, run: Run, broken: BrokenOff | None) -> tuple[Listing, ...]:
    """The listings to read: without those that the run which broke off soon before has read to the end."""
    if broken is None or not _soon_after(visit, (run.started_at - broken.started_at).total_seconds()):
        return visit.listings
    return tuple(listing for listing in visit.listings if (visit.name, listing.name) not in broken.complete)


def read_listing(
    visit: Visit,
    listing: Listing,
    landing: Place,
    run: Run,
    watermark: datetime | None = None,
    broken: BrokenOff | None = None,
    parts: tuple[Part, ...] = (),
) -> ListingOutcome:
    """Read a listing to its end, landing and flattening page by page; by several readers in `parts`, if there are any.

    In a changes run, `watermark` is the time (UTC) up to which the listing is known; without one it is read whole.
    A listing that is tried again in the same run goes on from its last landed page; so does one that the run
    `broken` was reading, if that was soon before.
    Raises: ListingIncomplete.
    """
    settings = visit.settings
    folder = listing_folder(landing, run.run_id, settings.name, listing.name)
    started_at = visit.first_look.started_at
    overlap, unknown = timedelta(seconds=settings.overlap_seconds), visit.first_look.clock_uncertainty
    landed, reading = None, None
    try:
        connection = visit.connection
    except GlancebackError as exc:
        raise ListingIncomplete(exc.what, exc.advice, again=isinstance(exc, TransientError)) from exc
    try:
        landed = Landing(folder)
        earlier = landed.earlier_try()
        if earlier is None and broken is not None:
            earlier = _resumable(visit, listing_folder(landing, broken.run_id, settings.name, listing.name))
        changed_since = watermark - overlap if watermark else None
        start = earlier.start if earlier else ReadingStart(started_at, changed_since, parts)
        landed.begin(start)
        reading = Reading(
            connection,
            listing,
            landed,
            start,
            lambda page: (flatten(page.images), page.landed_at),
            # What changes while changes are read has a later time than this run's watermark: the next run sees it.
            closing_since=None if start.changed_since else start.started_at - unknown - overlap,
            earlier=earlier,
        )
        watched = Watched(settings.name, listing.name, sum(part.expected or 0 for part in start.parts) or None)
        with _staging(folder) as place:
            with StageWriter(place, listing.name) as writer:
                for flattened, landed_at in reading.pages():
                    writer.write(flattened, landed_at)
                    watched.page_was_read(reading.page_count, reading.images)
            landed.must_be_ours()
            staged = handed_over(writer.staged, folder)
        landed.finish()
        return _outcome(listing.name, reading, start.started_at - unknown, staged, None)
    except CloudError as exc:
        outcome = _outcome(listing.name, reading, started_at, None, str(exc)) if reading else None
        raise ListingIncomplete(exc.what, exc.advice, outcome, isinstance(exc, TransientError)) from exc
    except OSError as exc:
        raise ListingIncomplete(
            f"cloud {settings.name}, listing {listing.name}: {folder} cannot be written ({storage.reason(exc)})",
            storage.advice(folder),
        ) from exc
    finally:
        if landed is not None:
            landed.close()


@contextmanager
def _staging(folder: Place) -> Iterator[Path]:
    """Where a listing's Parquet is written: its own folder, or, where that is in a store, one on our disk first."""
    if storage.is_local(folder):
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
            yield Path(place)


@contextmanager
def _at_hand(outcomes: Sequence[ListingOutcome]) -> Iterator[list[ListingOutcome]]:
    """The outcomes with their Parquet on our disk, where the load can read it. Raises: WarehouseError."""
    with tempfile.TemporaryDirectory(prefix="glanceback-") as place:
        here = []
        for outcome in outcomes:
            staged = outcome.staged
            if staged is not None and not storage.is_local(staged.images):
                folder = Path(place) / outcome.listing
                folder.mkdir()
                try:
                    staged = handed_over(staged, folder)
                except OSError as exc:
                    raise WarehouseError(f"{staged.images} cannot be read ({storage.reason(exc)})") from exc
            here.append(replace(outcome, staged=staged))
        yield here


def _resumable(visit: Visit, folder: Place) -> Earlier | None:
    """What was landed there, unless that is too long ago for a closing pass to be trusted with what happened since."""
    earlier = earlier_reading(folder)
    if earlier is None:
        return None
    gap = (visit.first_look.started_at - earlier.start.started_at).total_seconds()
    where = f"cloud {visit.name}, listing {folder.name}"
    if not _soon_after(visit, gap):
        log.info("%s: begun %.0f s ago, too long to go on with; it starts over", where, gap)
        return None
    log.info("%s: goes on after what was landed before: %s", where, counted(len(earlier), "page"))
    return earlier


def _soon_after(visit: Visit, gap_seconds: float) -> bool:
    return 0 <= gap_seconds <= visit.settings.resume_within_seconds


def incomplete_outcome(cloud: str, listing: str, error: BaseException) -> ListingOutcome:
    """The outcome of a listing that ended in this error."""
    if isinstance(error, ListingIncomplete) and error.outcome is not None:
        return error.outcome
    text = str(error) if isinstance(error, GlancebackError) else f"cloud {cloud}, listing {listing}: {internal(error)}"
    return ListingOutcome(listing, 0, 0, 0, 0.0, False, {}, text, None, None)


def internal(error: BaseException) -> str:
    """What to say of an error that is nobody's mistake but ours."""
    # The repr of a UnicodeError has the whole text, which may be a secret.
    shown = type(error).__name__ if isinstance(error, UnicodeError) else repr(error)
    return f"an error in glanceback itself: {shown}. Report it, with the log of the run."


def load_cloud(
    warehouse: Warehouse,
    visit: Visit,
    run: Run,
    outcomes: list[ListingOutcome],
    guard: Guard,
    landing: Place,
    accept_deletions: bool = False,
) -> Loaded:
    """Merge what was read of a cloud, after asking for the missing images one by one.

    Raises: WarehouseError; then nothing of this cloud's night is in, but landing has what a replay needs.
    """
    with _at_hand(outcomes) as at_hand:
        night = CloudNight(
            run_id=run.run_id,
            started_at=run.started_at,
            cloud=visit.name,
            dialect=visit.first_look.dialect,
            project_id=visit.project_id,
            ends_images=run.mode == "full",
            outcomes=at_hand,
        )
        loaded = _load(warehouse, visit, night, guard, landing, accept_deletions)
    for outcome in outcomes:
        if outcome.staged:
            _drop(outcome.staged)
    return loaded


def _load(
    warehouse: Warehouse, visit: Visit, night: CloudNight, guard: Guard, landing: Place, accept_deletions: bool
) -> Loaded:
    _refuse_silence(night, visit)
    missing = find_missing(warehouse, night)

    def names(ids: Iterable[str]) -> list[str]:
        return first_names(warehouse, visit.name, ids, NAMES_SHOWN)

    with decided(visit, night, missing, guard, landing, accept_deletions, names) as found:
        keep_night(landing, night, found.decisions, found.error)
        counts = merge(warehouse, night, found.decisions, unlisted=found.unlisted, error=found.error)
    if counts.missed_by_changes:
        log.warning("cloud %s: changes runs had missed %s", visit.name, counted(counts.missed_by_changes, "image"))
    return Loaded(counts, found.error, len(found.decisions.too_many))


def record_failure(warehouse: Warehouse, run: Run, cloud: str, error: str, landing: Place) -> None:
    """Keep that nothing of a cloud could be loaded, and why. Raises: WarehouseError when not even that can be kept."""
    nothing = CloudNight(run.run_id, run.started_at, cloud, None, None, ends_images=False, outcomes=())
    keep_night(landing, nothing, NOTHING_MISSING, error)
    merge(warehouse, nothing, error=error)


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
        evidence=reading.evidence,
        error=error,
        watermark=watermark,
        staged=staged,
    )


def _refuse_silence(night: CloudNight, visit: Visit) -> None:
    """Raises: CloudError where every listing is empty, and yet the API shows images when nothing is asked for."""
    everything = not visit.settings.listings and night.ends_images and len(night.outcomes) == len(visit.listings)
    read_all = all(outcome.complete for outcome in night.outcomes)
    if everything and read_all and visit.first_look.sampled and not any(outcome.images for outcome in night.outcomes):
        raise CloudError(
            f"cloud {visit.name}: every listing of the {night.dialect} dialect is empty, but without filters the API "
            f"shows images",
            "Set dialect to what this cloud speaks.",
        )


def _drop(staged: StagedListing) -> None:
    """The flattened files have been loaded; the raw pages beside them stay."""
    with suppress(OSError):
        storage.delete(staged.images)
        storage.delete(staged.rejects)
