"""JSON numbers with their original text. A parser would lose the zero of `1.10` and the sign of `-0`."""

import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

_MARK: Final = secrets.token_hex(16)
"""Marks numbers in JSON text. It is random, so that no text in an image can contain it."""

_MINUS_ZERO: Final = re.compile(rb"-0(?:[\s,\]}]|\Z)")


class Number:
    """The number's text, such as `1.10`, `1E2`, `-0` or, from a parser that accepts it, `NaN`.

    Not a dataclass, because msgspec would write that as an object.
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
        """The number as int if it is whole, like `2.0` and `1E2`, and fits 64 bits; otherwise None."""
        if not abs(float(self.text)) < 1 << 64:
            return None
        try:
            exact = Decimal(self.text)
        except InvalidOperation:  # an exponent with too many digits
            return None
        return int(exact) if exact == exact.to_integral_value() else None


def may_hold_minus_zero(text: bytes | msgspec.Raw) -> bool:
    """Whether the JSON text may contain the number `-0`, which msgspec reads as 0. Also True for `-0` in a string."""
    return _MINUS_ZERO.search(text) is not None


_decode = msgspec.json.Decoder(float_hook=Number).decode


def strict_json(text: bytes | msgspec.Raw) -> Any:
    """Parse the JSON text with msgspec. Raises: msgspec.MsgspecError, RecursionError, UnicodeDecodeError."""
    value = _decode(text)
    return lenient_json(bytes(text).decode()) if may_hold_minus_zero(text) else value


def lenient_json(text: str) -> Any:
    """Parse with Python's own parser, which accepts more than strict_json: lone surrogates, NaN, 1e999.

    Whole numbers of any size are exact; as text if Python refuses that many digits.
    Raises: json.JSONDecodeError, RecursionError.
    """
    return json.loads(text, parse_int=_whole_number, parse_float=Number, parse_constant=Number)


def _whole_number(digits: str) -> int | str | Number:
    # Python refuses to convert numbers of more than some thousand digits.
    try:
        return int(digits) or (Number(digits) if digits == "-0" else 0)
    except ValueError:
        return digits


def json_text(value: Any) -> str:
    """The value as JSON text: sorted keys, numbers with their original text, ASCII escapes for lone surrogates."""
    try:
        return _written(value)
    except RecursionError:
        # A new thread has the full recursion limit, however deep the caller's stack is.
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
