"""Checks every credential before the first request, and finds the secret values of an account.

For every kind of login: password, token, application credential, access key. Called by extract.account and the auths.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from core.errors import SettingsError
from core.redaction import Secrets

_PUBLIC: Final = re.compile(
    r"(user|project|tenant|domain|trust|application_credential|region|identity_provider|protocol|system|interface"
    r"|service|auth_methods|mutual_auth|timeout)(_|$)|(_url|_endpoint|_id|_name|_type|_scope)$|^(endpoint|username)$"
)
"""Names under `auth` that are not secret; everything else there is secret."""
_SECRET: Final = re.compile(r"password|passcode|secret|token|access_?key|_ak$|_sk$", re.IGNORECASE)
_ABOUT: Final = re.compile(r"_(url|endpoint|id|name|type|file)$", re.IGNORECASE)
_SECRET_VARIABLES: Final = re.compile(r"^(OS|HUAWEICLOUD|AWS)_")


def header_safe(value: object, what: str, where: str, advice: str = "") -> str:
    """Return `value` if an HTTP header can contain it. `what` names it in the error; the value is never shown.

    A header contains printable ASCII without a blank at either end. httpx would refuse other text too, but show it.
    Raises: SettingsError.
    """
    problem = _problem(value)
    if problem is None:
        return str(value)
    raise SettingsError(f"{where}: {what} {problem}", advice or "Correct it: an HTTP header cannot contain it.")


def _problem(value: object) -> str | None:
    if not isinstance(value, str):
        return f"is not a text but {type(value).__name__}: write it in quotes"
    if not value:
        return "is empty"
    if "\n" in value or "\r" in value:
        return "has a line break"
    if not value.isascii():
        return "has a character that is not ASCII, which an HTTP header cannot contain"
    if not value.isprintable():
        return "has a control character, which an HTTP header cannot contain"
    if value != value.strip():
        return "begins or ends with a blank"
    return None


def secrets_of(config: Mapping[str, Any], secrets: Secrets | None = None) -> Secrets:
    """Return the secrets of an account: in its entry, in the environment, in the proxies' URLs.

    `config`: an entry of clouds.yaml, or openstack.config's version of it. They are added to `secrets`, if given.
    """
    secrets = secrets or Secrets()
    _add(config, secrets, in_auth=False)
    for name, value in os.environ.items():
        if _SECRET_VARIABLES.match(name) and _is_secret(name):
            secrets.add(value)
    secrets.add_proxies()
    return secrets


def _is_secret(name: str) -> bool:
    """Whether the name is that of a secret. OS_TOKEN_ENDPOINT and OS_APPLICATION_CREDENTIAL_ID only refer to one."""
    return bool(_SECRET.search(name)) and not _ABOUT.search(name)


def _add(value: Any, secrets: Secrets, name: str = "", *, in_auth: bool) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _add(inner, secrets, str(key), in_auth=in_auth or key == "auth")
    elif isinstance(value, list):
        for inner in value:
            _add(inner, secrets, name, in_auth=in_auth)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        secrets.add_url(str(value))
        if _is_secret(name) or (in_auth and not _PUBLIC.search(name)):
            secrets.add(str(value))
