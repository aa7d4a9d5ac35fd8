"""Reads the listings of one cloud, each in its own step, stage by stage.

Called by pipeline.run.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import TransientError
from extract.listing import Listing
from load.cuts import known_parts
from load.earlier_runs import pages_of_listings
from load.merge import ListingOutcome, watermarks
from load.runs import BrokenOff, Run
from load.warehouse import Warehouse
from pipeline.listing_reading import ListingIncomplete, incomplete_outcome, listings_left, read_listing
from pipeline.second_pass import in_stages
from pipeline.session import Session
from pipeline.settings import Settings
from pipeline.steps import Step, StepRun, Steps

log = logging.getLogger(__name__)


def _may_pass(error: BaseException) -> bool:
    """Whether a retry may help."""
    return isinstance(error, TransientError) or (isinstance(error, ListingIncomplete) and error.again)


READ_LISTING: Step[ListingOutcome] = Step(
    read_listing,
    name="read listing",
    label="{session.name}: {listing.name}",
    retries=1,
    retry_delay_seconds=5.0,
    may_pass=_may_pass,
)


class CloudReading:
    """Reads one cloud's listings, stage by stage. `runs`: the steps started so far, by listing."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        run: Run,
        session: Session,
        broken: BrokenOff | None,
        steps: Steps,
        left_out: Sequence[Listing] = (),
    ) -> None:
        """`left_out`: listings that another cloud reads for this one."""
        self.session = session
        self.runs: dict[str, StepRun[ListingOutcome]] = {}
        self._settings, self._warehouse, self._run = settings, warehouse, run
        self._broken, self._steps = broken, steps
        self._watermarks: dict[str, datetime] = watermarks(warehouse, session.name) if run.mode == "changes" else {}
        not_read_yet = listings_left(session, run, broken)
        self.left_out = [one for one in left_out if one in not_read_yet]
        to_read = [one for one in not_read_yet if one not in left_out]
        # In a changes run, an image that was not read is not missing.
        self.stages = [list(to_read)]
        if run.mode == "full":
            page_size = session.settings.page_size
            self.stages = in_stages(to_read, pages_of_listings(warehouse, session.name, page_size))
        self._later = list(self.stages)
        self._awaited: set[StepRun[Any]] = set()

    def go_on(self, done: StepRun[Any] | None = None) -> set[StepRun[Any]]:
        """Begin the next stage if it waits only for `done`; return the readings that the stage after it waits for.

        A failed listing counts as ended: the others do not depend on it.
        """
        if done is not None:
            if done not in self._awaited:
                return set()
            self._awaited.remove(done)
        if self._awaited or not self._later:
            return set()
        stage = self._later.pop(0)
        self.runs |= {listing.name: self._begin(listing) for listing in stage}
        if self._later:
            self._awaited = {self.runs[listing.name] for listing in stage if listing.is_shared}
        return set(self._awaited)

    def outcomes(self) -> list[ListingOutcome]:
        """Wait for all listings; return the outcome of each, in the dialect's order."""
        return [
            _outcome(self.session.name, listing.name, self.runs[listing.name])
            for listing in self.session.listings
            if listing.name in self.runs
        ]

    @property
    def stages_with_left_out(self) -> list[list[Listing]]:
        if not self.stages:
            return [list(self.left_out)]
        return [*self.stages[:-1], [*self.stages[-1], *self.left_out]]

    def read_after_all(self, listing: Listing) -> ListingOutcome:
        """Read a listing that was left out, because no other cloud has read it completely."""
        return _outcome(self.session.name, listing.name, self._begin(listing))

    def _begin(self, listing: Listing) -> StepRun[ListingOutcome]:
        account = self.session.settings
        parts = known_parts(self._warehouse, self.session.name, listing, account.page_size, account.max_connections)
        return self._steps.submit_reading(
            READ_LISTING,
            session=self.session,
            listing=listing,
            landing=self._settings.landing,
            run=self._run,
            watermark=self._watermarks.get(listing.name),
            broken=self._broken,
            parts=parts,
        )


def _outcome(cloud: str, listing: str, run: StepRun[ListingOutcome]) -> ListingOutcome:
    result = run.outcome()
    if isinstance(result, ListingOutcome):
        return result
    outcome = incomplete_outcome(cloud, listing, result)
    log.error("%s", outcome.error)
    return outcome
