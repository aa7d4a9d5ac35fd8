"""Servers that the tests share. A server that cannot start fails the tests; it never skips them."""

from collections.abc import Iterator

import pytest

from tests.clouds.openstack import OpenStackCloud, openstack_cloud


@pytest.fixture(autouse=True)
def no_account_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the account, the settings or the proxy of whoever runs it."""
    import os

    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCEBACK_")) and name != "GLANCEBACK_TEST_CLOUDS_PYTHON":
            monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "no-clouds.yaml")


@pytest.fixture(scope="session")
def openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackCloud]:
    """A real Keystone and a real Glance whose pages hold three images at most."""
    with openstack_cloud(tmp_path_factory.mktemp("openstack"), largest_page=3) as cloud:
        yield cloud
