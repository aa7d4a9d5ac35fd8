"""A value that fits, or a Misfit that says why not."""

from datetime import datetime
from typing import Any

import pytest

from extract.numbers import Number, json_text
from extract.times import EXAMPLE
from transform.attribute import Kind
from transform.values import PARSERS, Misfit, as_received

GOOD = [
    (Kind.TEXT, "x", "x"),
    (Kind.TEXT, "", ""),
    (Kind.TEXT, None, None),
    (Kind.TEXT, 7, "7"),
    (Kind.TEXT, True, "true"),
    (Kind.TEXT, "a\x00b \u202e 大", "a\x00b \u202e 大"),
    (Kind.TEXT, "d" * 65_000, "d" * 65_000),
    (Kind.BOOLEAN, True, True),
    (Kind.BOOLEAN, "true", True),
    (Kind.BOOLEAN, "True", True),
    (Kind.BOOLEAN, "FALSE", False),
    (Kind.BOOLEAN, "", None),
    (Kind.INTEGER, 40, 40),
    (Kind.INTEGER, "64", 64),
    (Kind.INTEGER, Number("2.0"), 2),
    (Kind.INTEGER, Number("1E2"), 100),
    (Kind.BIGINT, Number("9007199254740993.0"), 9007199254740993),
    (Kind.TEXT, Number("1.10"), "1.10"),
    (Kind.INTEGER, "", None),
    (Kind.INTEGER, -(2**31), -(2**31)),
    (Kind.BIGINT, 2**63 - 1, 2**63 - 1),
    (Kind.BIGINT, "9223372036854775807", 2**63 - 1),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27Z", datetime(2018, 9, 6, 14, 3, 27)),
    (Kind.TIMESTAMP, "2018-09-06 14:03:27", datetime(2018, 9, 6, 14, 3, 27)),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27.25Z", datetime(2018, 9, 6, 14, 3, 27, 250_000)),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27.123456000Z", datetime(2018, 9, 6, 14, 3, 27, 123_456)),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27+08:00", datetime(2018, 9, 6, 6, 3, 27)),
    (Kind.TIMESTAMP, "", None),
    (Kind.DAY, "2024-04-22", datetime(2024, 4, 22)),
    (Kind.DAY, "2024-04-22 13:05", datetime(2024, 4, 22, 13, 5)),
    (Kind.DAY, "2024-04-22 13:05:09", datetime(2024, 4, 22, 13, 5, 9)),
    (Kind.DAY, "2024-04-22T13:05:09+02:00", datetime(2024, 4, 22, 11, 5, 9)),
    (Kind.DAY, "", None),
    *((Kind.FLAG, value, True) for value in ("yes", "True", "on", "1", "t", "Y", 1, True)),
    *((Kind.FLAG, value, False) for value in ("no", "false", "OFF", "0", "f", "n", 0, False)),
    (Kind.FLAG, "", None),
    (Kind.FLAG, None, None),
    (Kind.TAGS, ["a", "b"], ["a", "b"]),
    (Kind.TAGS, [], []),
    (Kind.TAGS, "", None),
    (Kind.TAGS, None, None),
    (Kind.JSON, '{"b": 1.10, "a": "true"}', '{"a":"true","b":1.10}'),
    (Kind.JSON, "null", None),
    (Kind.TAGS, ["b", "a", "b"], ["a", "b"]),
    (Kind.JSON, [{"b": 1, "a": None}], '[{"a":null,"b":1}]'),
    (Kind.JSON, "", None),
]
BAD = [
    (Kind.TEXT, ["x"]),
    (Kind.TEXT, {"x": 1}),
    (Kind.TEXT, "\ud800"),
    (Kind.BOOLEAN, "yes"),
    (Kind.FLAG, "maybe"),
    (Kind.FLAG, 2),
    (Kind.FLAG, ["yes"]),
    (Kind.DAY, "20240422"),
    (Kind.DAY, "2024-02-30"),
    (Kind.DAY, "2024-04-22 25:00"),
    (Kind.DAY, "none"),
    (Kind.DAY, 20240422),
    (Kind.BOOLEAN, 1),
    (Kind.BOOLEAN, []),
    (Kind.INTEGER, True),
    (Kind.INTEGER, 2**31),
    (Kind.INTEGER, Number("1.5")),
    (Kind.INTEGER, Number("NaN")),
    (Kind.INTEGER, Number("-Infinity")),
    (Kind.INTEGER, Number("1e999999999")),
    (Kind.INTEGER, Number("1e-99999999999999999999")),
    (Kind.BIGINT, Number("0e99999999999999999999")),
    (Kind.INTEGER, Number("9007199254740992.5")),
    (Kind.BOOLEAN, Number("1.0")),
    (Kind.INTEGER, " 1"),
    (Kind.INTEGER, "1_000"),
    (Kind.INTEGER, "٤"),
    (Kind.INTEGER, "9" * 5000),
    (Kind.BIGINT, 2**63),
    (Kind.TIMESTAMP, "yesterday"),
    (Kind.TIMESTAMP, "2018-02-30T00:00:00Z"),
    (Kind.TIMESTAMP, "0001-01-01T00:00:00+14:00"),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27.1234567Z"),
    (Kind.TIMESTAMP, "2018-09-06T14:03:27\x00"),
    (Kind.TIMESTAMP, 1_536_242_607),
    (Kind.TAGS, "a,b"),
    (Kind.TAGS, ["a", 1]),
    (Kind.JSON, "{not json"),
]


