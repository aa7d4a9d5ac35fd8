"""A cloud that we are logged in to: what was seen there first, and which listings to read.

A session may be sent to another process, a Dask worker's for instance; no secret goes along, and that process logs in
itself.
"""

import logging
import platform
import threading
from contextlib import AbstractContextManager
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
"""Between our clock and the cloud's. Mistakes of time zone and year lie beyond it."""


class Session:
    """A cloud that we are logged in to, with what the first look said and the listings to read.

    Not a dataclass: Prefect would look into its fields, and the connection in them is not for looking into. Where it
    is sent to another process, the connection stays behind: no secret goes along, and that process logs in itself.
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
        """Raises: as connect, where this process has to log in first."""
        if self._connection is None:
            self._connection = _connection_of_this_process(self.settings)
        return self._connection

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_connection": None}


_connections: dict[CloudSettings, Connection] = {}
_connecting = threading.Lock()


def _connection_of_this_process(settings: CloudSettings) -> Connection:
    """One login, and one client, for all listings of a cloud that this process reads for another."""
    with _connecting:
        if settings not in _connections:
            try:
                connection = connect(settings)
            except GlancebackError as exc:
                # Each worker has credentials of its own: whoever reads this must know which are meant.
                exc.what = f"{_this_worker()}: {exc.what}"
                exc.args = (exc.what, *exc.args[1:])
                raise
            connection.limiter.beyond = _turns_of_all_workers(settings)
            _connections[settings] = connection
        return _connections[settings]


def _this_worker() -> str:
    import distributed  # an extra; only its workers get here

    return f"Dask worker {distributed.get_worker().address} on {platform.node()}"


def _turns_of_all_workers(settings: CloudSettings) -> AbstractContextManager[object]:
    """What a Dask worker takes a turn of before it asks a cloud: max_connections for all workers together."""
    import distributed  # an extra; only its workers get here

    turns: AbstractContextManager[object] = distributed.Semaphore(
        max_leases=settings.max_connections, name=f"glanceback: {settings.max_connections} requests to {settings.name}"
    )
    return turns


def open_session(settings: CloudSettings, remembered: str | None = None) -> Session:
    """Log in, look, and know which listings to read. `remembered` is the dialect of the runs before.

    Raises: SettingsError, CloudError, TransientError, as connect and look do.
    """
    connection = connect(settings)
    api_probe = probe_api(connection, remembered)
    api = _api(connection, api_probe)
    missing = missing_listings(api_probe.dialect, api)
    if missing:
        log.warning(
            "cloud %s: its image API is an old one and does not have %s; the listings of those are not read",
            settings.name,
            " and ".join(f"{name} images" for name in missing),
        )
    return Session(
        connection, api_probe, listings(api_probe.dialect, connection.project_id, settings.listings, api), missing
    )


def open_session_for_run(settings: CloudSettings, remembered: str | None = None) -> Session:
    """Enter a cloud that a run is to read. Raises: as enter; WrongClock."""
    session = open_session(settings, remembered)
    try:
        check_clocks(settings.name, session.api_probe)
    except WrongClock:
        session.connection.client.close()
        raise
    return session


def check_clocks(cloud: str, api_probe: ApiProbe) -> None:
    """Raise WrongClock where our clock and the cloud's are so far apart that a run could not be put in order."""
    difference = api_probe.clock_difference
    if difference is not None and abs(difference) > _LARGEST_DIFFERENCE:
        raise WrongClock(
            f"cloud {cloud}: by this machine's clock it is {api_probe.started_at - difference:%Y-%m-%d %H:%M} UTC, "
            f"by the cloud's {api_probe.started_at:%Y-%m-%d %H:%M}",
            "Nothing is read: runs with a wrong time could not be put in order. Set this machine's clock (NTP); "
            "if it is right, have the cloud's or its gateway's set.",
        )


def _api(connection: Connection, api_probe: ApiProbe) -> ImageApi:
    """What the API has: asked only where it may be old, and all listings of a plain OpenStack are to be read."""
    if api_probe.dialect != OPENSTACK or api_probe.is_recent or connection.settings.listings:
        return ImageApi()
    return ask_what_it_has(connection, f"cloud {connection.settings.name}")
