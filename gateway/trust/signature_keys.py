"""Certificates as verifiers: loaded once, held to the policy, asked whether a value is theirs."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from gateway.trust.algorithms import SignatureMethod
from gateway.trust.policy import SETTINGS, SignaturePolicy
from messages.errors import GatewayError

_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_PKCS1: Final = padding.PKCS1v15()


def _pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    # RFC 9231 §2.3.10: MGF1 over the same hash, salt as long as the digest.
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)


_RSA_SCHEMES: Final[Mapping[SignatureMethod, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]]] = {
    SignatureMethod.RSA_SHA256: (_PKCS1, _SHA256),
    SignatureMethod.RSA_SHA384: (_PKCS1, _SHA384),
    SignatureMethod.RSA_SHA512: (_PKCS1, _SHA512),
    SignatureMethod.RSA_PSS_SHA256: (_pss(_SHA256), _SHA256),
    SignatureMethod.RSA_PSS_SHA384: (_pss(_SHA384), _SHA384),
    SignatureMethod.RSA_PSS_SHA512: (_pss(_SHA512), _SHA512),
}
_ECDSA_SCHEMES: Final[Mapping[SignatureMethod, ec.ECDSA]] = {
    SignatureMethod.ECDSA_SHA256: ec.ECDSA(_SHA256),
    SignatureMethod.ECDSA_SHA384: ec.ECDSA(_SHA384),
    SignatureMethod.ECDSA_SHA512: ec.ECDSA(_SHA512),
}
_MAX_CERTIFICATE_TEXT: Final = 16 * 1024
"""Characters of base64; certificates of the field have two thousand. Bounds the cache as well."""


@dataclass(frozen=True, slots=True)
class CertificateKey:
    """A certificate with its public key and the key's measures, taken once."""

    certificate: x509.Certificate
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    rsa_bits: int = 0
    rsa_exponent: int = 0
    curve: str = ""
    coordinate_octets: int = 0

    def check(self, policy: SignaturePolicy) -> None:
        """Raise GatewayError T010.weak-key or T003.key-type if the policy does not accept the key."""
        if isinstance(self.public, ec.EllipticCurvePublicKey):
            if self.curve not in policy.curves:
                raise GatewayError("T003.key-type", details={"found": f"ECDSA {self.curve}"})
        elif self.rsa_bits < policy.min_rsa_bits:
            expected = f"RSA {policy.min_rsa_bits} bit"
            raise GatewayError(
                "T010.weak-key", details={"found": f"RSA {self.rsa_bits} bit", "expected": expected}
            )
        elif self.rsa_bits > policy.max_rsa_bits:
            raise GatewayError("T003.key-type", details={"found": f"RSA {self.rsa_bits} bit"})
        elif (
            self.rsa_exponent < policy.min_rsa_exponent
            or self.rsa_exponent % 2 == 0
            or self.rsa_exponent.bit_length() > policy.max_rsa_exponent_bits
        ):
            raise GatewayError("T003.key-type", details={"found": "RSA, e"})

    def verify(self, method: SignatureMethod, value: bytes, data: bytes) -> None:
        """Hold a signature value against the octets of SignedInfo (XMLDSig 1.1 §6.4).

        Raises GatewayError: T011.algorithm if the method does not belong to the kind of key, T011.der-ecdsa
        for an ECDSA value in ASN.1, T011.signature-value if it is not this key's value of these octets.
        """
        if isinstance(self.public, rsa.RSAPublicKey):
            scheme = _RSA_SCHEMES.get(method)
            if scheme is None:
                raise _mismatch(method, "RSA")
            try:
                self.public.verify(value, data, *scheme)
            except InvalidSignature:
                raise GatewayError("T011.signature-value") from None
            return
        ecdsa = _ECDSA_SCHEMES.get(method)
        if ecdsa is None:
            raise _mismatch(method, "ECDSA")
        size = self.coordinate_octets
        if len(value) == 2 * size:
            r, s = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
            try:
                self.public.verify(encode_dss_signature(r, s), data, ecdsa)
            except InvalidSignature:
                pass  # reported below, where DER of the same length is told apart
            else:
                return
        raise GatewayError(
            "T011.der-ecdsa" if _is_der(value) else "T011.signature-value",
            details={"setting": SETTINGS["der"]},
        )


def _mismatch(method: SignatureMethod, kind: str) -> GatewayError:
    return GatewayError(
        "T011.algorithm",
        details={
            "algorithm": method.rpartition("#")[2],
            "setting": SETTINGS["signature"],
            "reason": f"the certificate holds an {kind} key",
        },
    )


def _is_der(value: bytes) -> bool:
    try:
        decode_dss_signature(value)
    except ValueError:
        return False
    return True


def certificate_from_text(text: str | None) -> CertificateKey:
    """Return the certificate of a base64 text as it stands in a message (DER, RFC 5280; white space ignored).

    Raises GatewayError T003.unreadable if it is none, T003.key-type for keys that are neither RSA nor EC.
    """
    if not text or len(text) > _MAX_CERTIFICATE_TEXT:
        raise GatewayError("T003.unreadable")
    return _from_text(text)


@lru_cache(maxsize=512)
def _from_text(text: str) -> CertificateKey:
    return certificate_from_der(decode_base64(text, "T003.unreadable"))


@lru_cache(maxsize=512)
def certificate_from_der(der: bytes) -> CertificateKey:
    """Return the certificate of its DER octets; the same object for the same octets.

    Raises GatewayError T003.unreadable or T003.key-type.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise GatewayError("T003.unreadable") from None
    return certificate_key(certificate)


@lru_cache(maxsize=512)
def certificate_key(certificate: x509.Certificate) -> CertificateKey:
    """Return a loaded certificate with its key. Raises GatewayError T003.unreadable or T003.key-type."""
    try:
        public = certificate.public_key()
    except UnsupportedAlgorithm:
        raise GatewayError("T003.key-type", details={"found": "?"}) from None
    except ValueError:
        raise GatewayError("T003.unreadable") from None
    if isinstance(public, rsa.RSAPublicKey):
        return CertificateKey(
            certificate, public, rsa_bits=public.key_size, rsa_exponent=public.public_numbers().e
        )
    if isinstance(public, ec.EllipticCurvePublicKey):
        octets = (public.curve.key_size + 7) // 8
        return CertificateKey(certificate, public, curve=public.curve.name, coordinate_octets=octets)
    kind = "DSA" if isinstance(public, dsa.DSAPublicKey) else type(public).__name__
    raise GatewayError("T003.key-type", details={"found": kind})


def decode_base64(text: str | None, code: str, **details: str) -> bytes:
    """Decode base64 (RFC 4648 §4) strictly, ignoring white space only; raises GatewayError `code`."""
    try:
        return binascii.a2b_base64((text or "").encode("ascii").translate(None, b" \t\r\n"), strict_mode=True)
    except ValueError:
        raise GatewayError(code, details=details) from None
