"""`glanceback retire`: ends a cloud, or a listing, that is no longer read."""

import click

from cli.options import config_option
from core.wording import counted
from pipeline.retirement import retire as end_what_is_current
from pipeline.settings import load_settings


@click.command
@click.argument("cloud")
@click.argument("listing", required=False)
@config_option
def retire(cloud: str, listing: str | None, config: str | None) -> None:
    """End the current images of CLOUD, or those that only its LISTING showed. Their end_reason is `retired`.

    Remove it from the settings first, or the next run reads it again. The history stays.
    """
    settings = load_settings(config)
    ended = end_what_is_current(settings, cloud, listing)
    what = f"listing {listing} of cloud {cloud}" if listing else f"cloud {cloud}"
    click.echo(f"retired {what}: {counted(ended, 'image')} ended", err=True)
    for known in settings.clouds:
        if known.name == cloud and (listing is None or not known.listings or listing in known.listings):
            click.echo(f"{settings.source} still has it: the next run reads it again", err=True)
