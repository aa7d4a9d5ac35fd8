"""The listings of one cloud as Prefect tasks, submitted stage by stage to the flow's own threads or to Dask workers.

Called by flows.nightly. Imported only by what starts a flow.
"""

import logging
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner
from prefect.tasks import Task
from prefect.utilities.annotations import opaque

from extract.errors import TransientError
from extract.listing import Listing
from flows import artifacts, night
from flows.night import ListingIncomplete
from flows.second_look import in_stages
from flows.settings import Settings
from flows.visit import Visit
from flows.worker_check import said_of_dask
from load.cuts import known_parts
from load.earlier_runs import pages_of_listings
from load.merge import ListingOutcome, watermarks
from load.runs import BrokenOff, Run
from load.warehouse import Warehouse

log = logging.getLogger(__name__)

_LISTING_RETRIES = 1
_RETRY_DELAY_SECONDS = 5


def _may_pass(_task: Task, _run: TaskRun, state: State) -> bool:  # type: ignore[type-arg]
    """Whether another try may help: Prefect asks this before it retries."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TransientError) or (isinstance(error, ListingIncomplete) and error.again)


_read_listing = task(
    name="read listing",
    task_run_name="{visit.name}: {listing.name}",
    cache_policy=NO_CACHE,
    retries=_LISTING_RETRIES,
    retry_delay_seconds=_RETRY_DELAY_SECONDS,
    retry_condition_fn=_may_pass,
)(artifacts.read_listing)


class CloudReading:
    """The reading of one cloud's listings, stage by stage; `futures`, by listing, are those submitted so far."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        run: Run,
        visit: Visit,
        broken: BrokenOff | None,
        runner: TaskRunner[Any] | None,
    ) -> None:
        self.visit = visit
        self.futures: dict[str, PrefectFuture[ListingOutcome]] = {}
        self._settings, self._warehouse, self._run = settings, warehouse, run
        self._broken, self._runner = broken, runner
        self._watermarks: dict[str, datetime] = watermarks(warehouse, visit.name) if run.mode == "changes" else {}
        to_read = night.listings_left(visit, run, broken)
        # In a changes run no image is missing from a listing for not having been read there.
        self.stages = (
            in_stages(to_read, pages_of_listings(warehouse, visit.name)) if run.mode == "full" else [list(to_read)]
        )
        self._later = list(self.stages)
        self._awaited: set[PrefectFuture[ListingOutcome]] = set()

    def go_on(self, done: PrefectFuture[Any] | None = None) -> set[PrefectFuture[Any]]:
        """Submit the next stage where it waits for nothing but `done`; the futures that the one after it waits for.

        A listing that fails is done too: the others do not depend on it.
        """
        if done is not None:
            if done not in self._awaited:
                return set()
            self._awaited.remove(done)
        if self._awaited or not self._later:
            return set()
        stage = self._later.pop(0)
        self.futures |= {listing.name: self._submit(listing) for listing in stage}
        if self._later:
            self._awaited = {self.futures[listing.name] for listing in stage if listing.is_shared}
        return set(self._awaited)

    def outcomes(self) -> list[ListingOutcome]:
        """How the reading of each listing went, in the order in which the dialect has them. Waits for the last."""
        return [
            _outcome(self.visit.name, listing.name, self.futures[listing.name])
            for listing in self.visit.listings
            if listing.name in self.futures
        ]

    def _submit(self, listing: Listing) -> PrefectFuture[ListingOutcome]:
        account = self.visit.settings
        parts = known_parts(self._warehouse, self.visit.name, listing, account.page_size, account.max_connections)
        parameters: dict[str, Any] = {
            **{"visit": self.visit, "listing": listing, "landing": self._settings.landing, "run": self._run},
            **{"watermark": self._watermarks.get(listing.name), "broken": self._broken, "parts": parts},
        }
        future: PrefectFuture[ListingOutcome]
        if self._runner:
            future = self._runner.submit(_read_listing, parameters)
        else:
            # Opaque: Prefect would look for futures in every id of every part. Dask takes no such wrapping.
            future = _read_listing.submit(**{**parameters, "parts": opaque(parts)})
        return future


def _outcome(cloud: str, listing: str, future: PrefectFuture[ListingOutcome]) -> ListingOutcome:
    result: ListingOutcome | BaseException
    try:
        result = future.result(raise_on_failure=False)
    except Exception as exc:  # Dask's own, of a worker that died again and again
        result = exc
    if isinstance(result, ListingOutcome):
        return result
    outcome = night.incomplete_outcome(cloud, listing, said_of_dask(result, cloud, listing) or result)
    log.error("%s", outcome.error)
    return outcome
