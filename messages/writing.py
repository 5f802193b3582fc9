"""Text of documents in exclusive canonical form (C14N §1.1, §2.3), and what is read back from it."""

from __future__ import annotations

from typing import Final

from lxml import etree

_FORBIDDEN: Final = bytes(octet for octet in range(0x20) if octet not in b"\t\n\r")


def escape(text: str) -> str:
    """Return ``text`` as the content of an element."""
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return text


def attribute(name: str, value: str) -> str:
    """Return an attribute with the blank before it."""
    if not value.isalnum():
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        value = value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
    return f' {name}="{value}"'


def octets(document: str) -> bytes:
    """Return a whole document in UTF-8. Raises ValueError for characters that XML does not know."""
    encoded = document.encode()
    # The last two are U+FFFE and U+FFFF.
    if (
        len(encoded.translate(None, _FORBIDDEN)) != len(encoded)
        or b"\xef\xbf\xbe" in encoded
        or b"\xef\xbf\xbf" in encoded
    ):
        raise ValueError("a character that XML does not know")
    return encoded


def read(document: bytes) -> etree._Element:
    """Return the tree of a document this process wrote."""
    # However large: it was not sent by anyone.
    parser = etree.XMLParser(
        encoding="utf-8", load_dtd=False, resolve_entities=False, no_network=True, huge_tree=True
    )
    return etree.fromstring(document, parser)


def canonical(document: bytes) -> bytes:
    """Return the exclusive canonical form of a document this process wrote."""
    return etree.tostring(read(document), method="c14n", exclusive=True)
