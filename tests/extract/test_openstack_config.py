"""openstack.config alone, in a process of its own: here, other tests have imported all of openstacksdk."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_CODE = """
import sys
from extract.openstack_config import openstack_config

config = openstack_config()
assert config.OpenStackConfig and config.loader.CONFIG_FILES
assert "openstack.connection" not in sys.modules, "the clients of all services"
assert openstack_config() is config

import openstack
assert openstack.config is config
assert openstack.exceptions.ConfigException
assert not hasattr(openstack, "no_such_thing")
assert callable(openstack.connect)
assert "openstack.connection" in sys.modules
assert openstack.config is config
assert not hasattr(openstack, "no_such_thing")
"""


def test_openstack_config_is_imported_alone_and_the_rest_when_someone_asks_for_it() -> None:
    ran = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
