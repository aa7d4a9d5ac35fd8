"""Sends one GET to the image API, parses the answer, and retries if that may help.

For pages, probes and single images; extract.reading has a retry of its own, because it lands what it gets.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote

from core.errors import Refused
from extract.body import PageBody, parse_page
from extract.connection import Connection
from extract.request import Answer, get
from extract.retry import with_retry
from extract.stopping import PROCESS_STOP, StopSignal

T = TypeVar("T")

_DOT_SEGMENTS: Final = (".", "..")


def ask(
    connection: Connection,
    url: str,
    parameters: Mapping[str, str],
    where: str,
    parse: Callable[[bytes, str], T],
    stopped: StopSignal = PROCESS_STOP,
) -> tuple[Answer, T]:
    """Return the answer and the result of `parse(body, where)`. A body that is cut off is asked for again.

    Raises: Refused for a final status; TransientError when the connection's retry time is used up; CloudError;
    Stopped.
    """

    def once() -> tuple[Answer, T]:
        answer = get(connection, url, parameters, where, stopped)
        return answer, parse(answer.body, where)

    return with_retry(once, connection.settings.retry_policy, where, stopped=stopped)


def ask_page(
    connection: Connection, query: Mapping[str, str], where: str, stopped: StopSignal = PROCESS_STOP
) -> tuple[Answer, PageBody]:
    """Return a page of `GET /v2/images`. Raises: as `ask`."""
    return ask(connection, connection.images_url, query, where, parse_page, stopped)


def is_listed(
    connection: Connection, filters: Mapping[str, str], identity: str, where: str, stopped: StopSignal = PROCESS_STOP
) -> bool:
    """Whether the listing with these filters still has the image: only then is its id a marker. Raises: as `ask`."""
    query = {**filters, "limit": "1", "sort_key": "id", "sort_dir": "asc", "marker": identity}
    try:
        ask_page(connection, query, f"{where}, image {identity}", stopped)
    except Refused:
        return False
    return True


def image_url(connection: Connection, identity: str) -> str | None:
    """Return the address of one image; None if a URL cannot contain the id.

    Reserved characters of an id are percent-encoded, and proxies must not decode them. But a path that ends in `.` or
    `..` is another path, even if the dots are encoded, and the answer would be about something else.
    Source: RFC 3986, sections 2.2, 5.2.4 and 6.2.2.
    """
    return None if identity in _DOT_SEGMENTS else f"{connection.images_url}/{quote(identity, safe='')}"
