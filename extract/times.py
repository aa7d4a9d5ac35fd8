"""The API's times -> UTC without a zone. All code parses the times of images here."""

import re
from datetime import UTC, datetime
from typing import Final

from extract.images import Json

EXAMPLE: Final = "2018-09-06T14:03:27Z"
_SHORTEST: Final = len("2018-09-06T14:03:27")
_FINER_THAN_MICROSECONDS: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
_LONGEST_REASON: Final = 100


def api_time(value: Json) -> datetime | None:
    """Return the time in UTC, without a zone; None for a value that is not a time. Never raises."""
    try:
        return parse_api_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parse_api_time(text: str) -> datetime:
    """Return the time in UTC, without a zone, to the microsecond. A time without a zone is UTC.

    Raises: ValueError with the reason; it becomes a reject's reason, which is part of the content hash: do not change
    it. Source: reference, Table 1, `created_at`.
    """
    # Python ends the text at a NUL.
    if len(text) < _SHORTEST or text[10] not in "T " or "\x00" in text:
        raise ValueError(f"expected a time such as {EXAMPLE}, got other text")
    if _FINER_THAN_MICROSECONDS.search(text):
        raise ValueError("the time is finer than a microsecond")
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError) as exc:
        # Python repeats the text, which may be as long as a page.
        raise ValueError(f"expected a time such as {EXAMPLE} ({exc!s:.{_LONGEST_REASON}})") from exc
