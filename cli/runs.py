"""`glanceback runs`: lists the runs, and what each found."""

import click

from cli.formats import write_answer
from cli.options import config_option, format_option, vertical_option
from load.statements import statement
from pipeline.settings import load_settings


@click.command
@format_option
@vertical_option
@config_option
def runs(form: str, vertical: bool, config: str | None) -> None:
    """List the runs, the newest first, with what each found."""
    write_answer(load_settings(config).published, statement("queries", "runs").text, form, None, vertical=vertical)
