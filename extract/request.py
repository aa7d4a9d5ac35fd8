"""One GET, once, and what its answer means: a table of statuses. `where` begins every error's sentence.

Called through extract.asking, which tries again. Knows answers and exceptions, not what is in a body.
"""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from extract.account import CloudSettings
from extract.connection import Connection
from extract.errors import CloudError, Refused, TransientError
from extract.redact import excerpt, shown_url

WORTH_ANOTHER_TRY = {
    429: "the cloud asks us to slow down",
    500: "the image service failed",
    502: "the gateway got no good answer from the image service",
    503: "the image service is unavailable",
    504: "the gateway got no answer from the image service in time",
}
FINAL = {
    400: ("the image service does not understand the request", "Check dialect, page_size and api_version."),
    401: (
        "the cloud refuses our token, a fresh one too, or our signature",
        "Check the account, that the endpoint is its cloud's, and for a signature this machine's clock.",
    ),
    403: ("the account may not do this", "Ask for a role that may list images, or leave the listing out."),
    404: ("there is no such thing at the image endpoint", "Check the endpoint: it is what comes before /v2/images."),
}
THROTTLED_BY_GATEWAY = b"APIGW.0308"
"""The vendor's gateway throttles with this code, mostly as 429, at times as 403."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with status 200. `received_at` is our clock's, `served_at` the server's (Date), both UTC."""

    url: str
    status: int
    body: bytes
    received_at: datetime
    served_at: datetime | None


def get(connection: Connection, url: str, parameters: Mapping[str, str], where: str) -> Answer:
    """One GET, once. `where` begins every error's sentence (cloud, listing, page).

    Raises: TransientError for what WORTH_ANOTHER_TRY lists and for broken connections; Refused for any other status
    than 200; CloudError for a certificate that cannot be trusted.
    """
    try:
        with connection.pace.turn():
            began = time.monotonic()
            with connection.client.stream("GET", url, params=parameters) as response:
                body = _bounded_body(response, connection.settings, where)
            connection.pace.answered(time.monotonic() - began, len(body))
    except httpx.TimeoutException as exc:
        raise TransientError(
            f"{where}: no answer in time ({exc or type(exc).__name__})",
            "If the cloud is slow, raise read_timeout_seconds or page_timeout_seconds, or lower page_size.",
        ) from exc
    except httpx.TransportError as exc:
        if "CERTIFICATE_VERIFY_FAILED" in str(exc):
            raise CloudError(
                f"{where}: the certificate of {shown_url(url)} cannot be trusted ({exc})",
                "Set cacert in clouds.yaml (or OS_CACERT) to the authority's certificate.",
            ) from exc
        raise TransientError(
            f"{where}: the connection to {shown_url(url)} failed ({exc or type(exc).__name__})",
            "Check the endpoint, the network, the proxy and the certificates.",
        ) from exc
    except httpx.DecodingError as exc:
        raise TransientError(f"{where}: the answer's compression is broken ({exc})") from exc
    if response.status_code == httpx.codes.OK:
        return Answer(
            url=str(response.url),
            status=response.status_code,
            body=body,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            served_at=date_header(response),
        )
    error = _refusal(response, body, where)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or THROTTLED_BY_GATEWAY in body:
        connection.pace.throttled()
    raise error


def date_header(response: httpx.Response) -> datetime | None:
    """The server's clock, UTC without zone, whole seconds; None where it does not say. Source: RFC 9110, 6.6.1."""
    try:
        served_at = email.utils.parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return served_at.astimezone(UTC).replace(tzinfo=None) if served_at.tzinfo else served_at


def retry_after_seconds(response: httpx.Response) -> float | None:
    """What Retry-After asks for, in seconds or as a date; None where that is unusable. Source: RFC 9110, 10.2.3."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    now = date_header(response) or datetime.now(UTC).replace(tzinfo=None)
    return max(0.0, (until.replace(tzinfo=None) - now).total_seconds())


def _bounded_body(response: httpx.Response, settings: CloudSettings, where: str) -> bytes:
    """The body, decompressed as it comes: a few kilobytes may hold gigabytes."""
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > settings.largest_page_bytes:
            raise CloudError(
                f"{where}: the answer is larger than {settings.largest_page_bytes} bytes",
                "Lower page_size, or raise largest_page_bytes.",
            )
    return b"".join(chunks)


def _refusal(response: httpx.Response, body: bytes, where: str) -> CloudError:
    status = response.status_code
    secrets = [response.request.headers.get("X-Auth-Token", "")]
    said = excerpt(body, secrets)
    detail = f" ({status}{': ' + said if said else ''})"
    if status in WORTH_ANOTHER_TRY or THROTTLED_BY_GATEWAY in body:
        what = WORTH_ANOTHER_TRY.get(status, WORTH_ANOTHER_TRY[429])
        return TransientError(f"{where}: {what}{detail}", "Try again later.", retry_after_seconds(response))
    if response.is_redirect:
        target = shown_url(response.headers.get("Location", ""))
        return Refused(
            f"{where}: the endpoint redirects to {target} ({status})",
            "No redirect is followed, for the token would go along; set endpoint to the right address.",
            status,
        )
    what, advice = FINAL.get(status, ("the image service gave an answer that we cannot use", ""))
    return Refused(f"{where}: {what}{detail}", advice, status)
