"""Logs in at the identity service with keystoneauth1, whose requests go through our transport.

So the login has the same proxies, certificates, time limits and size limits as the requests for images. Called by
extract.connection. Does not know images.
"""

import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter

from core.errors import CloudError, GlancebackError, LoginRefused, SettingsError, TransientError
from core.redaction import Secrets
from extract.answers import is_passing, retry_after_seconds
from extract.body import parse_json
from extract.credentials import header_safe
from extract.decoding import ANNOUNCED
from extract.token_auth import origin_of
from extract.transport import is_untrusted_certificate, location_of, send

T = TypeVar("T")

LARGEST_BYTES: Final = 16_777_216
"""The limit of an answer. A token with its catalogue has some kilobytes, in a cloud with many regions some hundred."""

_REDIRECTS: Final = (301, 302, 303, 305, 307, 308)
_VERSION: Final = re.compile(r"/v\d")
_ADVICE: Final = (
    (re.compile(r"expired", re.I), "Change the password, or make a new token or application credential."),
    (re.compile(r"locked", re.I), "The account is locked: wait, or have it unlocked."),
    (re.compile(r"disabled", re.I), "The user, project or domain is disabled: ask an administrator to enable it."),
    (
        re.compile(r"expecting to find domain in (user|project)", re.I),
        "Set user_domain_name and project_domain_name: names are unique in their domain only.",
    ),
    (re.compile(r"could not find|no such|not found", re.I), "Check the names of project, user and domain."),
)
_CHECK_ALL: Final = (
    "Check user, password or application credential, or whether the token expired, and project and domain: "
    "the service does not say which is wrong. glanceback check finds out."
)
_BY_WAY_IN: Final = (
    (
        "ApplicationCredential",
        "The application credential's id or secret is wrong, or it has expired or was deleted; the service does not "
        "say which: make a new one. While one can be used, glanceback check says when it expires.",
    ),
    (
        "Token",
        "The token has expired, was revoked, or is not for this project: get a new one (openstack token issue). "
        "For nightly runs use an application credential: a token cannot be renewed.",
    ),
)
"""The advice if the login is refused, by a part of the class name of keystoneauth1's plugin."""


class IdentityAdapter(BaseAdapter):
    """Sends the requests of keystoneauth1's session through our client. `where` begins the text of every error.

    keystoneauth1 follows redirects and would send the password along, so redirects to another origin are errors here.
    """

    def __init__(self, client: httpx.Client, where: str, secrets: Secrets) -> None:
        super().__init__()
        self._client = client
        self._where = where
        self._secrets = secrets

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Send a request. Raises: TransientError, CloudError, SettingsError; keystoneauth1 passes them on."""
        url = str(request.url)
        has_secrets = request.body is not None or "X-Auth-Token" in request.headers
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = httpx.Headers({name: str(value) for name, value in request.headers.items()})
        headers["Accept-Encoding"] = ANNOUNCED
        where = f"{self._where}: the identity service does not answer correctly"
        try:
            asked = httpx.Request(
                str(request.method),
                url,
                headers=headers,
                content=body,  # type: ignore[arg-type]
                extensions={"timeout": self._client.timeout.as_dict()},
            )
            answer = send(self._client, asked, where, self._secrets)
        except CloudError as exc:
            if is_untrusted_certificate(exc):
                raise SettingsError(
                    f"{self._where}: the certificate of the identity service cannot be trusted ({exc.__cause__})",
                    "Set cacert in clouds.yaml (or OS_CACERT) to the authority's certificate.",
                ) from exc
            raise
        self._check_status(answer, url, where, has_secrets=has_secrets)
        return self._for_requests(answer, request)

    def close(self) -> None:
        self._client.close()

    def _check_status(self, answer: httpx.Response, url: str, where: str, *, has_secrets: bool) -> None:
        # If the address contains the version, keystoneauth1 does not need a document of versions.
        is_optional = not has_secrets and _VERSION.search(urlsplit(url).path)
        status = answer.status_code
        if is_passing(status) and not is_optional:
            said = self._secrets.excerpt(answer.content, answer.request.headers)
            raise TransientError(
                f"{where} ({status}{': ' + said if said else ''})", "Try again later.", retry_after_seconds(answer)
            )
        if status in _REDIRECTS:
            self._check_redirect(answer, url, has_secrets)
        elif answer.is_success or status == httpx.codes.MULTIPLE_CHOICES:
            try:
                parse_json(answer.content, where)
            except TransientError:
                raise
            except CloudError:
                if not is_optional:
                    raise

    def _check_redirect(self, answer: httpx.Response, url: str, has_secrets: bool) -> None:
        target = absolute_url(url, location_of(answer) or "")
        ours, its = origin_of(url), origin_of(target)
        is_same_host_over_tls = not has_secrets and its[:2] == ("https", ours[1])
        if ours != its and not is_same_host_over_tls:
            raise CloudError(
                f"{self._where}: the identity service redirects to {self._secrets.url(target)} ({answer.status_code})",
                "It is not followed, because the password would be sent there; set auth_url to the right address.",
            )

    def _for_requests(self, answer: httpx.Response, request: requests.PreparedRequest) -> requests.Response:
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        if location := location_of(answer):
            response.headers["Location"] = absolute_url(str(request.url), location)
        response._content, response._content_consumed = answer.content, True
        response.url = str(request.url)
        response.request = request
        response.encoding = "utf-8"
        response.connection = self  # type: ignore[assignment]
        return response


class KeystoneTokens:
    """keystoneauth1's session as a token source. Threads whose token is refused at the same time share a new one."""

    def __init__(self, session: Any, where: str, secrets: Secrets) -> None:
        self._session = session
        self._where = where
        self._secrets = secrets
        self._lock = threading.Lock()
        self._token: str | None = None
        self._failure: GlancebackError | None = None
        self._failed_at = 0.0

    def get(self) -> str | None:
        """Return the token; the first call logs in. Raises: as with_our_errors."""
        return self._token or self._other_than(None)

    def renew(self, refused: str) -> str | None:
        """Return a new token. Raises: CloudError, TransientError; not SettingsError, because the first login worked."""
        try:
            return self._other_than(refused)
        except SettingsError as exc:
            raise CloudError(exc.what, exc.advice) from exc

    def _other_than(self, refused: str | None) -> str | None:
        came_at = time.monotonic()
        with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            failure = self._failure
            if failure is not None and (self._failed_at >= came_at or not isinstance(failure, TransientError)):
                # Another thread failed while we waited, or failed for good: a wrong password that is sent repeatedly
                # locks the account.
                raise type(failure)(*failure.args)
            try:
                self._token = with_our_errors(
                    lambda: self._fetch(refused), self._where, self._secrets, self._session.auth
                )
            except GlancebackError as exc:
                self._failed_at, self._failure = time.monotonic(), exc
                raise
            self._failure = None
            return self._token

    def _fetch(self, refused: str | None) -> str | None:
        if refused is not None:
            self._session.invalidate()
        token = self._session.get_token()
        if not token:
            return None
        self._secrets.add(token)
        return header_safe(token, "the token", self._where, "Correct OS_TOKEN, or the entry in clouds.yaml.")


