"""Starts the process that our own Dask workers are forked from, while Prefect starts: imports happen once.

Otherwise each worker imports Prefect and our packages at the same time; on two processors that takes longer than the
reading. Called by start. It does not import Dask.
"""

import multiprocessing
import os
from multiprocessing import forkserver
from typing import Final

_IMPORTED: Final = (
    *("distributed", "prefect_dask", "flows.nightly", "prefect.task_engine", "prefect.telemetry.run_telemetry"),
    "openstack.config",
)


def begin_own_workers() -> None:
    """Start the process that workers are forked from. It has imported what they need, and has no threads yet.

    Call it when Prefect's settings are in the environment, and before Dask is imported.
    """
    name = "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD"
    if os.environ.setdefault(name, "forkserver") == "forkserver":
        multiprocessing.get_context("forkserver").set_forkserver_preload(list(_IMPORTED))
        forkserver.ensure_running()
