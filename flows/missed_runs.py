"""Scheduled runs whose time went by while `serve` was down, or while a run took long: one makes up for all of them.

A full run reads everything, so that it makes up for the changes runs too. A run that somebody asked for by hand is
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
"""The server names 200 runs at once."""


class ScheduledRun(Protocol):
    """What of a flow run decides."""

    @property
    def id(self) -> UUID: ...
    @property
    def deployment_id(self) -> UUID | None: ...
    @property
    def auto_scheduled(self) -> bool | None: ...
    @property
    def next_scheduled_start_time(self) -> datetime | None: ...


def made_up_for(runs: Sequence[ScheduledRun], now: datetime, reading_all: Collection[UUID]) -> set[UUID]:
    """Return the ids of the scheduled runs that need not be made. `reading_all`: the deployments that read everything.

    Of those that are due, the last of each deployment is made; of deployments that read changes, none where one is due
    that reads everything.
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
    """Cancel what need not be made. `deployments`: the names of ours, by id."""
    reading_all = {identity for identity, name in deployments.items() if name == "nightly"}
    for _ in range(_MOST_ROUNDS):
        runs = await client.get_scheduled_flow_runs_for_deployments(list(deployments), scheduled_before=now())
        superfluous = made_up_for(runs, now(), reading_all)
        if not superfluous:
            return
        log.info("%d scheduled runs are past their time; the next one makes up for them", len(superfluous))
        for identity in superfluous:
            await client.set_flow_run_state(
                identity, Cancelled(message="Its time went by; a later run makes up for it."), force=True
            )
