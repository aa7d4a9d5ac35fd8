"""Makes the TLS context, for the login and for images: the trusted authorities and the client certificate.

If `cacert` (clouds.yaml, OS_CACERT) is set, only that is trusted. Otherwise all that are set of requests' variables
(REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) and OpenSSL's (SSL_CERT_FILE, SSL_CERT_DIR); otherwise certifi's authorities.
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
"""The names by which OpenSSL finds certificates in a folder: hashes of their subjects, made by `openssl rehash`."""
_SUFFIXES: Final = (".pem", ".crt", ".cer")


def tls_context(region: Any, environment: Mapping[str, str], where: str) -> ssl.SSLContext:
    """Return the context for the account's entry (`verify`, `cacert`, `cert`, `key`) and the environment.

    Raises: SettingsError if a file or folder that one of them names does not contain certificates.
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
            # Without this argument OpenSSL would ask for a password on the terminal and wait.
            context.load_cert_chain(files[0], files[1] if len(files) > 1 else None, password=lambda: b"")
        except OSError as exc:
            raise SettingsError(
                f"{where}: the client certificate in {' and '.join(files)} cannot be used ({reason(exc)})",
                "Check cert and key (OS_CERT, OS_KEY): PEM files without a password.",
            ) from exc
    return context


def trust_environment(context: ssl.SSLContext, environment: Mapping[str, str], where: str) -> None:
    """Trust the certificates that the environment's variables name. Raises: SettingsError as tls_context."""
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
    """Yield the file; for a folder, the folder itself if OpenSSL finds its certificates by hash, else its files."""
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
    """The folders of SSL_CERT_DIR that exist; all of them if none exists, so that the error names them."""
    folders = [folder for folder in value.split(os.pathsep) if folder]
    return [folder for folder in folders if Path(folder).is_dir()] or folders
