"""Which certificates are trusted, and which is shown: one TLS context for logging in and for images alike.

`cacert` (clouds.yaml, OS_CACERT) is trusted alone. Else the variables of requests (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE)
and of OpenSSL (SSL_CERT_FILE, SSL_CERT_DIR) count, all that are set; else the authorities that certifi knows.
"""

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import certifi

from core.errors import SettingsError
from core.wording import reason

_HASHED_NAME: Final = re.compile(r"[0-9a-f]{8}\.\d+")
"""How OpenSSL finds a certificate in a folder: by a hash of its subject, as `openssl rehash` names links."""
_SUFFIXES: Final = (".pem", ".crt", ".cer")


def tls_context(region: Any, environment: Mapping[str, str], where: str) -> ssl.SSLContext:
    """Return the context that the account's entry (`verify`, `cacert`, `cert`, `key`) and the environment ask for.

    Raises: SettingsError when a file or folder that one of them names holds no certificates.
    """
    verify, certificate = region.get_requests_verify_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif isinstance(verify, str):
        _trust(context, "cacert (OS_CACERT)", verify, where)
    else:
        trust_environment(context, environment, where)
    if certificate:
        files = [certificate] if isinstance(certificate, str) else list(certificate)
        try:
            # Without a password OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(files[0], files[1] if len(files) > 1 else None, password=lambda: b"")
        except OSError as exc:
            raise SettingsError(
                f"{where}: the client certificate in {' and '.join(files)} cannot be used ({reason(exc)})",
                "Check cert and key (OS_CERT, OS_KEY): PEM files without a password.",
            ) from exc
    return context


def trust_environment(context: ssl.SSLContext, environment: Mapping[str, str], where: str) -> None:
    """Trust what the environment's variables name. Raises: SettingsError as tls_context."""
    named = {
        path: name
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        if (value := environment.get(name, ""))
        for path in (_folders(value) if name == "SSL_CERT_DIR" else [value])
    }
    for path, name in named.items():
        _trust(context, name, path, where)
    if not named:
        context.load_verify_locations(cafile=certifi.where())


def _trust(context: ssl.SSLContext, name: str, path: str, where: str) -> None:
    try:
        for file in _files(Path(path).expanduser()):
            if file.is_dir():
                context.load_verify_locations(capath=file)
            else:
                context.load_verify_locations(cafile=file)
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError too; a NUL in a path is a ValueError
        raise SettingsError(
            f"{where}: the certificates in '{path}' cannot be read ({reason(exc)})",
            f"Check {name}: it names a PEM file, or a folder of them.",
        ) from exc


def _files(path: Path) -> Iterator[Path]:
    """The file; or the folder, if OpenSSL finds its certificates by hash; or the files in it."""
    if not path.is_dir():
        yield path
        return
    inside = sorted(path.iterdir())
    if any(_HASHED_NAME.fullmatch(file.name) for file in inside):
        yield path
        return
    files = [file for file in inside if file.suffix in _SUFFIXES]
    if not files:
        raise FileNotFoundError("the folder has no certificates")
    yield from files


def _folders(value: str) -> list[str]:
    """The folders of SSL_CERT_DIR that exist; all of them where none does, for the error's sake."""
    folders = [folder for folder in value.split(os.pathsep) if folder]
    return [folder for folder in folders if Path(folder).is_dir()] or folders
