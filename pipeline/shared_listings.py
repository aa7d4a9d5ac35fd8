"""Listings that are the same for all projects of a region: one project reads them, and the others take that over.

Called by pipeline.clouds. What is taken over is landed and staged in the other cloud's folders too, so that its load, a
replay and `verify` find it there as if that cloud had read it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from core import storage
from core.errors import CloudError
from core.storage import Place
from extract.landing import Earlier, Landing, landed_lines, listing_folder
from extract.listing import Listing
from load.merge import ListingOutcome
from load.runs import Run
from pipeline.session import Session
from transform.stage import StagedListing

log = logging.getLogger(__name__)

_ALIKE: Final = ("public", "community")
READ_BY: Final = "read_by"
"""The key in the evidence of a listing that was taken over: the cloud that read it."""


@dataclass(slots=True)
class SharedListings:
    """Decides which session reads these listings: in each region of an account, the first one reads for all others."""

    landing: Place
    run: Run
    _leaders: dict[tuple[str, str | None], Session] = field(default_factory=dict)
    _followers: dict[tuple[str, str | None], list[Session]] = field(default_factory=dict)
    _taken: dict[tuple[str, str], ListingOutcome] = field(default_factory=dict)

    def left_to(self, session: Session) -> tuple[Listing, ...]:
        """The session's listings that another session of the region reads. The first session reads all of its own."""
        scope = session.settings.scope
        if scope is None or self.run.mode != "full":
            return ()
        key = (scope.estate, session.settings.region)
        leader = self._leaders.setdefault(key, session)
        if leader is session:
            return ()
        theirs = {listing.name: listing.filters for listing in leader.listings}
        alike = tuple(one for one in session.listings if one.name in _ALIKE and theirs.get(one.name) == one.filters)
        if alike and leader.api_probe.dialect == session.api_probe.dialect:
            self._followers.setdefault(key, []).append(session)
            return alike
        return ()

    def hand_out(self, session: Session, outcomes: Sequence[ListingOutcome]) -> None:
        """Give what this session read completely to the sessions that wait for it. Call it before that is loaded."""
        scope = session.settings.scope
        if scope is None:
            return
        key = (scope.estate, session.settings.region)
        if session in self._followers.get(key, ()):
            self._followers[key].remove(session)
        for outcome in outcomes:
            if outcome.listing in _ALIKE and outcome.complete and outcome.staged and READ_BY not in outcome.evidence:
                for follower in self._followers.get(key, ()):
                    if (follower.name, outcome.listing) not in self._taken:
                        self._hand_over(session, follower, outcome, outcome.staged)

    def taken(self, session: Session, listing: Listing) -> ListingOutcome | None:
        """What another session read for this one; None if this one must read the listing itself."""
        return self._taken.get((session.name, listing.name))

    def _hand_over(self, session: Session, follower: Session, outcome: ListingOutcome, staged: StagedListing) -> None:
        there = listing_folder(self.landing, self.run.run_id, session.name, outcome.listing)
        here = listing_folder(self.landing, self.run.run_id, follower.name, outcome.listing)
        landed = Landing(here)
        try:
            landed.begin(Earlier(there).start)
            for page in landed_lines(there):
                storage.adopt(there / page.file, here / page.file)
                landed.add(page)
            copies = StagedListing(staged.listing, here / staged.images.name, here / staged.rejects.name)
            storage.adopt(staged.images, copies.images)
            storage.adopt(staged.rejects, copies.rejects)
            landed.must_be_ours()
            landed.finish()
        except (OSError, CloudError) as exc:
            log.warning(
                "cloud %s, listing %s: what cloud %s read cannot be taken over (%s); it is read again",
                follower.name, outcome.listing, session.name, exc,
            )  # fmt: skip
            return
        finally:
            landed.close()
        evidence = {**outcome.evidence, READ_BY: session.name}
        self._taken[follower.name, outcome.listing] = replace(outcome, evidence=evidence, staged=copies)
