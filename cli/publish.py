"""`glanceback publish`: makes the published copy again."""

from pathlib import Path

import click

from cli.options import config_option
from core.errors import SettingsError
from core.permissions import keep_to_owner
from load.end_of_life import load_their_dates
from load.publish import publish as publish_copy
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from pipeline.settings import VERSION, load_settings


@click.command
@config_option
def publish(config: str | None) -> None:
    """Make the published copy again from the warehouse."""
    keep_to_owner()
    settings = load_settings(config)
    if isinstance(settings.warehouse, Path) and not settings.warehouse.exists():
        raise SettingsError(f"there is no warehouse at {settings.warehouse}", "Run glanceback sync first.")
    with Warehouse(settings.warehouse, settings.lock_wait_seconds, settings.load_memory_mb) as warehouse:
        bring_up_to_date(warehouse, VERSION)
        load_their_dates(warehouse, settings.end_of_life)
        publish_copy(warehouse, settings.published, anew=True)
    click.echo(f"published {settings.published}", err=True)
