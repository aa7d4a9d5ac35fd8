"""A JSON number that is no whole one for a parser, as it was written: `1.10` would lose its zero, `-0` its sign."""

import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

_MARK: Final = secrets.token_hex(16)
"""Nobody who writes an image can know it."""

_MINUS_ZERO: Final = re.compile(rb"-0(?:[\s,\]}]|\Z)")


class Number:
    """The number's text, such as `1.10`, `1E2`, `-0` or, from a parser that takes it, `NaN`.

    No dataclass, for msgspec would write that as an object.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text

    @property
    def whole(self) -> int | None:
        """The number where it is a whole one: `2.0` and `1E2` are. None where it is not, or has more than 64 bits."""
        if not abs(float(self.text)) < 1 << 64:
            return None
        try:
            exact = Decimal(self.text)
        except InvalidOperation:  # an exponent of so many digits that no number has it
            return None
        return int(exact) if exact == exact.to_integral_value() else None


def may_hold_minus_zero(text: bytes | msgspec.Raw) -> bool:
    """Whether the JSON text may hold the number `-0`, which msgspec reads as 0. A text in it may look so too."""
    return _MINUS_ZERO.search(text) is not None


_decode = msgspec.json.Decoder(float_hook=Number).decode


def strict_json(text: bytes | msgspec.Raw) -> Any:
    """What the JSON text holds. Raises: msgspec.MsgspecError, RecursionError, UnicodeDecodeError."""
    value = _decode(text)
    return lenient_json(bytes(text).decode()) if may_hold_minus_zero(text) else value


def lenient_json(text: str) -> Any:
    """What Python's own parser takes, which is more than strict_json does: lone surrogates, NaN, 1e999.

    Whole numbers of any size are exact: as text where Python has no number of so many digits.
    Raises: json.JSONDecodeError, RecursionError.
    """
    return json.loads(text, parse_int=_whole_number, parse_float=Number, parse_constant=Number)


def _whole_number(digits: str) -> int | str | Number:
    # Python turns some thousand digits into a number, and a number into digits, and refuses more.
    try:
        return int(digits) or (Number(digits) if digits == "-0" else 0)
    except ValueError:
        return digits


def json_text(value: Any) -> str:
    """The value as JSON text: keys sorted, numbers as they were written, ASCII where Unicode cannot say it."""
    try:
        return _written(value)
    except RecursionError:
        # A thread of its own has all the levels that Python allows, however deep the caller stands.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(_written, value).result()


def _written(value: Any) -> str:
    try:
        return msgspec.json.encode(value, order="sorted", enc_hook=_as_written).decode()
    except (UnicodeEncodeError, RecursionError):
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_marked)
        return re.sub(f'"{_MARK}([^"]*)"', r"\1", text)


def _as_written(value: Any) -> msgspec.Raw:
    if isinstance(value, Number):
        return msgspec.Raw(value.text.encode())
    raise NotImplementedError(f"JSON has no {type(value).__name__}")


def _marked(value: Any) -> str:
    if isinstance(value, Number):
        return f"{_MARK}{value.text}"
    raise TypeError(f"JSON has no {type(value).__name__}")
