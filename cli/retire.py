"""`glanceback retire`: ends a cloud, or a listing, that is no longer read."""

import click

from cli.display import printable
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

    CLOUD may be a pattern such as 'prod/eu-nl/*'. Remove it from the settings first, or the next run reads it again.
    The history stays.
    """
    settings = load_settings(config)
    for name, ended in end_what_is_current(settings, cloud, listing).items():
        what = f"listing {listing} of cloud {printable(name)}" if listing else f"cloud {printable(name)}"
        click.echo(f"retired {what}: {counted(ended, 'image')} ended", err=True)
        for known in settings.clouds:
            if known.name == name and (listing is None or not known.listings or listing in known.listings):
                click.echo(f"{settings.source} still has it: the next run reads it again", err=True)
            if known.is_account_of(name):
                click.echo(f"if the account of {known.name} still has it, the next run reads it again", err=True)
