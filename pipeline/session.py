"""An open session at a cloud: the connection, what the first page showed, and which listings to read.

A session can be sent to another process, such as a Dask worker. It carries no secret: that process logs in itself.
"""

import logging
import platform
import threading
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Final

from core.errors import GlancebackError, WrongClock
from extract.account import CloudSettings
from extract.api_version import ask_what_it_has
from extract.connection import Connection, connect
from extract.dialect import ApiProbe, probe_api
from extract.listing import OPENSTACK, ImageApi, Listing, listings, missing_listings

log = logging.getLogger(__name__)

_LARGEST_DIFFERENCE: Final = timedelta(hours=1)
"""The largest difference between our clock and the cloud's. A wrong time zone or year is beyond it."""


_MOST_LOGINS: Final = 8
_logins = threading.BoundedSemaphore(_MOST_LOGINS)
"""Bounds the logins of an account that has hundreds of projects."""


class Session:
    """The connection to a cloud, the result of the probe, and the listings to read.

    It is not a dataclass, because Prefect would inspect its fields. When it is sent to another process, the connection
    is left out, so that no secret goes along; that process logs in itself.
    """

    def __init__(
        self,
        connection: Connection,
        api_probe: ApiProbe,
        to_read: tuple[Listing, ...],
        missing: tuple[str, ...] = (),
    ) -> None:
        """`missing` are listings of the dialect that this cloud's API does not have."""
        self.settings = connection.settings
        self.project_id = connection.project_id
        self.api_probe = api_probe
        self.listings = to_read
        self.missing = missing
        self._connection: Connection | None = connection

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def connection(self) -> Connection:
        """The connection of this process. Raises: as connect, if this process has to log in first."""
        if self._connection is None:
            self._connection = _connection_of_this_process(self.settings)
        return self._connection

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_connection": None}


_connections: dict[CloudSettings, Connection] = {}
_connecting = threading.Lock()


def _connection_of_this_process(settings: CloudSettings) -> Connection:
    """The one connection of this process to a cloud, for all listings that it reads for another process."""
    with _connecting:
        if settings not in _connections:
            try:
                connection = connect(settings)
            except GlancebackError as exc:
                # Each worker has its own credentials: the reader of the error must know whose are wrong.
                exc.what = f"{_this_worker()}: {exc.what}"
                exc.args = (exc.what, *exc.args[1:])
                raise
            connection.limiter.across_processes = _turns_of_all_workers(settings)
            _connections[settings] = connection
        return _connections[settings]


def _this_worker() -> str:
    import distributed  # an extra; only its workers get here

    return f"Dask worker {distributed.get_worker().address} on {platform.node()}"


def _turns_of_all_workers(settings: CloudSettings) -> AbstractContextManager[object]:
    """The limit of requests that all Dask workers share: max_connections of the cloud, or of an account's region."""
    import distributed  # an extra; only its workers get here

    service = f"{settings.scope.estate}/{settings.region}" if settings.scope else settings.name
    turns: AbstractContextManager[object] = distributed.Semaphore(
        max_leases=settings.max_connections, name=f"glanceback: {settings.max_connections} requests to {service}"
    )
    return turns


def open_session(settings: CloudSettings, remembered: str | None = None) -> Session:
    """Log in, probe the API, and decide which listings to read. `remembered` is the dialect of earlier runs.

    Raises: SettingsError, CloudError, TransientError, as connect and probe_api do.
    """
    with _logins if settings.scope else nullcontext():
        connection = connect(settings)
    api_probe = probe_api(connection, remembered)
    api = _api(connection, api_probe)
    missing = missing_listings(api_probe.dialect, api)
    if missing:
        log.warning(
            "cloud %s: its image API is too old for %s; these listings are not read",
            settings.name,
            " and ".join(f"{name} images" for name in missing),
        )
    return Session(
        connection, api_probe, listings(api_probe.dialect, connection.project_id, settings.listings, api), missing
    )


def open_session_for_run(settings: CloudSettings, remembered: str | None = None) -> Session:
    """Open the session of a run. Raises: as open_session; WrongClock."""
    session = open_session(settings, remembered)
    try:
        check_clocks(settings.name, session.api_probe)
    except WrongClock:
        session.connection.client.close()
        raise
    return session


def check_clocks(cloud: str, api_probe: ApiProbe) -> None:
    """Raise WrongClock if our clock and the cloud's differ so much that runs could not be put in order."""
    difference = api_probe.clock_difference
    if difference is not None and abs(difference) > _LARGEST_DIFFERENCE:
        raise WrongClock(
            f"cloud {cloud}: by this machine's clock it is {api_probe.started_at - difference:%Y-%m-%d %H:%M} UTC, "
            f"by the cloud's {api_probe.started_at:%Y-%m-%d %H:%M}",
            "Nothing is read: runs with a wrong time could not be put in order. Set this machine's clock (NTP); "
            "if it is right, have the cloud's or its gateway's set.",
        )


def _api(connection: Connection, api_probe: ApiProbe) -> ImageApi:
    """What the API supports. Asked only if it may be old, and if all listings of plain OpenStack are to be read."""
    if api_probe.dialect != OPENSTACK or api_probe.is_recent or connection.settings.listings:
        return ImageApi()
    return ask_what_it_has(connection, f"cloud {connection.settings.name}")
