"""Which scheduled runs need not be made, because a later one makes up for them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from flows.missed_runs import made_up_for

NIGHTLY, CHANGES = uuid4(), uuid4()
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    deployment_id: UUID | None
    minutes: float | None
    auto_scheduled: bool | None = True
    id: UUID = field(default_factory=uuid4)

    @property
    def next_scheduled_start_time(self) -> datetime | None:
        return None if self.minutes is None else NOW + timedelta(minutes=self.minutes)


def left(*runs: Run) -> list[Run]:
    skipped = made_up_for(runs, NOW, {NIGHTLY})
    return [run for run in runs if run.id not in skipped]


def test_last_one_that_is_due_makes_up_for_those_before_it() -> None:
    missed = [Run(NIGHTLY, minutes) for minutes in (-1440, 0, -2880)]
    assert left(*missed) == [missed[1]]


def test_full_run_makes_up_for_changes_runs_but_not_the_other_way_round() -> None:
    full, changes, later = Run(NIGHTLY, -60), Run(CHANGES, -1), Run(CHANGES, -2)
    assert left(full, changes, later) == [full]
    assert left(changes, later) == [changes]


def test_what_is_not_due_yet_and_what_somebody_asked_for_is_made() -> None:
    kept = [Run(NIGHTLY, -5), Run(NIGHTLY, 0.1), Run(CHANGES, 0.1), Run(NIGHTLY, -60, auto_scheduled=False)]
    kept.append(Run(NIGHTLY, None))
    assert left(*kept, Run(NIGHTLY, -10), Run(CHANGES, -1)) == kept
