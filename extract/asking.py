"""Ask the image API for something until it answers: one GET, parsed, tried again where that may help.

Everything is asked through here: pages, probes, the first look, single images.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from extract.body import PageBody, parse_page
from extract.connection import Connection
from extract.request import Answer, get
from extract.retry import with_retry
from extract.stopping import PROCESS_STOP, StopSignal

T = TypeVar("T")

_UNRESERVED: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._~-]+")


def ask(
    connection: Connection,
    url: str,
    parameters: Mapping[str, str],
    where: str,
    parse: Callable[[bytes, str], T],
    stopped: StopSignal = PROCESS_STOP,
) -> tuple[Answer, T]:
    """Return the answer and what `parse(body, where)` makes of it. A body that breaks off is asked for again.

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


def image_url(connection: Connection, identity: str) -> str | None:
    """Return the address of one image; None where the id cannot stand in a path as it is.

    A client, a proxy or the server may normalise any other id to another path (`..` to the version's page), and the
    answer would be about something else. Source: RFC 3986, sections 2.3 and 6.2.2.
    """
    return f"{connection.images_url}/{identity}" if _UNRESERVED.fullmatch(identity) else None
