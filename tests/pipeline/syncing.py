"""Runs in this process, as `glanceback sync` makes them: in plain threads, or as a Prefect flow."""

from pathlib import Path
from typing import Any, Literal

from flows.dask_steps import DaskSteps
from flows.start import run_flow
from page.dashboard import write_page
from pipeline.report import RunReport
from pipeline.run import RunRequest, run
from pipeline.settings import load_settings
from pipeline.threads import ThreadSteps

Orchestrator = Literal["threads", "prefect"]


def sync(
    config: str,
    mode: Literal["full", "changes"] = "full",
    *,
    orchestrator: Orchestrator = "threads",
    **parameters: Any,
) -> RunReport:
    """One run; its report. `parameters` as RunRequest has them."""
    request = RunRequest(mode, config, **parameters)
    if orchestrator == "prefect":
        return run_flow(request, Path(config).parent / "prefect")
    settings = load_settings(config)
    with DaskSteps(settings) if settings.task_runner == "dask" else ThreadSteps() as steps:
        return run(request, steps, write_page)
