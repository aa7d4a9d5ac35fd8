"""`glanceback contract`: describes the published copy for dbt and for catalogues of data contracts."""

from pathlib import Path

import click

from cli.options import config_option, must_not_replace_history, output_option
from core.errors import GlancebackError
from core.wording import reason
from load.contract import dbt_sources, open_data_contract
from pipeline.settings import VERSION, load_settings

_KINDS = {"dbt": dbt_sources, "odcs": open_data_contract}


@click.command
@click.argument("kind", type=click.Choice(list(_KINDS)))
@output_option
@config_option
def contract(kind: str, output: Path | None, config: str | None) -> None:
    """Describe the published copy: `dbt` is a sources.yml for dbt-duckdb, `odcs` an Open Data Contract (ODCS 3.1).

    \b
    glanceback contract dbt -o models/sources.yml
    glanceback contract odcs -o image-catalogue.odcs.yaml

    Tables, columns and their meanings come from the dictionary, tests from the rules in sql/checks.
    """
    settings = load_settings(config)
    must_not_replace_history(settings, output)
    text = _KINDS[kind](settings.published, VERSION)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise GlancebackError(f"{output} cannot be written ({reason(exc)})", "Name another file with -o.") from exc
    click.echo(f"wrote {output}", err=True)
