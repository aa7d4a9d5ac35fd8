"""The API's times: every spelling of one time is that time in UTC, and nothing else is a time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.times import api_time, parse_api_time

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
AT = datetime(2018, 9, 6, 14, 3, 27)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2018-09-06T14:03:27Z", AT),
        ("2018-09-06 14:03:27", AT),
        ("2018-09-06T14:03:27.000000", AT),
        ("2018-09-06T14:03:27.25Z", AT.replace(microsecond=250_000)),
        ("2018-09-06T14:03:27.123456000Z", AT.replace(microsecond=123_456)),
        ("2018-09-06T16:33:27+02:30", AT),
        ("2018-09-06T14:03:27-00:00", AT),
        ("0001-01-01T14:00:00+14:00", datetime(1, 1, 1)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_time_is_read_in_utc_without_a_zone(text: str, time: datetime) -> None:
    assert api_time(text) == parse_api_time(text) == time
    assert parse_api_time(text).tzinfo is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "got other text"),
        ("2018-09-06T14:03", "got other text"),
        ("2018-09-06x14:03:27Z", "got other text"),
        ("2018-09-06T14:03:27\x00", "got other text"),
        ("2018-09-06T14:03:27Z\x00", "got other text"),
        ("\ud800" * 20, "got other text"),
        ("2018-09-06T14:03:27\ud800", "Invalid isoformat"),
        ("0000-01-01T00:00:00Z", "year 0"),
        ("2018-02-30T00:00:00Z", "day is out of range"),
        ("2018-09-06T14:03:60Z", "second must be"),
        ("2018-09-06T14:03:27+24:00", "offset must be"),
        ("0001-01-01T00:00:00+14:00", "out of range"),
        ("9999-12-31T23:59:59-14:00", "out of range"),
        ("2018-09-06T14:03:27.1234567Z", "finer than a microsecond"),
        ("2018-09-06T14:03:27,0000001", "finer than a microsecond"),
        ("2018-09-06T14:03:27+00:00:00.0000001", "finer than a microsecond"),
    ],
    ids=ascii,
)
def test_text_that_is_no_time_is_none_with_a_reason(text: str, reason: str) -> None:
    assert api_time(text) is None
    with pytest.raises(ValueError, match=reason):
        parse_api_time(text)


def test_reason_does_not_repeat_a_long_text() -> None:
    with pytest.raises(ValueError, match="expected a time") as caught:
        parse_api_time("2018-09-06T" + "x" * 1_000_000)
    assert len(str(caught.value)) < 200


@given(JSON | st.datetimes().map(str) | st.text("0123456789-:.,TZ+ W\x00", min_size=19, max_size=40))
def test_nothing_raises(value: Any) -> None:
    assert isinstance(api_time(value), datetime | None)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-1439, 1439))
def test_offset_is_taken_off(time: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    assert api_time(time.replace(tzinfo=UTC).astimezone(zone).isoformat()) == time
