"""One parser a kind of column: a value that fits, or a Misfit that says why not. Never a silent NULL.

A parser gets the value as JSON had it and returns what Arrow takes. NULL is for JSON null, and, in every column that is
not text, for the empty string, which is how the API writes "no value".
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from extract.images import Json
from extract.numbers import Number, json_text, strict_json
from extract.times import EXAMPLE, parse_api_time
from transform.attribute import Kind

Parser = Callable[[Json], Any]

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,40}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2})?")
_TRUTH = {"true": True, "false": False}
_YES, _NO = ("1", "t", "true", "on", "y", "yes"), ("0", "f", "false", "off", "n", "no")
_FLAGS = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)


class Misfit(ValueError):
    """The value does not fit the column; the message says why."""


def as_received(value: Json) -> str:
    """Text as it is, anything else as JSON text. Lone surrogates, which no UTF-8 can hold, come out escaped."""
    if isinstance(value, str):
        return value if is_unicode(value) else json.dumps(value)
    return json_text(value)


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold the text: JSON can spell half a character (a lone surrogate), Unicode cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_text(value: Json) -> str | None:
    if value is None:
        return None
    if isinstance(value, (list, dict)):
        raise Misfit(f"expected text, got {_named(value)}")
    text = value if isinstance(value, str) else json_text(value)
    if not is_unicode(text):
        raise Misfit("the text is not Unicode: it has half of a surrogate pair")
    return text


def parse_boolean(value: Json) -> bool | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise Misfit(f"expected true or false, got {_named(value)}")


def parse_flag(value: Json) -> bool | None:
    """A boolean in one of the spellings that Nova takes. Source: oslo.utils, strutils.bool_from_string."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    spelled = value.lower() if isinstance(value, str) else str(value) if type(value) is int else ""
    if spelled in _FLAGS:
        return _FLAGS[spelled]
    raise Misfit(f"expected true or false, yes or no, got {_named(value)}")


def parse_integer(value: Json) -> int | None:
    """32 bits, signed."""
    return _parse_whole_number(value, 32)


def parse_bigint(value: Json) -> int | None:
    """64 bits, signed."""
    return _parse_whole_number(value, 64)


def parse_timestamp(value: Json) -> datetime | None:
    """UTC without a zone, to the microsecond, as extract.times reads it."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Misfit(f"expected a time such as {EXAMPLE}, got {_named(value)}")
    try:
        return parse_api_time(value)
    except ValueError as exc:
        raise Misfit(str(exc)) from exc


def parse_day(value: Json) -> datetime | None:
    """A day, which is its beginning in UTC; or a time, also without seconds. Source: SCS-0102, `image_build_date`."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError as exc:
            raise Misfit(f"expected a day such as 2018-09-06 ({exc})") from exc
    try:
        return parse_timestamp(value)
    except Misfit as exc:
        raise Misfit(f"expected a day such as 2018-09-06, or a time such as {EXAMPLE}, got {_named(value)}") from exc


def parse_tags(value: Json) -> list[str] | None:
    """Tags are a set: sorted, each once. Glance sends them in an order that changes from worker to worker."""
    if value is None or value == "":
        return None
    if not isinstance(value, list):
        raise Misfit(f"expected a list of texts, got {_named(value)}")
    if not all(isinstance(tag, str) and is_unicode(tag) for tag in value):
        raise Misfit("expected a list of texts, got a list with something else in it")
    return sorted(set(value))


def parse_json_text(value: Json) -> str | None:
    """JSON text, in one spelling: keys sorted, no needless blanks. A text that holds JSON counts as what it holds."""
    if value is None or value == "":
        return None
    try:
        held = strict_json(value.encode()) if isinstance(value, str) else value
        text = json_text(held)
        strict_json(text.encode())
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as exc:
        raise Misfit("expected JSON text, got text that is not JSON") from exc
    return None if held is None else text


def _parse_whole_number(value: Json, bits: int) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, Number) and (whole := value.whole) is not None:
        number = whole
    else:
        raise Misfit(f"expected a whole number, got {_named(value)}")
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise Misfit(f"the number needs more than {bits} bits")
    return number


def _named(value: Json) -> str:
    names = {str: "other text", bool: "true or false", int: "a number", Number: "a number", list: "an array"}
    return names.get(type(value), "an object")


PARSERS: dict[Kind, Parser] = {
    Kind.TEXT: parse_text,
    Kind.BOOLEAN: parse_boolean,
    Kind.INTEGER: parse_integer,
    Kind.BIGINT: parse_bigint,
    Kind.TIMESTAMP: parse_timestamp,
    Kind.TAGS: parse_tags,
    Kind.JSON: parse_json_text,
    Kind.FLAG: parse_flag,
    Kind.DAY: parse_day,
}
