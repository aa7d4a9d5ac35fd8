"""`glanceback replay`: rebuilds the history from the raw pages in landing."""

import click

from cli.console import stderr_console
from cli.display import log_to_stderr
from cli.options import config_option
from core.packages import PACKAGES
from pipeline.replay import replay as load_again
from pipeline.settings import load_settings


@click.command
@config_option
def replay(config: str | None) -> None:
    """Rebuild the history from the raw pages in landing.

    It loads every run whose pages are still in landing again, with today's dictionary. The older history stays.
    """
    log_to_stderr(PACKAGES, verbose=False, console=stderr_console())
    done = load_again(load_settings(config))
    click.echo(f"runs loaded again: {done.runs}, since {done.since:%Y-%m-%d %H:%M} UTC", err=True)
