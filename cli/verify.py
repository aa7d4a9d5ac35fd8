"""`glanceback verify`: checks the raw pages, and compares the warehouse with them."""

import sys

import click

from cli.options import config_option
from pipeline.settings import load_settings
from pipeline.verification import verify_landing


@click.command
@click.argument("run", required=False, metavar="[RUN|all]")
@config_option
def verify(run: str | None, config: str | None) -> None:
    """Check a RUN, all runs, or the last run, from the raw pages in landing.

    It checks every hash, that each listing called complete is complete, and that the warehouse holds what the pages
    say. It prints one sentence per fault. It shares no code with what reads and loads: see docs/concepts.md.
    """
    faults = verify_landing(
        load_settings(config), run, lambda finding: click.echo(finding.text, err=not finding.is_fault)
    )
    click.echo(f"faults: {faults}", err=True)
    sys.exit(1 if faults else 0)
