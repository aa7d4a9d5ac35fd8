"""A cloud that we are logged in to: what was seen there first, and which listings to read.

A visit may be sent to another process, a Dask worker's for instance; no secret goes along, and that process logs in
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
from extract.dialect import FirstLook, look
from extract.listing import OPENSTACK, ImageApi, Listing, listings, missing_listings

log = logging.getLogger(__name__)

_LARGEST_DIFFERENCE: Final = timedelta(hours=1)
"""Between our clock and the cloud's. Mistakes of time zone and year lie beyond it."""


class Visit:
    """A cloud that we are logged in to, with what the first look said and the listings to read.

    Not a dataclass: Prefect would look into its fields, and the connection in them is not for looking into. Where it
    is sent to another process, the connection stays behind: no secret goes along, and that process logs in itself.
    """

    def __init__(
        self,
        connection: Connection,
        first_look: FirstLook,
        to_read: tuple[Listing, ...],
        missing: tuple[str, ...] = (),
    ) -> None:
        """`missing` are listings of the dialect that this cloud's API does not have."""
        self.settings = connection.settings
        self.project_id = connection.project_id
        self.first_look = first_look
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


def enter(settings: CloudSettings, remembered: str | None = None) -> Visit:
    """Log in, look, and know which listings to read. `remembered` is the dialect of the runs before.

    Raises: SettingsError, CloudError, TransientError, as connect and look do.
    """
    connection = connect(settings)
    first_look = look(connection, remembered)
    api = _api(connection, first_look)
    missing = missing_listings(first_look.dialect, api)
    if missing:
        log.warning(
            "cloud %s: its image API is an old one and does not have %s; the listings of those are not read",
            settings.name,
            " and ".join(f"{name} images" for name in missing),
        )
    return Visit(
        connection, first_look, listings(first_look.dialect, connection.project_id, settings.listings, api), missing
    )


def enter_for_run(settings: CloudSettings, remembered: str | None = None) -> Visit:
    """Enter a cloud that a run is to read. Raises: as enter; WrongClock."""
    visit = enter(settings, remembered)
    try:
        check_clocks(settings.name, visit.first_look)
    except WrongClock:
        visit.connection.client.close()
        raise
    return visit


def check_clocks(cloud: str, first_look: FirstLook) -> None:
    """Raise WrongClock where our clock and the cloud's are so far apart that a run could not be put in order."""
    difference = first_look.clock_difference
    if difference is not None and abs(difference) > _LARGEST_DIFFERENCE:
        raise WrongClock(
            f"cloud {cloud}: by this machine's clock it is {first_look.started_at - difference:%Y-%m-%d %H:%M} UTC, "
            f"by the cloud's {first_look.started_at:%Y-%m-%d %H:%M}",
            "Nothing is read: runs with a wrong time could not be put in order. Set this machine's clock (NTP); "
            "if it is right, have the cloud's or its gateway's set.",
        )


def _api(connection: Connection, first_look: FirstLook) -> ImageApi:
    """What the API has: asked only where it may be old, and all listings of a plain OpenStack are to be read."""
    if first_look.dialect != OPENSTACK or first_look.is_recent or connection.settings.listings:
        return ImageApi()
    return ask_what_it_has(connection, f"cloud {connection.settings.name}")
