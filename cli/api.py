"""`glanceback api`: serves the image API as of any time, on this machine, until it is stopped."""

import sys
from pathlib import Path

import click

from api.server import Served, serve
from cli import exit_codes
from cli.options import config_option
from load.timestamps import check_timestamp
from pipeline.settings import load_settings


@click.command
@click.option("--port", default=9292, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--cloud", metavar="NAME", help="Cloud of a path without /cloud/NAME; not needed if there is only one.")
@click.option("--as-of", metavar="WHEN", help="The time of a path without /as-of/WHEN; now if not given.")
@config_option
def api(port: int, host: str, cloud: str | None, as_of: str | None, config: str | None) -> None:
    """Serve GET /v2/images, and what belongs to it, from the published copy, as of any time. It writes nothing.

    \b
    glanceback api
    OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:9292 openstack image list
    OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:9292/as-of/2026-11-01 openstack image list

    WHEN is `yesterday`, `7 days ago`, a date (its end), a time (UTC) or the id of a run.
    """
    settings = load_settings(config)
    if as_of is not None:
        check_timestamp(as_of)
    projects = {known.name: known.project_id for known in settings.clouds if known.project_id}
    if settings.api_token is None and host not in ("127.0.0.1", "::1", "localhost"):
        click.echo(f"{host} may be reached from elsewhere: api_token in the settings keeps others out", err=True)
    landing = settings.landing if isinstance(settings.landing, Path) else None
    try:
        serve(
            Served(settings.published, projects, cloud, as_of, settings.api_token, landing),
            host,
            port,
            lambda address: click.echo(f"The image API is at {address} - stop with Ctrl-C", err=True),
        )
    except KeyboardInterrupt:
        sys.exit(exit_codes.INTERRUPTED)
