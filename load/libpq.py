"""Decides which parts of a PostgreSQL connection string may be shown, in every form that libpq accepts.

Source: PostgreSQL's manual, 34.1.1 "Connection Strings" and 34.1.2 "Parameter Key Words". Text that may not be in that
grammar is not shown at all: if a password has a blank or a slash in it, its second half looks like something else.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "..."

_SHOWN: Final = {
    "host": r"[\w.,:/\[\]%@-]*",
    "hostaddr": r"[0-9a-fA-F.,:]*",
    "port": r"[\d,]*",
    "dbname": r"[\w.$-]*",
    "user": r"[\w.@$-]*",
    "sslmode": r"[a-z-]*",
    "connect_timeout": r"\d*",
    "application_name": r"[\w.-]*",
    "target_session_attrs": r"[a-z-]*",
    "service": r"[\w.-]*",
    "passfile": r"[\w./~-]*",
    "sslrootcert": r"[\w./~-]*",
}
"""The parameters that are shown, and the values that are safe to show."""
_KNOWN: Final = {
    *_SHOWN, "password", "sslpassword", "require_auth", "channel_binding", "client_encoding", "options",
    "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout", "replication", "gssencmode", "requiressl", "sslnegotiation", "sslcompression", "sslcert",
    "sslkey", "sslkeylogfile", "sslcertmode", "sslcrl", "sslcrldir", "sslsni", "requirepeer",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version", "max_protocol_version",
    "krbsrvname", "gsslib", "gssdelegation", "scram_client_key", "scram_server_key", "servicefile",
    "load_balance_hosts", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope",
}  # fmt: skip
_NO_NUMBERS: Final = {"port", "connect_timeout"}

_PAIR: Final = re.compile(
    r"\s*([^\s=]+)\s*=\s*('(?:[^'\\]|\\.)*'(?=\s|$)|(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*|$)", re.DOTALL
)
_URI: Final = re.compile(
    r"(?P<scheme>postgres(?:ql)?://)(?:(?P<user>[^:@/?#\s]*)(?P<password>:[^@/?#\s]*)?@)?"
    r"(?P<hosts>[^@/?#\s]*)(?:/(?P<dbname>[^@/?#\s]*))?(?:\?(?P<query>[^@#?\s]*))?"
)
_HOST: Final = re.compile(r"(?:\[[0-9a-fA-F:.%\w]*\]|[\w.%-]*)(?::\d*)?")
_ESCAPES: Final = re.compile(r"(?:[^%]|%[0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """`shown`: None if the text may not be a connection string. `hidden`: the values that are not shown."""

    shown: str | None
    hidden: tuple[str, ...]


def read(text: str) -> ConnectionString:
    """Never raises."""
    pairs = _of_uri(text) if "://" in text.partition("=")[0] else _of_pairs(text)
    if pairs is None:
        return ConnectionString(None, tuple(re.split(r"[\s=:/@?&,'\"\\]+", text)))
    return pairs


def scheme(text: str) -> str:
    """The only part that is shown of a text that `read` does not understand."""
    found = re.match(r"postgres(?:ql)?://", text.strip())
    return found[0] if found else ""


def _of_pairs(text: str) -> ConnectionString | None:
    shown: list[str] = []
    hidden: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            return None
        key, value = found[1], _unquoted(found[2])
        if (one := _pair(key, value)) is None:
            return None
        shown.append(f"{key}={one}")
        hidden += [value, found[2]] if one == HIDDEN else []
        at = found.end()
    return ConnectionString(" ".join(shown), tuple(hidden)) if shown else None


def _unquoted(value: str) -> str:
    inner = value[1:-1] if value.startswith("'") else value
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def _of_uri(text: str) -> ConnectionString | None:
    found = _URI.fullmatch(text)
    if found is None or not _ESCAPES.fullmatch(text):
        return None
    if not all(_HOST.fullmatch(host) for host in found["hosts"].split(",")):
        return None
    shown = found["scheme"]
    hidden: list[str] = []
    if found["user"] is not None:
        user = unquote(found["user"])
        shown += user if re.fullmatch(_SHOWN["user"], user) else HIDDEN
        if found["password"]:
            hidden.append(found["password"][1:])
            shown += f":{HIDDEN}"
        shown += "@"
    shown += found["hosts"]
    if found["dbname"] is not None:
        shown += f"/{_pair('dbname', unquote(found['dbname']))}"
    parts = []
    for part in found["query"].split("&") if found["query"] else ():
        key, _, value = part.partition("=")
        if (one := _pair(unquote(key), unquote(value))) is None:
            return None
        parts.append(f"{unquote(key)}={one}")
        hidden += [value] if one == HIDDEN else []
    shown += f"?{'&'.join(parts)}" if parts else ""
    return ConnectionString(shown, (*hidden, *map(unquote, hidden)))


def _pair(key: str, value: str) -> str | None:
    """The text to show for a parameter's value. None if libpq refuses it: then libpq's message quotes it."""
    if key not in _KNOWN and key != "ssl":
        return None
    if re.fullmatch(_SHOWN.get(key, "(?!)"), value):
        return value
    return None if key in _NO_NUMBERS else HIDDEN
