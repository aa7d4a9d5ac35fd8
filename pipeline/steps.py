"""A step of a run, and what runs steps: plain threads (pipeline.threads) or Prefect's tasks (flows.steps).

pipeline.run says which steps a run has and in which order. It does not know what runs them.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from load.runs import Run
from load.warehouse import Warehouse
from pipeline.report import RunReport
from pipeline.settings import Settings

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


def _never(_error: BaseException) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Step(Generic[R]):
    """A function as a step of a run.

    `label` names one call of it, filled in from the call's parameters: `load {session.name}`. A call that ends in an
    error for which `may_pass` is true is tried `retries` times more, each `retry_delay_seconds` after the one before.
    """

    function: Callable[..., R]
    name: str
    label: str
    retries: int = 0
    retry_delay_seconds: float = 0.0
    may_pass: Callable[[BaseException], bool] = _never


class StepRun(Protocol[R_co]):
    """One call of a step, which goes on beside its caller."""

    def outcome(self) -> R_co | BaseException:
        """What the step returned, or the error that it ended with. Waits for its end."""


class Steps(Protocol):
    """Runs the steps of one run."""

    def run(self, step: Step[R], **parameters: Any) -> R | BaseException:
        """Run a step in the caller's thread; returns what it returns, or its error."""

    def submit(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        """Start a step beside the caller."""

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        """Start a step that reads a listing, where this run's listings are read: perhaps on another machine."""

    def first_done(self, runs: Collection[StepRun[Any]]) -> StepRun[Any]:
        """One of the runs that has ended. Waits until there is one."""

    def readers(self, settings: Settings) -> AbstractContextManager[None]:
        """Inside, what reads listings is there. Raises: SettingsError if it is not available."""

    def record(self, report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
        """Show the run's report where people look for it, beside the warehouse. `page` is the page's address."""
