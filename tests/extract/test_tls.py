"""Certificates are verified unless somebody says otherwise, and a private authority can be named."""

import hashlib
import ipaddress
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import CloudError, SettingsError, TransientError
from extract.account import CloudSettings
from extract.connection import connect
from extract.dialect import probe_api
from tests.clouds.accounts import write_clouds_yaml
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.clouds.identity import PASSWORD, FakeIdentity, fake_identity


def write_certificate(file: Path, address: str = "127.0.0.1", days: int = 1) -> Path:
    """A self-signed certificate for the address that is valid for so many days, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=3))
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def cloud_with(certificate: Path) -> Iterator[FakeCloud]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fake_cloud(context) as running:
        running.add("a")
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "certificate.pem")


@pytest.fixture(scope="module")
def secure_cloud(certificate: Path) -> Iterator[FakeCloud]:
    with cloud_with(certificate) as running:
        yield running


def settings(cloud: FakeCloud, folder: Path, monkeypatch: pytest.MonkeyPatch, **entry: Any) -> CloudSettings:
    described = {"auth_type": "none", "auth": {"endpoint": cloud.url}, **entry}
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(write_clouds_yaml(folder, c=described)))
    return CloudSettings("c", os_cloud="c", tries=1)


def test_certificate_of_an_unknown_authority_is_not_trusted(
    secure_cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CloudError, match=r"cannot be trusted.*cacert"):
        probe_api(connect(settings(secure_cloud, tmp_path, monkeypatch)))


def test_authority_in_clouds_yaml_is_trusted(
    secure_cloud: FakeCloud, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert probe_api(connect(settings(secure_cloud, tmp_path, monkeypatch, cacert=str(certificate)))).dialect == "ims"


def test_authority_in_os_cacert_is_trusted(
    secure_cloud: FakeCloud, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AUTH_TYPE": "none", "ENDPOINT": secure_cloud.url, "CACERT": str(certificate)}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    assert probe_api(connect(CloudSettings("envvars", tries=1))).dialect == "ims"


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


VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture
def only_certifi(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secure_identity(secure_cloud: FakeCloud, certificate: Path) -> Iterator[FakeIdentity]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fake_identity(context) as running:
        running.image_url = secure_cloud.url
        yield running


def log_in(identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch) -> str:
    """The dialect, for which a login and a page were needed."""
    given = {"AUTH_URL": f"{identity.url}/v3", "USERNAME": "u", "PASSWORD": PASSWORD, "PROJECT_ID": PROJECT}
    for name, value in {**given, "USER_DOMAIN_ID": "default"}.items():
        monkeypatch.setenv(f"OS_{name}", value)
    return probe_api(connect(CloudSettings("envvars", tries=1))).dialect


@pytest.mark.usefixtures("only_certifi")
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_variable_counts_for_login_and_images(
    secure_identity: FakeIdentity, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with pytest.raises(SettingsError, match="identity service cannot be trusted"):
        log_in(secure_identity, monkeypatch)
    monkeypatch.setenv(variable, str(certificate))
    assert log_in(secure_identity, monkeypatch) == "ims"


@pytest.mark.usefixtures("only_certifi")
@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "OS_CACERT"])
@pytest.mark.parametrize("is_hashed", [True, False])
def test_folder_of_certificates_is_trusted(
    secure_identity: FakeIdentity, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str,
    is_hashed: bool,
) -> None:  # fmt: skip
    name = f"{subject_hash('127.0.0.1')}.0" if is_hashed else "ours.pem"
    (tmp_path / name).write_bytes(certificate.read_bytes())
    monkeypatch.setenv(variable, f"/nowhere:{tmp_path}" if variable == "SSL_CERT_DIR" else str(tmp_path))
    assert log_in(secure_identity, monkeypatch) == "ims"


@pytest.mark.usefixtures("only_certifi")
@pytest.mark.parametrize("variable", [*VARIABLES, "OS_CACERT"])
@pytest.mark.parametrize("what", ["missing", "empty folder", "no certificate"])
def test_variable_that_names_no_certificates_is_named(
    secure_identity: FakeIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, what: str
) -> None:
    path = tmp_path / "x"
    if what == "empty folder":
        path.mkdir()
    elif what == "no certificate":
        path.write_bytes(b"no certificate")
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(SettingsError, match=variable):
        log_in(secure_identity, monkeypatch)


@pytest.mark.usefixtures("only_certifi")
def test_cacert_alone_counts_where_it_is_set(
    secure_cloud: FakeCloud, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert probe_api(connect(settings(secure_cloud, tmp_path, monkeypatch, cacert=str(certificate)))).dialect == "ims"
    another = write_certificate(tmp_path / "another.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(CloudError, match="cannot be trusted"):
        probe_api(connect(settings(secure_cloud, tmp_path, monkeypatch, cacert=str(another))))


@pytest.mark.parametrize(("address", "days"), [("127.0.0.2", 1), ("127.0.0.1", -1)], ids=["of another", "expired"])
def test_certificate_that_does_not_hold_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, days: int
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem", address, days)
    with cloud_with(certificate) as cloud:
        patient = replace(settings(cloud, tmp_path, monkeypatch, cacert=str(certificate)), tries=None)
        with pytest.raises(CloudError, match="cannot be trusted") as caught:
            probe_api(connect(patient))
    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize("off", [{"verify": False}, {"insecure": True}])
def test_nothing_is_verified_where_that_is_said(
    secure_cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: dict[str, bool]
) -> None:
    assert probe_api(connect(settings(secure_cloud, tmp_path, monkeypatch, **off))).dialect == "ims"


def test_client_certificate_with_a_password_asks_nobody(
    secure_cloud: FakeCloud, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = serialization.load_pem_private_key(certificate.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pass")
    )
    (tmp_path / "key.pem").write_bytes(locked)
    with pytest.raises(SettingsError, match=r"client certificate.*without a password"):
        connect(settings(secure_cloud, tmp_path, monkeypatch, cert=str(certificate), key=str(tmp_path / "key.pem")))


def subject_hash(common_name: str) -> str:
    """By which OpenSSL finds a certificate in a folder: of the subject's canonical form. Source: X509_NAME_hash(3)."""
    utf8_string = b"\x0c" + bytes([len(common_name)]) + common_name.encode()
    attribute = b"\x06\x03\x55\x04\x03" + utf8_string
    sequence = b"\x30" + bytes([len(attribute)]) + attribute
    canonical = b"\x31" + bytes([len(sequence)]) + sequence
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


def test_password_goes_to_the_origin_of_auth_url_whatever_the_versions_say(
    secure_identity: FakeIdentity, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CACERT", str(certificate))
    with fake_identity() as plain:
        links = [{"rel": "self", "href": f"{plain.url}/v3/"}]
        versions = json.dumps({"version": {"id": "v3.14", "status": "stable", "links": links}}).encode()
        secure_identity.faults.append(lambda asked: Reply(200, versions) if not asked.is_login else None)
        assert log_in(secure_identity, monkeypatch) == "ims"
        assert plain.log == []
