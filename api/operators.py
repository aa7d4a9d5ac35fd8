"""Parses values of filters as Glance does: `gte:2026-11-01T00:00:00Z`, `in:"a,b",c` and times.

Source: reference, Table 1, `created_at`; openstack/glance, `split_filter_op` and `split_filter_value_for_quotes`.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from api.refusal import Refusal

COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}

_TIME: Final = re.compile(
    r"(?P<year>\d{4})"
    r"(?:(?:-(?P<month>\d{1,2})|(?P<month_alone>\d\d)(?!$))"
    r"(?:(?:-(?P<day>\d{1,2})|(?P<day_alone>\d\d))"
    r"(?:[ T](?P<hour>\d\d)(?::?(?P<minute>\d\d))?(?::?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>Z|(?P<sign>[-+])(?P<zone_hours>\d\d):?(?P<zone_minutes>\d\d)?)?)?)?)?",
    re.ASCII,
)
_ELEMENT: Final = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)",?|([^,]+),?|,')


def split_operator(text: str) -> tuple[str, str]:
    """The operator and its value; `eq` if the text has no operator, as a time alone, although a time has colons."""
    operator, colon, rest = text.partition(":")
    if not colon or parse_time(text) is not None:
        return "eq", text
    return operator, rest


def parse_time(text: str) -> datetime | None:
    """The time in UTC, without a zone; a time without a zone is UTC. None for a text that is not an ISO 8601 time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    part = {name: value for name, value in found.groupdict().items() if value is not None}
    month, day = part.get("month", part.get("month_alone", "1")), part.get("day", part.get("day_alone", "1"))
    hour, minute, second = (int(part.get(name, "0")) for name in ("hour", "minute", "second"))
    microsecond = int(part.get("fraction", "0").ljust(6, "0")[:6])
    try:
        zone = timedelta(hours=int(part.get("zone_hours", "0")), minutes=int(part.get("zone_minutes", "0")))
        offset = timezone(-zone if part.get("sign") == "-" else zone)
        time = datetime(int(part["year"]), int(month), int(day), hour, minute, second, microsecond, offset)
        return time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def split_list(text: str) -> list[str]:
    """The elements of `a,"b,c"`; a quoted one may contain commas. Raises: Refusal if a quotation mark is misplaced."""
    _check_quotes(text)
    return [quoted or plain for quoted, plain in _ELEMENT.findall(text)]


def _check_quotes(text: str) -> None:
    opens = True
    for place, character in enumerate(text):
        if character != '"' or (place and text[place - 1] == "\\"):
            continue
        if opens and place and text[place - 1] != ",":
            raise _wrong_list(text, "There is no comma before opening quotation mark.")
        if not opens and place + 1 != len(text) and text[place + 1] != ",":
            raise _wrong_list(text, "There is no comma after closing quotation mark.")
        opens = not opens
    if not opens:
        raise _wrong_list(text, "The quote is not closed.")


def _wrong_list(text: str, why: str) -> Refusal:
    return Refusal(400, f"Invalid filter value {text}. {why}")
