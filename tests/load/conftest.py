"""Every test here that makes a warehouse runs on both engines: a DuckDB file, and DuckLake on SQLite."""

from collections.abc import Iterator

import pytest

from tests.load import runs


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        only_files = metafunc.module.__name__.endswith(
            (
                "test_warehouse",
                "test_missing",
                "test_unlisted",
                "test_death",
                "test_ducklake",
                "test_lake",
                "test_cookbook",
                "test_names",
                "test_questions",
                "test_promises",
                "test_publish",
                "test_staged_files",
                "test_end_of_life",
            )
        )
        metafunc.parametrize("engine", runs.ENGINES[:1] if only_files else runs.ENGINES, indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    runs.engine[0] = request.param
    yield request.param
    runs.engine[0] = runs.ENGINES[0]
