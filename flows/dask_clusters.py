"""Connects to the Dask workers that read listings: those of a scheduler, or our own on this machine. Without Prefect.

Each worker logs in with its own settings and environment, and hands over its files in a landing that all machines see.
A run does not wait for workers that are missing or cannot read: flows.worker_check finds them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import SettingsError
from core.redaction import shown_url
from core.shipped import how_to_install
from flows.worker_check import must_be_able_to_read, watched
from pipeline.settings import Settings

log = logging.getLogger(__name__)

_THREADS_A_WORKER = 4


def not_installed() -> SettingsError:
    return SettingsError("task_runner is dask, which is not installed", how_to_install("dask"))


def does_not_answer(address: str | None, error: Exception) -> SettingsError:
    return SettingsError(
        f"the Dask scheduler at {shown_url(address or '')} does not answer ({type(error).__name__})",
        "Start it, or correct dask_scheduler.",
    )


def own_cluster(settings: Settings) -> dict[str, Any]:
    """The arguments of distributed.LocalCluster for our own workers."""
    return {
        "n_workers": settings.dask_workers,
        "threads_per_worker": _THREADS_A_WORKER,
        "dashboard_address": None,
        # What a worker says while it is ended is no error of the run.
        "silence_logs": logging.CRITICAL,
    }


@contextmanager
def used_to_read(client: Any, settings: Settings) -> Iterator[None]:
    """Inside, the client's workers read. Raises: SettingsError if none can."""
    address = settings.dask_scheduler
    where = f"the Dask scheduler at {shown_url(address)}" if address else "our own Dask cluster"
    if address is not None:
        must_be_able_to_read(client, where)
    log.info(
        "listings are read by Dask workers (%s)",
        shown_url(address) if address else f"{settings.dask_workers} of our own",
    )
    with watched(client, where):
        yield


@contextmanager
def dask_client(settings: Settings) -> Iterator[Any]:
    """A client whose workers can read. Our own workers end with it.

    Raises: SettingsError if Dask is not installed, its scheduler does not answer, or no worker can read.
    """
    try:
        import distributed  # an extra
    except ImportError as exc:
        raise not_installed() from exc
    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)  # it writes tracebacks about what we say in a sentence
    address = settings.dask_scheduler
    try:
        client = distributed.Client(address or distributed.LocalCluster(**own_cluster(settings)))
    except (OSError, ValueError) as exc:
        raise does_not_answer(address, exc) from exc
    try:
        with used_to_read(client, settings):
            yield client
    finally:
        own = client.cluster
        client.close()
        if own is not None:
            own.close()
