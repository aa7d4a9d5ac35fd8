"""The first look: which dialect a cloud speaks, and what its clock says."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from extract.connection import Connection
from extract.dialect import look
from tests.clouds.fake import FakeCloud, Reply


def _answers_with_date(cloud: FakeCloud, date: str | None) -> None:
    headers = {} if date is None else {"Date": date}
    cloud.faults.append(lambda _: Reply(200, b'{"images": []}', {"Date": "", **headers}))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def test_clock_that_is_known_needs_no_more_than_the_overlap(cloud: FakeCloud, connection: Connection) -> None:
    first_look = look(connection)
    assert first_look.clock_difference is not None
    assert first_look.clock_uncertainty == timedelta(0)


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "yesterday",
        "2026-11-01T02:00:00Z",
        "Mon, 01 Jan 0100 00:00:00 GMT",
        "Sun, 00 Nov 2026 02:00:00 GMT",
    ],
)
def test_clock_that_nothing_shows_may_be_a_day_behind_ours(
    cloud: FakeCloud, connection: Connection, date: str | None
) -> None:
    _answers_with_date(cloud, date)
    first_look = look(connection)
    assert first_look.clock_difference is None
    assert abs(first_look.started_at - _now().replace(tzinfo=None)) < timedelta(seconds=30)
    assert first_look.clock_uncertainty == timedelta(days=1)


@pytest.mark.parametrize("hours", [8, 24 * 400])
def test_date_that_is_ahead_may_be_a_gateways_and_our_own_clock_counts_too(
    cloud: FakeCloud, connection: Connection, hours: int
) -> None:
    ahead = _now() + timedelta(hours=hours)
    _answers_with_date(cloud, format_datetime(ahead, usegmt=True))
    first_look = look(connection)
    assert first_look.started_at == ahead.replace(tzinfo=None)
    assert first_look.started_at - first_look.clock_uncertainty <= datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("behind", [timedelta(minutes=10), timedelta(days=400)])
def test_date_that_is_behind_is_the_start_as_it_is(cloud: FakeCloud, connection: Connection, behind: timedelta) -> None:
    served_at = _now() - behind
    _answers_with_date(cloud, format_datetime(served_at, usegmt=True))
    first_look = look(connection)
    assert first_look.started_at == served_at.replace(tzinfo=None)
    assert first_look.clock_uncertainty == timedelta(0)


def test_date_of_another_time_zone_is_read_as_what_it_says(cloud: FakeCloud, connection: Connection) -> None:
    _answers_with_date(cloud, "Sun, 01 Nov 2020 10:00:00 +0800")
    assert look(connection).started_at == datetime(2020, 11, 1, 2)
