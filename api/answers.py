"""HTTP responses: headers, conditional requests, compression, and errors in the form of the dialect.

Source: RFC 9110, 8.8, 12.5.3 and 13; the vendor's error codes ('Response Format'); Glance's answers as WebOb writes
them.
"""

import html
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.body import Body
from api.refusal import Refusal
from extract.listing import IMS

READING: Final = ("GET", "HEAD")
_PIECE: Final = 2_097_152
"""The most bytes that are sent at once: a page of 1,000 usual images. A longer one is sent in pieces."""
_WRONG_REQUEST: Final = "IMG.0001"
"""The vendor's code for a request whose form is wrong."""

_PAGE: Final = """<html>
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
  {message}
 </body>
</html>"""


def answer(request: Request, body: Body, changed_at: datetime | None, status: int = 200) -> Response:
    """The response with this body, or 304 if the client has it. `changed_at`: when the content last changed, UTC."""
    headers = {
        "ETag": f'W/"{body.tag}"',
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding, X-Auth-Token",
        "X-Openstack-Request-Id": _request_id(),
    }
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.replace(microsecond=0, tzinfo=UTC), usegmt=True)
    if status == HTTPStatus.OK and _has_it(request, body, changed_at):
        return Response(status_code=304, headers=headers)
    content = body.content
    if body.is_worth_compressing and _takes_gzip(request.headers.get("Accept-Encoding", "")):
        content = body.compressed
        headers["Content-Encoding"] = "gzip"
    if len(content) <= _PIECE:
        return Response(content, status, headers, "application/json")
    headers["Content-Length"] = str(len(content))
    return StreamingResponse(_pieces(content), status, headers, media_type="application/json")


def refusal(request: Request, refused: Refusal, dialect: str | None) -> Response:
    """The error response, as the dialect's service writes it. `dialect`: None if the request is about no cloud."""
    status = HTTPStatus(refused.status)
    headers = {"X-Openstack-Request-Id": _request_id()}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(READING)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "X-Auth-Token"
    if dialect == IMS:
        code = _WRONG_REQUEST if status is HTTPStatus.BAD_REQUEST else str(status.value)
        content = json.dumps({"error": {"message": refused.message, "code": code}}, ensure_ascii=False)
        return Response(content, status, headers, "application/json")
    title = f"{status.value} {status.phrase}"
    accepted = request.headers.get("Accept", "")
    message = f"{html.escape(refused.message)}<br /><br />\n\n\n"
    if "application/json" in accepted and "text/html" not in accepted:
        content = json.dumps({"message": message, "code": title, "title": status.phrase}, ensure_ascii=False)
        return Response(content, status, headers, "application/json")
    page = _PAGE.format(title=title, message=message)
    return Response(page, status, headers, "text/html; charset=UTF-8")


def _request_id() -> str:
    return f"req-{uuid4()}"


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), _PIECE):
        yield content[begin : begin + _PIECE]


def _has_it(request: Request, body: Body, changed_at: datetime | None) -> bool:
    """Whether the client has this content. If it sends both conditions, the tag decides (RFC 9110, 13.2.2)."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or body.tag in {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
    since = request.headers.get("If-Modified-Since")
    if since is None or changed_at is None:
        return False
    try:
        return changed_at.replace(microsecond=0, tzinfo=UTC) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _takes_gzip(accepted: str) -> bool:
    """RFC 9110, 12.5.3: a weight of 0 refuses a coding; `*` stands for all codings that are not named."""
    weights = {}
    for part in accepted.lower().replace(" ", "").split(","):
        coding, _, weight = part.partition(";q=")
        weights[coding] = weight
    given = weights.get("gzip", weights.get("*", "0"))
    return given == "" or given.strip("0.") != ""
