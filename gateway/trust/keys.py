"""Keys that sign: the one operation a seal needs, whatever holds the private key.

`SigningKey` is the protocol; `Pkcs12Key` keeps the key in memory, read once from a PKCS#12 file (RFC 7292). A
PKCS#11 token fits behind the same protocol without further change: its `sign` calls C_Sign with
CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS or CKM_ECDSA_SHA256, and the last already answers in the r‖s form
that XML signatures want. That variant is not implemented yet.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.trust.algorithms import SignatureMethod

MINIMUM_RSA_BITS: Final = 2048
"""Shorter keys are refused by every partner's policy (BSI TR-02102-1), so we do not sign with one either."""

_RSA_PKCS1: Final = {
    SignatureMethod.RSA_SHA256: hashes.SHA256(),
    SignatureMethod.RSA_SHA384: hashes.SHA384(),
    SignatureMethod.RSA_SHA512: hashes.SHA512(),
}
_RSA_PSS: Final = {
    SignatureMethod.RSA_PSS_SHA256: hashes.SHA256(),
    SignatureMethod.RSA_PSS_SHA384: hashes.SHA384(),
    SignatureMethod.RSA_PSS_SHA512: hashes.SHA512(),
}
_ECDSA: Final = {
    SignatureMethod.ECDSA_SHA256: hashes.SHA256(),
    SignatureMethod.ECDSA_SHA384: hashes.SHA384(),
    SignatureMethod.ECDSA_SHA512: hashes.SHA512(),
}
_METHOD_OF_CURVE: Final = {
    "secp256r1": SignatureMethod.ECDSA_SHA256,
    "brainpoolP256r1": SignatureMethod.ECDSA_SHA256,
    "secp384r1": SignatureMethod.ECDSA_SHA384,
    "brainpoolP384r1": SignatureMethod.ECDSA_SHA384,
}


class KeyFileError(Exception):
    """A key file cannot be read, opened with this password, or used for signing. Names the file only."""


class SigningKey(Protocol):
    """What a seal needs to know of a key. Implementations may be used by several threads at once."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key."""

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """Further certificates that belong to it, nearest issuer first; may be empty."""

    @property
    def algorithm(self) -> SignatureMethod:
        """The signature method that `sign` applies."""

    def sign(self, data: bytes) -> bytes:
        """Return the octets of ds:SignatureValue for the canonical SignedInfo `data`.

        Out: before base64; RSA as in PKCS#1 (RFC 8017), ECDSA as r‖s of equal length (XMLDSig 1.1 §6.4.3).
        """


class Pkcs12Key:
    """A signing key in memory."""

    def __init__(
        self,
        private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate] = (),
        *,
        method: SignatureMethod | None = None,
    ) -> None:
        """Bind a key to the method it signs with.

        In: the private key, its certificate, the issuers, and the method; without one RSA signs by PKCS#1
        v1.5 with SHA-256 (every foreign stack verifies that) and a curve by ECDSA with the hash of its size.
        Raises ValueError if key and certificate do not belong together or the method does not fit the key.
        """
        if certificate.public_key() != private_key.public_key():
            raise ValueError("the certificate belongs to another key")
        self._private_key = private_key
        self.certificate = certificate
        self.chain = tuple(chain)
        self.algorithm = method if method is not None else _default_method(private_key)
        if isinstance(private_key, rsa.RSAPrivateKey):
            self._rsa_padding, self._hash = _rsa_scheme(private_key, self.algorithm)
        else:
            if self.algorithm not in _ECDSA:
                raise ValueError(f"{self.algorithm.name} does not fit an elliptic-curve key")
            self._hash = _ECDSA[self.algorithm]
            self._coordinate_octets = (private_key.curve.key_size + 7) // 8

    @classmethod
    def load(cls, path: Path, password: str | None, *, method: SignatureMethod | None = None) -> Self:
        """Read a PKCS#12 file. Costs tens of milliseconds by design of the format: once per process.

        In: the file, its password (None for an unprotected file) and optionally the signature method.
        Raises KeyFileError if the file cannot be read or opened, lacks key or certificate, or does not fit.
        """
        try:
            content = pkcs12.load_pkcs12(
                path.read_bytes(), password.encode() if password is not None else None
            )
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise KeyFileError(f"{path}: no PKCS#12 file, or the password is wrong") from error
        if content.key is None or content.cert is None:
            raise KeyFileError(f"{path}: holds no private key with its certificate")
        if not isinstance(content.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise KeyFileError(f"{path}: holds a key that is neither RSA nor on an elliptic curve")
        chain = [extra.certificate for extra in content.additional_certs]
        try:
            return cls(content.key, content.cert.certificate, chain, method=method)
        except ValueError as error:
            raise KeyFileError(f"{path}: {error}") from error

    def sign(self, data: bytes) -> bytes:
        """Return the octets of ds:SignatureValue; see `SigningKey.sign`."""
        if isinstance(self._private_key, rsa.RSAPrivateKey):
            return self._private_key.sign(data, self._rsa_padding, self._hash)
        r, s = decode_dss_signature(self._private_key.sign(data, ec.ECDSA(self._hash)))
        return r.to_bytes(self._coordinate_octets, "big") + s.to_bytes(self._coordinate_octets, "big")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.algorithm.name}, serial {self.certificate.serial_number:x})"


def _default_method(private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> SignatureMethod:
    if isinstance(private_key, rsa.RSAPrivateKey):
        return SignatureMethod.RSA_SHA256
    method = _METHOD_OF_CURVE.get(private_key.curve.name)
    if method is None:
        raise ValueError(f"keys on the curve {private_key.curve.name} are not used for signing")
    return method


def _rsa_scheme(
    private_key: rsa.RSAPrivateKey, method: SignatureMethod
) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    if private_key.key_size < MINIMUM_RSA_BITS:
        raise ValueError(f"an RSA key of {private_key.key_size} bits is too short to sign with")
    if method in _RSA_PKCS1:
        return padding.PKCS1v15(), _RSA_PKCS1[method]
    if method in _RSA_PSS:
        digest = _RSA_PSS[method]
        # RFC 9231 §2.3.10: MGF1 with the same hash, salt as long as the digest.
        return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size), digest
    raise ValueError(f"{method.name} does not fit an RSA key")
