"""A pytest plugin for mutation tests: the quickest tests first, and the same examples for every mutant.

A mutant is dead at the first test that fails, and most die in the quickest.
"""

import json
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "mutants",
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    measured = Path("mutmut-stats.json")
    if measured.exists():
        seconds = json.loads(measured.read_text())["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
