"""One Prefect home for all flows of a test session: making its database is the slowest part."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = str(tmp_path_factory.mktemp("prefect"))
    os.environ["PREFECT_HOME"] = home
    yield home
    del os.environ["PREFECT_HOME"]
