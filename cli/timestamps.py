"""Days and moments as people write them on the command line: `yesterday`, `7 days ago`, a date, a time, a run's id."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from core.errors import SettingsError
from load.published import ask
from load.run_ids import RUN_ID

_AGO: Final = re.compile(r"(\d{1,5}) (hour|day|week)s? ago")
_HOURS: Final = {"hour": 1, "day": 24, "week": 7 * 24}
_WAYS: Final = "now, today, yesterday, this month, 7 days ago, a date such as 2026-11-01"


def day(text: str, now: datetime | None = None) -> date:
    """The day that is meant, in UTC. Raises: SettingsError."""
    return _read(text, now or _now(), "day", _WAYS).date()


def moment(text: str, published: Path, now: datetime | None = None) -> datetime:
    """The moment that is meant, naive, in UTC: of a day its end, as far as it has come; of a run what it found.

    A time without a zone is in UTC. Raises: SettingsError.
    """
    now = now or _now()
    if RUN_ID.fullmatch(text.strip()):
        return _start_of_run(text.strip(), published)
    ways = f"{_WAYS}, a time such as 2026-11-01T06:00, or the id of a run (see glanceback runs)"
    found = _read(text, now, "moment", ways)
    is_day = text.strip().lower() in ("today", "yesterday") or re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip())
    return min(now, datetime.combine(found, time.max)) if is_day else found


def beginning(text: str, published: Path, now: datetime | None = None) -> datetime:
    """As moment, of what a comparison begins with: today begins at midnight, for its end has not come yet."""
    now = now or _now()
    found = moment(text, published, now)
    is_today = text.strip().lower() == "today" or text.strip() == f"{now:%Y-%m-%d}"
    return datetime.combine(now, time.min) if is_today else found


def _read(text: str, now: datetime, what: str, ways: str) -> datetime:
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
        raise SettingsError(f"'{text}' is no {what}", f"Write {ways}.") from exc
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _start_of_run(run_id: str, published: Path) -> datetime:
    rows = list(ask(published, "SELECT started_at FROM runs WHERE run_id = $run_id", {"run_id": run_id}).rows())
    if not rows:
        raise SettingsError(f"there is no run {run_id} in {published}", "See glanceback runs.")
    started_at: datetime = rows[0][0]
    return started_at


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
