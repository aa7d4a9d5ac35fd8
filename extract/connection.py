"""A cloud's settings -> an HTTP client that is logged in, the image endpoint, and our project, user and roles.

openstack.config finds the account (clouds.yaml, OS_* variables), keystoneauth1 logs in (extract.identity). Called by
pipeline.session. Must not know listings, pages or what an image is.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from core.errors import LoginRefused, SettingsError
from core.redaction import Secrets
from extract.account import (
    SIGNED,
    CloudSettings,
    described,
    endpoint_of,
    region_of,
    session_of,
    wants_token,
)
from extract.account_access import AccountAccess, access_of
from extract.address import base_url, projects_url
from extract.decoding import ANNOUNCED
from extract.limiter import ConcurrencyLimiter, ServiceLimits, limits_of
from extract.prefetch import PrefetchSlots
from extract.retry import with_retry
from extract.signed_auth import SignedAuth, access_key
from extract.token_auth import NoTokens, TokenAuth, TokenSource, origin_of
from extract.transport import WholeAnswers

_IDENTITY: Final = "identity"
"""The identity service among an account's services; the others are called by their endpoint."""

_WITH_A_FIXED_TOKEN: Final = ("admin_token", "token", "v2token", "v3token")


@dataclass(frozen=True, slots=True)
class Connection:
    """A logged-in cloud. `endpoint` has neither a trailing slash nor /v2. Threads may share it.

    All requests go through its `limiter`; its readers together hold at most `prefetch_slots` pages. No error may show
    the `secrets`. `has_fixed_token`: the settings contain a token, so we cannot get another.
    """

    settings: CloudSettings
    endpoint: str
    client: httpx.Client = field(repr=False)
    project_id: str | None
    project_name: str | None = None
    user_name: str | None = None
    roles: tuple[str, ...] = ()
    secrets: Secrets = field(default_factory=Secrets, repr=False, compare=False)
    has_fixed_token: bool = False
    region: str | None = None
    token_expires_at: datetime | None = None
    """When the token of the login expires, UTC; None if unknown."""
    access: AccountAccess | None = field(default=None, repr=False, compare=False)
    """What the clouds of an account share: kept, so that the next one finds it."""
    limits: ServiceLimits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scope = self.settings.scope
        # The projects of one account use the same service: max_connections limits all of them together.
        service = (scope.estate, self.settings.region, self.endpoint) if scope else None
        object.__setattr__(self, "limits", limits_of(service, self.settings.max_connections))

    @property
    def limiter(self) -> ConcurrencyLimiter:
        return self.limits.limiter

    @property
    def prefetch_slots(self) -> PrefetchSlots:
        return self.limits.prefetch_slots

    @property
    def images_url(self) -> str:
        return f"{self.endpoint}/v2/images"


def connect(settings: CloudSettings) -> Connection:
    """Log in and find the image endpoint. Transient errors are retried for `retry_seconds`.

    Raises: SettingsError if the settings lack the account or the endpoint, or a needed file or variable cannot be used;
    CloudError if the cloud refuses us; TransientError if it does not answer.
    """
    access = access_of(settings)
    region = access.region
    if region.config["auth_type"] == SIGNED:
        return _connect_signed(settings, access)
    if settings.scope is None and not wants_token(region):
        endpoint = settings.endpoint or region.get_endpoint("image")
        if endpoint:
            return _connect_without_login(settings, access, str(endpoint))
    return _connect_with_login(settings, access)


def _connect_without_login(settings: CloudSettings, access: AccountAccess, endpoint: str) -> Connection:
    """Return a connection that sends no token; keystoneauth1 is not imported."""
    address = base_url(endpoint)
    return Connection(
        settings=settings,
        endpoint=address,
        client=_image_client(settings, access, address, TokenAuth(NoTokens(), origin_of(address), access.secrets)),
        project_id=settings.project_id or described(access.region).get("project_id"),
        secrets=access.secrets,
        region=region_of(access.region, settings),
        access=access,
    )


def _connect_with_login(settings: CloudSettings, access: AccountAccess) -> Connection:
    from extract.identity import KeystoneTokens, session_through, with_our_errors  # slow to import

    where, region, secrets = f"cloud {settings.name}", access.region, access.secrets
    project = settings.scope.project if settings.scope else None
    session = session_through(identity_client(settings, access), session_of(region, project), where, secrets)
    tokens: TokenSource = KeystoneTokens(session, where, secrets) if wants_token(region) else NoTokens()

    def log_in() -> tuple[str, str | None, _Who]:
        tokens.get()
        return with_our_errors(lambda: _found(settings, region, session), where, secrets)

    endpoint, project_id, who = with_retry(log_in, settings.retry_policy, where)
    return Connection(
        settings=settings,
        endpoint=endpoint,
        client=_image_client(settings, access, endpoint, TokenAuth(tokens, origin_of(endpoint), secrets)),
        access=access,
        project_id=project_id,
        project_name=who.project_name,
        user_name=who.user_name,
        roles=who.roles,
        secrets=secrets,
        has_fixed_token=region.config["auth_type"] in _WITH_A_FIXED_TOKEN,
        region=region_of(region, settings),
        token_expires_at=who.token_expires_at,
    )


