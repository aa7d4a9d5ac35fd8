"""The `status` command: shows how each cloud is doing, and checks its age and the rules of the history."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from cli import exit_codes
from cli.console import Screen, discard_output, stderr_console
from cli.dead_runs import dead_runs
from cli.display import printable
from cli.formats import write_answer
from cli.options import FORMATS, cloud_option, clouds_that_fit, config_option, vertical_option
from core.errors import SettingsError
from core.wording import counted
from load.living_runs import DIED
from load.published import Answer, ask
from load.run_ids import CLOCKS_OF_MACHINES
from load.statements import names, statement
from pipeline.metrics import exposition
from pipeline.settings import Settings, load_settings

_Row = Mapping[str, Any]
_PROMETHEUS: Final = "prometheus"
_MOST_NAMED: Final = 20
"""Clouds that are named one by one, if all of an account's are stale."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> timedelta:
    """`26h`, `90m`, `2d`, `30s` as a duration. Raises: SettingsError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None:
        raise SettingsError(f"'{text}' is not a duration", "Write a number and s, m, h or d, such as 26h.")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


@click.command
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice([*FORMATS, _PROMETHEUS]),
    default="table",
    show_default=True,
    help="prometheus: metrics, see docs/operating.md.",
)
@vertical_option
@cloud_option
@click.option(
    "--max-age", metavar="AGE", help="Exit with 1 if a cloud was not read in full for this long: 26h, 90m, 2d."
)
@click.option("--check", is_flag=True, help="Exit with 1 if a rule of sql/checks is broken.")
@click.option("-q", "--quiet", is_flag=True, help="Print no table: only what is wrong, on stderr.")
@config_option
def status(
    form: str,
    vertical: bool,
    clouds: tuple[str, ...],
    max_age: str | None,
    check: bool,
    quiet: bool,
    config: str | None,
) -> None:
    """Show how each cloud is doing: the last full reading of all its listings, its images, and the last run.

    Exit code 1: a cloud was not read in full for longer than --max-age, a rule of --check is broken, or a run has a
    time in the future. A changes run, or a run of some listings, is not a full reading.
    """
    age = duration(max_age) if max_age is not None else None
    shown_as = None if quiet else form
    sys.exit(show_status(load_settings(config), shown_as, clouds, age, check, stderr_console(), vertical=vertical))


def show_status(
    settings: Settings,
    form: str | None,
    clouds: Sequence[str],
    max_age: timedelta | None,
    check: bool,
    errors: Screen,
    *,
    vertical: bool = False,
) -> int:
    """Print how all clouds, or these `clouds`, are doing; return the exit code. 0: all is well.

    `form` None: print only what is wrong.

    1: a cloud was not read in full for longer than `max_age`, a run has a time in the future, or, with `check`, a rule
    is broken. 3: none of these, but a person must decide about withheld deletions.
    Raises: SettingsError if neither the settings nor the history know a cloud.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    query = f"""SELECT * REPLACE (
            if(list_contains($died, last_run), 'failed', last_status) AS last_status,
            if(list_contains($died, last_run) AND last_full_status = 'running', 'failed', last_full_status)
                AS last_full_status,
            if(list_contains($died, last_run), $why, error) AS error
        ) FROM ({statement("queries", "status").text}) WHERE $clouds = [] OR list_contains($clouds, cloud)"""
    parameters = {"now": now, "clouds": list(clouds), "died": dead_runs(settings), "why": DIED}
    _need_current(settings)
    known = _known(settings)
    clouds = [name for pattern in clouds for name in clouds_that_fit(pattern, known)]
    parameters["clouds"] = clouds
    try:
        if form == _PROMETHEUS:
            click.echo(exposition(settings, clouds, now=now), nl=False)
        elif form is not None:
            write_answer(settings.published, query, form, None, parameters, vertical=vertical)
    except (BrokenPipeError, SystemExit):  # rich would turn it into SystemExit(1), but our exit code counts
        discard_output()
    found = _by_cloud(ask(settings.published, query, parameters))
    for notice in [*_summaries(settings, found), *_withheld(found)]:
        errors.print(notice, markup=False, highlight=False, soft_wrap=True)
    complaints = _stale(settings, list(clouds), found, now, max_age) if max_age is not None else []
    complaints += _of_the_future(settings, now)
    complaints += _broken(settings) if check else []
    for complaint in complaints:
        errors.print(complaint, markup=False, highlight=False, soft_wrap=True)
    if complaints:
        return exit_codes.FAILED
    return exit_codes.WITHHELD if any(row["to_decide"] for row in found.values()) else exit_codes.DONE