def session_through(client: httpx.Client, session: Any, where: str, secrets: Secrets) -> Any:
    """Return keystoneauth1's session, made to send everything through the client."""
    adapter = IdentityAdapter(client, where, secrets)
    session.session.mount("http://", adapter)
    session.session.mount("https://", adapter)
    # requests would otherwise read proxies, certificates and ~/.netrc.
    session.session.trust_env = False
    return session


def with_our_errors(call: Callable[[], T], where: str, secrets: Secrets, way_in: object = None) -> T:
    """Return the result of `call`, which uses keystoneauth1. `way_in`: its plugin.

    Raises: TransientError, LoginRefused or CloudError if the identity service refuses; SettingsError if keystoneauth1
    cannot use the account's entry.
    """
    from keystoneauth1 import exceptions as refused  # slow to import, and only needed to reach a cloud

    try:
        return call()
    except GlancebackError:
        raise
    except refused.HttpError as exc:
        said = secrets.excerpt(str(exc.message or ""))
        advice = next((advice for pattern, advice in _ADVICE if pattern.search(said)), _CHECK_ALL)
        kind: type[CloudError] = CloudError
        # Keystone answers 404 for a token that it no longer knows.
        plugin = type(way_in).__name__
        if exc.http_status == httpx.codes.UNAUTHORIZED or ("Token" in plugin and "token" in said):
            kind = LoginRefused
            by_way_in = next((told for name, told in _BY_WAY_IN if name in plugin), _CHECK_ALL)
            advice = by_way_in if advice is _CHECK_ALL or "Token" in plugin else advice
        elif advice is _CHECK_ALL:
            advice = "Check auth_url, and the account's entry in clouds.yaml or the OS_* variables."
        raise kind(f"{where}: the identity service refused the login ({exc.http_status} {said})", advice) from None
    except (refused.InvalidResponse, KeyError) as exc:
        lacks = f"it has no {exc}" if isinstance(exc, KeyError) else "it has no token"
        raise CloudError(
            f"{where}: the identity service gave an answer that cannot be used: {lacks}",
            "Check auth_url: it may be the address of another service.",
        ) from None
    except refused.ClientException as exc:
        raise SettingsError(
            f"{where}: cannot log in ({type(exc).__name__}: {secrets.excerpt(str(exc))})",
            "Check auth_url and the account's entry in clouds.yaml, or the OS_* variables.",
        ) from None
    except Exception as exc:
        # keystoneauth1 does not check an answer's types: a wrong one ends in any kind of error.
        raise CloudError(
            f"{where}: the identity service gave an answer that cannot be used ({type(exc).__name__})",
            "Check auth_url: it may be the address of another service.",
        ) from None


def absolute_url(url: str, location: str) -> str:
    """The location, resolved against the URL; as it is if it is not a URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location
