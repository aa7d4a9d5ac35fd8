"""What all projects and regions of one account have in common: its entry, TLS context and HTTP connections.

A run logs in to hundreds of projects. Each has a token of its own, but clouds.yaml and the authorities' certificates
are read once an account, and connections are shared. Called by extract.connection. Does not know images.
"""

import os
import ssl
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import httpx

from core.redaction import Secrets
from extract.account import CloudSettings, account
from extract.certificates import tls_context
from extract.credentials import secrets_of


class SharedTransport(httpx.BaseTransport):
    """A transport that several clients use. The last client that is closed closes the connections."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._users = 0
        self._lock = threading.Lock()

    def another_user(self) -> "SharedTransport":
        with self._lock:
            self._users += 1
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)

    def close(self) -> None:
        with self._lock:
            self._users -= 1
            is_unused = self._users == 0
        if is_unused:
            self._transport.close()


class AccountAccess:
    """One account, as all its clouds use it. Threads may share it."""

    def __init__(self, settings: CloudSettings) -> None:
        """Raises: SettingsError if the account cannot be used."""
        where = f"cloud {settings.name}"
        self.region: Any = account(settings)
        self.secrets: Secrets = secrets_of(self.region.config)
        self.context: Callable[[], ssl.SSLContext] = cache(lambda: tls_context(self.region, os.environ, where))
        self._transports: dict[str, SharedTransport] = {}
        self._lock = threading.Lock()

    def transport(self, service: str, make: Callable[[], httpx.BaseTransport]) -> SharedTransport:
        """The transport to a service, of which each client that is given it is a user."""
        with self._lock:
            if service not in self._transports:
                self._transports[service] = SharedTransport(make())
            return self._transports[service].another_user()


_of_accounts: "weakref.WeakValueDictionary[CloudSettings, AccountAccess]" = weakref.WeakValueDictionary()
_making = threading.Lock()


def new_access(settings: CloudSettings) -> AccountAccess:
    """Read the account's entry anew. Its clouds that connect from now on use this access. Raises: SettingsError."""
    access = AccountAccess(settings)
    with _making:
        _of_accounts[_account_of(settings)] = access
    return access


def access_of(settings: CloudSettings) -> AccountAccess:
    """The access of the cloud's account: the same for all clouds of an account, as long as one of them uses it.

    Raises: SettingsError if the account cannot be used.
    """
    if settings.scope is None:
        return AccountAccess(settings)
    of_account = _account_of(settings)
    with _making:
        found = _of_accounts.get(of_account)
        if found is None:
            found = _of_accounts[of_account] = AccountAccess(settings)
        return found


def _account_of(settings: CloudSettings) -> CloudSettings:
    """What the settings of an account's clouds have in common."""
    name = settings.scope.estate if settings.scope else settings.name
    return replace(settings, name=name, region=None, scope=None, estate=None)
