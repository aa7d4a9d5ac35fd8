"""Days and moments as people write them on the command line: `yesterday`, `7 days ago`, a date, a time, a run's id."""

from datetime import UTC, date, datetime, time
from pathlib import Path

from core.errors import SettingsError
from load.moments import WAYS, moment_of, written_time
from load.published import ask


def day(text: str, now: datetime | None = None) -> date:
    """The day that is meant, in UTC. Raises: SettingsError."""
    return written_time(text, now or _now(), "day", WAYS).date()


def moment(text: str, published: Path, now: datetime | None = None) -> datetime:
    """The moment that is meant, naive, in UTC: of a day its end, as far as it has come; of a run what it found.

    A time without a zone is in UTC. Raises: SettingsError.
    """
    return moment_of(text, lambda run_id: _start_of_run(run_id, published), now or _now())


def beginning(text: str, published: Path, now: datetime | None = None) -> datetime:
    """As moment, of what a comparison begins with: today begins at midnight, for its end has not come yet."""
    now = now or _now()
    found = moment(text, published, now)
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
