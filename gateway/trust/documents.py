"""What a proof yields: a document that is exactly what was signed, and by whom."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A business document whose signature holds. Whether its certificate is trusted is another question."""

    element: etree._Element
    """Root of a NEW tree, parsed from the canonical octets that were digested."""
    canonical: bytes
    """Exclusive C14N of the document: what is hashed and stored."""
    content_hash: bytes
    """SHA-256 of `canonical`; equal content has an equal hash, whatever envelope it came in."""
    certificate: x509.Certificate
    """The certificate the signature was verified with."""
    signed_at: datetime | None
    """`Created` of the signed time stamp, None if there was none. A claim of the sender."""
    soap_version: str | None
    """"1.1" or "1.2" for documents from a SOAP envelope."""
    str_transform: bool = False
    """A token was signed through STR-Transform, which only some parties may use."""
