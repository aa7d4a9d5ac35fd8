"""The views and macros on both engines, as in tests/load."""

from tests.load.conftest import engine, pytest_generate_tests

__all__ = ["engine", "pytest_generate_tests"]
