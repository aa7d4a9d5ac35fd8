"""Days and times as people write them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cli.timestamps import beginning, day, timestamp
from core.errors import SettingsError

NOW = datetime(2026, 11, 24, 10, 30)
NOWHERE = Path("no-published-copy.duckdb")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("today", NOW),
        ("Yesterday", datetime(2026, 11, 23, 23, 59, 59, 999999)),
        ("2026-11-01", datetime(2026, 11, 1, 23, 59, 59, 999999)),
        ("2026-11-24", NOW),
        ("2026-11-01T06:00", datetime(2026, 11, 1, 6)),
        ("2026-11-01 06:00:00+02:00", datetime(2026, 11, 1, 4)),
        ("2026-11-01T06:00:00Z", datetime(2026, 11, 1, 6)),
        ("7 days ago", NOW - timedelta(days=7)),
        ("1 hour  ago", NOW - timedelta(hours=1)),
        ("2 weeks ago", NOW - timedelta(days=14)),
        ("this month", datetime(2026, 11, 1)),
    ],
)
def test_timestamp_is_in_utc_and_that_of_a_day_is_its_end(text: str, expected: datetime) -> None:
    assert timestamp(text, NOWHERE, NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", datetime(2026, 11, 24)),
        ("2026-11-24", datetime(2026, 11, 24)),
        ("2026-11-23", datetime(2026, 11, 23, 23, 59, 59, 999999)),
        ("now", NOW),
        ("2026-11-24T06:00", datetime(2026, 11, 24, 6)),
    ],
)
def test_comparison_begins_with_the_end_of_a_day_but_with_the_beginning_of_today(text: str, expected: datetime) -> None:
    assert beginning(text, NOWHERE, NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", date(2026, 11, 24)),
        ("yesterday", date(2026, 11, 23)),
        ("Tomorrow", date(2026, 11, 25)),
        ("30 days ago", date(2026, 10, 25)),
        ("this month", date(2026, 11, 1)),
        ("2026-02-28", date(2026, 2, 28)),
    ],
)
def test_day_is_one_of_the_calendar(text: str, expected: date) -> None:
    assert day(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-02-30", "7 fortnights ago", "999999 weeks ago", "1e9", "11/24/2026"]
)
def test_what_is_not_a_time_is_refused_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(SettingsError, match="not a valid time") as caught:
        timestamp(text, NOWHERE, NOW)
    assert "2026-11-01" in caught.value.advice


def test_now_is_the_clock_in_utc() -> None:
    assert abs(timestamp("now", NOWHERE) - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
