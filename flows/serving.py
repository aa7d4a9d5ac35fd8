"""`glanceback serve`: the schedule, with a Prefect server of its own and that server's UI, until it is stopped.

A run begins when the one before it has ended. Each is a process of its own: what it does cannot take the schedule down.
Ask nothing of this module but `serve`; it imports Prefect.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console

from extract.errors import SettingsError
from flows.embedded import begin_embedded_server, stop_embedded_server, wait_for_embedded_server
from flows.settings import Settings, chosen_clouds, load_settings
from flows.start import prepare

_FLOWS: Final = {"nightly": "every page of every listing", "changes": "what changed since the last run"}


def serve(config: str | None, cron: str, changes_cron: str | None, timezone: str, port: int, console: Console) -> None:
    """Run the schedule until Ctrl-C or SIGTERM. `cron` is read in `timezone`, an IANA name.

    Raises: SettingsError, before anything starts; GlancebackError where the server does not start.
    """
    settings = load_settings(config)
    chosen_clouds(settings, (), ())
    crons = {"nightly": cron, **({"changes": changes_cron} if changes_cron else {})}
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "INFO")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS", "flows.console.LinesOnly")
    os.environ.setdefault("PREFECT_SERVER_UI_ENABLED", "true")
    os.environ.setdefault("PREFECT_UI_STATIC_DIRECTORY", str(settings.home / "prefect" / "ui"))
    prepare(settings.home / "prefect")
    if not os.environ.get("PREFECT_API_URL"):
        begin_embedded_server(port, has_ui=True)
    try:
        _check_schedule(crons, timezone)
        wait_for_embedded_server()
        _serve_flows(settings, config, crons, timezone, console)
    finally:
        stop_embedded_server()


def _serve_flows(
    settings: Settings, config: str | None, crons: dict[str, str], timezone: str, console: Console
) -> None:
    from prefect.runner import Runner  # Prefect must find its settings made
    from prefect.schedules import Cron  # likewise
    from prefect.types.entrypoint import EntrypointType  # likewise

    from flows import nightly  # likewise

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
    for name, schedule in crons.items():
        console.print(f"{name}: {schedule} ({timezone}), reads {_FLOWS[name]}", highlight=False, soft_wrap=True)
    console.print(f"The runs are at {ui} - stop with Ctrl-C", highlight=False, soft_wrap=True)

    class Stoppable(Runner):
        """Stops on SIGTERM as on Ctrl-C; Prefect's own way leaves an event loop in the middle of a step."""

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            loop.call_soon_threadsafe(running.cancel)

    runner = Stoppable(limit=1, pause_on_shutdown=False)
    for deployment in deployments:
        runner.add_deployment(deployment)
    with asyncio.Runner() as scheduler, suppress(KeyboardInterrupt, asyncio.CancelledError):
        loop = scheduler.get_loop()
        running = loop.create_task(runner.start())
        scheduler.run(_until_done(running))
    console.print("the schedule has stopped", highlight=False)


async def _until_done(task: asyncio.Task[None]) -> None:
    await task


def _check_schedule(crons: dict[str, str], timezone: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule  # Prefect must find its settings made

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise SettingsError(
            f"'{timezone}' is no time zone", "Write an IANA name such as UTC or Europe/Berlin."
        ) from exc
    for schedule in crons.values():
        try:
            CronSchedule(cron=schedule, timezone=timezone)
        except ValueError as exc:
            raise SettingsError(
                f"'{schedule}' is no cron schedule",
                'Write minute, hour, day, month, weekday: "0 2 * * *" is every night at two.',
            ) from exc
