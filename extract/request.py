"""One GET to the image service, once, and what its answer means: a table of statuses.

Called through extract.asking, which tries again. Knows answers and errors, not what is in a body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from core.errors import CloudError, Refused, TransientError
from extract.answers import date_header, is_passing, retry_after_seconds
from extract.connection import Connection
from extract.signed_auth import SignedAuth, clock_difference
from extract.stopping import PROCESS_STOP, StopSignal
from extract.transport import location_of, proxy_of, send

PASSING: Final = {
    408: "the image service waited too long for our request",
    429: "the cloud asks us to slow down",
    500: "the image service failed",
    502: "the gateway got no good answer from the image service",
    503: "the image service is unavailable",
    504: "the gateway got no answer from the image service in time",
}
FINAL: Final = {
    400: ("the image service does not understand the request", "Check dialect, page_size and api_version."),
    401: ("the cloud refuses our token, a fresh one too, or our signature", ""),
    403: ("the account may not do this", "Ask for a role that may list images, or leave the listing out."),
    404: ("there is no such thing at the image endpoint", "Check the endpoint: it is what comes before /v2/images."),
    407: (
        "the proxy wants a login",
        "Write user and password into the proxy variable: http://user:password@host:port.",
    ),
    511: ("the network wants a login before it lets requests through", "Log in to the network."),
}
THROTTLED_BY_GATEWAY: Final = b"APIGW.0308"
"""The vendor's gateway throttles with this code, mostly as 429, at times as 403."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with status 200. `received_at` is our clock's, `served_at` the server's (Date), both UTC."""

    url: str
    status: int
    body: bytes
    received_at: datetime
    served_at: datetime | None


def get(
    connection: Connection,
    url: str,
    parameters: Mapping[str, str],
    where: str,
    stopped: StopSignal = PROCESS_STOP,
) -> Answer:
    """One GET, once. `where` begins every error's sentence (cloud, listing, page).

    Raises: TransientError for what another try may change; Refused for any other status than 200; CloudError for a
    certificate that cannot be trusted and an answer that cannot be used; SettingsError; Stopped.
    """
    settings = connection.settings
    limits = {"largest_bytes": settings.largest_page_bytes, "answer_seconds": settings.page_timeout_seconds}
    try:
        request = connection.client.build_request("GET", url, params=parameters, extensions=limits)
    except (httpx.InvalidURL, ValueError) as exc:
        raise CloudError(f"{where}: {connection.secrets.url(url)} cannot be asked for ({type(exc).__name__})") from None
    with connection.limiter.slot(where, stopped) as slot:
        response = send(connection.client, request, where, connection.secrets)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or THROTTLED_BY_GATEWAY in _said(response):
            connection.limiter.throttled(slot)
    received_at = datetime.now(UTC).replace(tzinfo=None)
    if response.status_code != httpx.codes.OK:
        raise _refusal(connection, response, received_at, where)
    return Answer(
        url=str(response.url),
        status=response.status_code,
        body=response.content,
        received_at=received_at,
        served_at=date_header(response),
    )


def _said(response: httpx.Response) -> bytes:
    """What the answer says where it is no page."""
    return b"" if response.is_success else response.content


def _refusal(connection: Connection, response: httpx.Response, received_at: datetime, where: str) -> CloudError:
    status, proxy = response.status_code, proxy_of(response.request)
    said = connection.secrets.excerpt(response.content, response.request.headers)
    detail = f" ({status}{': ' + said if said else ''})"
    if proxy and response.request.url.scheme == "http":
        detail += f", asked through the proxy {proxy}, which may have answered itself"
    if is_passing(status) or THROTTLED_BY_GATEWAY in _said(response):
        what = PASSING.get(status, PASSING[500] if status > httpx.codes.INTERNAL_SERVER_ERROR else PASSING[429])
        return TransientError(f"{where}: {what}{detail}", "Try again later.", retry_after_seconds(response))
    location = location_of(response)
    if response.is_redirect and location:
        return Refused(
            f"{where}: the endpoint redirects to {connection.secrets.url(location)} ({status})",
            "No redirect is followed, for the token would go along; set endpoint to the right address.",
            status,
        )
    what, advice = FINAL.get(status, ("the image service gave an answer that we cannot use", ""))
    if status == httpx.codes.UNAUTHORIZED or (
        status == httpx.codes.FORBIDDEN and isinstance(connection.client.auth, SignedAuth)
    ):
        advice = f"{_advice_for_401(connection, date_header(response), received_at)} {advice}".strip()
    return Refused(f"{where}: {what}{detail}", advice, status)


def _advice_for_401(connection: Connection, served_at: datetime | None, received_at: datetime) -> str:
    if isinstance(connection.client.auth, SignedAuth):
        difference = clock_difference(served_at, received_at)
        advice = "Check the access key and the secret key, and that the endpoint is their cloud's."
        return f"{difference} {advice}" if difference else advice
    if connection.has_fixed_token:
        return "A token lives for hours only: get a new one, or log in with a password or an application credential."
    return "Check the account, and that the endpoint is its cloud's."
