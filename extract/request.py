"""Sends one GET to the image service, without retry, and turns the status of the answer into an error.

Called through extract.asking and extract.reading, which retry. Knows answers and errors, not the content of bodies.
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

TRANSIENT: Final = {
    408: "the image service waited too long for our request",
    429: "the cloud asks us to slow down",
    500: "the image service failed",
    502: "the gateway got an invalid answer from the image service",
    503: "the image service is unavailable",
    504: "the gateway got no answer from the image service in time",
}
FINAL: Final = {
    400: ("the image service does not understand the request", "Check dialect, page_size and api_version."),
    401: ("the cloud refuses our token, even a new one, or our signature", ""),
    403: ("the account may not do this", "Ask for a role that may list images, or leave the listing out."),
    404: ("the image endpoint does not know this address", "Check the endpoint: it is the part before /v2/images."),
    407: (
        "the proxy requires a login",
        "Write user and password into the proxy variable: http://user:password@host:port.",
    ),
    511: ("the network requires a login before it passes requests on", "Log in to the network."),
}
THROTTLED_BY_GATEWAY: Final = b"APIGW.0308"
"""The code with which the vendor's gateway throttles, usually with status 429, sometimes 403."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200. `received_at`: by our clock; `served_at`: by the server's clock (Date). Both UTC."""

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
    """Send one GET. `where` begins the text of every error (cloud, listing, page).

    Raises: TransientError if a retry may help; Refused for other statuses than 200; CloudError if the certificate
    cannot be trusted or the answer cannot be used; SettingsError; Stopped.
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
    """The body of an answer that is not a success."""
    return b"" if response.is_success else response.content


def _refusal(connection: Connection, response: httpx.Response, received_at: datetime, where: str) -> CloudError:
    status, proxy = response.status_code, proxy_of(response.request)
    said = connection.secrets.excerpt(response.content, response.request.headers)
    detail = f" ({status}{': ' + said if said else ''})"
    if proxy and response.request.url.scheme == "http":
        detail += f", through the proxy {proxy}, which may have answered itself"
    if is_passing(status) or THROTTLED_BY_GATEWAY in _said(response):
        what = TRANSIENT.get(status, TRANSIENT[500] if status > httpx.codes.INTERNAL_SERVER_ERROR else TRANSIENT[429])
        return TransientError(f"{where}: {what}{detail}", "Try again later.", retry_after_seconds(response))
    location = location_of(response)
    if response.is_redirect and location:
        return Refused(
            f"{where}: the endpoint redirects to {connection.secrets.url(location)} ({status})",
            "Redirects are not followed, because the token would be sent along; set endpoint to the right address.",
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
        advice = "Check the access key and the secret key, and that the endpoint belongs to their cloud."
        return f"{difference} {advice}" if difference else advice
    if connection.has_fixed_token:
        return "A token expires after hours: get a new one, or log in with a password or an application credential."
    return "Check the account, and that the endpoint belongs to its cloud."
