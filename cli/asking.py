"""The commands that ask the published copy. None of them imports Prefect, and all answer at once. Called by cli."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from core.errors import SettingsError

if TYPE_CHECKING:  # each command imports it when it runs
    from pipeline.settings import Settings

config_option = click.option(
    "--config", metavar="FILE", help="Settings file; default: $GLANCEBACK_CONFIG, ./glanceback.toml."
)
cloud_option = click.option(
    "--cloud", "clouds", multiple=True, metavar="NAME", help="Only this cloud; may be repeated."
)
_FORMS = ("table", "csv", "json", "yaml", "value")
_form = click.option("-f", "--format", "form", type=click.Choice(_FORMS), default="table", show_default=True)
_any_form = click.option(
    "-f", "--format", "form", type=click.Choice([*_FORMS, "parquet"]), default="table", show_default=True
)
_vertical = click.option("--vertical", is_flag=True, help="Show each row as a list, with every column.")
_output = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE."
)


def _names_of_queries(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from load.cookbook import questions

    return [known.name for known in questions() if known.name.startswith(incomplete)]


@click.command(short_help="Answer a query from the published copy.")
@click.argument("query", required=False)
@click.option(
    "--query", "name", metavar="NAME", help="Ask this question of the cookbook.", shell_complete=_names_of_queries
)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of it; may be repeated.")
@click.option("--list", "list_all", is_flag=True, help="List the cookbook: its queries, questions and parameters.")
@click.option("--show", is_flag=True, help="With --query: print its SQL, parameters filled in, instead of asking.")
@_any_form
@_vertical
@_output
@config_option
def sql(
    query: str | None,
    name: str | None,
    parameters: tuple[str, ...],
    list_all: bool,
    show: bool,
    form: str,
    vertical: bool,
    output: Path | None,
    config: str | None,
) -> None:
    """Answer a QUERY (- reads it from stdin) from the published copy, or a question of the cookbook.

    \b
    glanceback sql "SELECT os_type, count(*) FROM images GROUP BY ALL"
    glanceback sql "FROM image_events WHERE event = 'deleted'" --format csv -o deleted.csv
    glanceback sql --list
    glanceback sql --query public_changes --param since="30 days ago"

    Start with: images, image_changes, image_events, daily_catalogue, data_dictionary, schema_drift, freshness,
    images_as_of(ts), catalogue_diff(from_ts, to_ts). DESCRIBE and data_dictionary explain their columns.
    """
    from cli.cookbook_question import as_pasted, chosen, show_list, values
    from cli.formats import write_answer
    from pipeline.settings import load_settings

    if [query is not None, name is not None, list_all].count(True) != 1:
        raise SettingsError("give one of: a QUERY, --query NAME, --list", "See glanceback sql --help.")
    if name is None and (parameters or show):
        raise SettingsError("--param and --show go with --query NAME", "See glanceback sql --list.")
    if list_all:
        show_list(form, output, vertical=vertical)
        return
    settings = load_settings(config)
    published = settings.published
    _spare(settings, output)
    if name is None:
        text = _read_stdin() if query == "-" else query or ""
        write_answer(published, text, form, output, vertical=vertical)
    elif show:
        click.echo(as_pasted(chosen(name), parameters, published), nl=False)
    else:
        asked = chosen(name)
        given = values(asked, parameters, published)
        write_answer(published, asked.text, form, output, given, vertical=vertical)


def _read_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SettingsError("the query on stdin is not UTF-8 text", "Save it as UTF-8.") from exc


def _spare(settings: "Settings", output: Path | None) -> None:
    """Raises: SettingsError where the output would replace what the runs keep."""
    from pipeline.paths import same_file

    kept = [settings.published, *([settings.warehouse] if isinstance(settings.warehouse, Path) else [])]
    if output is not None and any(same_file(output, file) for file in kept):
        raise SettingsError(f"{output} is the warehouse, or its published copy", "Name another file with -o.")


@click.command(short_help="List the runs, and what each found.")
@_form
@_vertical
@config_option
def runs(form: str, vertical: bool, config: str | None) -> None:
    """List the runs, the newest first, with what each found."""
    from cli.formats import write_answer
    from load.statements import statement
    from pipeline.settings import load_settings

    write_answer(load_settings(config).published, statement("queries", "runs").text, form, None, vertical=vertical)


@click.command(short_help="Say how each cloud is doing.")
@_form
@_vertical
@cloud_option
@click.option("--max-age", metavar="AGE", help="Exit with 1 where a cloud was not read in full for so long: 26h.")
@click.option("--check", is_flag=True, help="Exit with 1 where a rule that must always hold is broken.")
@config_option
def status(
    form: str, vertical: bool, clouds: tuple[str, ...], max_age: str | None, check: bool, config: str | None
) -> None:
    """Say how each cloud is doing: when all its listings were last read in full, what is there, how the last run went.

    Exit code 1: a cloud was not read in full for longer than --max-age, a rule of --check is broken, or a run has a
    time in the future. A changes run, or a run of some listings, is no full reading.
    """
    from cli.cloud_status import duration
    from cli.cloud_status import status as run
    from pipeline.settings import load_settings

    age = duration(max_age) if max_age is not None else None
    sys.exit(run(load_settings(config), form, clouds, age, check, Console(stderr=True), vertical=vertical))


@click.command(short_help="Show what is different between two moments.")
@click.argument("earlier", metavar="FROM")
@click.argument("later", metavar="[TO]", default="now")
@cloud_option
@_any_form
@_vertical
@_output
@config_option
def diff(
    earlier: str,
    later: str,
    clouds: tuple[str, ...],
    form: str,
    vertical: bool,
    output: Path | None,
    config: str | None,
) -> None:
    """Show what is different in the catalogue between two moments, attribute by attribute.

    \b
    FROM and TO are `yesterday`, `7 days ago`, a date (its end), a time (UTC) or the id of a run.
    TO is now if not given.
    glanceback diff yesterday
    glanceback diff 2026-11-01 2026-11-08 --format csv -o week.csv
    """
    from cli.difference import diff as run
    from pipeline.settings import load_settings

    settings = load_settings(config)
    _spare(settings, output)
    run(settings.published, earlier, later, clouds, form, output, Console(stderr=True), vertical=vertical)


@click.command(short_help="Write every table as Parquet and CSV.")
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
    from load.export import FORMATS
    from load.export import export as run
    from load.published import need_published
    from pipeline.settings import load_settings

    published = load_settings(config).published
    need_published(published)
    tables = run(published, folder, tuple(dict.fromkeys(forms)) or FORMATS, overwrite=overwrite)
    click.echo(f"exported to {folder}: {', '.join(tables)}", err=True)


@click.command(short_help="Make the page: one HTML file, no server.")
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
    from page.dashboard import write_page
    from pipeline.settings import VERSION, load_settings

    settings = load_settings(config)
    _spare(settings, output)
    target = output or settings.dashboard or settings.published.with_name("dashboard.html")
    size = write_page(settings.published, target, VERSION)
    click.echo(f"wrote {target} ({size / 1e6:.1f} MB): open it in a browser", err=True)
