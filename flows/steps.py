"""Runs the steps of a run as Prefect's tasks: Prefect's UI shows each call as a task run.

Imported only by what starts a flow: importing Prefect takes a second.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, Self, TypeVar, cast

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner
from prefect.utilities.annotations import opaque

from extract.account import CloudSettings
from flows import artifacts
from flows.worker_check import said_of_dask
from flows.workers import listing_runner
from load.runs import Run
from load.warehouse import Warehouse
from pipeline.cloud_reading import READ_LISTING
from pipeline.clouds import LOAD_CLOUD
from pipeline.report import RunReport
from pipeline.session import Session
from pipeline.settings import Settings
from pipeline.steps import Step, StepRun
from pipeline.threads import ThreadSteps

R = TypeVar("R")


class _TaskRun(Generic[R]):
    def __init__(self, future: PrefectFuture[R], explain: Callable[[BaseException], BaseException]) -> None:
        self.future = future
        self._explain = explain

    def outcome(self) -> R | BaseException:
        try:
            result: R | BaseException = self.future.result(raise_on_failure=False)
        except Exception as exc:  # Dask's own, of a worker that died again and again
            result = exc
        return self._explain(result) if isinstance(result, BaseException) else result


class PrefectSteps:
    """Runs steps as tasks of the flow that it is made in; listings perhaps on Dask workers.

    A task has the tag of its cloud's name in the settings. If an account has many clouds, only their loads are tasks,
    and what Dask workers read: a thousand tasks in one flow run could not be looked at. Use it as a context manager.
    """

    def __init__(self) -> None:
        self._readers: TaskRunner[Any] | None = None
        self._threads = ThreadSteps()
        self._ended: SimpleQueue[StepRun[Any]] = SimpleQueue()
        self._ended_early: set[StepRun[Any]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._threads.__exit__(*error)

    def run(self, step: Step[R], **parameters: Any) -> R | BaseException:
        if step is not LOAD_CLOUD and _is_one_of_many(parameters):
            return self._threads.run(step, **parameters)
        state = cast("State[R]", _as_task(step, parameters)(**_opaque(parameters), return_state=True))
        result: R | BaseException = state.result(raise_on_failure=False)
        return result

    def submit(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        if _is_one_of_many(parameters):
            # The thread's log goes to the flow run.
            in_flow = replace(step, function=partial(copy_context().run, step.function))
            in_thread = self._threads.submit(in_flow, **parameters)
            in_thread.future.add_done_callback(lambda _: self._ended.put(in_thread))
            return in_thread
        return self._watched(_as_task(step, parameters).submit(**_opaque(parameters)), lambda error: error)

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        if self._readers is None:
            return self.submit(step, **parameters)
        cloud, listing = parameters["session"].name, parameters["listing"].name
        future: PrefectFuture[R] = self._readers.submit(_as_task(step, parameters), parameters)
        return self._watched(future, lambda error: said_of_dask(error, cloud, listing) or error)

    def first_done(self, runs: Collection[StepRun[Any]]) -> StepRun[Any]:
        while True:
            early = next((run for run in self._ended_early if run in runs), None)
            if early is not None:
                self._ended_early.remove(early)
                return early
            self._ended_early.add(self._ended.get())

    def _watched(self, future: PrefectFuture[R], explain: Callable[[BaseException], BaseException]) -> StepRun[R]:
        run = _TaskRun(future, explain)
        future.add_done_callback(lambda _: self._ended.put(run))
        return run

    @contextmanager
    def readers(self, settings: Settings) -> Iterator[None]:
        with listing_runner(settings) as self._readers:
            yield

    def record(self, report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
        artifacts.leave(report, run, warehouse, page)


def _is_one_of_many(parameters: dict[str, Any]) -> bool:
    """Whether the step is for one of the clouds of an account."""
    settings = _settings_of(parameters)
    return settings is not None and settings.scope is not None


def _settings_of(parameters: dict[str, Any]) -> CloudSettings | None:
    """The settings of the cloud that the step is for; None if it is for no cloud, or for all."""
    session = parameters.get("session")
    settings = session.settings if isinstance(session, Session) else parameters.get("settings")
    return settings if isinstance(settings, CloudSettings) else None


def _as_task(step: Step[R], parameters: dict[str, Any]) -> Task[Any, R]:
    settings = _settings_of(parameters)
    name_in_settings = settings and (settings.scope.estate if settings.scope else settings.name)

    def may_pass(_task: object, _run: TaskRun, state: State) -> bool:
        """Prefect calls this before it tries again."""
        return step.may_pass(cast(BaseException, state.result(raise_on_failure=False)))

    function = artifacts.read_listing if step is READ_LISTING else step.function
    as_task: Task[Any, Any] = task(
        name=step.name,
        task_run_name=step.label,
        tags=[name_in_settings] if name_in_settings else None,
        cache_policy=NO_CACHE,
        retries=step.retries,
        retry_delay_seconds=step.retry_delay_seconds,
        retry_condition_fn=may_pass if step.retries else None,
    )(function)
    return as_task


def _opaque(parameters: dict[str, Any]) -> dict[str, Any]:
    """Keeps Prefect from searching thousands of list items for futures. Dask does not accept this wrapper."""
    return {name: opaque(value) if isinstance(value, (list, tuple)) else value for name, value in parameters.items()}
