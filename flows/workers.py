"""Starts the Prefect runner of the tasks that read listings on Dask workers. Without Dask, the flow's threads read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect.task_runners import TaskRunner

from flows.dask_clusters import does_not_answer, not_installed, own_cluster, used_to_read
from pipeline.settings import Settings


@contextmanager
def listing_runner(settings: Settings) -> Iterator[TaskRunner[Any] | None]:
    """A started runner for the listings' tasks; None if the flow's own threads read.

    Raises: SettingsError if Dask is not installed, its scheduler does not answer, or no worker can read.
    """
    if settings.task_runner != "dask":
        yield None
        return
    try:
        from prefect_dask import DaskTaskRunner  # an extra
    except ImportError as exc:
        raise not_installed() from exc
    address = settings.dask_scheduler
    if address is None:
        runner = DaskTaskRunner(cluster_kwargs=own_cluster(settings))
    else:
        runner = DaskTaskRunner(address=address)
    with runner as started:
        try:
            client = started.client  # connects
        except (OSError, ValueError) as exc:
            raise does_not_answer(address, exc) from exc
        with used_to_read(client, settings):
            yield started
