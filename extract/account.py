"""A cloud's settings, and what openstack.config says of the account they name (clouds.yaml, OS_* variables).

Called by connection. Knows no HTTP client, no listings, no pages.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from extract.errors import SettingsError
from extract.redact import shown_url
from extract.retry import RetryPolicy

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FIXED_ENDPOINT = ("none", "admin_token")
SIGNED = "aksk"
"""Ways in that know no service catalogue: keystoneauth1 has a plugin for the former, and none for the latter."""


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
    tries: int | None = None
    retry_seconds: float = 120.0
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 120.0
    page_timeout_seconds: float = 600.0
    largest_page_bytes: int = 268_435_456
    most_pages: int = 100_000
    max_connections: int = 8
    overlap_seconds: int = 300
    resume_within_seconds: float = 21_600.0

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(self.retry_seconds, self.tries)


def account(settings: CloudSettings) -> Any:
    """openstack.config's region object for the cloud. Raises: SettingsError where the account cannot be used."""
    import openstack.config  # heavy, and only needed where a cloud is asked
    from keystoneauth1.exceptions import ClientException  # see above
    from openstack.exceptions import ConfigException  # see above

    wanted = {"region_name": settings.region, "interface": settings.interface, "auth_type": settings.auth_type}
    given = {key: value for key, value in wanted.items() if value is not None}
    try:
        if settings.auth_type in ("none", SIGNED) and settings.os_cloud is None:
            alone = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
            return alone.get_one(**given, auth={"endpoint": settings.endpoint}, validate=False)
        found = openstack.config.OpenStackConfig(app_name="glanceback")
        entry = found.get_one(cloud=settings.os_cloud, **given, validate=False)
        if entry.config["auth_type"] in (*FIXED_ENDPOINT, SIGNED):
            return entry
        return found.get_one(cloud=settings.os_cloud, **given)
    except (ConfigException, ClientException) as exc:
        where = f"clouds.yaml entry '{settings.os_cloud}'" if settings.os_cloud else "the OS_* variables"
        raise SettingsError(
            f"cloud {settings.name}: the account in {where} cannot be used ({exc})",
            "clouds.yaml is looked for in the working folder, ~/.config/openstack and /etc/openstack, "
            "or where OS_CLIENT_CONFIG_FILE says.",
        ) from exc


def described(region: Any) -> dict[str, Any]:
    """What the account's entry says, where it puts it under `auth` and where it does not."""
    return {**region.config, **region.config["auth"]}


def session_of(region: Any) -> Any:
    """keystoneauth1's session. A fixed endpoint is given only what it knows: a project beside it is for us alone."""
    from keystoneauth1 import loading, session  # see connect

    if region.config["auth_type"] not in FIXED_ENDPOINT:
        return region.get_session()
    loader = loading.get_plugin_loader(region.config["auth_type"])
    entry = described(region)
    options = {name: entry[name] for option in loader.get_options() if (name := option.dest) in entry}
    verify, certificate = region.get_requests_verify_args()
    return session.Session(auth=loader.load_from_options(**options), verify=verify, cert=certificate)


def endpoint_of(settings: CloudSettings, region: Any, session: Any) -> str:
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
