"""Decides which scheduled runs to skip after `serve` was down or a run took long: one run replaces all missed ones.

A full run reads everything, so it replaces changes runs too. A run that somebody started by hand is
never skipped. Called by serving; it imports Prefect.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.states import Cancelled

log = logging.getLogger(__name__)

_MOST_ROUNDS: Final = 20
"""The most runs that the server returns at once."""


class ScheduledRun(Protocol):
    """The facts about a flow run that the decision needs."""

    @property
    def id(self) -> UUID: ...
    @property
    def deployment_id(self) -> UUID | None: ...
    @property
    def auto_scheduled(self) -> bool | None: ...
    @property
    def next_scheduled_start_time(self) -> datetime | None: ...


def made_up_for(runs: Sequence[ScheduledRun], now: datetime, reading_all: Collection[UUID]) -> set[UUID]:
    """Return the ids of the scheduled runs to skip. `reading_all`: the deployments that read everything.

    Of the runs that are due, the last of each deployment is kept; a deployment that reads changes keeps none if a run
    that reads everything is due.
    """
    due = sorted(
        (
            (run.next_scheduled_start_time, str(run.id), run)
            for run in runs
            if run.auto_scheduled and run.next_scheduled_start_time is not None and run.next_scheduled_start_time <= now
        ),
        key=lambda found: found[:2],
    )
    last = {run.deployment_id: run.id for _, _, run in due}
    if any(deployment in reading_all for deployment in last):
        last = {deployment: run for deployment, run in last.items() if deployment in reading_all}
    return {run.id for _, _, run in due} - set(last.values())


async def skip_missed(
    client: PrefectClient, deployments: dict[UUID, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Cancel the runs to skip. `deployments`: the names of our deployments, by id."""
    reading_all = {identity for identity, name in deployments.items() if name == "nightly"}
    for _ in range(_MOST_ROUNDS):
        runs = await client.get_scheduled_flow_runs_for_deployments(list(deployments), scheduled_before=now())
        superfluous = made_up_for(runs, now(), reading_all)
        if not superfluous:
            return
        log.info("%d scheduled runs were missed; the next run replaces them", len(superfluous))
        for identity in superfluous:
            await client.set_flow_run_state(
                identity, Cancelled(message="It was missed; a later run replaces it."), force=True
            )
