"""`glanceback sql`: answers a query, or a question of the cookbook, from the published copy."""

import sys
from pathlib import Path

import click

from cli.console import stderr_console
from cli.cookbook_question import as_pasted, before_the_history, chosen, show_list, values
from cli.formats import write_answer
from cli.options import any_format_option, config_option, must_not_replace_history, output_option, vertical_option
from core.errors import SettingsError
from load.cookbook import questions
from pipeline.settings import load_settings


def _names_of_queries(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [known.name for known in questions() if known.name.startswith(incomplete)]


@click.command
@click.argument("query", required=False)
@click.option(
    "--query", "name", metavar="NAME", help="Ask this question of the cookbook.", shell_complete=_names_of_queries
)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of it; may be repeated.")
@click.option("--list", "list_all", is_flag=True, help="List the cookbook: its queries, questions and parameters.")
@click.option("--show", is_flag=True, help="With --query: print its SQL, parameters filled in, instead of asking.")
@any_format_option
@vertical_option
@output_option
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
    glanceback sql "SELECT system, count(*) FROM images_brief GROUP BY ALL"
    glanceback sql "FROM image_events WHERE event = 'deleted'" --format csv -o deleted.csv
    glanceback sql --list
    glanceback sql --query public_changes --param since="30 days ago"

    Start with: images_brief, images, id_of(name, ts), image_changes, image_events, image_promises, daily_catalogue,
    data_dictionary, schema_drift, freshness, images_as_of(ts), catalogue_diff(from_ts, to_ts). DESCRIBE and
    data_dictionary explain their columns.
    """
    if [query is not None, name is not None, list_all].count(True) != 1:
        raise SettingsError("give one of: a QUERY, --query NAME, --list", "See glanceback sql --help.")
    if name is None and (parameters or show):
        raise SettingsError("--param and --show go with --query NAME", "See glanceback sql --list.")
    if list_all:
        show_list(form, output, vertical=vertical)
        return
    settings = load_settings(config)
    published = settings.published
    must_not_replace_history(settings, output)
    if name is None:
        text = _read_stdin() if query == "-" else query or ""
        write_answer(published, text, form, output, vertical=vertical)
    elif show:
        click.echo(as_pasted(chosen(name), parameters, published), nl=False)
    else:
        asked = chosen(name)
        given = values(asked, parameters, published)
        for line in before_the_history(asked, parameters, given, published):
            stderr_console().print(line, markup=False, highlight=False, soft_wrap=True)
        write_answer(published, asked.text, form, output, given, vertical=vertical)


def _read_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SettingsError("the query on stdin is not UTF-8 text", "Save it as UTF-8.") from exc
