"""The options that several commands share."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import click

from core import json_log
from core.errors import SettingsError
from core.wording import first_of
from pipeline.paths import same_file
from pipeline.settings import Settings, log_format


def _begin_json_log(_context: click.Context, _parameter: click.Parameter, config: str | None) -> str | None:
    """So that also what is said of the other settings is JSON."""
    if log_format(config) == "json":
        json_log.begin()
    return config


config_option = click.option(
    "--config",
    metavar="FILE",
    is_eager=True,
    callback=_begin_json_log,
    help="Settings file; default: $GLANCEBACK_CONFIG, ./glanceback.toml.",
)
cloud_option = click.option(
    "--cloud",
    "clouds",
    multiple=True,
    metavar="NAME",
    help="Only this cloud, or those of a pattern such as prod/*/web; may be repeated.",
)
FORMATS: Final = ("table", "csv", "json", "yaml", "value")
format_option = click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
any_format_option = click.option(
    "-f", "--format", "form", type=click.Choice([*FORMATS, "parquet"]), default="table", show_default=True
)
vertical_option = click.option("--vertical", is_flag=True, help="Show each row as a list, with every column.")
output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE."
)


def must_not_replace_history(settings: Settings, output: Path | None) -> None:
    """Raises: SettingsError if the output would replace the warehouse or its published copy."""
    kept = [settings.published, *([settings.warehouse] if isinstance(settings.warehouse, Path) else [])]
    if output is not None and any(same_file(output, file) for file in kept):
        raise SettingsError(f"{output} is the warehouse, or its published copy", "Name another file with -o.")


def clouds_that_fit(pattern: str, known: Sequence[str]) -> list[str]:
    """The clouds of this name or pattern. Raises: SettingsError where there are none."""
    found = [name for name in known if fnmatchcase(name, pattern)]
    if not found:
        raise SettingsError(f"there is no cloud '{pattern}'", f"There are: {first_of(known)}.")
    return found
