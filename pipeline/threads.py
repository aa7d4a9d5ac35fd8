"""Runs the steps of a run in threads of this process. Only the warehouse records the run."""

import logging
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from extract.stopping import PROCESS_STOP
from load.runs import Run
from load.warehouse import Warehouse
from pipeline.report import RunReport
from pipeline.settings import Settings
from pipeline.steps import Step, StepRun

log = logging.getLogger(__name__)

R = TypeVar("R")

_MOST_THREADS: Final = 1000
"""Each waits for a listing or a login, and costs little: `max_connections` of each cloud bounds the work."""


class ThreadRun(Generic[R]):
    def __init__(self, future: Future[R]) -> None:
        self.future = future

    def outcome(self) -> R | BaseException:
        error = self.future.exception()
        return self.future.result() if error is None else error


class ThreadSteps:
    """Runs steps in threads. Use it as a context manager: at its end every thread has ended."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="step")

    def __enter__(self) -> "ThreadSteps":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, step: Step[R], **parameters: Any) -> R | BaseException:
        try:
            return _with_retries(step, parameters)
        except Exception as exc:
            return exc

    def submit(self, step: Step[R], **parameters: Any) -> ThreadRun[R]:
        return ThreadRun(self._pool.submit(_with_retries, step, parameters))

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        return self.submit(step, **parameters)

    def first_done(self, runs: Collection[StepRun[Any]]) -> StepRun[Any]:
        of_future = {run.future: run for run in runs if isinstance(run, ThreadRun)}
        done, _ = wait(of_future, return_when=FIRST_COMPLETED)
        return of_future[next(iter(done))]

    @contextmanager
    def readers(self, settings: Settings) -> Iterator[None]:
        yield

    def record(self, report: RunReport, run: Run, warehouse: Warehouse, page: str | None) -> None:
        """Does nothing: the warehouse has the report, and there is no other place for it."""


def _with_retries(step: Step[R], parameters: dict[str, Any]) -> R:
    for _ in range(step.retries):
        try:
            return step.function(**parameters)
        except Exception as exc:
            if not step.may_pass(exc):
                raise
            log.info("%s: tried again in %.0f s (%s)", step.label.format(**parameters), step.retry_delay_seconds, exc)
            PROCESS_STOP.wait(step.retry_delay_seconds)
            if PROCESS_STOP.is_set():
                raise
    return step.function(**parameters)
