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

    `label` is the name of a call, filled in from the call's parameters: `load {session.name}`. A call that ends in an
    error for which `may_pass` is true is retried up to `retries` times, each `retry_delay_seconds` after the last one.
    """

    function: Callable[..., R]
    name: str
    label: str
    retries: int = 0
    retry_delay_seconds: float = 0.0
    may_pass: Callable[[BaseException], bool] = _never


class StepRun(Protocol[R_co]):
    """One call of a step that runs concurrently with its caller."""

    def outcome(self) -> R_co | BaseException:
        """Wait for its end; return what the step returned, or its error."""


class Steps(Protocol):
    """Runs the steps of one run."""

    def run(self, step: Step[R], **parameters: Any) -> R | BaseException:
        """Run a step in the caller's thread; return what it returns, or its error."""

    def submit(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        """Start a step that runs concurrently with the caller."""

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        """Start a step that reads a listing, in the place where this run reads listings: perhaps on another machine."""

    def first_done(self, runs: Collection[StepRun[Any]]) -> StepRun[Any]:
        """Wait until one of the runs has ended; return it."""

    def readers(self, settings: Settings) -> AbstractContextManager[None]:
        """Inside, listings can be read. Raises: SettingsError if what reads them is not available."""

    def record(self, report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
        """Show the run's report where people look for it, besides the warehouse. `page`: the page's address."""
