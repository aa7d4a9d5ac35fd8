"""Starts the process that our own Dask workers are forked from, while Prefect starts: imports happen once.

Otherwise each worker imports Prefect and our packages at the same time; on two processors that takes longer than the
reading. Called by start. It does not import Dask.
"""

import multiprocessing
import os
from multiprocessing import forkserver
from typing import Final

_IMPORTED: Final = ("distributed", "pipeline.listing_reading", "openstack.config")
_WITH_PREFECT: Final = ("prefect_dask", "flows.nightly", "prefect.task_engine", "prefect.telemetry.run_telemetry")


def begin_own_workers(*, has_prefect: bool) -> None:
    """Start the process that workers are forked from. It has imported what they need, and has no threads yet.

    `has_prefect`: what they read is a Prefect task. Call it when Prefect's settings are in the environment, and before
    Dask is imported.
    """
    # They must not import modules of the working folder that have our names.
    os.environ["PYTHONSAFEPATH"] = "1"
    name = "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD"
    if os.environ.setdefault(name, "forkserver") == "forkserver":
        multiprocessing.get_context("forkserver").set_forkserver_preload(
            [*_IMPORTED, *(_WITH_PREFECT if has_prefect else ())]
        )
        forkserver.ensure_running()
