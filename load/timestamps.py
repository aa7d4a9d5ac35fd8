"""Reads times as people write them: `yesterday`, `7 days ago`, a date, a time, a run's id. It asks no database."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

from core.errors import SettingsError
from load.run_ids import RUN_ID

_AGO: Final = re.compile(r"(\d{1,5}) (hour|day|week)s? ago")
_HOURS: Final = {"hour": 1, "day": 24, "week": 7 * 24}
WAYS: Final = "now, today, yesterday, this month, 7 days ago, a date such as 2026-11-01"


def timestamp_of(text: str, start_of_run: Callable[[str], datetime], now: datetime) -> datetime:
    """The timestamp (naive, UTC) of the text: for a day its end, or `now` if that is earlier; for a run its start.

    A time without a zone is UTC. `start_of_run` returns a run's start by its id.
    Raises: SettingsError, and what `start_of_run` raises.
    """
    if RUN_ID.fullmatch(text.strip()):
        return start_of_run(text.strip())
    ways = f"{WAYS}, a time such as 2026-11-01T06:00, or the id of a run (see glanceback runs)"
    found = written_time(text, now, "time", ways)
    is_day = text.strip().lower() in ("today", "yesterday") or re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip())
    return min(now, datetime.combine(found, time.max)) if is_day else found


def check_timestamp(text: str) -> None:
    """Raises: SettingsError if the text is not a valid time. It does not check whether a run with that id exists."""
    now = datetime.now(UTC).replace(tzinfo=None)
    timestamp_of(text, lambda _: now, now)


def written_time(text: str, now: datetime, what: str, ways: str) -> datetime:
    """The time (naive, UTC) that the text says; for a day, some time on it.

    Raises: SettingsError, which says that the text is not a valid `what`, and the `ways` to write one.
    """
    asked = " ".join(text.lower().split())
    if asked in ("now", "today"):
        return now
    if asked == "yesterday":
        return now - timedelta(days=1)
    if asked == "this month":
        return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        if ago := _AGO.fullmatch(asked):
            return now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as exc:
        raise SettingsError(f"'{text}' is not a valid {what}", f"Write {ways}.") from exc
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
