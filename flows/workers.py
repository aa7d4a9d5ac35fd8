"""Starts the Dask workers that read listings, perhaps on other machines. Without Dask, the flow's own threads read.

Each worker logs in with its own settings and environment, and hands over its files in a landing that all machines see.
A run does not wait for workers that are missing or cannot read: flows.worker_check finds them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect.task_runners import TaskRunner

from core.errors import SettingsError
from core.redaction import shown_url
from core.shipped import how_to_install
from flows.worker_check import must_be_able_to_read, watched
from pipeline.settings import Settings

log = logging.getLogger(__name__)

_THREADS_A_WORKER = 4


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
        raise SettingsError(
            "task_runner is dask, which is not installed",
            how_to_install("dask"),
        ) from exc
    address = settings.dask_scheduler
    if address is None:
        cluster = {
            "n_workers": settings.dask_workers,
            "threads_per_worker": _THREADS_A_WORKER,
            "dashboard_address": None,
            "silence_logs": logging.ERROR,
        }
        runner = DaskTaskRunner(cluster_kwargs=cluster)
    else:
        runner = DaskTaskRunner(address=address)
    with runner as started:
        try:
            client = started.client  # connects
        except (OSError, ValueError) as exc:
            raise SettingsError(
                f"the Dask scheduler at {shown_url(address or '')} does not answer ({type(exc).__name__})",
                "Start it, or correct dask_scheduler.",
            ) from exc
        where = f"the Dask scheduler at {shown_url(address)}" if address else "our own Dask cluster"
        if address is not None:
            must_be_able_to_read(client, where)
        log.info(
            "listings are read by Dask workers (%s)",
            shown_url(address) if address else f"{settings.dask_workers} of our own",
        )
        with watched(client, where):
            yield started
