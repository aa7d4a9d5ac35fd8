"""The listings of one cloud, each read by a step of its own, stage by stage.

Called by pipeline.run.
"""

import logging
from datetime import datetime
from typing import Any

from core.errors import TransientError
from extract.known_texts import KnownTexts
from extract.listing import Listing
from extract.parts import Part
from load.cuts import known_parts
from load.earlier_runs import pages_of_listings
from load.known_texts import known_texts
from load.merge import ListingOutcome, watermarks
from load.runs import BrokenOff, Run
from load.warehouse import Warehouse
from pipeline.listing_reading import ListingIncomplete, incomplete_outcome, listings_left, read_listing
from pipeline.second_pass import in_stages
from pipeline.session import Session
from pipeline.settings import Settings
from pipeline.shared_listings import READ_FOR_OTHERS, SharedListings
from pipeline.steps import Step, StepRun, Steps

log = logging.getLogger(__name__)


def _may_pass(error: BaseException) -> bool:
    """Whether another try may help."""
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
        shared: SharedListings,
    ) -> None:
        """`shared` says which listings another cloud reads for this one."""
        self.session = session
        self.runs: dict[str, StepRun[ListingOutcome]] = {}
        self._settings, self._warehouse, self._run = settings, warehouse, run
        self._broken, self._steps, self._shared = broken, steps, shared
        self._watermarks: dict[str, datetime] = watermarks(warehouse, session.name) if run.mode == "changes" else {}
        self._known: KnownTexts | None = None
        not_read_yet = listings_left(session, run, broken)
        self._left_out = shared.left_to(session, not_read_yet, self._watermarks)
        self._not_taken = list(self._left_out)
        self._taken: list[ListingOutcome] = []
        to_read = [one for one in not_read_yet if one not in self._left_out]
        # In a changes run, an image that was not read is not missing.
        self.stages = [list(to_read)]
        if run.mode == "full":
            page_size = session.settings.page_size
            self.stages = in_stages(to_read, pages_of_listings(warehouse, session.name, page_size))
        self._later = list(self.stages)
        self._awaited: set[StepRun[Any]] = set()
        self._unfinished: set[StepRun[Any]] = set()

    @property
    def is_in_last_stage(self) -> bool:
        return not self._later

    @property
    def has_ended(self) -> bool:
        """Whether every reading that began has ended, and no other will begin by itself."""
        return not self._unfinished and not self._later

    def go_on(self, done: StepRun[Any] | None = None) -> set[StepRun[Any]]:
        """Begin the next stage if it waits only for `done`; return the readings that began.

        A failed listing counts as ended: the others do not depend on it.
        """
        if done is not None:
            self._unfinished.discard(done)
            self._awaited.discard(done)
        begun: set[StepRun[Any]] = set()
        while self._later and not self._awaited:
            stage = self._later.pop(0)
            runs = {listing.name: self._begin(listing) for listing in stage}
            self.runs |= runs
            begun |= set(runs.values())
            if self._later:
                self._awaited = {self.runs[listing.name] for listing in stage if listing.is_shared}
        self._unfinished |= begun
        return begun

    @property
    def waits_for_another(self) -> bool:
        """Whether another cloud still reads a listing for this one."""
        return any(self._shared.is_awaited(self.session, listing) for listing in self._not_taken)

    def take_over(self) -> set[StepRun[Any]]:
        """Take what other clouds read for this one; returns the readings that begin because no other cloud could.

        To be called once this cloud's own readings have ended, and no other cloud reads for it.
        """
        begun: set[StepRun[Any]] = set()
        has_read = not self.runs or any(isinstance(run.outcome(), ListingOutcome) for run in self.runs.values())
        while self._not_taken:
            listing = self._not_taken.pop(0)
            since = self._watermarks.get(listing.name)
            outcome = self._shared.take(self.session, listing, since, has_read=has_read)
            if outcome is None:
                self.runs[listing.name] = self._begin(listing)
                begun.add(self.runs[listing.name])
            else:
                self._taken.append(outcome)
        self._unfinished |= begun
        return begun

    def outcomes(self) -> list[ListingOutcome]:
        """Wait for all listings; return the outcome of each, in the dialect's order."""
        order = [listing.name for listing in self.session.listings]
        read = [_outcome(self.session.name, name, run) for name, run in self.runs.items()]
        return sorted([*read, *self._taken], key=lambda outcome: order.index(outcome.listing))

    @property
    def stages_with_left_out(self) -> list[list[Listing]]:
        """The stages of the first reading. Listings that another cloud read count as read in the last one."""
        if not self.stages:
            return [list(self._left_out)]
        return [*self.stages[:-1], [*self.stages[-1], *self._left_out]]

    def _begin(self, listing: Listing) -> StepRun[ListingOutcome]:
        account = self.session.settings
        watermark = self._watermarks.get(listing.name)
        parts: tuple[Part, ...] | None = ()
        if watermark is None:  # one reader reads what changed since the watermark
            parts = known_parts(self._warehouse, self.session.name, listing, account.page_size, account.max_connections)
        return self._steps.submit_reading(
            READ_LISTING,
            session=self.session,
            listing=listing,
            landing=self._settings.landing,
            run=self._run,
            watermark=watermark,
            broken=self._broken,
            parts=parts,
            known=self._known_texts(listing),
        )

    def _known_texts(self, listing: Listing) -> KnownTexts | None:
        """The texts that the warehouse knows. Not for other clouds' listings, nor sent to other machines."""
        is_for_others = self.session.settings.scope is not None and listing.name in READ_FOR_OTHERS
        if self._run.mode != "full" or self._settings.task_runner != "threads" or is_for_others:
            return None
        if self._known is None:
            names = [one.name for one in self.session.listings]
            self._known = known_texts(self._warehouse, self.session.name, names)
        return self._known


def _outcome(cloud: str, listing: str, run: StepRun[ListingOutcome]) -> ListingOutcome:
    result = run.outcome()
    if isinstance(result, ListingOutcome):
        return result
    outcome = incomplete_outcome(cloud, listing, result)
    log.error("%s", outcome.error)
    return outcome