def _clouds_of_settings(settings: Settings) -> list[str]:
    """The clouds of the settings; instead of an account with many projects, those of its clouds that are not gone."""
    if not any(cloud.estate for cloud in settings.clouds):
        return [cloud.name for cloud in settings.clouds]
    query = "SELECT cloud, settings_name FROM clouds WHERE gone_since IS NULL ORDER BY cloud"
    found = list(ask(settings.published, query).rows())
    names: list[str] = []
    for cloud in settings.clouds:
        theirs = [name for name, settings_name in found if settings_name == cloud.name] if cloud.estate else []
        names += theirs or [cloud.name]
    return names


def _summaries(settings: Settings, found: Mapping[str, _Row]) -> list[str]:
    """Of each account with many projects, how many of its clouds the last run completed."""
    lines = []
    for account in (cloud for cloud in settings.clouds if cloud.estate):
        theirs = [row for cloud, row in found.items() if account.is_account_of(cloud)]
        done = sum(row["last_status"] == "completed" for row in theirs)
        lines.append(f"{printable(account.name)}: {done} of {counted(len(theirs), 'cloud')} completed in the last run")
    return lines


def _need_current(settings: Settings) -> None:
    """Raises: SettingsError if the copy was made by a version that did not record which clouds a run had to read."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'run_targets'"
    if list(ask(settings.published, query).rows()) == [(0,)]:
        raise SettingsError(
            f"the published copy {settings.published} was made by an older glanceback", "Run glanceback publish once."
        )


def _by_cloud(answer: Answer) -> dict[str, _Row]:
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]
    return {row["cloud"]: row for row in rows}


def _known(settings: Settings) -> list[str]:
    """The clouds in the settings and in the history, each once."""
    query = "SELECT cloud FROM run_targets UNION SELECT cloud FROM run_clouds ORDER BY cloud"
    read = [cloud for (cloud,) in ask(settings.published, query).rows()]
    return list(dict.fromkeys([*(cloud.name for cloud in settings.clouds), *read]))


def _withheld(found: Mapping[str, _Row]) -> list[str]:
    return [
        f"cloud {printable(cloud)}: {counted(row['withheld'], 'deletion')} withheld, "
        f"{'a person must decide' if row['to_decide'] else 'the next run asks again'}; see: "
        "glanceback sql --query withheld_deletions"
        for cloud, row in found.items()
        if row["withheld"]
    ]


def _stale(
    settings: Settings, chosen: Sequence[str], found: Mapping[str, _Row], now: datetime, max_age: timedelta
) -> list[str]:
    """A line for each stale cloud: of the chosen ones; without these, of the settings; without any, of the history."""
    complaints: list[str] = []
    for cloud in chosen or _clouds_of_settings(settings) or list(found):
        last = found.get(cloud, {}).get("last_good_at")
        if last is not None and now - last <= max_age:
            continue
        what = "no run has read all its listings in full yet"
        if last is not None:
            what = f"all its listings were last read in full at {last:%Y-%m-%d %H:%M} UTC, which is too long ago"
        if len(complaints) < _MOST_NAMED:
            what += _which(settings, cloud, now - max_age)
        complaints.append(f"cloud {printable(cloud)}: {what}")
    more = len(complaints) - _MOST_NAMED
    others = [f"... and {counted(more, 'more cloud')}: glanceback status has the age of each"] if more > 0 else []
    return [*complaints[:_MOST_NAMED], *others]


def _which(settings: Settings, cloud: str, since: datetime) -> str:
    """The listings that are stale, and their last error."""
    query = """SELECT listing, error FROM freshness
        WHERE cloud = $cloud AND listing IS NOT NULL AND (last_full_at IS NULL OR last_full_at < $since)
        ORDER BY listing"""
    rows = list(ask(settings.published, query, {"cloud": cloud, "since": since}).rows())
    errors = list(dict.fromkeys(printable(error) for _, error in rows if error))
    behind = f" ({', '.join(listing for listing, _ in rows)})" if rows else ""
    return behind + "".join(f"; {error}" for error in errors[:1])


def _of_the_future(settings: Settings, now: datetime) -> list[str]:
    """A line for each run that started in the future: ages that are counted from it are wrong."""
    query = "SELECT run_id, started_at FROM runs WHERE started_at > $now ORDER BY started_at"
    return [
        f"run {run_id} started at {started_at:%Y-%m-%d %H:%M} UTC, which is in the future: a clock was wrong"
        for run_id, started_at in ask(settings.published, query, {"now": now + CLOCKS_OF_MACHINES}).rows()
    ]


def _broken(settings: Settings) -> list[str]:
    """A line for each rule of sql/checks that is broken in the published copy."""
    found = []
    for name in names("checks"):
        rows = list(ask(settings.published, statement("checks", name).text).rows())
        if rows:
            found.append(f"the rule {name} is broken in {counted(len(rows), 'place')}, such as {rows[0]}")
    return found
