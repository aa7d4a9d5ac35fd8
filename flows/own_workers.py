"""The processes of a Dask cluster of our own, begun while Prefect starts: what they import, they import once.

Each worker would import Prefect and us for itself, all at the same time: on two processors that takes longer than the
reading. Called by start; it knows no Dask, and imports none.
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
    """Begin the process that workers are forked from. It has imported what they need, and has no threads yet.

    To be called once Prefect's settings are in the environment, and before Dask is imported.
    """
    name = "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD"
    if os.environ.setdefault(name, "forkserver") == "forkserver":
        multiprocessing.get_context("forkserver").set_forkserver_preload(list(_IMPORTED))
        forkserver.ensure_running()
