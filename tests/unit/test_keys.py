"""Signing keys: what they sign is what XML signatures want, and unfit ones are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

from gateway.trust.algorithms import SignatureMethod
from gateway.trust.keys import KeyFileError, Pkcs12Key, SigningKey
from tests.support.pki import shared_pki

DATA = b"<ds:SignedInfo/>"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def verify(key: SigningKey, signature: bytes) -> None:
    digest = HASHES[key.algorithm.name[-3:]]
    public_key = key.certificate.public_key()
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        public_key.verify(encode_dss_signature(r, s), DATA, ec.ECDSA(digest))
    else:
        assert isinstance(public_key, rsa.RSAPublicKey)
        pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
        public_key.verify(signature, DATA, pss if "PSS" in key.algorithm.name else padding.PKCS1v15(), digest)


@pytest.mark.parametrize("method", [m for m in SignatureMethod if m.name.startswith("RSA")])
def test_rsa_signs_by_every_method(method: SignatureMethod) -> None:
    key = shared_pki().key("gateway", method)
    signature = key.sign(DATA)
    verify(key, signature)
    with pytest.raises(InvalidSignature):
        verify(key, signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize(
    "holder, method, octets",
    [
        ("abh1", SignatureMethod.RSA_SHA256, 256),
        ("abh2", SignatureMethod.ECDSA_SHA256, 64),
        ("abh3", SignatureMethod.ECDSA_SHA256, 64),
    ],
)
def test_each_kind_of_key_has_its_usual_method(holder: str, method: SignatureMethod, octets: int) -> None:
    key = shared_pki().key(holder)
    assert key.algorithm is method
    signature = key.sign(DATA)
    assert len(signature) == octets
    verify(key, signature)


@pytest.mark.parametrize(
    "curve, method, octets",
    [
        (ec.SECP384R1(), SignatureMethod.ECDSA_SHA384, 96),
        (ec.BrainpoolP384R1(), SignatureMethod.ECDSA_SHA384, 96),
    ],
)
def test_larger_curves_take_the_hash_of_their_size(
    curve: ec.EllipticCurve, method: SignatureMethod, octets: int
) -> None:
    private_key = ec.generate_private_key(curve)
    key = Pkcs12Key(private_key, _certificate_for(private_key))
    assert key.algorithm is method
    # A short r or s is padded: sooner or later one of them begins with a zero octet.
    for _ in range(20):
        signature = key.sign(DATA)
        assert len(signature) == octets
        verify(key, signature)


def test_the_chain_comes_along() -> None:
    key = shared_pki().key("abh1")
    assert key.certificate == shared_pki().certificate("abh1")
    assert list(key.chain) == [shared_pki().certificate("issuing")]


@pytest.mark.parametrize(
    "holder, method",
    [("abh1", SignatureMethod.ECDSA_SHA256), ("abh2", SignatureMethod.RSA_SHA256)],
)
def test_a_method_must_fit_the_key(holder: str, method: SignatureMethod) -> None:
    with pytest.raises(KeyFileError, match="does not fit"):
        shared_pki().key(holder, method)


@pytest.mark.parametrize("holder, why", [("short-key", "too short"), ("odd-curve", "secp256k1")])
def test_unfit_keys_are_refused(holder: str, why: str) -> None:
    with pytest.raises(KeyFileError, match=why):
        shared_pki().key(holder)


def test_key_and_certificate_must_belong_together() -> None:
    with pytest.raises(ValueError, match="another key"):
        Pkcs12Key(ec.generate_private_key(ec.SECP256R1()), shared_pki().certificate("abh2"))


def test_a_wrong_password_is_told_without_repeating_it() -> None:
    path = shared_pki().p12("abh2")
    with pytest.raises(KeyFileError, match="password is wrong") as refused:
        Pkcs12Key.load(path, "hunter2")
    assert "hunter2" not in str(refused.value)
    assert str(path) in str(refused.value)


def test_files_that_are_no_key_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.p12"):
        Pkcs12Key.load(tmp_path / "none.p12", None)
    nonsense = tmp_path / "nonsense.p12"
    nonsense.write_bytes(b"nonsense")
    with pytest.raises(KeyFileError, match=r"no PKCS#12 file"):
        Pkcs12Key.load(nonsense, None)
    lone = tmp_path / "lone.p12"
    certificate = shared_pki().certificate("abh2")
    lone.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, certificate, None, NoEncryption()))
    with pytest.raises(KeyFileError, match="holds no private key"):
        Pkcs12Key.load(lone, None)


def test_other_kinds_of_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "dsa.p12"
    key = dsa.generate_private_key(2048)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"x", key, _certificate_for(key), None, BestAvailableEncryption(b"x")
        )
    )
    with pytest.raises(KeyFileError, match="neither RSA nor"):
        Pkcs12Key.load(path, "x")


def test_a_key_shows_nothing_secret() -> None:
    assert repr(shared_pki().key("abh2")).startswith("Pkcs12Key(ECDSA_SHA256, serial ")


def _certificate_for(key: ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey) -> x509.Certificate:
    issuer = shared_pki().key("abh2")
    return (
        x509.CertificateBuilder()
        .subject_name(issuer.certificate.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
