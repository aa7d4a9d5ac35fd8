"""What PyYAML reads from our YAML is what was written."""

import json
import time
from typing import Any

import yaml  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from cli.yaml_rows import yaml_rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "no",
        "Null",
        "y",
        "1e5",
        "0x1F",
        "12:30:45",
        "2026-11-01",
        "a: b",
        "a #b",
        "- a",
        "-",
        "a ",
        "~",
        "=",
        "<<",
        ".5",
        "_",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def written(columns: list[str], rows: list[list[Any]]) -> str:
    texts = [[None if value is None else json.dumps(value, ensure_ascii=False) for value in row] for row in rows]
    return "".join(yaml_rows(columns, texts))


@given(
    st.lists(TEXTS, min_size=1, max_size=3, unique=True), st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=3)
)
@example(
    ["key" * 500, "no"], [[{"k" * 2000: "\x85\u2028\ufeff\x7f\U000e0001", "": [[]]}, [[{"x" * 2000: 1}], {}], None]]
)
@example(["a"], [[1e300], [1.5e-7], [-2e22], [10**30]])
def test_rows_are_read_back_as_they_were(columns: list[str], rows: list[list[Any]]) -> None:
    rows = [row[: len(columns)] for row in rows if len(row) >= len(columns)]
    expected = [dict(zip(columns, row, strict=True)) for row in rows]
    assert yaml.safe_load(written(columns, rows)) == expected


def test_simple_texts_lists_and_maps_look_as_openstackclients() -> None:
    row = [
        "Ubuntu 22.04 server (cloud)",
        "0141daf5-2bb5-4a67-9ad8-5cf8b0a1c0de",
        ["a", "b"],
        {"k": "1", "deep": {"m": []}},
        [],
    ]
    assert written(["name", "id", "tags", "extra", "none"], [row]) == (
        "- name: Ubuntu 22.04 server (cloud)\n"
        "  id: 0141daf5-2bb5-4a67-9ad8-5cf8b0a1c0de\n"
        "  tags:\n  - a\n  - b\n"
        '  extra:\n    k: "1"\n    deep: {? m : []}\n'
        "  none: []\n"
    )


def test_large_answer_takes_seconds() -> None:
    """PyYAML took 20 times as long, and more than a minute of its own for this on a machine with nothing else to do."""
    row = ['"a name"', "64", "true", None, '"2026-11-01T02:00:00"', '["x","y"]', '{"k":"v"}', '"0141daf5"'] * 12
    began = time.process_time()
    lines = sum(text.count("\n") for text in yaml_rows([f"c{number}" for number in range(96)], [row] * 5_000))
    assert lines == 5_000 * 132
    assert time.process_time() - began < 10
