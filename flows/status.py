"""The `status` command: how each cloud is doing, whether that is recent enough, whether the history is sound."""

import re
from datetime import UTC, datetime, timedelta

from rich.console import Console

from extract.errors import SettingsError
from flows.answers import write_answer
from flows.questions import ask
from flows.settings import Settings
from load.run_ids import CLOCKS_OF_MACHINES
from load.statements import names, statement

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> timedelta:
    """`26h`, `90m`, `2d`, `30s` as a duration. Raises: SettingsError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None:
        raise SettingsError(f"'{text}' is no duration", "Write a number and s, m, h or d, such as 26h.")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def status(
    settings: Settings,
    form: str,
    max_age: timedelta | None,
    check: bool,
    errors: Console,
    *,
    vertical: bool = False,
) -> int:
    """Print how each cloud is doing. 0: all is well.

    1: something is stale (older than `max_age`), or a run has a time that is still to come; with `check`, a rule is
    broken.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    query = statement("queries", "status").text
    write_answer(settings.published, query, form, None, {"now": now}, vertical=vertical)
    complaints = _stale(settings, query, now, max_age) if max_age is not None else []
    complaints += _of_the_future(settings, now)
    complaints += _broken(settings) if check else []
    for complaint in complaints:
        errors.print(complaint, markup=False, highlight=False, soft_wrap=True)
    return 1 if complaints else 0


def _stale(settings: Settings, query: str, now: datetime, max_age: timedelta) -> list[str]:
    answer = ask(settings.published, query, {"now": now})
    good = {row[answer.columns.index("cloud")]: row[answer.columns.index("last_good_at")] for row in answer.rows()}
    clouds = [cloud.name for cloud in settings.clouds] or list(good)
    found = []
    for cloud in clouds:
        last = good.get(cloud)
        if last is None:
            found.append(f"cloud {cloud}: no run has read it without fault yet")
        elif now - last > max_age:
            found.append(
                f"cloud {cloud}: last read without fault at {last:%Y-%m-%d %H:%M} UTC, longer ago than allowed"
            )
    return found


def _of_the_future(settings: Settings, now: datetime) -> list[str]:
    """Runs that started later than now: whatever counts from them is wrong."""
    query = "SELECT run_id, started_at FROM runs WHERE started_at > $now ORDER BY started_at"
    return [
        f"run {run_id} started at {started_at:%Y-%m-%d %H:%M} UTC, which is still to come: a clock was wrong"
        for run_id, started_at in ask(settings.published, query, {"now": now + CLOCKS_OF_MACHINES}).rows()
    ]


def _broken(settings: Settings) -> list[str]:
    """What sql/checks finds in the published copy."""
    found = []
    for name in names("checks"):
        rows = list(ask(settings.published, statement("checks", name).text).rows())
        if rows:
            found.append(f"the rule {name} is broken in {len(rows)} places, such as {rows[0]}")
    return found
