"""Runs the schedule until it is stopped, with its own Prefect server and that server's UI.

A run begins when the run before it has ended, and replaces runs that were missed. Each run has its own process, so
that a crash does not stop the schedule. Called by `glanceback serve`; it imports Prefect.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console

from core import json_log
from core.errors import SettingsError
from flows.embedded import begin_embedded_server, has_embedded_server, stop_embedded_server, wait_for_embedded_server
from flows.prefect_history import forget_old_runs
from flows.start import import_prefect, prepare, said_of_the_server
from pipeline.settings import Settings, chosen_clouds, load_settings

_HOUR_SECONDS: Final = 3600.0
_FLOWS: Final = {"nightly": "every page of every listing", "changes": "what changed since the last run"}


def serve(config: str | None, cron: str, changes_cron: str | None, timezone: str, port: int, console: Console) -> None:
    """Run the schedule until Ctrl-C or SIGTERM. `cron` is read in `timezone`, an IANA name.

    Raises: SettingsError, before anything starts; GlancebackError if the server does not start.
    """
    settings = load_settings(config)
    chosen_clouds(settings, (), ())
    crons = {"nightly": cron, **({"changes": changes_cron} if changes_cron else {})}
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "INFO")
    handler = "JsonLines" if json_log.is_on() else "LinesOnly"
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS", f"flows.console.{handler}")
    os.environ.setdefault("PREFECT_SERVER_UI_ENABLED", "true")
    os.environ.setdefault("PREFECT_UI_STATIC_DIRECTORY", str(settings.home / "prefect" / "ui"))
    prepare(settings.home / "prefect")
    if not os.environ.get("PREFECT_API_URL"):
        begin_embedded_server(port, has_ui=True)
    try:
        import_prefect()
        check_schedule(crons, timezone)
        wait_for_embedded_server()
        with said_of_the_server():
            _serve_flows(settings, config, crons, timezone, console)
    finally:
        stop_embedded_server(settings.prefect_days)


def _serve_flows(
    settings: Settings, config: str | None, crons: dict[str, str], timezone: str, console: Console
) -> None:
    from prefect.runner import Runner  # after prepare has made Prefect's settings
    from prefect.schedules import Cron  # as above
    from prefect.types.entrypoint import EntrypointType  # as above

    from flows import nightly  # as above
    from flows.missed_runs import skip_missed  # as above

    source = str(Path(settings.source).resolve()) if config or Path(settings.source).is_file() else None
    deployments = [
        getattr(nightly, name).to_deployment(
            name,
            schedule=Cron(schedule, timezone=timezone),
            parameters={"config": source},
            description=f"Reads {_FLOWS[name]}.",
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for name, schedule in crons.items()
    ]
    ui = os.environ["PREFECT_API_URL"].removesuffix("/api")
    names: dict[UUID, str] = {}
    for name, schedule in crons.items():
        console.print(f"{name}: {schedule} ({timezone}), reads {_FLOWS[name]}", highlight=False, soft_wrap=True)
    console.print(f"The runs are at {ui} - stop with Ctrl-C", highlight=False, soft_wrap=True)

    class Stoppable(Runner):
        """Stops on SIGTERM as on Ctrl-C. Prefect's own handler would stop an event loop in the middle of a step."""

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            loop.call_soon_threadsafe(running.cancel)

        async def __aenter__(self) -> Self:
            """Skips scheduled runs that the next run replaces, before it looks for scheduled runs."""
            await super().__aenter__()
            look = self._scheduled_run_poller._get_scheduled_flow_runs

            async def look_without_missed() -> Any:
                await skip_missed(self._client, names)
                return await look()

            self._scheduled_run_poller._get_scheduled_flow_runs = look_without_missed  # type: ignore[method-assign]
            return self

    runner = Stoppable(limit=1, pause_on_shutdown=False)
    for deployment in deployments:
        names[cast(UUID, runner.add_deployment(deployment))] = deployment.name
    with asyncio.Runner() as scheduler, suppress(KeyboardInterrupt, asyncio.CancelledError):
        loop = scheduler.get_loop()
        running = loop.create_task(runner.start())
        forgetting = loop.create_task(_forget_every_hour(settings.prefect_days))
        scheduler.run(_until_done(running))
        forgetting.cancel()
    console.print("the schedule has stopped", highlight=False)


async def _until_done(task: asyncio.Task[None]) -> None:
    await task


async def _forget_every_hour(days: int) -> None:
    """Removes old runs from the server's database regularly, because the server runs for months."""
    while has_embedded_server():
        await asyncio.to_thread(forget_old_runs, Path(os.environ["PREFECT_HOME"]), days)
        await asyncio.sleep(_HOUR_SECONDS)


def check_schedule(crons: dict[str, str], timezone: str) -> None:
    """Raises: SettingsError if a schedule or the time zone is wrong."""
    from prefect.client.schemas.schedules import CronSchedule  # after prepare has made Prefect's settings

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise SettingsError(
            f"'{timezone}' is not a time zone", "Write an IANA name such as UTC or Europe/Berlin."
        ) from exc
    for schedule in crons.values():
        try:
            CronSchedule(cron=schedule, timezone=timezone)
        except ValueError as exc:
            raise SettingsError(
                f"'{schedule}' is not a cron schedule",
                'Write minute, hour, day, month, weekday: "0 2 * * *" is every night at two.',
            ) from exc
