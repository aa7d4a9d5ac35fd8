"""What page.packing packs comes out again, whatever it is; tests/browser reads it with the page's own code."""

import gzip
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.packing import packed
from tests.page.unpacking import unpacked

UUID = "0141daf5-a9a7-f596-4336-5f9c50587987"


def again(values: Sequence[Any], kind: Any, name: str = "column") -> list[Any]:
    table = pa.table({name: pa.array(values, kind), "last": pa.array(range(len(values)), pa.int64())})
    rows = unpacked(packed({"table": table}))["table"]
    assert [row["last"] for row in rows] == list(range(len(values))), "each column is as long as it says"
    return [row[name] for row in rows]


@given(st.lists(st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_texts_come_out_as_they_went_in(values: list[str | None]) -> None:
    assert again(values, pa.string()) == values


@given(st.lists(st.none() | st.integers(min_value=-(2**53), max_value=2**53)), st.booleans())
def test_numbers_come_out_as_they_went_in(values: list[int | None], is_sorted: bool) -> None:
    given_values = sorted(value for value in values if value is not None) if is_sorted else values
    assert again(given_values, pa.int64()) == given_values


@pytest.mark.parametrize("most", [253, 254, 255, 256, 65533, 65534, 65535, 65536, 2**32 - 2, 2**32 - 1, 2**32])
def test_numbers_at_the_edge_of_a_width_are_not_taken_for_none(most: int) -> None:
    assert again([None, most, 0], pa.int64()) == [None, most, 0]
    assert again([0, most], pa.int64()) == [0, most]


@pytest.mark.parametrize("different", [255, 256, 257, 65536, 65537])
def test_texts_have_an_index_that_is_wide_enough(different: int) -> None:
    values = [f"text {number}" for number in range(different)] * 3
    assert again(values, pa.string()) == values


def test_other_kinds_come_out_as_they_went_in() -> None:
    days = [date(1970, 1, 1), None, date(2026, 11, 3), date(2149, 6, 5)]
    assert again(days, pa.date32()) == days
    far = pa.array([200_000_000, -200_000_000], pa.int32()).cast(pa.date32())
    assert again(far, pa.date32()) == [date(2149, 6, 5), date(1970, 1, 1)], "Python has no such dates"
    assert again([date(1900, 1, 1), date(9999, 12, 31)], pa.date32()) == [date(1970, 1, 1), date(2149, 6, 5)]
    assert again([datetime(2026, 11, 3, 2), None], pa.timestamp("us")) == ["2026-11-03T02:00:00", None]
    assert again([True, False, None], pa.bool_()) == [1, 0, None]
    assert again([], pa.string()) == []


def test_ids_take_sixteen_bytes_where_all_are_uuids() -> None:
    many = [UUID[:-4] + f"{number:04x}" for number in range(1000)]
    for values in (many, [*many, "no-uuid"], [*many, many[0]], [*many, UUID.upper()], [*many, None]):
        assert again(values, pa.string(), "id") == values
    table = pa.table({"id": pa.array(many, pa.string())})
    assert len(gzip.decompress(packed({"table": table}))) < 16 * 1000 + 200


def test_columns_that_are_alike_share_their_texts() -> None:
    values = {"old": ["a", None, "b"], "other": ["a", "x", None], "new": ["b", "c", None]}
    columns = {name: pa.array(texts, pa.string()) for name, texts in values.items()}
    found = packed({"table": pa.table(columns), "without": pa.table({"id": pa.array([], pa.string())})}, ("old", "new"))
    assert [tuple(row.values()) for row in unpacked(found)["table"]] == list(zip(*values.values(), strict=True))
    assert gzip.decompress(found).count(b'"c"') == 1
    assert gzip.decompress(found).count(b'"b"') == 1
