"""The Prefect flows `nightly` and `changes`: a run whose steps are Prefect's tasks.

Parameters are names, never secrets. Imported only by what starts a flow: importing Prefect takes a second.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from core.errors import GlancebackError
from core.wording import counted
from flows.steps import PrefectSteps
from page.dashboard import write_page
from pipeline.report import RunFailed, RunReport, first_problems
from pipeline.run import RunRequest, run
from pipeline.settings import load_settings

_MOST_NAMED: Final = 3
"""Clouds that the name of a flow run names, and problems that its message has."""

P = ParamSpec("P")
R = TypeVar("R")


class _PlainFlow(Flow[P, R]):
    """A flow whose parameters are plain JSON. Without this, Prefect would import FastAPI to check them."""

    def serialize_parameters(self, parameters: dict[str, Any | PrefectFuture[Any] | State]) -> dict[str, Any]:
        return dict(parameters)


def _flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    return lambda function: _PlainFlow(
        function, name=name, flow_run_name=partial(_run_name, name), validate_parameters=False
    )


def _run_name(flow: str) -> str:
    """`nightly prod 2026-11-25`: the flow, the names in the settings, and the day (UTC)."""
    parameters = flow_run.parameters or {}
    names: Sequence[str] = parameters.get("clouds") or ()
    if not names:
        with suppress(GlancebackError):  # the run itself will say what is wrong with the settings
            names = [cloud.name for cloud in load_settings(parameters.get("config")).clouds]
    of = ", ".join(names) if len(names) <= _MOST_NAMED else counted(len(names), "cloud")
    return " ".join(filter(None, (flow, of, f"{datetime.now(UTC):%Y-%m-%d}")))


@_flow("nightly")
def nightly(
    config: str | None = None,
    clouds: Sequence[str] = (),
    listings: Sequence[str] = (),
    accept_deletions: bool = False,
    resume: bool = False,
) -> State[RunReport]:
    """Read every page of every listing, and end what is gone. `resume`: continue where the last run stopped."""
    return _run(RunRequest("full", config, clouds, listings, accept_deletions, resume))


@_flow("changes")
def changes(
    config: str | None = None, clouds: Sequence[str] = (), listings: Sequence[str] = (), resume: bool = False
) -> State[RunReport]:
    """Read what changed since each listing was last read. Ends no image. `resume`: as in nightly."""
    return _run(RunRequest("changes", config, clouds, listings, resume=resume))


def _run(request: RunRequest) -> State[RunReport]:
    with PrefectSteps() as steps:
        report = run(request, steps, write_page)
    if report.status == "completed":
        return Completed(message=f"Run {report.run_id} completed", data=report)
    message = f"Run {report.run_id} {report.status}: {'; '.join(first_problems(report.clouds, _MOST_NAMED))}"[:2000]
    return Failed(message=message, data=RunFailed(message, report))
