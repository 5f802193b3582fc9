"""What is done to a document before it is signed, or to its envelope, so that it has to be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from lxml import etree

from gateway.trust.keys import SigningKey
from gateway.trust.seal import seal_envelope
from messages.namespaces import XAUSLAENDER

_LARGE: Final = 1 << 20
"""More than a gateway takes as it is delivered, whatever else is in the envelope."""
_RSA_SHA256: Final = b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_RSA_SHA1: Final = b"http://www.w3.org/2000/09/xmldsig#rsa-sha1"
_SOAP11: Final = b"http://schemas.xmlsoap.org/soap/envelope/"
_SOAP12: Final = b"http://www.w3.org/2003/05/soap-envelope"


def change_document(change: str | None, root: etree._Element) -> None:
    """Change a message before it is signed; a change that is not about the document does nothing here."""
    done = _DOCUMENT.get(change or "")
    if done is not None:
        done(root)


def sealed(change: str | None, body: bytes, key: SigningKey, now: datetime, soap_version: str) -> bytes:
    """The envelope around a document, signed at `now`, with the change that is about the envelope."""
    if change == "unsigned":
        soap = _SOAP12 if soap_version == "1.2" else _SOAP11
        return b'<s:Envelope xmlns:s="' + soap + b'"><s:Body>' + body + b"</s:Body></s:Envelope>"
    moment = now + _SHIFTS.get(change or "", timedelta())
    envelope = seal_envelope(body, key=key, soap_version=soap_version, now=moment)
    done = _ENVELOPE.get(change or "")
    return envelope if done is None else done(envelope)


def _not_valid(root: etree._Element) -> None:
    birth = _first(root, "geburtsdatum")
    parent = birth.getparent()
    assert parent is not None
    parent.remove(birth)


def _unknown_code(root: etree._Element) -> None:
    code = _first(root, "geschlecht").find(".//code")
    assert code is not None
    code.text = "q"


def _wrong_version(root: etree._Element) -> None:
    root.set("version", "26.05")


def _productive(root: etree._Element) -> None:
    del root.attrib["test"]


def _wrong_reader(root: etree._Element) -> None:
    kennung = root.find("nachrichtenkopf.g2g/leser/kennung")
    assert kennung is not None
    kennung.text = "dbs:999999"


def _first(root: etree._Element, name: str) -> etree._Element:
    found = root.find(f".//{{{XAUSLAENDER}}}{name}")
    assert found is not None
    return found


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(envelope: bytes) -> bytes:
        assert old in envelope
        return envelope.replace(old, new, 1)

    return change


_DOCUMENT: Final[Mapping[str, Callable[[etree._Element], None]]] = MappingProxyType(
    {
        "not-valid": _not_valid,
        "unknown-code": _unknown_code,
        "wrong-version": _wrong_version,
        "productive": _productive,
        "wrong-reader": _wrong_reader,
    }
)
_ENVELOPE: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        # The street of all persons of the kit.
        "broken-signature": _replaced(b"Lindenweg", b"Lindenweh"),
        "sha1": _replaced(_RSA_SHA256, _RSA_SHA1),
        # Canonicalisation leaves comments out, so the signature holds all the same.
        "comment": _replaced(b"</nachrichtenkopf.g2g>", b"</nachrichtenkopf.g2g><!-- not signed -->"),
        "doctype": _replaced(b"?>", b"?><!DOCTYPE nothing>"),
        "too-large": lambda envelope: envelope + b" " * _LARGE,
    }
)
_SHIFTS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {"stale": timedelta(hours=-1), "early": timedelta(hours=1)}
)
CHANGES: Final = frozenset({"unsigned", *_DOCUMENT, *_ENVELOPE, *_SHIFTS})
