"""Tests make their warehouses in a DuckDB file. Those that are marked `both_engines` run on DuckLake too."""

from collections.abc import Iterator

import pytest

from tests.load import runs


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_engines"):
        metafunc.parametrize("engine", runs.ENGINES, indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of new_warehouse."""
    chosen: str = getattr(request, "param", runs.ENGINES[0])
    runs.engine[0] = chosen
    yield chosen
    runs.engine[0] = runs.ENGINES[0]
