"""Servers that the tests share. A server that cannot start fails the tests; it never skips them."""

import logging
import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.clouds.openstack import OpenStackCloud, openstack_cloud
from tests.clouds.prefect_server import new_prefect_database, prefect_home, prefect_server

__all__ = ["new_prefect_database", "prefect_home", "prefect_server"]
"""Fixtures, which pytest finds here."""

# Machines differ in speed; what holds for all inputs does not.
hypothesis.settings.register_profile(
    "everywhere", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("everywhere")


_NEED_SERVERS = {
    "tests/extract/test_logging_in.py", "tests/flows/test_prefect_server.py", "tests/pipeline/test_real_cloud.py",
    "tests/cli/test_operator.py", "tests/flows/test_schedule.py", "tests/pipeline/test_secrets.py",
    "tests/api/test_referee.py",
}  # fmt: skip
"""The files whose tests ask for `openstack` or `prefect_server`, which take half a minute to start."""


# In the background of a shell SIGINT is ignored, and so it would be by the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Where several processes test: a file's tests in one of them, and those of all files that need servers in one."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "servers" if file in _NEED_SERVERS else file


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--questions", type=int, default=1_000, help="To ask a real Glance and our API; default: 20 s.")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByFile:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in _NEED_SERVERS)


def pytest_sessionfinish() -> None:
    """Prefect's embedded server says goodbye at exit, to a stderr that pytest has closed by then."""
    logging.raiseExceptions = False


@pytest.fixture(autouse=True)
def no_account_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the account, the settings or the proxy of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCEBACK_", "HUAWEICLOUD_")) and name != "GLANCEBACK_TEST_CLOUDS_PYTHON":
            monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "no-clouds.yaml")
    monkeypatch.setenv("PREFECT_PROFILES_PATH", "no-profiles.toml")


@pytest.fixture(scope="session")
def openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackCloud]:
    """A real Keystone and a real Glance whose pages hold three images at most."""
    with openstack_cloud(tmp_path_factory.mktemp("openstack"), largest_page=3) as cloud:
        yield cloud
