"""Runs the steps of a run in threads, and lets Dask workers read the listings. Without Prefect.

Prefect, its server and its copy in each worker take longer to start than 50,000 images to read. Called by cli.sync.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from core.wording import counted
from flows.dask_clusters import dask_client
from flows.own_workers import begin_own_workers
from flows.worker_check import said_of_dask
from load.merge import ListingOutcome
from pipeline.settings import Settings
from pipeline.steps import Step, StepRun
from pipeline.threads import ThreadSteps

log = logging.getLogger(__name__)

R = TypeVar("R")


class DaskSteps(ThreadSteps):
    """A thread for each listing waits for the worker that reads it. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._client: Any = None
        if settings.dask_scheduler is None:
            begin_own_workers(has_prefect=False)

    def submit_reading(self, step: Step[R], **parameters: Any) -> StepRun[R]:
        return self.submit(replace(step, function=partial(_on_a_worker, self._client, step.function)), **parameters)

    @contextmanager
    def readers(self, settings: Settings) -> Iterator[None]:
        with dask_client(settings) as self._client:
            yield


def _on_a_worker(client: Any, function: Callable[..., R], **parameters: Any) -> R:
    """What the function returns on a worker. Raises: the function's error; CloudError if the worker was lost."""
    cloud, listing = parameters["session"].name, parameters["listing"].name
    try:
        result: R = client.submit(_called, function, parameters, pure=False).result()
    except BaseException as exc:  # Dask's CancelledError is no Exception
        said = said_of_dask(exc, cloud, listing)
        if said is None:
            raise
        raise said from exc
    if isinstance(result, ListingOutcome):
        read = f"{counted(result.images, 'image')} on {counted(result.pages, 'page')}"
        log.info("cloud %s, listing %s: %s, read by a worker", cloud, listing, read)
    return result


def _called(function: Callable[..., R], parameters: dict[str, Any]) -> R:
    return function(**parameters)
