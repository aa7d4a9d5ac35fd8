"""`glanceback export`: writes every table as Parquet and CSV, for other tools."""

from datetime import UTC, datetime
from pathlib import Path

import click

from cli.options import config_option
from cli.timestamps import day
from core.errors import SettingsError
from load.export import FORMATS
from load.export import export as export_tables
from load.published import need_published
from pipeline.settings import load_settings


@click.command
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-f",
    "--format",
    "forms",
    type=click.Choice(["parquet", "csv"]),
    multiple=True,
    help="Only this; both if not given.",
)
@click.option(
    "--since",
    metavar="DAY",
    help="Events, changes and daily numbers by day too, from this day on; earlier days in DIR stay.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier export in DIR.")
@config_option
def export(folder: Path, forms: tuple[str, ...], since: str | None, overwrite: bool, config: str | None) -> None:
    """Write every table to DIR, as Parquet partitioned by cloud and as CSV, for other tools.

    \b
    glanceback export DIR
    glanceback export DIR --format parquet --since yesterday --overwrite    each night: replaces the last days

    The comments of tables and columns are in the Parquet files. DAY is `yesterday`, `7 days ago` or a date (UTC).
    """
    published = load_settings(config).published
    need_published(published)
    first_day = day(since) if since is not None else None
    if first_day is not None and first_day > datetime.now(UTC).date():
        raise SettingsError(
            f"--since {since}: {first_day} is in the future, so no event would be written",
            "Name the first day to write: yesterday.",
        )
    formats = tuple(dict.fromkeys(forms)) or FORMATS
    tables = export_tables(published, folder, formats, overwrite=overwrite, since=first_day)
    click.echo(f"exported to {folder}: {', '.join(tables)}", err=True)
