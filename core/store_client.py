"""Opens an object store with the address, region, credentials, proxy and certificates that the environment names.

It reads the variables and profiles of the AWS tools: AWS_ENDPOINT_URL names another store that speaks S3. pyarrow
itself reads the credentials and little else.
"""

import configparser
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from core.errors import SettingsError
from core.proxies import proxy_for

SCHEMES: Final = ("s3", "s3a", "gs")

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 10.0
TRIES = 3
"""A request to a store that does not answer fails after about SILENCE_SECONDS times TRIES."""

_VARIABLES: Final = (
    "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "HOME", "GOOGLE_APPLICATION_CREDENTIALS", "https_proxy", "HTTPS_PROXY",
    "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
)  # fmt: skip
"""The variables that decide how a store is opened. If one changes, the store is opened again."""


def filesystem(scheme: str, bucket: str) -> Any:
    """Return pyarrow's file system for the bucket. Raises: OSError, SettingsError."""
    return _opened(scheme, bucket, tuple((name, os.environ.get(name, "")) for name in _VARIABLES))


@lru_cache(maxsize=8)
def _opened(scheme: str, bucket: str, variables: tuple[tuple[str, str], ...]) -> Any:
    # By default the AWS SDK sends chunks and a checksum after the content: many stores refuse or even store them.
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    from pyarrow import fs

    if scheme == "gs":
        return fs.FileSystem.from_uri(f"gs://{bucket}?retry_limit_seconds={SILENCE_SECONDS * TRIES:.0f}")[0]
    environment = dict(variables)
    profile = _profile(environment)
    endpoint = (
        environment["AWS_ENDPOINT_URL_S3"]
        or environment["AWS_ENDPOINT_URL"]
        or profile.get("s3.endpoint_url")
        or profile.get("endpoint_url")
    )
    region = environment["AWS_REGION"] or environment["AWS_DEFAULT_REGION"] or profile.get("region")
    if region is None and endpoint is None:
        region = fs.resolve_s3_region(bucket)
    certificates = (environment[name] for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"))
    return fs.S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        force_virtual_addressing=profile.get("s3.addressing_style") == "virtual",
        proxy_options=_proxy(endpoint or f"https://{bucket}.s3.{region}.amazonaws.com"),
        tls_ca_file_path=next(filter(None, certificates), None),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=SILENCE_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        # One request per object: nothing is sent before it is closed, and its size is known then.
        allow_delayed_open=True,
        # In the caller's thread: all readers together share pyarrow's eight threads.
        background_writes=False,
    )


def _proxy(url: str) -> str | None:
    """Return the proxy's address or None. Raises: SettingsError if the AWS SDK cannot use that kind of proxy."""
    proxy = proxy_for(url, os.environ)
    if proxy is not None and not proxy.startswith("http"):
        raise SettingsError(
            "an object store cannot be reached through a SOCKS proxy",
            "Name its host in NO_PROXY, or use an HTTP proxy.",
        )
    return proxy


def _profile(environment: Mapping[str, str]) -> dict[str, str]:
    """The profile's settings in ~/.aws/config, of which pyarrow reads only `region` and the credentials."""
    file = Path(environment["AWS_CONFIG_FILE"] or "~/.aws/config")
    name = environment["AWS_PROFILE"] or "default"
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read(file.expanduser(), encoding="utf-8")
    except (configparser.Error, OSError, RuntimeError, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    section = name if name == "default" and config.has_section(name) else f"profile {name}"
    for part in (section, f"services {config.get(section, 'services', fallback='')}"):
        for key, value in config.items(part) if config.has_section(part) else ():
            nested = re.findall(r"^\s*(\w+)\s*=\s*(\S+)", value, re.MULTILINE) if value.startswith("\n") else ()
            found |= {f"{key}.{inner}": text for inner, text in nested} if nested else {key: value}
    return found
