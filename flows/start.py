"""Starts a flow: against PREFECT_API_URL where that is set, else with a Prefect server of our own while it runs.

Everything about Prefect that a user should not have to know is set here, before Prefect is imported.
"""

import gc
import importlib
import logging
import os
from pathlib import Path
from typing import Any

from extract.errors import GlancebackError, SettingsError
from extract.redact import shown_url
from flows.client_environment import check_certificates, variables_for_httpx
from flows.embedded import begin_embedded_server, flush, has_embedded_server, wait_for_embedded_server
from flows.report import RunFailed, RunReport
from load.permissions import keep_to_owner, make_folder

log = logging.getLogger(__name__)

OUR_LOGGERS = ("extract", "transform", "load", "flows")

_ALWAYS = {
    # No telemetry leaves the machine, whichever server runs.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # What our server does without: pages of its own, and the blocks that only they show.
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    # Our records go to Prefect's UI with the run; what Prefect itself says on the console is not for our users.
    "PREFECT_LOGGING_EXTRA_LOGGERS": ",".join(OUR_LOGGERS),
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
"""What a flow and the first login import only when they get there: while the server starts, there is time for it."""


def run_flow(name: str, home: Path, **parameters: Any) -> RunReport:
    """Run the flow `nightly` or `changes`, and return its report.

    `home` is where an embedded Prefect keeps its database, unless PREFECT_HOME or PREFECT_API_URL say otherwise.
    Raises: what the flow raised, if that is one of ours; SettingsError where the Prefect server does not answer.
    """
    keep_to_owner()
    prepare(home)
    if not os.environ.get("PREFECT_API_URL"):
        begin_embedded_server()
    gc.disable()  # importing makes a million objects, and no garbage
    import httpx  # Prefect must find its settings made
    from prefect.exceptions import PrefectException  # likewise
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # likewise

    from flows import nightly  # likewise

    if has_embedded_server():
        for module in _NEEDED_IN_A_MOMENT:
            importlib.import_module(module)
    gc.enable()
    wait_for_embedded_server()
    try:
        # A flow with heartbeats takes a second more to end.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            state = getattr(nightly, name)(**parameters, return_state=True)
    except (httpx.TransportError, PrefectException, RuntimeError) as exc:
        if has_embedded_server():
            raise GlancebackError(f"the embedded Prefect server cannot be used ({exc})", "Try again.") from exc
        raise SettingsError(
            f"the Prefect server at {shown_url(os.environ.get('PREFECT_API_URL', ''))} does not answer ({exc})",
            "Start it, or unset PREFECT_API_URL to run with an embedded one.",
        ) from exc
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


def prepare(home: Path) -> None:
    """Set what Prefect reads when it is imported. `home` as in run_flow. Raises: SettingsError."""
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
            raise SettingsError(f"Prefect's folder {home} cannot be made ({exc.strerror})", "Set warehouse.") from exc
        os.environ["PREFECT_HOME"] = str(home)
