"""A cloud's settings, and the account that openstack.config finds for them (clouds.yaml, OS_* variables).

Called by extract.connection. Sends requests only for the service catalogue, and does not know listings or pages.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from core.errors import GlancebackError, SettingsError
from core.redaction import shown_url
from core.wording import reason
from extract.account_in_settings import AccountInSettings
from extract.address import base_url, is_address
from extract.clouds_yaml import ClientFiles, client_files
from extract.credentials import header_safe, secrets_of
from extract.openstack_config import openstack_config
from extract.retry import RetryPolicy
from extract.scope import Estate, Project, Scope, in_project

FIXED_ENDPOINT = ("none", "admin_token")
SIGNED = "aksk"
"""Kinds of login without a service catalogue. keystoneauth1 has plugins for FIXED_ENDPOINT, but not for SIGNED."""
APPLICATION_CREDENTIALS: Final = ("application_credential", "v3applicationcredential")
"""Kinds of login that are bound to one project and cannot ask for a scope. Source: Identity API v3."""
REGION_IN_ENDPOINT: Final = "{region}"
"""Stands for the region in the setting `endpoint`, if one account is read in many regions."""
_WORDS_FOR_YES_OR_NO: Final = ("false", "true", "no", "yes", "off", "on", "0", "1")


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings in `[clouds.NAME]`; clouds.yaml or the OS_* variables supply what they leave out.

    `os_cloud` names the clouds.yaml entry (None: the OS_* variables). Times are seconds. Does not contain secrets.
    `estate`: read this account as many clouds; `scope`: this cloud is one of those.
    """

    name: str
    os_cloud: str | None = None
    auth_type: str | None = None
    endpoint: str | None = field(default=None, repr=False)  # may contain a password until base_url refuses it
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
    estate: Estate | None = None
    scope: Scope | None = None

    def is_account_of(self, cloud: str) -> bool:
        """Whether this account is read as many clouds, and `cloud` is the name of one: `prod/eu-de/web` of `prod`."""
        return self.estate is not None and cloud.startswith(f"{self.name}/")

    @property
    def endpoint_in_region(self) -> str | None:
        """The setting `endpoint` for the cloud's region."""
        if self.endpoint is None or self.region is None:
            return self.endpoint
        return self.endpoint.replace(REGION_IN_ENDPOINT, self.region)

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(self.retry_seconds, self.tries)


def account(settings: CloudSettings) -> Any:
    """Return openstack.config's region object for the cloud. Raises: SettingsError if the account cannot be used."""
    where = f"cloud {settings.name}"
    for value, what in ((settings.api_version, "api_version"), (settings.project_id, "project_id")):
        if value is not None:
            header_safe(value, what, where)
    if settings.auth_type in ("none", SIGNED) and settings.os_cloud is None:
        alone = AccountInSettings(settings.auth_type, settings.endpoint, settings.region, settings.interface)
        return _checked(alone, where)
    config = _openstack_config(where)
    files: ClientFiles | None = None
    try:
        # The entry need not name a region that was found in the service catalogue.
        region_name = settings.region if settings.scope is None else None
        wanted = {"region_name": region_name, "interface": settings.interface, "auth_type": settings.auth_type}
        given = {key: value for key, value in wanted.items() if value is not None}
        name = None if settings.os_cloud == _name_of_the_environment() else settings.os_cloud
        files = client_files(name, where)
        found = config.OpenStackConfig(
            app_name="glanceback", config_files=files.clouds, secure_files=files.secure, vendor_files=files.vendors
        )
        if settings.scope is None and (region_name := _region_of_the_environment(settings, files)) is not None:
            given["region_name"] = region_name
        entry = found.get_one(cloud=settings.os_cloud, **given, validate=False)
        if entry.config["auth_type"] not in (*FIXED_ENDPOINT, SIGNED):
            entry = found.get_one(cloud=settings.os_cloud, **given)
        return _checked(entry, where)
    except GlancebackError:
        raise
    except Exception as exc:
        account_of = f"clouds.yaml entry '{settings.os_cloud}'" if settings.os_cloud else "the OS_* variables"
        reason = _reason(exc, files.entries if files else {}) + (files.problems_text() if files else "")
        raise SettingsError(
            f"{where}: the account in {account_of} cannot be used ({reason})",
            "glanceback looks for clouds.yaml in the working folder, ~/.config/openstack and /etc/openstack, "
            "and at OS_CLIENT_CONFIG_FILE.",
        ) from None


