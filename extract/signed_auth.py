"""AK/SK: signs each request to the cloud's own origin with the vendor's signer (the extra `aksk`). No I/O of its own.

Source: the vendor's "API request signing" (SDK-HMAC-SHA256); the signer is that of huaweicloudsdkcore.
"""

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import httpx

from core.errors import SettingsError
from core.redaction import Secrets
from core.shipped import how_to_install
from core.wording import counted
from extract.credentials import header_safe
from extract.token_auth import Origin, origin_of

_ADDED: Final = ("Authorization", "X-Sdk-Date", "X-Project-Id", "X-Security-Token")
_UNREMARKABLE_SECONDS: Final = 60
LONGEST_SIGNATURE_SECONDS: Final = 900
"""The lifetime of a signature: fifteen minutes. Source: the vendor's "API request signing"."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """`security_token`: that of a temporary key. The repr shows neither it nor the keys."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(repr=False)
    project_id: str | None

    def of_project(self, project_id: str | None) -> "AccessKey":
        return replace(self, project_id=project_id)


def access_key(entry: Mapping[str, Any], project_id: str | None, where: str) -> AccessKey:
    """Return the key in an account's entry, or else in the variables of the vendor's own tools.

    Raises: SettingsError if it is missing, or an HTTP header cannot contain a part of it.
    """

    def part(name: str, what: str, variable: str) -> str | None:
        variable = f"HUAWEICLOUD_SDK_{variable}"
        value = entry.get(name) or os.environ.get(variable)
        if value is None or value == "":
            return None
        return header_safe(value, what, where, f"Correct {name} in clouds.yaml, or {variable}.")

    access, secret = part("access_key", "the access key", "AK"), part("secret_key", "the secret key", "SK")
    if access is None or secret is None:
        raise SettingsError(
            f"{where}: auth_type aksk needs an access key and a secret key",
            "Set access_key and secret_key in clouds.yaml, or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK.",
        )
    return AccessKey(
        access,
        secret,
        part("security_token", "the security token", "SECURITY_TOKEN"),
        project_id or part("project_id", "the project id", "PROJECT_ID"),
    )


class SignedAuth(httpx.Auth):
    """Signs requests to one origin only, because a server that receives a signed request could send it again."""

    def __init__(self, key: AccessKey, origin: Origin, secrets: Secrets | None = None) -> None:
        """Adds the key to `secrets`.

        Raises: SettingsError if the extra is not installed, or an HTTP header cannot contain a part of the key.
        """
        (secrets if secrets is not None else Secrets()).add(key.access_key, key.secret_key, key.security_token)
        for value, what in (
            (key.access_key, "the access key"),
            (key.secret_key, "the secret key"),
            (key.security_token, "the security token"),
            (key.project_id, "the project id"),
        ):
            if value is not None:
                header_safe(value, what, origin[1])
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
                    # Exactly the path that is sent: another spelling of the same path has another signature.
                    resource_path=request.url.raw_path.partition(b"?")[0].decode(),
                    query_params=list(request.url.params.multi_items()),
                    header_params={},
                )
            )
            for name in _ADDED:
                if name in signed.header_params:
                    request.headers[name] = signed.header_params[name]
        yield request


def clock_difference(served_at: datetime | None, ours: datetime) -> str | None:
    """Return a sentence about the difference of this machine's clock from an answer's Date; None if it is small.

    Both are UTC. The gateway refuses a request signed by a clock that differs by more than LONGEST_SIGNATURE_SECONDS.
    """
    if served_at is None:
        return None
    seconds = (ours - served_at).total_seconds()
    if abs(seconds) <= _UNREMARKABLE_SECONDS:
        return None
    side = "ahead of" if seconds > 0 else "behind"
    result = (
        "with this difference signatures are expired: set the clock"
        if abs(seconds) > LONGEST_SIGNATURE_SECONDS
        else "signatures do not expire by this difference alone"
    )
    return f"This machine's clock is {_duration(abs(seconds))} {side} the cloud's; {result}."


def _duration(seconds: float) -> str:
    unit, length = next((one for one in (("day", 86_400), ("hour", 3_600)) if seconds >= 2 * one[1]), ("minute", 60))
    return counted(round(seconds / length), unit)


def _vendors_classes() -> tuple[Any, Any]:
    try:
        from huaweicloudsdkcore.auth.credentials import BasicCredentials  # an extra
        from huaweicloudsdkcore.sdk_request import SdkRequest  # likewise
    except ImportError as exc:
        raise SettingsError(
            "auth_type aksk needs the vendor's signer, which is not installed",
            how_to_install("aksk"),
        ) from exc
    return BasicCredentials, SdkRequest
