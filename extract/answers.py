"""Reads the status and headers of an answer from any service. Never raises, whatever they contain."""

import email.utils
from datetime import UTC, datetime
from typing import Final

import httpx

_TRANSIENT: Final = (408, 425, 429)
_FINAL_FAILURES: Final = (501, 505, 506, 508, 510, 511)
"""Statuses of 500 and above that are permanent."""


def is_passing(status: int) -> bool:
    """Return whether a retry may help. Source: RFC 9110, section 15; RFC 6585; RFC 8470, section 5.2."""
    return status in _TRANSIENT or (500 <= status <= 599 and status not in _FINAL_FAILURES)


def date_header(response: httpx.Response) -> datetime | None:
    """Return the server's time (Date), UTC without a zone; None if it is missing or unreadable."""
    return _http_date(response.headers.get("Date", ""))


def retry_after_seconds(response: httpx.Response) -> float | None:
    """Return the delay in seconds that Retry-After asks for; None if it is missing or unusable.

    Source: RFC 9110, section 10.2.3: a number of seconds or a date.
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = _http_date(value)
    if until is None:
        return None
    now = date_header(response) or datetime.now(UTC).replace(tzinfo=None)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        time = email.utils.parsedate_to_datetime(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
