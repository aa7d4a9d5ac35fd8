"""AK/SK: each request to the cloud's own origin signed by the vendor's signer (the extra `aksk`). No I/O of its own.

Source: the vendor's "API request signing" (SDK-HMAC-SHA256); the signer is that of huaweicloudsdkcore.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import httpx

from extract.errors import SettingsError
from extract.token_auth import Origin, origin_of

_ADDED = ("Authorization", "X-Sdk-Date", "X-Project-Id", "X-Security-Token")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """`security_token` belongs to a temporary key. Neither it nor the secret key is ever shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(repr=False)
    project_id: str | None


class SignedAuth(httpx.Auth):
    """Signs what goes to one origin, and nothing else: a signed request may be sent again by whoever gets it."""

    def __init__(self, key: AccessKey, origin: Origin) -> None:
        """Raises: SettingsError where the extra is not installed."""
        credentials, self._request = _vendors_classes()
        self._credentials = credentials(key.access_key, key.secret_key, key.project_id)
        if key.security_token:
            self._credentials.with_security_token(key.security_token)
        self._origin = origin

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin_of(str(request.url)) == self._origin:
            signed = self._credentials.sign_request(
                self._request(
                    method=request.method,
                    host=request.headers["Host"],
                    resource_path=request.url.raw_path.partition(b"?")[0].decode(),
                    query_params=list(request.url.params.multi_items()),
                    header_params={},
                )
            )
            for name in _ADDED:
                if name in signed.header_params:
                    request.headers[name] = signed.header_params[name]
        yield request


def _vendors_classes() -> tuple[Any, Any]:
    try:
        from huaweicloudsdkcore.auth.credentials import BasicCredentials  # an extra
        from huaweicloudsdkcore.sdk_request import SdkRequest  # likewise
    except ImportError as exc:
        raise SettingsError(
            "auth_type aksk needs the vendor's signer, which is not installed",
            "Install it: .venv/bin/python -m pip install --no-deps --require-hashes -r requirements-aksk.txt",
        ) from exc
    return BasicCredentials, SdkRequest
