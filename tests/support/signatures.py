"""What the signature tests share: a directory of certificates, and proof of bytes in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.admission import Limits, admit
from gateway.trust.policy import SoapPolicy
from gateway.trust.wssecurity import SoapProof, verify_envelope


class KnownCertificates:
    """A certificate directory over a handful of certificates."""

    def __init__(self, certificates: Iterable[x509.Certificate] = ()) -> None:
        self._certificates = tuple(certificates)

    def by_issuer_serial(self, issuer: x509.Name, serial: int) -> x509.Certificate | None:
        """Look through the certificates."""
        return self._first(
            certificate.issuer == issuer and certificate.serial_number == serial
            for certificate in self._certificates
        )

    def by_ski(self, ski: bytes) -> x509.Certificate | None:
        """Look through the certificates."""
        return self._first(_ski(certificate) == ski for certificate in self._certificates)

    def by_thumbprint_sha1(self, thumbprint: bytes) -> x509.Certificate | None:
        """Look through the certificates."""
        return self._first(
            hashlib.sha1(certificate.public_bytes(Encoding.DER)).digest() == thumbprint
            for certificate in self._certificates
        )

    def _first(self, matches: Iterable[bool]) -> x509.Certificate | None:
        return next(
            (certificate for certificate, match in zip(self._certificates, matches, strict=True) if match),
            None,
        )


def _ski(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def prove(
    raw: bytes,
    now: datetime,
    *,
    policy: SoapPolicy | None = None,
    known: Iterable[x509.Certificate] = (),
) -> SoapProof:
    """Admit and prove a request as the door does. Raises GatewayError."""
    return verify_envelope(
        admit(raw, Limits()).root,
        policy=policy or SoapPolicy(),
        directory=KnownCertificates(known),
        now=now,
    )
