"""The only HTTP stack, for the login and for images: proxies, certificates, and answers that are complete or an error.

It reads and decodes an answer completely, with limits of size and time, before the caller gets it. So an answer does
not occupy a connection while a token is renewed, and callers cannot read without a limit.
"""

import re
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from core.errors import CloudError, GlancebackError, TransientError
from core.proxies import proxy_for
from core.redaction import Secrets, shown_url
from extract.deadline import observe_deadlines, over_within
from extract.decoding import BrokenCoding, TooLarge, UnknownCoding, decoded

_MOST_BYTES_OF_AN_ERROR: Final = 65_536
"""The body of an error is read up to this size."""
_FRAMING: Final = ("content-encoding", "content-length", "transfer-encoding")
_LOCATION: Final = "glanceback.location"
_PROXY: Final = "glanceback.proxy"
_TRANSIENT_PROXY_STATUSES: Final = (408, 429, 500, 502, 503, 504)
_NOT_TEXT: Final = "illegal request line"
"""h11's message for an answer that begins with control characters, as from a server that expects TLS."""


class WholeAnswers(httpx.BaseTransport):
    """Sends each request through the proxy that the environment names for it. Threads may share this.

    `context` is called when TLS is first needed. The extensions `largest_bytes` and `answer_seconds` of a request
    replace `largest_bytes` and `seconds`.
    """

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        environment: Mapping[str, str],
        *,
        connections: int,
        largest_bytes: int,
        seconds: float,
    ) -> None:
        self._context = context
        self._environment = dict(environment)
        self._limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._largest_bytes = largest_bytes
        self._seconds = seconds
        self._transports: dict[tuple[str | None, bool], httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the complete answer. Raises: httpx.RequestError and its subclasses; SettingsError."""
        proxy = proxy_for(str(request.url), self._environment)
        request.extensions[_PROXY] = shown_url(proxy) if proxy else None
        transport = self._through(proxy, request.url.scheme)
        try:
            with over_within(request.extensions.get("answer_seconds", self._seconds)):
                return self._whole(transport.handle_request(request), request)
        except (httpx.HTTPError, GlancebackError):
            raise
        except Exception as exc:
            # httpcore and h11 raise more kinds of errors than they document, for instance assertions about a proxy's
            # answer. In any case this request failed.
            raise httpx.RemoteProtocolError(f"{type(exc).__name__}: {exc}") from exc

    def close(self) -> None:
        with self._lock:
            for transport in self._transports.values():
                transport.close()

    def _through(self, proxy: str | None, scheme: str) -> httpx.HTTPTransport:
        is_tls_proxy = proxy is not None and proxy.startswith("https:")
        # Loading the authorities' certificates takes 0.1 s or more, so it is done only for TLS.
        is_tls = is_tls_proxy or scheme == "https"
        with self._lock:
            if (proxy, is_tls) not in self._transports:
                context = self._context() if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                transport = httpx.HTTPTransport(
                    verify=context,
                    trust_env=False,
                    limits=self._limits,
                    proxy=httpx.Proxy(proxy, ssl_context=context if is_tls_proxy else None) if proxy else None,
                )
                observe_deadlines(transport)
                self._transports[proxy, is_tls] = transport
            return self._transports[proxy, is_tls]

    def _whole(self, response: httpx.Response, request: httpx.Request) -> httpx.Response:
        try:
            largest = request.extensions.get("largest_bytes", self._largest_bytes)
            body = _body(response, largest) if response.is_success else _first_bytes(response, largest)
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _FRAMING]
        # httpx would build a request from Location, and fail if it is not a URL; and it would store cookies.
        withheld = (b"location", b"set-cookie")
        return httpx.Response(
            response.status_code,
            headers=[(name, value) for name, value in headers if name.lower() not in withheld],
            content=body,
            extensions={**response.extensions, _LOCATION: response.headers.get("Location")},
            request=request,
        )


def _body(response: httpx.Response, largest_bytes: int) -> bytes:
    try:
        return b"".join(decoded(response.iter_raw(), response.headers.get("Content-Encoding", ""), largest_bytes))
    except TooLarge:
        raise UnusableAnswer(
            f"the answer is larger than {largest_bytes} bytes", "Lower page_size, or raise largest_page_bytes."
        ) from None
    except UnknownCoding as exc:
        raise UnusableAnswer(
            f"the answer is coded as {str(exc)[:100]!r}, which was not asked for",
            "The proxies and gateways must respect Accept-Encoding.",
        ) from None
    except BrokenCoding as exc:
        raise httpx.DecodingError(str(exc)) from exc


def _first_bytes(response: httpx.Response, largest_bytes: int) -> bytes:
    """Return the readable beginning of an error's body. Decoding errors are ignored: the status matters more."""
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in decoded(response.iter_raw(), response.headers.get("Content-Encoding", ""), largest_bytes):
            pieces.append(piece)
            size += len(piece)
            if size >= _MOST_BYTES_OF_AN_ERROR:
                break
    except (TooLarge, UnknownCoding, BrokenCoding):
        pass
    return b"".join(pieces)[:_MOST_BYTES_OF_AN_ERROR]


def location_of(response: httpx.Response) -> str | None:
    """Return the target of a redirect, as the answer states it."""
    location: str | None = response.extensions.get(_LOCATION)
    return location


def proxy_of(request: httpx.Request) -> str | None:
    """Return the proxy that the request went through, without user and password."""
    proxy: str | None = request.extensions.get(_PROXY)
    return proxy


class UnusableAnswer(httpx.RequestError):
    """An answer that a retry will not change. `advice`: what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


def send(client: httpx.Client, request: httpx.Request, where: str, secrets: Secrets) -> httpx.Response:
    """Return the answer to the request, whatever its status. `where` begins the text of every error.

    This is the only boundary to the network: it replaces every error of httpx and the layers below.
    Raises: TransientError if a retry may help, otherwise CloudError; SettingsError; the errors of the client's `auth`.
    """
    try:
        response = client.send(request)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, RuntimeError, OSError) as exc:
        proxy = proxy_of(request)
        way = secrets.url(str(request.url)) + (f" through the proxy {proxy}" if proxy else "")
        raise _our_error(exc, where, way, proxy, secrets.excerpt(str(exc)) or type(exc).__name__) from None
    # httpx's stream refers to its response: this cycle would keep the body until Python's garbage collection.
    response.stream = httpx.ByteStream(b"")
    return response


def _our_error(exc: Exception, where: str, way: str, proxy: str | None, said: str) -> CloudError:
    if isinstance(exc, httpx.TimeoutException):
        return TransientError(
            f"{where}: no answer in time ({said})",
            "If the cloud is slow, raise read_timeout_seconds or page_timeout_seconds, or lower page_size.",
        )
    if isinstance(exc, UnusableAnswer):
        return CloudError(f"{where}: {exc}", exc.advice)
    if isinstance(exc, httpx.DecodingError):
        return TransientError(f"{where}: the answer's compression is broken ({said})")
    if isinstance(exc, httpx.ProxyError):
        status = re.match(r"\d{3}\b", said)
        passes = int(status[0]) in _TRANSIENT_PROXY_STATUSES if status else "could not connect" in said
        return (TransientError if passes else CloudError)(
            f"{where}: the proxy {proxy} refuses to connect us ({said})",
            "This is the proxy's answer, not the cloud's. Check the proxy variables, the user and password in them, "
            "and NO_PROXY.",
        )
    if isinstance(exc, httpx.TransportError):
        return _broken_connection(exc, where, way, said)
    # InvalidURL, or a header or parameter that cannot be sent: the request is wrong, not the network.
    return CloudError(f"{where}: {way} cannot be asked for ({type(exc).__name__}: {said})", "Check the endpoint.")


def _broken_connection(exc: Exception, where: str, way: str, said: str) -> CloudError:
    if is_untrusted_certificate(exc):
        return CloudError(
            f"{where}: the certificate of {way} cannot be trusted ({said})",
            "Set cacert in clouds.yaml (or OS_CACERT) to the authority's certificate.",
        )
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said:
        return CloudError(
            f"{where}: {way} does not speak TLS ({said})", "Check whether the address begins with http://."
        )
    if said == _NOT_TEXT:
        said = "its answer is not HTTP: if it speaks TLS, the address begins with https://"
    return TransientError(
        f"{where}: the connection to {way} failed ({said})",
        "Check the endpoint, the network, the proxy and the certificates.",
    )


def is_untrusted_certificate(exc: BaseException | None) -> bool:
    """Return whether the error was caused by a certificate that cannot be verified."""
    while exc is not None and not isinstance(exc, ssl.SSLCertVerificationError):
        exc = exc.__cause__ or exc.__context__
    return exc is not None
