"""Starts a flow, on the named Prefect server, or on an embedded one that lives as long as the flow.

It sets what users need not know about Prefect, before Prefect is imported.
"""

import gc
import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from core import json_log
from core.errors import GlancebackError, SettingsError
from core.packages import PACKAGES
from core.permissions import keep_to_owner, make_folder
from core.redaction import shown_url
from core.wording import reason
from flows.client_environment import check_certificates, variables_for_httpx
from flows.embedded import begin_embedded_server, flush, has_embedded_server, wait_for_embedded_server
from flows.named_server import named_server
from flows.own_workers import begin_own_workers
from pipeline.report import RunFailed, RunReport
from pipeline.run import RunRequest

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

log = logging.getLogger(__name__)

_ALWAYS = {
    # No telemetry leaves the machine, whichever server is used.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # What our server does not need: some pages of its UI, and the blocks that only they show.
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    # Our log records go to the run in Prefect's UI; Prefect's own lines on the console are not for our users.
    "PREFECT_LOGGING_EXTRA_LOGGERS": ",".join(PACKAGES),
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SHOW_ANALYTICS_NOTIFICATION": "false",
}

_NEEDED_IN_A_MOMENT = (
    "fastapi",
    "openstack.config",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.telemetry.run_telemetry",
    "prefect.utilities.visualization",
)
"""Modules that a flow and the first login import late. We import them while we wait for the server."""


_NOT_ALLOWED = (401, 403)


def run_flow(request: RunRequest, home: Path, *, has_own_workers: bool = False) -> RunReport:
    """Run the flow `nightly` or `changes`, and return its report. `has_own_workers`: with its own Dask workers.

    `home` is where an embedded Prefect keeps its database, unless PREFECT_HOME or PREFECT_API_URL say otherwise.
    Raises: the flow's error, if it is one of ours; SettingsError if the Prefect server does not answer.
    """
    keep_to_owner()
    prepare(home)
    if not os.environ.get("PREFECT_API_URL"):
        begin_embedded_server()
    if has_own_workers:
        begin_own_workers(has_prefect=True)
    gc.disable()  # importing makes a million objects, and no garbage
    import_prefect()
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # after prepare

    from flows import nightly  # as above

    if has_embedded_server():
        for module in _NEEDED_IN_A_MOMENT:
            importlib.import_module(module)
    gc.enable()
    wait_for_embedded_server()
    try:
        # With heartbeats a flow takes a second longer to end.
        with said_of_the_server(), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            state = _flow_of(nightly, request)
    finally:
        flush()
    result = state.data if isinstance(state.data, (RunReport, RunFailed)) else state.result(raise_on_failure=False)
    if isinstance(result, RunFailed):
        return result.report
    if isinstance(result, RunReport):
        return result
    if isinstance(result, BaseException):
        raise result
    raise GlancebackError(f"the flow ended as {state.name} without a report ({state.message})", "See Prefect's log.")


def _flow_of(flows: ModuleType, request: RunRequest) -> "State[RunReport]":
    """The state in which the run's flow ended. Prefect keeps its parameters: they are names, never secrets."""
    parameters: dict[str, Any] = {
        "config": request.config,
        "clouds": list(request.clouds),
        "listings": list(request.listings),
        "resume": request.resume,
        "return_state": True,
    }
    if request.mode == "changes":
        return cast("State[RunReport]", flows.changes(**parameters))
    return cast("State[RunReport]", flows.nightly(**parameters, accept_deletions=request.accept_deletions))


def import_prefect() -> None:
    """Import Prefect, which then reads its settings. Raises: SettingsError if one of them has a wrong value."""
    try:
        # Prefect would print such an error with the value, which may be a secret.
        with redirect_stderr(StringIO()):
            importlib.import_module("prefect.main")
    except ValueError as exc:
        found: list[dict[str, Any]] = getattr(exc, "errors", list)()
        what = "; ".join(f"{'_'.join(map(str, each['loc']))}: {each['msg']}" for each in found) or type(exc).__name__
        raise SettingsError(
            f"a setting of Prefect has a value that it cannot use ({what})",
            "Correct the PREFECT_ variable, or Prefect's profile.",
        ) from None


@contextmanager
def said_of_the_server() -> Iterator[None]:
    """Turns an error between us and the Prefect server into a sentence. A flow's own errors do not come here."""
    import httpx  # after prepare
    from prefect.exceptions import PrefectException  # as above

    try:
        yield
    except (httpx.HTTPError, PrefectException, RuntimeError) as exc:
        if has_embedded_server():
            raise GlancebackError(f"the embedded Prefect server cannot be used ({exc})", "Try again.") from exc
        server = f"the Prefect server at {shown_url(os.environ.get('PREFECT_API_URL', ''))}"
        # Prefect raises a RuntimeError from the server's answer.
        answered = exc if isinstance(exc, httpx.HTTPStatusError) else exc.__cause__
        status = answered.response.status_code if isinstance(answered, httpx.HTTPStatusError) else None
        if status in _NOT_ALLOWED:
            raise SettingsError(
                f"{server} refuses our login (HTTP status {status})",
                "Set PREFECT_API_AUTH_STRING or PREFECT_API_KEY, or unset PREFECT_API_URL to run with an embedded one.",
            ) from None
        if status is not None:
            raise SettingsError(
                f"{server} answers with HTTP status {status}",
                "Check that PREFECT_API_URL is the address of its API (it ends with /api), read the server's log, or "
                "unset PREFECT_API_URL to run with an embedded one.",
            ) from None
        raise SettingsError(
            f"{server} does not answer ({exc})", "Start it, or unset PREFECT_API_URL to run with an embedded one."
        ) from exc


def prepare(home: Path) -> None:
    """Set what Prefect reads when it is imported. `home` as in run_flow. Raises: SettingsError."""
    if url := named_server(os.environ):
        os.environ["PREFECT_API_URL"] = url
    # The processes that Prefect and Dask start must not import modules of the working folder that have our names.
    os.environ["PYTHONSAFEPATH"] = "1"
    if json_log.is_on():
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS", "flows.console.JsonLines")
    for name, value in _ALWAYS.items():
        os.environ.setdefault(name, value)
    check_certificates(os.environ)
    os.environ.update(variables_for_httpx(os.environ))
    if not os.environ.get("PREFECT_API_URL") and not os.environ.get("PREFECT_HOME"):
        # A home of our own: another Prefect of this user may have migrated ~/.prefect to another version.
        try:
            make_folder(home.parent)
            home.mkdir(exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"Prefect's folder {home} cannot be created ({reason(exc)})", "Set warehouse.") from exc
        os.environ["PREFECT_HOME"] = str(home)
