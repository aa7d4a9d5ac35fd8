"""Imports openstack.config without the rest of openstacksdk, which is its clients for all services.

`openstack/__init__.py` imports four hundred modules that nothing here uses: 0.1 s of processor time and 12 MB at each
login. Called by extract.account and extract.clouds_yaml, before they import anything of openstacksdk.
"""

import importlib
import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any

_importing = threading.Lock()


class _Package(ModuleType):
    """The package `openstack`, whose `__init__` runs only if someone asks for what it defines."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full_name = f"{self.__name__}.{name}"
        if importlib.util.find_spec(full_name) is not None:
            return importlib.import_module(full_name)
        spec = self.__spec__
        if type(self) is not _Package or spec is None or spec.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


def openstack_config() -> Any:
    """The module `openstack.config`. Raises: what its import raises: RuntimeError, OSError."""
    with _importing:
        if "openstack" not in sys.modules:
            spec = importlib.util.find_spec("openstack")
            if spec is not None:
                package = importlib.util.module_from_spec(spec)
                package.__class__ = _Package
                sys.modules["openstack"] = package
    return importlib.import_module("openstack.config")