def _openstack_config(where: str) -> Any:
    try:
        return openstack_config()
    except RuntimeError:
        # The import looks for ~/.config.
        raise SettingsError(
            f"{where}: this user has no home folder: HOME is not set, and the system does not know this user",
            "Set HOME to a folder; it may be empty.",
        ) from None
    except OSError as exc:
        raise SettingsError(f"{where}: the working folder cannot be used ({reason(exc)})", "Use another.") from None


def _name_of_the_environment() -> str:
    """The name that openstack.config gives to the account in the OS_* variables."""
    return os.environ.get("OS_CLOUD_NAME", "envvars")


def _region_of_the_environment(settings: CloudSettings, files: ClientFiles) -> str | None:
    """Return OS_REGION_NAME if it applies to this cloud, as in OpenStack's own clients; openstack.config ignores it.

    It applies if OS_CLOUD names this cloud, or if it is one of the entry's `regions`. It may belong to another cloud.
    """
    name = os.environ.get("OS_REGION_NAME")
    if not name or settings.region is not None or settings.os_cloud in (None, _name_of_the_environment()):
        return None
    if os.environ.get("OS_CLOUD") == settings.os_cloud:
        return name
    regions = (files.entries.get("clouds") or {}).get("regions", [])
    return name if name in [one["name"] if isinstance(one, dict) else one for one in regions] else None


def _reason(exc: Exception, entries: Mapping[str, Any]) -> str:
    """The text of errors that are written for people; the class name of all others, because they may quote a value."""
    from keystoneauth1.exceptions import ClientException  # see account
    from openstack.config import vendors  # see account
    from openstack.exceptions import ConfigException  # see account

    secrets = secrets_of({"of": [entry or {} for entry in entries.values()]})
    entry = entries.get("clouds") or {}
    profile = str(entry.get("profile") or entry.get("cloud") or "")
    if isinstance(exc, ConfigException | ClientException):
        unknown = profile and not entries.get("vendors") and "://" not in profile and not vendors.get_profile(profile)
        also = f"; it names the profile '{secrets.mask(profile)}', which does not exist" if unknown else ""
        return secrets.excerpt(str(exc)).rstrip(".") + also
    if isinstance(exc, OSError) and "://" in profile:
        return f"its profile cannot be fetched from {secrets.url(profile)} ({type(exc).__name__})"
    if isinstance(exc, OSError):
        return f"{type(exc).__name__}: {reason(exc)}"
    if isinstance(exc, LookupError):
        return f"openstack.config fails with {type(exc).__name__}: it reads {{ and }} in a value as a name"
    return f"openstack.config fails with {type(exc).__name__}: a value has the wrong type"


def _checked(region: Any, where: str) -> Any:
    """Return the region if the values that later code relies on have the right form. Raises: SettingsError."""
    config, entry = region.config, described(region)
    if isinstance(verify := config.get("verify"), str) and verify.lower() in _WORDS_FOR_YES_OR_NO:
        raise SettingsError(
            f"{where}: verify is the text '{verify}', which would be read as a file name",
            "Write it without quotes (verify: false), or set insecure: true (OS_INSECURE).",
        )
    for name in ("cacert", "cert", "key", "auth_type", "region_name"):
        if not isinstance(config.get(name), str | None):
            raise SettingsError(f"{where}: {name} is not a text", "Correct it in clouds.yaml.")
    for name in ("token", "access_key", "secret_key", "security_token"):
        if entry.get(name) is not None:
            header_safe(entry[name], f"the {name}", where, f"Correct it in clouds.yaml, or OS_{name.upper()}.")
    if (auth_url := entry.get("auth_url")) is not None and not is_address(auth_url):
        raise SettingsError(
            f"{where}: '{shown_url(str(auth_url))}' is not the address of an identity service",
            "Set auth_url (OS_AUTH_URL) to an address like https://identity.example.com:5000/v3.",
        )
    return region


