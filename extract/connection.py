"""A cloud's settings -> an HTTP client that is logged in, the image endpoint, and who we are there.

Logging in is keystoneauth1's work, finding the account openstack.config's (clouds.yaml, OS_* variables).
Called by flows. Must not know listings, pages or what an image is.
"""

import ssl
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from extract.deadline import limit_answers
from extract.errors import CloudError, SettingsError, TransientError
from extract.redact import shown_url
from extract.token_auth import DEFAULT_PORTS, NoTokens, TokenAuth, TokenSource, origin_of

_FIXED_ENDPOINT = ("none", "admin_token")


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """What `[clouds.NAME]` says; everything that is left out comes from clouds.yaml or the OS_* variables.

    `os_cloud` names the clouds.yaml entry (None: the OS_* variables). Times are seconds. Holds no secret.
    """

    name: str
    os_cloud: str | None = None
    auth_type: str | None = None
    endpoint: str | None = None
    project_id: str | None = None
    region: str | None = None
    interface: str | None = None
    dialect: str = "auto"
    listings: tuple[str, ...] = ()
    page_size: int = 1000
    api_version: str | None = None
    tries: int = 5
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 120.0
    page_timeout_seconds: float = 600.0
    largest_page_bytes: int = 268_435_456
    most_pages: int = 100_000
    max_connections: int = 8
    overlap_seconds: int = 300
    resume_within_seconds: float = 21_600.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A logged-in cloud. `endpoint` has neither a trailing slash nor /v2. `client` may be shared by threads."""

    settings: CloudSettings
    endpoint: str
    client: httpx.Client = field(repr=False)
    project_id: str | None
    project_name: str | None = None
    user_name: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def images_url(self) -> str:
        return f"{self.endpoint}/v2/images"


def connect(settings: CloudSettings) -> Connection:
    """Log in and find the image endpoint.

    Raises: SettingsError when the account or the endpoint is not to be found in the settings; CloudError when the
    cloud refuses us; TransientError when it does not answer.
    """
    from keystoneauth1 import exceptions as refused  # heavy, and only needed where a cloud is asked

    region = _region(settings)
    known_project = settings.project_id or _described(region).get("project_id")
    try:
        session = _session(region)
        plugin = session.auth
        token = plugin.get_token(session)
        endpoint = _endpoint(settings, region, session)
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
        client=_client(settings, region, _KeystoneTokens(session) if token else NoTokens(), endpoint),
        project_id=project_id,
        project_name=access.project_name if access else None,
        user_name=access.username if access else None,
        roles=tuple(access.role_names) if access else (),
    )


def base_url(endpoint: str) -> str:
    """The endpoint without a trailing slash or version: `https://host/image/v2/` gives `https://host/image`."""
    parts = urlsplit(endpoint)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            f"'{shown_url(endpoint)}' is no endpoint of an image service",
            "Give an address like https://image.example.com or https://example.com/image/v2.",
        )
    path = parts.path.rstrip("/")
    head, _, last = path.rpartition("/")
    if last[:1] == "v" and last[1:].replace(".", "").isdigit():
        path = head.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


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


def _region(settings: CloudSettings) -> Any:
    import openstack.config  # heavy, and only needed where a cloud is asked
    from keystoneauth1.exceptions import ClientException  # see above
    from openstack.exceptions import ConfigException  # see above

    wanted = {"region_name": settings.region, "interface": settings.interface, "auth_type": settings.auth_type}
    given = {key: value for key, value in wanted.items() if value is not None}
    try:
        if settings.auth_type == "none" and settings.os_cloud is None:
            alone = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
            return alone.get_one(**given, auth={"endpoint": settings.endpoint}, validate=False)
        found = openstack.config.OpenStackConfig(app_name="glanceback")
        described = found.get_one(cloud=settings.os_cloud, **given, validate=False)
        if described.config["auth_type"] in _FIXED_ENDPOINT:
            return described
        return found.get_one(cloud=settings.os_cloud, **given)
    except (ConfigException, ClientException) as exc:
        where = f"clouds.yaml entry '{settings.os_cloud}'" if settings.os_cloud else "the OS_* variables"
        raise SettingsError(
            f"cloud {settings.name}: the account in {where} cannot be used ({exc})",
            "clouds.yaml is looked for in the working folder, ~/.config/openstack and /etc/openstack, "
            "or where OS_CLIENT_CONFIG_FILE says.",
        ) from exc


def _described(region: Any) -> dict[str, Any]:
    """What the account's entry says, where it puts it under `auth` and where it does not."""
    return {**region.config, **region.config["auth"]}


def _session(region: Any) -> Any:
    """keystoneauth1's session. A fixed endpoint is given only what it knows: a project beside it is for us alone."""
    from keystoneauth1 import loading, session  # see connect

    if region.config["auth_type"] not in _FIXED_ENDPOINT:
        return region.get_session()
    loader = loading.get_plugin_loader(region.config["auth_type"])
    described = _described(region)
    options = {name: described[name] for option in loader.get_options() if (name := option.dest) in described}
    verify, certificate = region.get_requests_verify_args()
    return session.Session(auth=loader.load_from_options(**options), verify=verify, cert=certificate)


def _endpoint(settings: CloudSettings, region: Any, session: Any) -> str:
    """The settings' own endpoint, or the client configuration's override, or the service catalogue's."""
    from keystoneauth1.exceptions import EndpointNotFound  # see connect

    endpoint = settings.endpoint or region.get_endpoint("image")
    if endpoint:
        return base_url(str(endpoint))
    interface, name = region.get_interface("image") or "public", region.get_region_name("image")
    try:
        # The catalogue's address as it is: discovery would ask the server for versions that we do not need.
        endpoint = session.auth.get_endpoint(
            session, service_type="image", interface=interface, region_name=name, skip_discovery=True
        )
    except EndpointNotFound:
        endpoint = None
    if not endpoint:
        raise SettingsError(
            f"cloud {settings.name}: the service catalogue has no image service with interface '{interface}' "
            f"in region '{name or 'any'}'",
            "Set region, interface or endpoint.",
        )
    return base_url(str(endpoint))


def _client(settings: CloudSettings, region: Any, tokens: TokenSource, endpoint: str) -> httpx.Client:
    headers = {"Accept": "application/json", "User-Agent": "glanceback"}
    if settings.api_version:
        headers["X-Api-Version"] = settings.api_version
    client = httpx.Client(
        auth=TokenAuth(tokens, origin_of(endpoint)),
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
