"""One parser per kind of column: it returns a value that fits, or raises Misfit. It never turns a value into NULL.

A parser gets the JSON value and returns what Arrow accepts. NULL stands for JSON null and, except in text columns, for
the empty string, with which the API writes "no value". The reasons of misfits are part of the content hash: do not
change them.
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
    """Text unchanged, anything else as JSON text. Lone surrogates, which UTF-8 cannot hold, are escaped."""
    if isinstance(value, str):
        return value if is_unicode(value) else json.dumps(value)
    return json_text(value)


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold the text: JSON can contain half a character (a lone surrogate), UTF-8 cannot."""
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
    """A boolean in one of the spellings that Nova accepts. Source: oslo.utils, strutils.bool_from_string."""
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
    """UTC without a zone, to the microsecond. extract.times parses it."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Misfit(f"expected a time such as {EXAMPLE}, got {_named(value)}")
    try:
        return parse_api_time(value)
    except ValueError as exc:
        raise Misfit(str(exc)) from exc


def parse_day(value: Json) -> datetime | None:
    """A day, as its first moment in UTC; or a time, also without seconds. Source: SCS-0102, `image_build_date`."""
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
    """Tags are a set: sorted, without duplicates. Each of Glance's workers sends them in its own order."""
    if value is None or value == "":
        return None
    if not isinstance(value, list):
        raise Misfit(f"expected a list of texts, got {_named(value)}")
    if not all(isinstance(tag, str) and is_unicode(tag) for tag in value):
        raise Misfit("expected a list of texts, got a list with something else in it")
    return sorted(set(value))


def parse_json_text(value: Json) -> str | None:
    """JSON text in one spelling: sorted keys, no extra blanks. A text that contains JSON is parsed first."""
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
