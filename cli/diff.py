"""The `diff` command: shows what differs in the catalogue between two times."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.console import Screen, stderr_console
from cli.display import printable
from cli.formats import write_answer
from cli.options import (
    any_format_option,
    cloud_option,
    clouds_that_fit,
    config_option,
    must_not_replace_history,
    output_option,
    vertical_option,
)
from cli.timestamps import beginning, timestamp
from core.errors import SettingsError
from core.wording import counted
from load.published import ask
from pipeline.settings import load_settings

_FIRST_READINGS = (
    """SELECT cloud, min(valid_from) AS first_read_at FROM image_history GROUP BY cloud ORDER BY first_read_at, cloud"""
)
_OF_SOME = """SELECT cloud, event, name, id, attribute, old_value, new_value
FROM catalogue_diff($from{number}, $to) WHERE list_contains($clouds{number}, cloud)"""


@click.command
@click.argument("earlier", metavar="FROM")
@click.argument("later", metavar="[TO]", default="now")
@cloud_option
@any_format_option
@vertical_option
@output_option
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
    """Show what differs in the catalogue between two points in time, attribute by attribute.

    FROM and TO are `yesterday`, `7 days ago`, a date (its end), a time (UTC) or the id of a run. TO is now if not
    given.

    \b
    glanceback diff yesterday
    glanceback diff 2026-11-01 2026-11-08 --format csv -o week.csv
    """
    settings = load_settings(config)
    must_not_replace_history(settings, output)
    show_diff(settings.published, earlier, later, clouds, form, output, stderr_console(), vertical=vertical)


def show_diff(
    published: Path,
    earlier: str,
    later: str,
    clouds: tuple[str, ...],
    form: str,
    output: Path | None,
    errors: Screen,
    *,
    vertical: bool = False,
) -> None:
    """Write the differences, one per row; on stderr, the two times and how many images differ.

    If a cloud's history begins after `earlier`, it is compared from its beginning.
    Raises: SettingsError.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    began, ended = beginning(earlier, published, now), timestamp(later, published, now)
    if began > ended:
        raise SettingsError(f"'{earlier}' is later than '{later}'", "Name the earlier one first.")
    if began == ended:
        raise SettingsError(
            f"'{earlier}' and '{later}' are the same time", "Name an earlier one first: yesterday, 7 days ago."
        )
    first_readings: dict[str, datetime] = dict(ask(published, _FIRST_READINGS).rows())
    if clouds:
        chosen = {name for pattern in clouds for name in clouds_that_fit(pattern, list(first_readings))}
        first_readings = {name: at for name, at in first_readings.items() if name in chosen}
    told = _where_it_begins(first_readings, began, ended)
    query, parameters = _query(first_readings, began, ended)
    counting = f"SELECT event, count(DISTINCT (cloud, id)), list(DISTINCT cloud) FROM ({query}) GROUP BY event"
    rows = list(ask(published, counting, parameters).rows())
    counts: dict[str, int] = {event: images for event, images, _ in rows}
    figures = ", ".join(f"{counts.get(event, 0)} {event}" for event in ("added", "removed", "changed"))
    told.append(f"{began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC, images: {figures}")
    told += _by_account(published, first_readings.keys(), {cloud for *_, differing in rows for cloud in differing})
    for line in told:
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
    write_answer(
        published, f"{query} ORDER BY cloud, event, name, id, attribute", form, output, parameters, vertical=vertical
    )


def _where_it_begins(first_readings: Mapping[str, datetime], began: datetime, ended: datetime) -> list[str]:
    """A line for each cloud whose history begins after `began`."""
    lines = []
    for cloud, first_read_at in first_readings.items():
        if first_read_at > ended:
            what = "there is nothing to compare before that"
        elif first_read_at > began:
            what = "it is compared from that time on"
        else:
            continue
        lines.append(
            f"cloud {printable(cloud)}: the history begins at {first_read_at:%Y-%m-%d %H:%M:%S} UTC, with the first "
            f"reading; {what}"
        )
    return lines


def _by_account(published: Path, compared: Collection[str], differing: Collection[str]) -> list[str]:
    """A line for each account of many clouds: in how many of those that were compared something differs."""
    if list(ask(published, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'clouds'").rows()) == [(0,)]:
        return []  # a copy that an older glanceback made
    query = "SELECT settings_name, cloud FROM clouds WHERE settings_name <> cloud ORDER BY ALL"
    accounts: dict[str, list[str]] = {}
    for account, cloud in ask(published, query).rows():
        if cloud in compared:
            accounts.setdefault(account, []).append(cloud)
    return [
        f"{printable(account)}: {sum(cloud in differing for cloud in clouds)} of {counted(len(clouds), 'cloud')} differ"
        for account, clouds in accounts.items()
    ]


def _query(first_readings: Mapping[str, datetime], began: datetime, ended: datetime) -> tuple[str, dict[str, object]]:
    """SQL and parameters for the differences of all clouds. A cloud with a later history begins there."""
    parts: dict[datetime, list[str]] = {began: []}
    for cloud, first_read_at in first_readings.items():
        if first_read_at <= ended:
            parts.setdefault(max(began, first_read_at), []).append(cloud)
    parameters: dict[str, object] = {"to": ended}
    for number, (start, clouds) in enumerate(parts.items()):
        parameters |= {f"from{number}": start, f"clouds{number}": clouds}
    return " UNION ALL ".join(_OF_SOME.format(number=number) for number in range(len(parts))), parameters
