"""`glanceback dashboard`: makes the page."""

from pathlib import Path

import click

from cli.options import config_option, must_not_replace_history
from page.dashboard import write_page
from pipeline.settings import VERSION, load_settings


@click.command
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE; default: `dashboard` of the settings, or dashboard.html beside the published copy.",
)
@config_option
def dashboard(output: Path | None, config: str | None) -> None:
    """Make the page: one HTML file with health, history and images, which needs no server and no network."""
    settings = load_settings(config)
    must_not_replace_history(settings, output)
    target = output or settings.dashboard or settings.published.with_name("dashboard.html")
    size = write_page(settings.published, target, VERSION)
    click.echo(f"wrote {target} ({size / 1e6:.1f} MB): open it in a browser", err=True)
