"""The `diff` command: shows what differs in the catalogue between two times."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from cli.beginnings import beginnings, first_readings
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

_QUERY: Final = "SELECT cloud, event, name, id, attribute, old_value, new_value FROM catalogue_diff($from, $to)"
_OF_SOME: Final = f"{_QUERY} WHERE list_contains($clouds, cloud)"
_EVENTS: Final = ("added", "removed", "changed", "moved")


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

    `changed` are images of which an attribute differs, as `sync` counts them; `moved` are in other listings. If a
    cloud's history begins after `earlier`, it is compared from its beginning.
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
    readings = first_readings(published)
    query = _QUERY
    parameters: dict[str, object] = {"from": began, "to": ended}
    if clouds:
        chosen = {name for pattern in clouds for name in clouds_that_fit(pattern, list(readings))}
        readings = {name: at for name, at in readings.items() if name in chosen}
        query, parameters = _OF_SOME, {**parameters, "clouds": list(readings)}
    compared = {name: at for name, at in readings.items() if at <= ended}
    told = beginnings(compared, began, "it is compared from that time on")
    not_yet = {name: at for name, at in readings.items() if at > ended}
    told += beginnings(not_yet, ended, "there is nothing to compare before that")
    counting = f"SELECT event, count(DISTINCT (cloud, id)), list(DISTINCT cloud) FROM ({query}) GROUP BY event"
    rows = list(ask(published, counting, parameters).rows())
    counts: dict[str, int] = {event: images for event, images, _ in rows}
    figures = ", ".join(f"{counts.get(event, 0)} {event}" for event in _EVENTS)
    told.append(f"{began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC, images: {figures}")
    told += _by_account(published, readings.keys(), {cloud for *_, differing in rows for cloud in differing})
    for line in told:
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
    write_answer(
        published, f"{query} ORDER BY cloud, event, name, id, attribute", form, output, parameters, vertical=vertical
    )


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
