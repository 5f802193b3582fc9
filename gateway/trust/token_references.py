"""Which certificate a ds:KeyInfo means: the forms of the X.509 token profile 1.1 §3.2.

Only these forms decide. A bare key (ds:KeyValue) would let the sender bring any key, so it is refused.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

from gateway.trust import names
from gateway.trust.signature_keys import (
    CertificateKey,
    certificate_from_text,
    certificate_key,
    decode_base64,
)
from gateway.trust.token_transform import referenced_token
from gateway.trust.xmldsig import label
from messages.errors import GatewayError


class CertificateDirectory(Protocol):
    """Certificates known beforehand, for messages that name one without carrying it."""

    def by_issuer_serial(self, issuer: x509.Name, serial: int) -> x509.Certificate | None:
        """Return the certificate of this issuer with this serial number; names are compared as values."""

    def by_ski(self, ski: bytes) -> x509.Certificate | None:
        """Return the certificate whose SubjectKeyIdentifier extension holds these octets."""

    def by_thumbprint_sha1(self, thumbprint: bytes) -> x509.Certificate | None:
        """Return the certificate whose DER encoding has this SHA-1 hash (20 octets)."""


def named_certificate(
    key_info: etree._Element | None,
    security: etree._Element,
    ids: Mapping[str, etree._Element],
    directory: CertificateDirectory,
) -> CertificateKey:
    """Return the certificate a signature names.

    In: ds:KeyInfo, the wsse:Security header it belongs to, the ids of the document, the known certificates.
    Raises GatewayError: T003 if none is named, T003.not-found, T003.unreadable, T003.key-type,
    T011.key-info for forms outside the profile or parts that contradict each other, T011.missing-id.
    """
    if key_info is None:
        raise GatewayError("T003")
    children = list(key_info.iterchildren("*"))
    if len(children) != 1 or children[0].tag != names.WSSE_SECURITY_TOKEN_REFERENCE:
        raise _form("ds:KeyInfo/" + " + ".join(label(child.tag) for child in children[:3]))
    reference = children[0]
    forms = list(reference.iterchildren("*"))
    if len(forms) != 1:
        raise _form("wsse:SecurityTokenReference")
    form = forms[0]
    if form.tag == names.WSSE_REFERENCE:
        return _from_token(referenced_token(reference, ids), security)
    if form.tag == names.WSSE_KEY_IDENTIFIER:
        return _from_identifier(form, directory)
    if form.tag == names.DS_X509_DATA:
        return _from_x509_data(form, directory)
    raise _form(f"wsse:SecurityTokenReference/{label(form.tag)}")


def carried_certificate(key_info: etree._Element | None) -> CertificateKey:
    """Return the certificate that a signature carries itself, in ds:X509Data (XMLDSig 1.1 §4.5.4).

    Raises GatewayError: T003 if none is named, T003.unreadable, T003.key-type, T011.key-info for other forms.
    """
    if key_info is None:
        raise GatewayError("T003")
    children = list(key_info.iterchildren("*"))
    parts = list(children[0].iterchildren("*")) if len(children) == 1 else []
    if [child.tag for child in children] != [names.DS_X509_DATA] or len(parts) != 1:
        raise _form("ds:KeyInfo/" + " + ".join(label(child.tag) for child in children[:3]))
    if parts[0].tag != names.DS_X509_CERTIFICATE:
        raise _form("ds:X509Data")
    return certificate_from_text(_leaf(parts[0]))


def _from_token(token: etree._Element, security: etree._Element) -> CertificateKey:
    if token.getparent() is not security or len(token):
        raise _form("wsse:BinarySecurityToken")
    if token.get("ValueType") not in (None, names.X509_V3):
        raise _form("wsse:BinarySecurityToken/@ValueType")
    _require_base64(token)
    return certificate_from_text(token.text)


def _from_identifier(identifier: etree._Element, directory: CertificateDirectory) -> CertificateKey:
    _require_base64(identifier)
    kind = identifier.get("ValueType")
    if len(identifier):
        raise _form("wsse:KeyIdentifier")
    if kind == names.X509_V3:
        return certificate_from_text(identifier.text)
    if kind == names.SUBJECT_KEY_IDENTIFIER:
        return _known(directory.by_ski(_octets(identifier)))
    if kind == names.THUMBPRINT_SHA1:
        return _known(directory.by_thumbprint_sha1(_octets(identifier)))
    raise _form("wsse:KeyIdentifier/@ValueType")


def _from_x509_data(data: etree._Element, directory: CertificateDirectory) -> CertificateKey:
    parts = {str(part.tag): part for part in data.iterchildren("*")}
    if not parts or len(parts) != sum(1 for _ in data.iterchildren("*")):
        raise _form("ds:X509Data")
    issuer_serial = parts.pop(names.DS_X509_ISSUER_SERIAL, None)
    certificate = parts.pop(names.DS_X509_CERTIFICATE, None)
    if parts:
        raise _form("ds:X509Data")
    if issuer_serial is None:
        return certificate_from_text(_leaf(certificate))
    issuer, serial = _issuer_serial(issuer_serial)
    if certificate is None:
        return _known(directory.by_issuer_serial(issuer, serial))
    key = certificate_from_text(_leaf(certificate))
    if key.certificate.serial_number != serial or key.certificate.issuer != issuer:
        raise _form("ds:X509IssuerSerial ≠ ds:X509Certificate")
    return key


def _leaf(element: etree._Element | None) -> str | None:
    if element is None or len(element):
        raise _form("ds:X509Certificate")
    return element.text


_SERIAL: Final = re.compile(r"[0-9]{1,49}")
"""Up to 20 octets (RFC 5280 §4.1.2.2) in decimal."""


def _issuer_serial(element: etree._Element) -> tuple[x509.Name, int]:
    children = list(element.iterchildren("*"))
    if [child.tag for child in children] != [names.DS_X509_ISSUER_NAME, names.DS_X509_SERIAL_NUMBER]:
        raise _form("ds:X509IssuerSerial")
    name, serial = (child.text or "" for child in children)
    if any(len(child) for child in children) or not _SERIAL.fullmatch(serial.strip()):
        raise _form("ds:X509IssuerSerial")
    return read_name(name), int(serial)


_OTHER_ATTRIBUTES: Final = {
    "E": NameOID.EMAIL_ADDRESS,
    "EMAIL": NameOID.EMAIL_ADDRESS,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "T": NameOID.TITLE,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "SURNAME": NameOID.SURNAME,
}
"""Names that .NET and Java write beside those of RFC 4514 §3."""
_SPACED_SEPARATOR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\s*([,+])\s*(?=[A-Za-z0-9.]+\s*=)")
_KEY: Final = re.compile(r"(^|(?<!\\)(?:\\\\)*[,+])([A-Za-z][A-Za-z0-9-]*)=")
_MAX_NAME: Final = 2048


def read_name(text: str) -> x509.Name:
    """Read a distinguished name in the string form of RFC 4514 (or 2253), blanks after separators allowed.

    Raises GatewayError T011.key-info if it cannot be read.
    """
    text = text.strip()
    if not text or len(text) > _MAX_NAME:
        raise _form("ds:X509IssuerName")
    tight = _SPACED_SEPARATOR.sub(r"\1\2", text)
    upper = _KEY.sub(lambda match: f"{match[1]}{match[2].upper()}=", tight)
    try:
        return x509.Name.from_rfc4514_string(upper, _OTHER_ATTRIBUTES)
    except ValueError:
        raise _form("ds:X509IssuerName") from None


def _octets(identifier: etree._Element) -> bytes:
    text = identifier.text
    if len(text or "") > 512:
        raise _form("wsse:KeyIdentifier")
    return decode_base64(text, "T011.key-info", found="wsse:KeyIdentifier")


def _require_base64(element: etree._Element) -> None:
    if element.get("EncodingType") not in (None, names.BASE64_BINARY):
        raise _form(f"{label(element.tag)}/@EncodingType")


def _known(certificate: x509.Certificate | None) -> CertificateKey:
    if certificate is None:
        raise GatewayError("T003.not-found")
    return certificate_key(certificate)


def _form(found: str) -> GatewayError:
    return GatewayError("T011.key-info", details={"found": found})
