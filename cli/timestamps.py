"""Reads times on the command line: `yesterday`, `7 days ago`, a date, a time, a run's id in the published copy."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from core.errors import SettingsError
from load.published import ask
from load.timestamps import WAYS, timestamp_of, written_time


def day(text: str, now: datetime | None = None) -> date:
    """The day (UTC) that the text says. `tomorrow` is for the end of a time with today in it.

    Raises: SettingsError.
    """
    now = now or _now()
    if text.strip().lower() == "tomorrow":
        return now.date() + timedelta(days=1)
    return written_time(text, now, "day", f"{WAYS}, tomorrow").date()


def timestamp(text: str, published: Path, now: datetime | None = None) -> datetime:
    """The timestamp (naive, UTC) of the text: for a day its end, or `now` if that is earlier; for a run its start.

    A time without a zone is UTC. Raises: SettingsError.
    """
    return timestamp_of(text, lambda run_id: _start_of_run(run_id, published), now or _now())


def beginning(text: str, published: Path, now: datetime | None = None) -> datetime:
    """The timestamp at which a comparison begins: as `timestamp`, but `today` is midnight, because it has not ended."""
    now = now or _now()
    found = timestamp(text, published, now)
    is_today = text.strip().lower() == "today" or text.strip() == f"{now:%Y-%m-%d}"
    return datetime.combine(now, time.min) if is_today else found


def _start_of_run(run_id: str, published: Path) -> datetime:
    rows = list(ask(published, "SELECT started_at FROM runs WHERE run_id = $run_id", {"run_id": run_id}).rows())
    if not rows:
        raise SettingsError(f"there is no run {run_id} in {published}", "See glanceback runs.")
    started_at: datetime = rows[0][0]
    return started_at


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
