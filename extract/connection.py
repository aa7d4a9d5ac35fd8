"""A cloud's settings -> an HTTP client that is logged in, the image endpoint, and who we are there.

Logging in is keystoneauth1's work, finding the account openstack.config's (clouds.yaml, OS_* variables).
Called by flows. Must not know listings, pages or what an image is.
"""

import os
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from extract.account import SIGNED, CloudSettings, account, base_url, described, endpoint_of, session_of
from extract.deadline import limit_answers
from extract.errors import CloudError, SettingsError, TransientError
from extract.pace import Pace
from extract.signed_auth import AccessKey, SignedAuth
from extract.token_auth import NoTokens, TokenAuth, origin_of


@dataclass(frozen=True, slots=True)
class Connection:
    """A logged-in cloud. `endpoint` has neither a trailing slash nor /v2. It may be shared by threads.

    All who read from it keep to its `pace`; side by side they hold no more pages than there is `room` for.
    """

    settings: CloudSettings
    endpoint: str
    client: httpx.Client = field(repr=False)
    project_id: str | None
    project_name: str | None = None
    user_name: str | None = None
    roles: tuple[str, ...] = ()
    pace: Pace = field(init=False, repr=False, compare=False)
    room: threading.Semaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        most = self.settings.max_connections
        object.__setattr__(self, "pace", Pace(most))
        object.__setattr__(self, "room", threading.Semaphore(most + most // 2))

    @property
    def images_url(self) -> str:
        return f"{self.endpoint}/v2/images"


def connect(settings: CloudSettings) -> Connection:
    """Log in and find the image endpoint.

    Raises: SettingsError when the account or the endpoint is not to be found in the settings; CloudError when the
    cloud refuses us; TransientError when it does not answer.
    """
    from keystoneauth1 import exceptions as refused  # heavy, and only needed where a cloud is asked

    region = account(settings)
    if region.config["auth_type"] == SIGNED:
        return _connect_signed(settings, region)
    known_project = settings.project_id or described(region).get("project_id")
    try:
        session = session_of(region)
        plugin = session.auth
        token = plugin.get_token(session)
        endpoint = endpoint_of(settings, region, session)
        project_id = known_project or plugin.get_project_id(session)
        access = plugin.get_access(session) if hasattr(plugin, "get_access") else None
    except refused.SSLError as exc:
        raise SettingsError(
            f"cloud {settings.name}: the certificate of the identity service cannot be trusted ({exc})",
            "Set cacert in clouds.yaml (or OS_CACERT) to the authority's certificate.",
        ) from exc
    except refused.RetriableConnectionFailure as exc:
        raise TransientError(
            f"cloud {settings.name}: the identity service does not answer ({type(exc).__name__})",
            "Check auth_url, the network and the proxy, then try again.",
        ) from exc
    except refused.HttpError as exc:
        kind = TransientError if exc.http_status >= 500 or exc.http_status == 429 else CloudError
        raise kind(
            f"cloud {settings.name}: the identity service refused the login ({exc.http_status} {exc.message})",
            "Check user, password or application credential, project and domain.",
        ) from exc
    except refused.ClientException as exc:
        raise SettingsError(
            f"cloud {settings.name}: cannot log in ({type(exc).__name__}: {exc})",
            "Check the account's entry in clouds.yaml or the OS_* variables.",
        ) from exc
    if token and not (token.isascii() and token.isprintable() and token == token.strip()):
        # httpx would refuse it too, and show it.
        raise SettingsError(
            f"cloud {settings.name}: the token has a character that no header can hold",
            "Check OS_TOKEN, or the entry in clouds.yaml: a line break at its end, for instance.",
        )
    return Connection(
        settings=settings,
        endpoint=endpoint,
        client=_client(
            settings, region, TokenAuth(_KeystoneTokens(session) if token else NoTokens(), origin_of(endpoint))
        ),
        project_id=project_id,
        project_name=access.project_name if access else None,
        user_name=access.username if access else None,
        roles=tuple(access.role_names) if access else (),
    )


def _connect_signed(settings: CloudSettings, region: Any) -> Connection:
    """A connection that nobody logs in to: each request is signed.

    The key is in the account's entry, or in the variables that the vendor's own tools read.
    """
    entry = described(region)

    def said(name: str, variable: str) -> str | None:
        return entry.get(name) or os.environ.get(f"HUAWEICLOUD_SDK_{variable}")

    access_key, secret_key = said("access_key", "AK"), said("secret_key", "SK")
    endpoint = settings.endpoint or region.get_endpoint("image")
    if not access_key or not secret_key:
        raise SettingsError(
            f"cloud {settings.name}: auth_type aksk needs an access key and a secret key",
            "Set access_key and secret_key in clouds.yaml, or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK.",
        )
    if not endpoint:
        raise SettingsError(f"cloud {settings.name}: auth_type aksk needs the image service's address", "Set endpoint.")
    address, project_id = base_url(str(endpoint)), settings.project_id or said("project_id", "PROJECT_ID")
    key = AccessKey(access_key, secret_key, said("security_token", "SECURITY_TOKEN"), project_id)
    client = _client(settings, region, SignedAuth(key, origin_of(address)))
    return Connection(settings, address, client, project_id)


class _KeystoneTokens:
    """keystoneauth1's session as a token source. Threads that are refused together fetch one new token together."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()

    def get(self) -> str | None:
        with self._lock:
            return self._current()

    def renew(self, refused: str) -> str | None:
        with self._lock:
            if self._session.get_token() == refused:
                self._session.invalidate()
            return self._current()

    def _current(self) -> str | None:
        from keystoneauth1 import exceptions as refused  # see connect

        try:
            token = self._session.get_token()
        except refused.RetriableConnectionFailure as exc:
            raise TransientError(f"the identity service does not answer ({type(exc).__name__})") from exc
        except refused.ClientException as exc:
            raise CloudError(
                f"the identity service gives no new token ({type(exc).__name__})", "Check whether the account expired."
            ) from exc
        return str(token) if token else None


def _client(settings: CloudSettings, region: Any, auth: httpx.Auth) -> httpx.Client:
    headers = {"Accept": "application/json", "User-Agent": "glanceback"}
    if settings.api_version:
        headers["X-Api-Version"] = settings.api_version
    client = httpx.Client(
        auth=auth,
        headers=headers,
        verify=_tls(settings, region),
        # httpx would send our headers along with a redirect to another host: we follow none.
        follow_redirects=False,
        timeout=httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds),
        limits=httpx.Limits(
            max_connections=settings.max_connections, max_keepalive_connections=settings.max_connections
        ),
    )
    limit_answers(client, settings.page_timeout_seconds)
    return client


def _tls(settings: CloudSettings, region: Any) -> ssl.SSLContext | bool:
    verify, certificate = region.get_requests_verify_args()
    if verify is False:
        return False
    try:
        context = httpx.create_ssl_context() if verify is True else ssl.create_default_context(cafile=verify)
        if certificate:
            files = (certificate,) if isinstance(certificate, str) else certificate
            context.load_cert_chain(*files)
    except OSError as exc:  # ssl.SSLError is one too
        raise SettingsError(
            f"cloud {settings.name}: the certificates in '{verify}' cannot be read ({exc})",
            "Check cacert (OS_CACERT), cert and key.",
        ) from exc
    return context
