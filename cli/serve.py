"""`glanceback serve`: runs the schedule, with Prefect's UI."""

import click
from rich.console import Console

from cli.options import config_option
from flows.serving import serve as run_schedule


@click.command
@click.option("--cron", default="0 2 * * *", show_default=True, help="When to read everything.")
@click.option("--changes-cron", metavar="CRON", help="When to read what changed, in between; never if not given.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Of the schedule: Europe/Berlin.")
@click.option("--port", default=4200, show_default=True, type=click.IntRange(1, 65535), help="Of Prefect's UI.")
@config_option
def serve(cron: str, changes_cron: str | None, timezone: str, port: int, config: str | None) -> None:
    """Run the schedule, with a Prefect server and its UI on this machine, until stopped.

    \b
    glanceback serve --cron "0 2 * * *" --timezone Europe/Berlin
    glanceback serve --changes-cron "*/15 * * * *"

    With PREFECT_API_URL set, that server has the schedule and the UI.
    """
    run_schedule(config, cron, changes_cron, timezone, port, Console(stderr=True))
