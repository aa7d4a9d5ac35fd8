"""Options that several commands have."""

from pathlib import Path
from typing import Final

import click

from core.errors import SettingsError
from pipeline.paths import same_file
from pipeline.settings import Settings

config_option = click.option(
    "--config", metavar="FILE", help="Settings file; default: $GLANCEBACK_CONFIG, ./glanceback.toml."
)
cloud_option = click.option(
    "--cloud", "clouds", multiple=True, metavar="NAME", help="Only this cloud; may be repeated."
)
_FORMATS: Final = ("table", "csv", "json", "yaml", "value")
format_option = click.option("-f", "--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
any_format_option = click.option(
    "-f", "--format", "form", type=click.Choice([*_FORMATS, "parquet"]), default="table", show_default=True
)
vertical_option = click.option("--vertical", is_flag=True, help="Show each row as a list, with every column.")
output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE."
)


def must_not_replace_history(settings: Settings, output: Path | None) -> None:
    """Raises: SettingsError where the output would replace what the runs keep."""
    kept = [settings.published, *([settings.warehouse] if isinstance(settings.warehouse, Path) else [])]
    if output is not None and any(same_file(output, file) for file in kept):
        raise SettingsError(f"{output} is the warehouse, or its published copy", "Name another file with -o.")
