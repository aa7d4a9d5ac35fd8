"""Finds the proxy of a request in the environment variables, for the login and for images.

Our HTTP libraries do not read every form that people set. httpx fails on `socks://` and on IPv6 in NO_PROXY, and does
not know address ranges; requests and urllib know IPv4 ranges at most. Called by extract.transport, and by flows before
Prefect starts. Source: curl's manual, section ENVIRONMENT.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from core.errors import SettingsError

KEPT: Final = "GLANCEBACK_ORIGINAL_"
"""Prefix of the variables that keep the original values if we changed the proxy variables for other programs."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SCHEMES: Final = {"http": "http", "https": "https", "socks": "socks5", "socks5": "socks5", "socks5h": "socks5h"}
"""Accepted schemes of a proxy -> what httpx expects. Desktops write `socks` for SOCKS 5."""
_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_HOST: Final = re.compile(r"[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]")
_IPV4: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for `url`, with its password, or None.

    Raises: SettingsError if the variable that applies does not hold a proxy's address. It is not read if NO_PROXY
    covers the host.
    """
    parts = urlsplit(url)
    if needs_no_proxy(parts, no_proxy_entries(environment)):
        return None
    for variable in (f"{parts.scheme}_proxy", "all_proxy"):
        name, value = proxy_variable(environment, variable)
        if value:
            return proxy_address(name, value)
    return None


def proxy_variable(environment: Mapping[str, str], variable: str) -> tuple[str, str]:
    """Return the name as it was set, and the value of a variable. The lower-case name wins, even if it is empty."""
    environment = original_variables(environment)
    for name in (variable, variable.upper()):
        if name in environment:
            return name, environment[name].strip()
    return variable.upper(), ""


def original_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy variables by name, with their original values."""
    names = [spelling for name in _VARIABLES for spelling in (name, name.upper())]
    kept = {name: environment[KEPT + name] for name in names if KEPT + name in environment}
    return kept or {name: environment[name] for name in names if name in environment}


def proxy_address(variable: str, value: str) -> str:
    """Return the proxy's address in httpx's form. Raises: SettingsError, which names the variable but not its value."""
    scheme, found, rest = value.partition("://")
    if not found:
        scheme, rest = "http", value.removeprefix("//")
    login, at, host = rest.rpartition("@")
    authority = re.split(r"[/?#]", host)[0]
    user, colon, password = login.partition(":")
    try:
        address = urlsplit(f"//{authority}")
        if scheme.lower() not in _SCHEMES or not _HOST.fullmatch(authority.removesuffix(f":{address.port}")):
            raise ValueError
        if authority.startswith("[") or _IPV4.fullmatch(address.hostname or ""):
            ipaddress.ip_address(address.hostname or "")
    except ValueError:
        raise SettingsError(
            f"the environment variable {variable} does not hold a usable address of a proxy",
            "Write it like http://proxy.example.com:3128, https://... or socks5://..., with % codes for special "
            "characters in a password; or name the hosts that do not need a proxy in NO_PROXY.",
        ) from None
    userinfo = f"{_quoted(user)}{colon}{_quoted(password)}@" if at else ""
    return f"{_SCHEMES[scheme.lower()]}://{userinfo}{authority.lower()}"


def no_proxy_entries(environment: Mapping[str, str]) -> list[str]:
    """Return the entries of `no_proxy` and NO_PROXY, separated by commas or blanks."""
    variables = original_variables(environment)
    text = " ".join(variables.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    return [entry for entry in re.split(r"[,\s]+", text.lower()) if entry]


def needs_no_proxy(url: SplitResult, entries: list[str]) -> bool:
    """Return whether an entry covers the URL's host: its name, a parent domain, its address, a range, or `*`."""
    host = (url.hostname or "").rstrip(".")
    try:
        port = url.port or _DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        port = None
    address = _address(host)
    return any(_covers(entry, url.scheme, host, port, address) for entry in entries)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _covers(entry: str, scheme: str, host: str, port: int | None, address: _Address | None) -> bool:
    if "://" in entry:
        wanted, _, entry = entry.partition("://")
        if wanted not in (scheme, "all"):
            return False
    name, wanted_port = _name_and_port(entry.rstrip("/"))
    if wanted_port is not None and wanted_port != str(port):
        return False
    if name == "*":
        return True
    if address is not None:
        return any(address in network for network in _networks(name))
    domain = name.lstrip("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _name_and_port(entry: str) -> tuple[str, str | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](/\d+)?(?::(\d+))?", entry)
    if bracketed:
        return bracketed[1] + (bracketed[2] or ""), bracketed[3]
    name, colon, port = entry.rpartition(":")
    return (name, port) if colon and port.isdigit() and ":" not in name else (entry, None)


def _networks(name: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        yield ipaddress.ip_network(name, strict=False)
    except ValueError:
        return


def _address(host: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _quoted(text: str) -> str:
    return quote(unquote(text), safe="")