def described(region: Any) -> dict[str, Any]:
    """The values of the account's entry: those under `auth` and the others."""
    return {**region.config, **region.config["auth"]}


def wants_token(region: Any) -> bool:
    """False if the cloud needs no login: then keystoneauth1's token is `notused`, which must not be sent."""
    return region.config["auth_type"] not in ("none", "None", "", None)


def region_of(region: Any, settings: CloudSettings | None = None) -> str | None:
    """The name of the region whose image service is read; None if it is not configured."""
    if settings is not None and settings.scope is not None and settings.region is not None:
        return settings.region
    name = region.get_region_name("image")
    return str(name) if name else None


def session_of(region: Any, project: Project | None = None, *, is_unscoped: bool = False) -> Any:
    """Return keystoneauth1's session, in the entry's project, in another `project`, or without a project.

    A plugin for a fixed endpoint gets only the options that it knows: a project in its entry is for us alone.
    Raises: SettingsError.
    """
    from keystoneauth1 import loading, session  # see connect

    try:
        is_fixed = region.config["auth_type"] in FIXED_ENDPOINT
        is_bound = region.config["auth_type"] in APPLICATION_CREDENTIALS
        if is_bound or (not is_fixed and project is None and not is_unscoped):
            return region.get_session()
        loader = loading.get_plugin_loader(region.config["auth_type"])
        entry = described(region) if is_fixed else in_project(region.config["auth"], project)
        options = {name: entry[name] for option in loader.get_options() if (name := option.dest) in entry}
        verify, certificate = region.get_requests_verify_args()
        return session.Session(auth=loader.load_from_options(**options), verify=verify, cert=certificate)
    except Exception as exc:
        raise SettingsError(
            f"cloud {region.name}: the account cannot be used ({_reason(exc, {'clouds': region.config})})",
            "Compare its entry in clouds.yaml with the README's example.",
        ) from None


def endpoint_of(settings: CloudSettings, region: Any, session: Any) -> str:
    """Return the endpoint in the settings, else the override in the account's entry, else that in the catalogue.

    Raises: SettingsError; keystoneauth1's errors if it must log in to get the catalogue.
    """
    from keystoneauth1.exceptions import EndpointNotFound  # see connect
    from openstack.exceptions import ConfigException  # see account

    # An address in the entry belongs to one region, so it cannot be used for all regions of an account.
    endpoint = settings.endpoint_in_region or (region.get_endpoint("image") if settings.scope is None else None)
    if endpoint:
        return base_url(str(endpoint))
    try:
        interface, name = region.get_interface("image") or "public", region_of(region, settings)
    except ConfigException as exc:
        raise SettingsError(
            f"cloud {settings.name}: image_interface is not a text", "Correct it in clouds.yaml."
        ) from exc
    try:
        # Without discovery, which would ask the server for versions that we do not need.
        endpoint = session.auth.get_endpoint(
            session, service_type="image", interface=interface, region_name=name, skip_discovery=True
        )
    except EndpointNotFound:
        endpoint = None
    if not endpoint:
        raise SettingsError(
            f"cloud {settings.name}: the service catalogue has no image service with interface '{interface}' "
            f"in region '{name or 'any'}'",
            f"{_where_images_are(session)}Set region, interface or endpoint.",
        )
    return base_url(str(endpoint))


def _where_images_are(session: Any) -> str:
    """A sentence with the regions that have an image service; if there are none, with the services in the catalogue."""
    try:
        catalogue = session.auth.get_access(session).service_catalog
        regions: dict[str, set[str]] = {}
        for endpoint in chain(*catalogue.get_endpoints_data(service_type="image").values()):
            regions.setdefault(str(endpoint.region_name), set()).add(str(endpoint.interface))
        others = sorted(map(str, catalogue.get_endpoints_data()))
    except Exception:  # a catalogue of another form, or no catalogue
        return ""
    if told := ", ".join(f"{name} ({', '.join(sorted(there))})" for name, there in sorted(regions.items())):
        return f"The regions that have one: {told}. "
    return f"No region has one; the services there are: {', '.join(others) or 'none'}. "
