"""Whose signature counts as the gateway's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.client.errors import UntrustedAnswer
from gateway.trust.certificates import Validator, Verdict


class GatewayTrust:
    """The gateway's certificates, by value, and optionally what they must lead to.

    The certificate itself is needed: under one authority also the other partners have certificates, and
    none of them may answer in the gateway's name. Around a roll-over list the old and the new one.
    """

    def __init__(self, certificates: Iterable[x509.Certificate], validator: Validator | None = None) -> None:
        """`validator`, if given, also checks path, validity and revocation. Raises ValueError for none."""
        self._certificates = tuple(certificates)
        if not self._certificates:
            raise ValueError("at least one certificate of the gateway is needed")
        self._fingerprints = frozenset(_fingerprint(certificate) for certificate in self._certificates)
        self._validator = validator

    @classmethod
    def load(cls, *paths: Path, validator: Validator | None = None) -> Self:
        """Read the gateway's certificates from PEM files. Raises OSError, ValueError."""
        try:
            found = [cert for path in paths for cert in x509.load_pem_x509_certificates(path.read_bytes())]
        except x509.InvalidVersion as error:
            raise ValueError(str(error)) from error
        return cls(found, validator)

    def require(self, certificate: x509.Certificate, now: datetime) -> None:
        """Raise UntrustedAnswer unless `certificate` is the gateway's and valid at `now`."""
        if _fingerprint(certificate) not in self._fingerprints:
            raise UntrustedAnswer("the answer is signed with a certificate that is not the gateway's")
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise UntrustedAnswer("the gateway's certificate is not valid at this time")
        if self._validator is not None:
            verdict = self._validator.check(certificate, now)
            if verdict.verdict is not Verdict.VALID:
                raise UntrustedAnswer(f"the gateway's certificate is {verdict.verdict.value}")

    def by_issuer_serial(self, issuer: x509.Name, serial: int) -> x509.Certificate | None:
        """For signatures that name the certificate instead of carrying it (WSS X.509 profile §3.1)."""
        return self._first(lambda c: c.issuer == issuer and c.serial_number == serial)

    def by_ski(self, ski: bytes) -> x509.Certificate | None:
        """As above, by subject key identifier."""
        return self._first(lambda c: _ski(c) == ski)

    def by_thumbprint_sha1(self, thumbprint: bytes) -> x509.Certificate | None:
        """As above, by SHA-1 thumbprint, which only finds the certificate and proves nothing."""
        return self._first(lambda c: hashlib.sha1(c.public_bytes(Encoding.DER)).digest() == thumbprint)  # noqa: S324

    def _first(self, fits: Callable[[x509.Certificate], bool]) -> x509.Certificate | None:
        return next((certificate for certificate in self._certificates if fits(certificate)), None)


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


def _ski(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None
