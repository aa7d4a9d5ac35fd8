"""The HTTP side: paths, the check of the token, and the server that listens. Called by the command line.

A path may begin with /cloud/NAME, /as-of/WHEN or both, in this order; the rest is a path of the image API. Every answer
comes from the published copy, and nothing is ever written.
"""

import re
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import uvicorn
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from api.answers import READING, answer, refusal
from api.copies import Copies
from api.discovery import schema, versions
from api.question import LARGEST_PAGE, Question, parse_question
from api.refusal import Refusal
from core.errors import SettingsError
from core.wording import reason

_VERSION: Final = re.compile(r"v2(\.\d{1,2})?")
_THREADS: Final = 8
_STOP_SECONDS: Final = 20.0
_SERVICES: Final = ((), ("versions",), ("v2",))


@dataclass(slots=True)
class Served:
    """What is served, and to whom. `cloud` and `when` apply to paths that name none. `token`: None for everybody.

    `when` may be changed at any time; it applies from the next request on.
    `landing`: the folder with the raw pages, for images exactly as the cloud sent them. `largest_page`: a number of
    images.
    """

    published: Path
    projects: Mapping[str, str] = field(default_factory=dict)
    cloud: str | None = None
    when: str | None = None
    token: str | None = field(default=None, repr=False)
    landing: Path | None = None
    largest_page: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class _Place:
    """A parsed path. `service`: the part before the path of the image API, as it was written."""

    cloud: str | None
    when: str | None
    service: str
    path: tuple[str, ...]


def application(served: Served) -> Starlette:
    """The API as an ASGI application."""
    copies = Copies(served.published, served.projects, served.landing)
    api = _Api(served, copies)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        copies.close()

    return Starlette(routes=[Mount("/", app=api)], lifespan=lifespan)


def serve(served: Served, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted; port 0: any free port. `say` gets the address. Raises: SettingsError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = listening_socket((host, port), family)
    except OSError as exc:
        raise SettingsError(
            f"cannot listen on {host}, port {port} ({reason(exc)})", "Use another --port or --host."
        ) from exc
    named = f"[{host}]" if ":" in host else host
    with listening:
        say(f"http://{named}:{listening.getsockname()[1]}")
        server(served).run(sockets=[listening])


@contextmanager
def in_background(served: Served) -> Iterator[str]:
    """The address of the API on a free port of 127.0.0.1; a thread serves it until the end of the block."""
    running = server(served)
    with listening_socket(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join(_STOP_SECONDS)


def listening_socket(address: tuple[str, int], family: int = socket.AF_INET) -> socket.socket:
    """A socket for `server`. Raises: OSError.

    Head and body of an answer leave in two packets. By default the kernel delays the second packet until the client has
    acknowledged the first, which takes 40 ms. asyncio changes that only for sockets that name their protocol.
    """
    listening = socket.create_server(address, family=family, backlog=256)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def server(served: Served) -> uvicorn.Server:
    """The server, ready to be run on a socket that listens."""
    return uvicorn.Server(
        uvicorn.Config(
            application(served), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
        )
    )


class _Api:
    def __init__(self, served: Served, copies: Copies) -> None:
        self._served = served
        self._copies = copies
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if self._limiter is None:
            self._limiter = CapacityLimiter(_THREADS)
        response = await run_sync(self._answer, request, limiter=self._limiter)
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        dialect: str | None = None
        following: Question | None = None
        try:
            place = self._place(request)
            if request.method not in READING:
                raise Refusal(405, f"{request.method} is not allowed: this API shows the history, and changes nothing.")
            if place.path in _SERVICES:
                status = 200 if place.path else 300
                return answer(request, versions(_address(request, place.service)), None, status)
            self._check(request)
            with self._copies.snapshot(place.cloud, place.when) as snapshot:
                dialect = snapshot.view.dialect
                match place.path:
                    case ("v2", "images"):
                        question = parse_question(request.scope.get("query_string", b""), self._served.largest_page)
                        body, following = snapshot.page(question), snapshot.next_question(question)
                    case ("v2", "images", identity):
                        found = snapshot.image(identity)
                        if found is None:
                            raise Refusal(404, f"No image found with ID {identity}")
                        body = found
                    case ("v2", "schemas", name) if (described := schema(name, dialect)) is not None:
                        return answer(request, described, None)
                    case _:
                        raise Refusal(404, "The resource could not be found.")
                response = answer(request, body, snapshot.view.changed_at)
            if following is not None:
                response.background = BackgroundTask(self._make_ahead, place, following)
            return response
        except Refusal as refused:
            return refusal(request, refused, dialect)

    def _make_ahead(self, place: _Place, question: Question) -> None:
        """Make a page before it is requested. An error is ignored: the request for the page will show it."""
        with suppress(Refusal), self._copies.snapshot(place.cloud, place.when) as snapshot:
            snapshot.page(question)

    def _place(self, request: Request) -> _Place:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        parts = [part for part in raw.decode("latin-1").split("/") if part]
        taken = 0
        cloud, when = self._served.cloud, self._served.when
        if parts[:1] == ["cloud"] and len(parts) > 1:
            cloud, taken = _text(parts[1]), 2
        if parts[taken : taken + 1] == ["as-of"] and len(parts) > taken + 1:
            when, taken = _text(parts[taken + 1]), taken + 2
        path = [_text(part) for part in parts[taken:]]
        if path and _VERSION.fullmatch(path[0]):
            path[0] = "v2"
        return _Place(cloud, when, "".join(f"/{part}" for part in parts[:taken]), tuple(path))

    def _check(self, request: Request) -> None:
        """Raises: Refusal, 401, if a token is needed and the request does not have it."""
        if self._served.token is None:
            return
        # Starlette decodes headers as Latin-1: encoding them gives the bytes that were sent.
        given = request.headers.get("X-Auth-Token", "")
        if not secrets.compare_digest(given.encode("latin-1"), self._served.token.encode()):
            raise Refusal(401, "Send the token that api_token has in the settings, as X-Auth-Token.")


def _text(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as exc:
        raise Refusal(400, "The path is not UTF-8 text.") from exc


def _address(request: Request, service: str) -> str:
    """The address at which the client found the service, without a slash at the end."""
    return f"{request.url.scheme}://{request.headers.get('Host', 'localhost')}{service}"
