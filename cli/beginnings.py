"""Says so if a question is about a time before the history. Called by `diff` and `sql`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cli.display import printable
from core.wording import counted
from load.published import ask

_FIRST_READINGS: Final = (
    """SELECT cloud, min(valid_from) AS first_read_at FROM image_history GROUP BY cloud ORDER BY first_read_at, cloud"""
)
_MOST_LINES: Final = 5


def first_readings(published: Path) -> dict[str, datetime]:
    """The start of the first run that saw an image of each cloud (UTC), the earliest first. Raises: SettingsError."""
    return dict(ask(published, _FIRST_READINGS).rows())


def beginnings(readings: Mapping[str, datetime], asked: datetime, consequence: str) -> list[str]:
    """A line for each cloud whose history begins after `asked`, at most five and how many more.

    `consequence`: what follows for the answer.
    """
    later = [(cloud, at) for cloud, at in readings.items() if at > asked]
    lines = [
        f"cloud {printable(cloud)}: the history begins at {at:%Y-%m-%d %H:%M:%S} UTC, with the first reading; "
        f"{consequence}"
        for cloud, at in later[:_MOST_LINES]
    ]
    more = len(later) - _MOST_LINES
    return [*lines, *([f"and {counted(more, 'other cloud')} whose history begins later"] if more > 0 else [])]