@pytest.mark.parametrize(("kind", "value", "parsed"), GOOD)
def test_value_that_fits_is_parsed(kind: Kind, value: Any, parsed: Any) -> None:
    found = PARSERS[kind](value)
    assert (type(found), found) == (type(parsed), parsed)


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_value_that_does_not_fit_is_a_misfit_with_a_reason(kind: Kind, value: Any) -> None:
    with pytest.raises(Misfit, match=r"\w+ \w+"):
        PARSERS[kind](value)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (Kind.BOOLEAN, "maybe", "expected true or false, got other text"),
        (Kind.BOOLEAN, 7, "expected true or false, got a number"),
        (Kind.BOOLEAN, [], "expected true or false, got an array"),
        (Kind.BOOLEAN, {}, "expected true or false, got an object"),
        (Kind.TAGS, "a", "expected a list of texts, got other text"),
        (Kind.TAGS, True, "expected a list of texts, got true or false"),
        (Kind.TAGS, ["a", 1], "expected a list of texts, got a list with something else in it"),
        (Kind.TAGS, ["\ud800"], "expected a list of texts, got a list with something else in it"),
        (Kind.JSON, "{", "expected JSON text, got text that is not JSON"),
        (Kind.BOOLEAN, Number("1.5"), "expected true or false, got a number"),
        (Kind.TIMESTAMP, [], f"expected a time such as {EXAMPLE}, got an array"),
        (Kind.INTEGER, {}, "expected a whole number, got an object"),
    ],
)
def test_reason_says_what_was_expected_and_what_came(kind: Kind, value: Any, reason: str) -> None:
    with pytest.raises(Misfit) as caught:
        PARSERS[kind](value)
    assert str(caught.value) == reason


@pytest.mark.parametrize(("kind", "bits"), [(Kind.INTEGER, 32), (Kind.BIGINT, 64)])
def test_whole_number_is_as_large_as_its_column(kind: Kind, bits: int) -> None:
    for number in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1):
        assert PARSERS[kind](number) == number
    for number in (-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)):
        with pytest.raises(Misfit):
            PARSERS[kind](number)


def test_what_is_not_unicode_is_received_as_json_text_in_one_spelling() -> None:
    assert as_received("\ud800") == '"\\ud800"'
    assert as_received({"b": "\ud800", "a": [1, 2]}) == json_text({"b": "\ud800", "a": [1, 2]})
    assert json_text({"b": "\ud800", "a": [1, 2]}) == '{"a":[1,2],"b":"\\ud800"}'
    assert as_received([1, 2]) == "[1,2]"
