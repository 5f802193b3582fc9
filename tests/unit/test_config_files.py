"""`check_files` finds what would stop a start: keys that do not open, folders that are not there."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from adapters.config import Config, load_config
from adapters.config_files import check_files
from adapters.config_problems import ConfigurationError
from adapters.config_secrets import load_signing_key, read_secret
from tests.support.pki import shared_pki
from tests.unit.test_config import COMPLETE

PASSWORD = "öffne dich"
ROOT = shared_pki().anchors[0]


def _pkcs12() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime(2026, 11, 24, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    protection = BestAvailableEncryption(PASSWORD.encode())
    return pkcs12.serialize_key_and_certificates(b"gateway", key, certificate, None, protection)


@dataclass
class Place:
    folder: Path

    def write(self, name: str, content: bytes, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def config(self) -> Config:
        return load_config(self.folder / "inge.toml")

    def problems(self) -> dict[str, str]:
        return {item.key: item.wrong for item in check_files(self.config())}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder in which everything is in order."""
    for name in ("keys/crls", "store"):
        (tmp_path / name).mkdir(parents=True)
    found = Place(tmp_path)
    text = COMPLETE.replace("/etc/inge/number.hex", "keys/number.hex")
    found.write("inge.toml", text.encode())
    found.write("keys/gateway.p12", _pkcs12())
    found.write("keys/password", f"{PASSWORD}\n".encode())
    found.write("keys/master.hex", b"ab" * 32 + b"\n")
    found.write("keys/number.hex", b"cd" * 32)
    found.write("keys/root.crt.pem", ROOT.read_bytes())
    return found


def test_nothing_is_wrong_where_everything_is_in_order(place: Place) -> None:
    assert check_files(place.config()) == []
    assert load_signing_key(place.config()).certificate.serial_number == 1


def test_a_wrong_password_is_told_without_the_password(place: Place) -> None:
    place.write("keys/password", b"sesam")
    problems = place.problems()
    assert "password is wrong" in problems["keys.signing"]
    assert "sesam" not in str(problems)


def test_a_missing_key_file_is_told(place: Place) -> None:
    (place.folder / "keys/gateway.p12").unlink()
    assert "gateway.p12" in place.problems()["keys.signing"]


@pytest.mark.parametrize("content", [b"ab" * 31, b"zz" * 32, b"", "ä".encode()])
def test_a_secret_has_64_hexadecimal_digits(place: Place, content: bytes) -> None:
    path = place.write("keys/master.hex", content)
    assert list(place.problems()) == ["keys.master_key_file"]
    with pytest.raises(ConfigurationError) as caught:
        read_secret(path, "keys.master_key_file")
    assert content == b"" or content.decode() not in str(caught.value)
    assert read_secret(place.folder / "keys/number.hex", "keys.number_key_file") == b"\xcd" * 32


def test_a_secret_open_to_others_is_told(place: Place) -> None:
    (place.folder / "keys/master.hex").chmod(0o644)
    assert "mode 644" in place.problems()["keys.master_key_file"]


def test_what_systemd_hands_to_a_service_is_private(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its access list shows as a mode for the group."""
    (place.folder / "keys/master.hex").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place.folder / "keys"))
    assert place.problems() == {}
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place.folder / "store"))
    assert list(place.problems()) == ["keys.master_key_file"]


def test_trust_without_anchor_or_revocation_list_is_told(place: Place) -> None:
    (place.folder / "keys/root.crt.pem").unlink()
    place.write("inge.toml", (place.folder / "inge.toml").read_bytes().replace(b'crls = ["keys/crls"]', b""))
    problems = place.problems()
    assert "root.crt.pem" in problems["trust.anchors"]
    assert "require_crl" in problems["trust.crls"]


def test_folders_that_are_not_there_are_told(place: Place) -> None:
    os.rmdir(place.folder / "store")
    place.write(
        "inge.toml", (place.folder / "inge.toml").read_bytes() + b'[schemas]\ninstalled = "official"\n'
    )
    assert sorted(place.problems()) == ["schemas.installed", "store.url"]


def test_folders_of_deliveries_have_to_be_there(place: Place) -> None:
    text = (place.folder / "inge.toml").read_text(encoding="utf-8")
    place.write("inge.toml", f'{text}\n[batch]\nspool = "spool"\nfolder = "watched"\n'.encode())
    assert {"batch.spool", "batch.folder"} <= set(place.problems())
    for name in ("spool", "watched"):
        (place.folder / name).mkdir()
    assert place.problems() == {}


def test_what_is_no_certificate_is_told(place: Place) -> None:
    place.write("keys/root.crt.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert "root.crt.pem" in place.problems()["trust"]


def test_caps_the_parser_cannot_hold_are_told(place: Place) -> None:
    place.write("inge.toml", (place.folder / "inge.toml").read_bytes() + b"[limits]\nmax_depth = 999\n")
    assert "max_depth" in place.problems()["limits"]
