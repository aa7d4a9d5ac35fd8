"""Which tests are fast, which share a process, and servers that the tests share.

A server that cannot start fails the tests; it never skips them.
"""

import logging
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.clouds.openstack import OpenStackCloud, openstack_cloud
from tests.clouds.prefect_server import embedded_server, new_prefect_database, prefect_home, prefect_server

__all__ = ["embedded_server", "new_prefect_database", "prefect_home", "prefect_server"]
"""Fixtures, which pytest finds here."""

# Machines differ in speed; what holds for all inputs does not.
hypothesis.settings.register_profile(
    "everywhere", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.register_profile("fast", hypothesis.settings.get_profile("everywhere"), max_examples=25)
hypothesis.settings.load_profile("everywhere")

ROOT = Path(__file__).resolve().parent.parent

_SLOW_FOLDERS = frozenset({"api", "browser", "clouds", "drivers", "flows", "pipeline", "tools"})
_ASKS_FOR_SERVERS = re.compile(r"\b(openstack: OpenStackCloud|prefect_server: PrefectServer)\b")
"""A parameter of a test or fixture: one of the servers that take long to start."""

_LONGEST_FIRST = (
    "tests/flows/test_dask.py", "tests/load/test_ducklake.py", "tests/flows/test_embedded.py",
    "tests/pipeline/test_large_estate.py", "tests/pipeline/test_replay.py", "tests/pipeline/test_object_store.py",
    "tests/pipeline/test_sync.py", "tests/pipeline/test_changing_catalogue.py", "tests/pipeline/test_hostile.py",
    "tests/browser/test_page.py", "tests/pipeline/test_death.py", "tests/pipeline/test_moved_shares.py",
    "tests/cli/test_demo.py", "tests/api/test_referee.py",
)  # fmt: skip
"""After the files that need servers; the order of the others does not matter."""

# In the background of a shell SIGINT is ignored, and so it would be by the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """With several processes, one runs all tests of a file, and one runs all files that need the same servers."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "servers" if _needs_servers(file) else file


@cache
def _needs_servers(file: str) -> bool:
    return _ASKS_FOR_SERVERS.search((ROOT / file).read_text(encoding="utf-8")) is not None


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByFile:
    return _ByFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--questions", type=int, help="To ask a real Glance and our API; default: as many as fit 8 s.")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "fast":
        hypothesis.settings.load_profile("fast")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m fast` does not import what only slow tests import: Prefect, Dask, an S3 server.

    tests/tools is for `make test-tools`, which names it: its environment is large, and nobody else needs it.
    """
    if collection_path == ROOT / "tests" / "tools" and not any("tools" in Path(one).parts for one in config.args):
        return True
    is_slow = collection_path.parent == ROOT / "tests" and collection_path.name in _SLOW_FOLDERS
    return True if is_slow and config.option.markexpr == "fast" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is fast. What takes longest begins first."""
    for item in items:
        if _is_fast(item):
            item.add_marker(pytest.mark.fast)
    items.sort(key=_order)


def _is_fast(item: pytest.Item) -> bool:
    folder = Path(item.nodeid).parts[1]
    marked = item.get_closest_marker("slow") or item.get_closest_marker("both_engines")
    return folder not in _SLOW_FOLDERS and marked is None and not _needs_servers(_file(item))


def _order(item: pytest.Item) -> int:
    file = _file(item)
    if _needs_servers(file):
        return 0
    return 1 + _LONGEST_FIRST.index(file) if file in _LONGEST_FIRST else 1 + len(_LONGEST_FIRST)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


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


@pytest.fixture(autouse=True)
def no_variables_of_an_earlier_test() -> Iterator[None]:
    """A flow sets PYTHONSAFEPATH, with which children cannot import tests.*; OpenLineage's client sets some too."""
    _remove_variables()
    yield
    _remove_variables()


def _remove_variables() -> None:
    for name in list(os.environ):
        if name == "PYTHONSAFEPATH" or name.startswith("OPENLINEAGE_"):
            del os.environ[name]


@pytest.fixture(autouse=True)
def fast_tests_start_no_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `make check` stays short."""
    if request.node.get_closest_marker("fast") is None:
        return

    def refuse(*_: object) -> NoReturn:
        pytest.fail("a fast test starts no process: mark this one with pytest.mark.slow")

    def start(process: "subprocess.Popen[bytes]", command: Sequence[str], *more: Any, **named: Any) -> None:
        if command[0] != "cp":  # with which the program itself copies large files
            process.returncode = 0
            refuse()
        started(process, command, *more, **named)

    started = subprocess.Popen.__init__
    monkeypatch.setattr(subprocess.Popen, "__init__", start)
    monkeypatch.setattr(os, "fork", refuse)


@pytest.fixture(scope="session")
def openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackCloud]:
    """A real Keystone and a real Glance whose pages hold three images at most."""
    with openstack_cloud(tmp_path_factory.mktemp("openstack"), largest_page=3) as cloud:
        yield cloud
