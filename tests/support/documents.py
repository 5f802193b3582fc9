"""A document that carries its signature, and its proof."""

from lxml import etree

from gateway.trust.admission import Limits, admit
from gateway.trust.documents import VerifiedDocument
from gateway.trust.policy import SignaturePolicy
from gateway.trust.signed_document import sign_document, verify_document
from tests.support.pki import shared_pki

DOCUMENT = (
    '<x:schein xmlns:x="urn:example:schein" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:t="urn:example:types" Id="whole"><nummer>17</nummer>\n'
    '<name xsi:type="t:name" note="&lt;&quot;&#9;>">Müller &amp; Žižka\r\n&#13;</name><x:leer/>\n</x:schein>'
).encode()


def signed(holder: str = "abh1", document: bytes = DOCUMENT) -> bytes:
    """A document signed by us."""
    return sign_document(document, key=shared_pki().key(holder))


def proven(raw: bytes, policy: SignaturePolicy | None = None) -> VerifiedDocument:
    """Admit and prove the octets of a document."""
    return verify_document(admit(raw, Limits()).root, policy=policy or SignaturePolicy())


def canonical(document: bytes = DOCUMENT) -> bytes:
    """The exclusive canonical form of a document."""
    return etree.tostring(etree.fromstring(document), method="c14n", exclusive=True)
