"""`glanceback runs`: lists the runs, and what each found."""

import click

from cli.dead_runs import dead_runs
from cli.formats import write_answer
from cli.options import config_option, format_option, vertical_option
from load.living_runs import DIED
from load.statements import statement
from pipeline.settings import load_settings


@click.command
@format_option
@vertical_option
@config_option
def runs(form: str, vertical: bool, config: str | None) -> None:
    """List the runs, newest first, with what each found. A run whose process died is shown as failed."""
    settings = load_settings(config)
    query = f"""SELECT * REPLACE (
            if(list_contains($died, run_id), 'failed', status) AS status,
            if(list_contains($died, run_id), $why, error) AS error
        ) FROM ({statement("queries", "runs").text})"""
    parameters = {"died": dead_runs(settings), "why": DIED}
    write_answer(settings.published, query, form, None, parameters, vertical=vertical)
