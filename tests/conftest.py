"""Servers that the tests share. A server that cannot start fails the tests; it never skips them."""

import logging
import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

from tests.clouds.openstack import OpenStackCloud, openstack_cloud

# Machines differ in speed; what holds for all inputs does not.
hypothesis.settings.register_profile(
    "everywhere", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("everywhere")


_SERVERS = {"openstack", "prefect_server"}
_NEEDS_SERVERS = "servers"


# In the background of a shell SIGINT is ignored, and so it would be by the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes test: a file's tests in one of them, and all that need the same servers in one, first."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: _group(item) != _NEEDS_SERVERS)


def _group(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    return _NEEDS_SERVERS if _SERVERS.intersection(fixtures) else item.nodeid.partition("::")[0]


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


@pytest.fixture(scope="session")
def openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackCloud]:
    """A real Keystone and a real Glance whose pages hold three images at most."""
    with openstack_cloud(tmp_path_factory.mktemp("openstack"), largest_page=3) as cloud:
        yield cloud
