"""Checks and normalizes the address of a service. Sends no requests."""

from typing import Final
from urllib.parse import urlsplit

from core.errors import SettingsError
from core.redaction import shown_url

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def base_url(endpoint: str) -> str:
    """Return the endpoint without a trailing slash or version: `https://host/image/v2/` gives `https://host/image`.

    Raises: SettingsError.
    """
    endpoint = endpoint.strip()
    if "@" in endpoint:
        raise SettingsError(
            f"the endpoint '{shown_url(endpoint)}' contains a user or a password, or a @",
            "Remove it: requests to the image service carry a token or a signature, never a password.",
        )
    parts = urlsplit(endpoint) if is_address(endpoint) else None
    if parts is None or parts.query or parts.fragment or not _is_for_httpx(endpoint):
        raise SettingsError(
            f"'{shown_url(endpoint)}' is not the endpoint of an image service",
            "Use an address like https://image.example.com or https://example.com/image/v2.",
        )
    path = parts.path.rstrip("/")
    head, _, last = path.rpartition("/")
    if last[:1] == "v" and last[1:].replace(".", "").isdigit():
        path = head.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def projects_url(auth_url: str) -> str:
    """Where the identity service lists an account's projects. Source: Identity API v3, GET /v3/auth/projects."""
    base = auth_url.rstrip("/")
    return f"{base if base.endswith('/v3') else f'{base}/v3'}/auth/projects"


def is_address(url: object) -> bool:
    try:
        parts = urlsplit(str(url))
        return parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0 and str(url).isprintable()
    except ValueError:
        return False


def _is_for_httpx(url: str) -> bool:
    import httpx  # slow to import, and most commands do not reach a cloud

    try:
        return bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False
