"""`glanceback rename`: gives a cloud another name, and keeps its history."""

import click

from cli.options import config_option
from pipeline.retirement import rename as rename_cloud
from pipeline.settings import load_settings


@click.command
@click.argument("old")
@click.argument("new")
@config_option
def rename(old: str, new: str, config: str | None) -> None:
    """Rename the history of the cloud OLD to NEW, the name that the settings have now.

    What was already read under NEW is added to the history, if landing still has the pages.
    """
    rename_cloud(load_settings(config), old, new)
    click.echo(f"renamed cloud {old} to {new}", err=True)
