"""Sets the variables that Prefect's HTTP client reads, in a form that it can read, whatever people set.

httpx fails on `socks://`, on values that are not a proxy, and on IPv6 in NO_PROXY, even for a server that needs no
proxy; and it uses a proxy even for servers on loopback. Called by start, before Prefect is imported. Our own requests
still use what was set.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Final

from core.errors import SettingsError
from core.proxies import KEPT, no_proxy_entries, original_variables, proxy_address, proxy_for, proxy_variable
from core.wording import reason

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NAME: Final = re.compile(r"\*|(\*?\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?(:\d{1,5})?")
_IPV4_RANGE: Final = re.compile(r"\d+\.\d+\.\d+\.\d+/\d+")
_IPV6: Final = re.compile(r"\[?([0-9a-f]*:[0-9a-f:]*:?[0-9a-f.]*)\]?(:\d+)?")


def variables_for_httpx(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set: the lower-case ones, which other programs read first, and copies of the originals.

    Empty if no proxy variable is set. core.proxies reads the copies of the originals.
    """
    originals = original_variables(environment)
    if not originals:
        return {}
    proxies = {name: _proxy(environment, name) for name in ("http_proxy", "https_proxy", "all_proxy")}
    entries = [entry for entry in map(_entry, no_proxy_entries(environment)) if entry]
    entries += [host for host in (*_LOOPBACK, *_prefects_host(environment)) if host not in entries]
    kept = {KEPT + name: value for name, value in originals.items()}
    return {**kept, **proxies, "no_proxy": ",".join(entries)}


def check_certificates(environment: Mapping[str, str]) -> None:
    """Raises: SettingsError if SSL_CERT_FILE cannot be read: Prefect would fail when it is imported."""
    file = environment.get("SSL_CERT_FILE")
    if not file:
        return
    try:
        ssl.create_default_context(cafile=file)
    except OSError as exc:
        raise SettingsError(
            f"the certificates in '{file}' cannot be read ({reason(exc)})",
            "Check SSL_CERT_FILE: it names a PEM file.",
        ) from exc


def _proxy(environment: Mapping[str, str], variable: str) -> str:
    """The proxy's address; empty if it cannot be used, so that other programs do not fail on it."""
    name, value = proxy_variable(environment, variable)
    try:
        return proxy_address(name, value) if value else ""
    except SettingsError:
        return ""


def _entry(entry: str) -> str | None:
    """The entry in a form that httpx reads; None if there is none, as for a range of IPv6 addresses."""
    if _NAME.fullmatch(entry) or _IPV4_RANGE.fullmatch(entry):
        return entry
    address = _IPV6.fullmatch(entry)
    return address[1] if address else None


def _prefects_host(environment: Mapping[str, str]) -> list[str]:
    """The host of PREFECT_API_URL, if the originals say that it needs no proxy: by a range, for instance."""
    url = environment.get("PREFECT_API_URL", "")
    found = re.match(r"https?://(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)", url)
    try:
        return [found[1].strip("[]")] if found and proxy_for(url, environment) is None else []
    except (SettingsError, ValueError):
        return []
