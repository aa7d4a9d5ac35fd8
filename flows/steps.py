"""Runs the steps of a run as Prefect's tasks: Prefect's UI shows each call as a task run.

Imported only by what starts a flow: importing Prefect takes a second.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import TaskRunner
from prefect.utilities.annotations import opaque

from flows import artifacts
from flows.worker_check import said_of_dask
from flows.workers import listing_runner
from load.runs import Run
from load.warehouse import Warehouse
from pipeline.cloud_reading import READ_LISTING
from pipeline.report import RunReport
from pipeline.settings import Settings
from pipeline.steps import Step, StepRun

R = TypeVar("R")


class _TaskRun(Generic[R]):
    def __init__(self, future: PrefectFuture[R], explain: Callable[[BaseException], BaseException]) -> None:
        self.future = future
        self._explain = explain

    def outcome(self) -> R | BaseException:
        try:
            result: R | BaseException = self.future.result(raise_on_failure=False)
        except Exception as exc:  # Dask's error about a worker that died several times
            result = exc
        return self._explain(result) if isinstance(result, BaseException) else result


class PrefectSteps:
    """Runs steps as tasks of the current flow; Dask workers may read the listings."""

    def __init__(self) -> None:
        self._readers: TaskRunner[Any] | None = None

    def run(self, step: Step[R], **parameters: Any) -> R | BaseException:
        state = cast("State[R]", _as_task(step)(**_opaque(parameters), return_state=True))
        result: R | BaseException = state.result(raise_on_failure=False)
        return result

    def submit(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        return _TaskRun(_as_task(step).submit(**_opaque(parameters)), lambda error: error)

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        if self._readers is None:
            return self.submit(step, **parameters)
        cloud, listing = parameters["session"].name, parameters["listing"].name
        future: PrefectFuture[R] = self._readers.submit(_as_task(step), parameters)
        return _TaskRun(future, lambda error: said_of_dask(error, cloud, listing) or error)

    def first_done(self, runs: Collection[StepRun[Any]]) -> StepRun[Any]:
        of_future = {run.future: run for run in runs if isinstance(run, _TaskRun)}
        return of_future[next(as_completed(list(of_future)))]

    @contextmanager
    def readers(self, settings: Settings) -> Iterator[None]:
        with listing_runner(settings) as self._readers:
            yield

    def record(self, report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
        artifacts.leave(report, run, warehouse, page)


def _as_task(step: Step[R]) -> Task[Any, R]:
    def may_pass(_task: object, _run: TaskRun, state: State) -> bool:
        """Prefect calls this before it tries again."""
        return step.may_pass(cast(BaseException, state.result(raise_on_failure=False)))

    function = artifacts.read_listing if step is READ_LISTING else step.function
    as_task: Task[Any, Any] = task(
        name=step.name,
        task_run_name=step.label,
        cache_policy=NO_CACHE,
        retries=step.retries,
        retry_delay_seconds=step.retry_delay_seconds,
        retry_condition_fn=may_pass if step.retries else None,
    )(function)
    return as_task


def _opaque(parameters: dict[str, Any]) -> dict[str, Any]:
    """Keeps Prefect from searching thousands of list items for futures. Dask does not accept this wrapper."""
    return {name: opaque(value) if isinstance(value, (list, tuple)) else value for name, value in parameters.items()}
