"""From the bytes of a document to a proven one: sealed as a SOAP sender does, proven as the door does."""

from datetime import datetime

from gateway.trust.admission import Limits, admit
from gateway.trust.documents import VerifiedDocument
from gateway.trust.keys import SigningKey
from gateway.trust.policy import SoapPolicy
from gateway.trust.seal import seal_envelope
from gateway.trust.wssecurity import CertificateDirectory, verify_envelope

_LIMITS = Limits()
_POLICY = SoapPolicy()


def seal(octets: bytes, key: SigningKey, now: datetime) -> bytes:
    """The signed envelope around a document."""
    return seal_envelope(octets, key=key, soap_version="1.1", now=now)


def prove(sealed: bytes, directory: CertificateDirectory, now: datetime) -> VerifiedDocument:
    """Admit and verify an envelope; out: its business document."""
    root = admit(sealed, _LIMITS).root
    return verify_envelope(root, policy=_POLICY, directory=directory, now=now).document