@dataclass(frozen=True, slots=True)
class _Who:
    """The project's and the user's name and the roles, if the login returns them."""

    project_name: str | None = None
    user_name: str | None = None
    roles: tuple[str, ...] = ()
    token_expires_at: datetime | None = None


def why_refused(settings: CloudSettings) -> str | None:
    """Return why the login was refused, by a second login without a project; None if that cannot show it.

    This sends a wrong password a second time, so do it only on request. Raises: as connect.
    """
    from keystoneauth1 import session as keystone  # see connect
    from keystoneauth1.identity import generic  # see connect

    from extract.identity import session_through, with_our_errors  # see connect

    where, access = f"cloud {settings.name}", access_of(settings)
    region, secrets = access.region, access.secrets
    entry = described(region)
    if region.config["auth_type"] not in ("password", "v3password") or not entry.get("password"):
        return None
    names = ("auth_url", "username", "user_id", "password", "user_domain_id", "user_domain_name")
    plugin = generic.Password(**{name: entry[name] for name in names if entry.get(name)})
    client = identity_client(settings, access)
    session = session_through(client, keystone.Session(auth=plugin), where, secrets)
    try:
        with_our_errors(session.get_token, where, secrets, plugin)
        url = projects_url(str(entry["auth_url"]))
        projects = with_our_errors(lambda: session.get(url).json()["projects"], where, secrets, plugin)
    except LoginRefused:
        return "The user, its password or its domain is wrong, or the user is disabled: the project is not the reason."
    finally:
        client.close()
    there = ", ".join(sorted(str(project["name"]) for project in projects)) or "none"
    wanted = entry.get("project_name") or entry.get("project_id") or "none"
    return (
        f"User and password are right; the project '{wanted}' or its domain is wrong: it does not exist, or the user "
        f"has no role in it. The projects of this user: {there}."
    )


def _found(settings: CloudSettings, region: Any, session: Any) -> tuple[str, str | None, _Who]:
    """Return the endpoint, the project's id, and the names that the login returned."""
    endpoint = endpoint_of(settings, region, session)
    scoped_to = settings.scope.project.id if settings.scope else None
    project_id = (
        scoped_to or settings.project_id or described(region).get("project_id") or session.auth.get_project_id(session)
    )
    if not hasattr(session.auth, "get_access"):
        return endpoint, project_id, _Who()
    access = session.auth.get_access(session)
    expires = access.expires
    return (
        endpoint,
        project_id,
        _Who(
            access.project_name,
            access.username,
            tuple(access.role_names),
            expires.astimezone(UTC).replace(tzinfo=None) if expires else None,
        ),
    )


def _connect_signed(settings: CloudSettings, access: AccountAccess) -> Connection:
    """Return a connection without a login: each request is signed."""
    where, region, secrets = f"cloud {settings.name}", access.region, access.secrets
    key = access_key(described(region), settings.project_id, where)
    if settings.scope is not None:
        key = key.of_project(settings.scope.project.id)
    endpoint = settings.endpoint_in_region or region.get_endpoint("image")
    if not endpoint:
        raise SettingsError(f"{where}: auth_type aksk needs the image service's address", "Set endpoint.")
    address = base_url(str(endpoint))
    client = _image_client(settings, access, address, SignedAuth(key, origin_of(address), secrets))
    region_name = region_of(region, settings)
    return Connection(settings, address, client, key.project_id, secrets=secrets, region=region_name, access=access)


def _image_client(settings: CloudSettings, access: AccountAccess, endpoint: str, auth: httpx.Auth) -> httpx.Client:
    if endpoint.startswith("https:"):
        access.context()  # reports unusable certificates before the first request
    client = _client(settings, access, endpoint, settings.largest_page_bytes, settings.page_timeout_seconds)
    client.auth = auth
    return client


def identity_client(settings: CloudSettings, access: AccountAccess) -> httpx.Client:
    """The client for the identity service. A token is a small answer: it may take as long as a piece of a page."""
    from extract.identity import LARGEST_BYTES  # see connect

    seconds = min(settings.read_timeout_seconds, settings.page_timeout_seconds)
    return _client(settings, access, _IDENTITY, LARGEST_BYTES, seconds)


def _client(
    settings: CloudSettings, access: AccountAccess, service: str, largest_bytes: int, seconds: float
) -> httpx.Client:
    headers = {"Accept": "application/json", "Accept-Encoding": ANNOUNCED, "User-Agent": "glanceback"}
    if settings.api_version:
        headers["X-Api-Version"] = settings.api_version
    return httpx.Client(
        transport=access.transport(
            service,
            lambda: WholeAnswers(
                access.context,
                os.environ,
                connections=settings.max_connections,
                largest_bytes=largest_bytes,
                seconds=seconds,
            ),
        ),
        headers=headers,
        # The transport reads the variables for proxies and certificates; httpx must not read others.
        trust_env=False,
        # After a redirect httpx would send our headers to another host, so redirects are not followed.
        follow_redirects=False,
        timeout=httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds),
    )
