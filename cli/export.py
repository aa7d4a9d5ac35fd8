"""`glanceback export`: writes every table as Parquet and CSV, for other tools."""

from pathlib import Path

import click

from cli.options import config_option
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
@click.option("--overwrite", is_flag=True, help="Replace an earlier export in DIR.")
@config_option
def export(folder: Path, forms: tuple[str, ...], overwrite: bool, config: str | None) -> None:
    """Write every table to DIR, as Parquet partitioned by cloud and as CSV, for other tools."""
    published = load_settings(config).published
    need_published(published)
    tables = export_tables(published, folder, tuple(dict.fromkeys(forms)) or FORMATS, overwrite=overwrite)
    click.echo(f"exported to {folder}: {', '.join(tables)}", err=True)
