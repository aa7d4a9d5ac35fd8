"""Listings that all projects of a region see alike: one project reads them, and the others take over what it read.

Called by pipeline.clouds. What is taken over is landed and staged in the other cloud's folders too, so that its load, a
replay and `verify` find it there as if that cloud had read it.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from core import storage
from core.errors import CloudError
from core.storage import Place
from core.wording import counted
from extract.landing import Earlier, Landing, landed_lines, listing_folder
from extract.listing import Listing
from load.merge import ListingOutcome
from load.runs import Run
from pipeline.listing_reading import incomplete_outcome
from pipeline.session import Session
from transform.stage import StagedListing

log = logging.getLogger(__name__)

READ_FOR_OTHERS: Final = ("public", "market", "community")
READ_BY: Final = "read_by"
"""In the evidence of a listing that was taken over: the cloud that read it."""

_MOST_READERS: Final = 3
"""Projects that try to read a listing, one after the other. If all of these fail, the listing itself is at fault."""

_Key = tuple[str, str | None, str, str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _Shared:
    """A listing of a region. `reader`: the cloud that reads it now. `since`: UTC; None: all of it is read.

    `read`: what `read_by` read completely. `failures`: why others could not read it.
    """

    reader: str | None = None
    since: datetime | None = None
    read: ListingOutcome | None = None
    read_by: str = ""
    failures: list[str] = field(default_factory=list)


class LeftToAnother(CloudError):
    """A listing that another cloud should have read, and could not."""


@dataclass(slots=True)
class SharedListings:
    """Who reads these listings for whom: in each region of an account, the first session reads for all others."""

    landing: Place
    run: Run
    _shared: dict[_Key, _Shared] = field(default_factory=dict)

    def left_to(
        self, session: Session, to_read: Sequence[Listing], watermarks: Mapping[str, datetime]
    ) -> tuple[Listing, ...]:
        """The listings that this session need not read itself. The first session of a region reads all.

        `watermarks`: in a changes run, up to when (UTC) this session's listings are known.
        """
        if session.settings.scope is None:
            return ()
        left = []
        for listing in to_read:
            if listing.name not in READ_FOR_OTHERS:
                continue
            since = watermarks.get(listing.name) if self.run.mode == "changes" else None
            shared = self._shared.setdefault(_key(session, listing), _Shared())
            # After a failure, who has read something of its own tries next: see take.
            if shared.reader is None and shared.read is None and not shared.failures:
                shared.reader, shared.since = session.name, since
            elif _covers(shared.since, since):
                left.append(listing)
        return tuple(left)

    def is_awaited(self, session: Session, listing: Listing) -> bool:
        """Whether another session still reads this listing, for this one too."""
        shared = self._shared[_key(session, listing)]
        return shared.read is None and shared.reader not in (None, session.name)

    def take(
        self, session: Session, listing: Listing, since: datetime | None, *, has_read: bool
    ) -> ListingOutcome | None:
        """What another session read for this one; None: this session must read the listing itself, for others too.

        `since`: as in `left_to`, UTC. `has_read`: whether the session could read a listing of its own. If it could not,
        it does not try this one.
        """
        shared = self._shared[_key(session, listing)]
        if shared.read is not None:
            if not _covers(shared.since, since):
                return None  # another reader than the first has read less
            return self._hand_over(shared.read_by, session, shared.read)
        if has_read and len(shared.failures) < _MOST_READERS:
            shared.reader, shared.since = session.name, since
            return None
        where = f"cloud {session.name}, listing {listing.name}"
        tried = counted(len(shared.failures), "other project")
        error = LeftToAnother(f"{where}: not read: {tried} of its region could not read it ({shared.failures[0]})")
        return incomplete_outcome(session.name, listing.name, error)

    def ended(self, session: Session, outcomes: Sequence[ListingOutcome]) -> frozenset[str]:
        """Offer what this session read to the others; returns the listings whose staged files they need.

        To be called before the session is loaded, and with no outcomes if it ended in an error.
        """
        offered = set()
        by_name = {outcome.listing: outcome for outcome in outcomes}
        for key, shared in self._shared.items():
            if shared.reader != session.name or key[:3] != _service(session):
                continue
            shared.reader = None
            outcome = by_name.get(key[3])
            if outcome is not None and outcome.complete and outcome.staged is not None:
                shared.read, shared.read_by = outcome, session.name
                offered.add(outcome.listing)
            else:
                shared.failures.append(outcome.error if outcome and outcome.error else f"cloud {session.name} failed")
        return frozenset(offered)

    def forget(self) -> None:
        """Remove the staged files that were kept for others."""
        for shared in self._shared.values():
            if shared.read is not None and shared.read.staged is not None:
                with suppress(OSError):
                    storage.delete(shared.read.staged.images)
                    storage.delete(shared.read.staged.rejects)
        self._shared.clear()

    def _hand_over(self, reader: str, follower: Session, outcome: ListingOutcome) -> ListingOutcome | None:
        """The outcome as the follower's own; None if it cannot be landed."""
        staged = outcome.staged
        if staged is None:
            return None
        there = listing_folder(self.landing, self.run.run_id, reader, outcome.listing)
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
                follower.name, outcome.listing, reader, exc,
            )  # fmt: skip
            return None
        finally:
            landed.close()
        return replace(outcome, evidence={**outcome.evidence, READ_BY: reader}, staged=copies)


def _service(session: Session) -> tuple[str, str | None, str]:
    scope = session.settings.scope
    return scope.estate if scope else session.name, session.settings.region, session.api_probe.dialect


def _key(session: Session, listing: Listing) -> _Key:
    return (*_service(session), listing.name, frozenset(listing.filters.items()))


def _covers(read_since: datetime | None, needed_since: datetime | None) -> bool:
    """Whether a reading of what changed since then (UTC; None: of all) has what another needs."""
    return read_since is None or (needed_since is not None and read_since <= needed_since)
