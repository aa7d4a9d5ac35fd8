"""The API's times -> UTC without a zone. Everything that must know when an image was made or changed reads it here."""

import re
from datetime import UTC, datetime
from typing import Final

from extract.images import Json

EXAMPLE: Final = "2018-09-06T14:03:27Z"
_SHORTEST: Final = len("2018-09-06T14:03:27")
_FINER_THAN_MICROSECONDS: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
_LONGEST_REASON: Final = 100


def api_time(value: Json) -> datetime | None:
    """The time in UTC, without a zone; None for a value that is no time. Whatever the value is, nothing is raised."""
    try:
        return parse_api_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parse_api_time(text: str) -> datetime:
    """The time in UTC, without a zone, to the microsecond; a time without a zone is UTC.

    Raises: ValueError that says why the text is no time. Source: reference, Table 1, `created_at`.
    """
    # Python takes a NUL for the end of the text.
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
