"""Certificates are verified unless somebody says otherwise, and a private authority can be named."""

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from extract.account import CloudSettings
from extract.connection import connect
from extract.dialect import look
from extract.errors import CloudError, SettingsError
from tests.clouds.fake import FakeCloud, fake_cloud
from tests.flows.accounts import write_clouds_yaml


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture(scope="module")
def secure_cloud(certificate: Path) -> Iterator[FakeCloud]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fake_cloud(context) as running:
        running.add("a")
        yield running


def settings(cloud: FakeCloud, folder: Path, monkeypatch: pytest.MonkeyPatch, **entry: Any) -> CloudSettings:
    described = {"auth_type": "none", "auth": {"endpoint": cloud.url}, **entry}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(folder, c=described)))
    return CloudSettings("c", os_cloud="c", tries=1)


def test_certificate_of_an_unknown_authority_is_not_trusted(
    secure_cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CloudError, match=r"cannot be trusted.*cacert"):
        look(connect(settings(secure_cloud, tmp_path, monkeypatch)))


def test_authority_in_clouds_yaml_is_trusted(
    secure_cloud: FakeCloud, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(connect(settings(secure_cloud, tmp_path, monkeypatch, cacert=str(certificate)))).dialect == "ims"


def test_authority_in_os_cacert_is_trusted(
    secure_cloud: FakeCloud, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AUTH_TYPE": "none", "ENDPOINT": secure_cloud.url, "CACERT": str(certificate)}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    assert look(connect(CloudSettings("envvars", tries=1))).dialect == "ims"


def test_authority_that_cannot_be_read_is_a_mistake_in_the_settings(
    secure_cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="cacert"):
        connect(settings(secure_cloud, tmp_path, monkeypatch, cacert=str(tmp_path / "nowhere.pem")))


def test_identity_service_of_an_unknown_authority_is_not_trusted(
    secure_cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = {"auth_url": f"{secure_cloud.url}/v3", "username": "u", "password": "p", "project_name": "p"}
    entry = auth | {"user_domain_id": "default", "project_domain_id": "default"}
    with pytest.raises(SettingsError, match=r"identity service cannot be trusted.*cacert"):
        connect(settings(secure_cloud, tmp_path, monkeypatch, auth_type="password", auth=entry))
