"""The fake cloud and the settings for it, which the tests of extract have."""

from tests.extract.conftest import cloud, connection

__all__ = ["cloud", "connection"]
