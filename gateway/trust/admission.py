"""Admission: what touches the bytes first, and lets only bounded, plain XML 1.0 in UTF-8 pass.

Everything that could make the parser work or remember without bound is refused by linear scans of the bytes.
What is left is parsed once, without DTD, entities or network; the remaining caps are asked of the tree in C.
An ordinary message costs little more than its bare parse. `xsi:schemaLocation` is an attribute like any
other: nothing is ever fetched.

libxml2 remembers every element and attribute name it has seen for the life of the thread. A flood of made-up
names therefore grows a worker slowly, by less than the bytes sent; servers should renew workers by memory.
"""

import hashlib
import re
import threading
from dataclasses import dataclass
from typing import Final

from lxml import etree

from messages.errors import GatewayError

_PARSER_DEPTH: Final = 256
"""libxml2 itself gives up below this level unless it is told to accept huge trees, which we never do."""

_PARSER_NAME_LENGTH: Final = 50_000
"""The longest name libxml2 accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on one message. The defaults leave a factor of ten over the largest message of the standard.

    Raises ValueError for a cap that is not positive or that the parser could not hold.
    """

    max_bytes: int = 1 << 20
    """Bounds everything else: CPU and memory of all later steps grow with the size. Bulk has its own door."""
    max_depth: int = 64
    """Levels of elements, the root being the first. Schemas of the standard go to about 15; recursive
    algorithms downstream (canonicalisation, validation) take stack per level."""
    max_attributes: int = 64
    """Per element, namespace declarations included. Canonicalisation sorts them."""
    max_siblings: int = 2_000
    """Element children of one element. Lists in the standard hold some dozens."""
    max_elements: int = 10_000
    """Opening tags, comments, processing instructions and CDATA sections of the document together: each
    becomes a node of a few hundred octets."""
    max_namespaces: int = 128
    """Namespace declarations in scope at any element: canonicalisation compares them pairwise per element.
    Repeating the same few declarations on every element, as some stacks do, is not affected."""
    max_text: int = 256 * 1024
    """Characters of one text or attribute value: room for an attached original in base64, not for a film."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.max_depth >= _PARSER_DEPTH:
            raise ValueError(f"max_depth must be below {_PARSER_DEPTH}")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message within the caps. Nothing is proven yet."""

    root: etree._Element
    """The one tree of what came in, comments and processing instructions included."""
    sha256: bytes
    """Digest of the bytes as received."""
    size: int
    """Their number."""


def admit(raw: bytes, limits: Limits) -> Admitted:
    """Parse what came in, if it is bounded, plain XML 1.0 in UTF-8.

    In: the bytes of the message as received, the caps. Out: the tree, with the digest and size of the bytes.
    Raises GatewayError: T099.* for an exceeded cap or an empty message, S001 for another encoding than UTF-8
    (a byte order mark is accepted), X000.* if it is not well-formed XML 1.0 with namespaces, X001.doctype,
    X001.entity and X001.xinclude for what would pull in other content. Errors name a line where there is one,
    and never repeat content.
    """
    size = len(raw)
    if size > limits.max_bytes:
        raise GatewayError("T099.too-large", details={"limit": str(limits.max_bytes)})
    if not raw or raw.isspace():
        raise GatewayError("T099.empty")
    body = _utf8_without_mark(raw)
    _refuse_document_type(body)
    markup = body.count(b"<") - body.count(b"</")
    if markup > limits.max_elements:
        raise GatewayError("T099.too-many-elements", details={"limit": str(limits.max_elements)})
    _refuse_attribute_flood(body, limits.max_attributes)
    root = _parse(body, limits)
    if root.getroottree().docinfo.internalDTD is not None:
        # Unreachable while the walk over the prolog is right; a slip there must not open this door.
        raise GatewayError("X001.doctype")
    _refuse_shape(root, body, markup, limits)
    return Admitted(root, hashlib.sha256(raw).digest(), size)


def begins_foreign(raw: bytes) -> bool:
    """Tell whether a document begins in another encoding than UTF-8."""
    return raw.startswith(_FOREIGN_BEGINNINGS)


_MARK: Final = b"\xef\xbb\xbf"
_FOREIGN_BEGINNINGS: Final = (
    b"\xff\xfe",  # UTF-16 and UTF-32, little endian, with mark
    b"\xfe\xff",
    b"\x00\x00\xfe\xff",
    b"\x00\x00\x00<",
    b"\x00<",
    b"<\x00",
    b"+/v",  # UTF-7 with mark
    b"+ADw",  # "<" in UTF-7
    b"Lo\xa7\x94",  # "<?xm" in EBCDIC
)
_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'))?"""
)
_STARTS_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n]")


def _utf8_without_mark(raw: bytes) -> bytes:
    """Return the bytes after the byte order mark, once it is certain that they are UTF-8 and say so."""
    if begins_foreign(raw):
        raise GatewayError("S001")
    body = raw[len(_MARK) :] if raw.startswith(_MARK) else raw
    encoding = _declared_encoding(body)
    if encoding not in (None, b"utf-8", b"us-ascii") or (encoding == b"us-ascii" and not body.isascii()):
        raise GatewayError("S001", line=1)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GatewayError("S001", line=body.count(b"\n", 0, error.start) + 1) from None
    if b"\x00" in body:
        raise GatewayError("X000.illegal-character", line=body.count(b"\n", 0, body.index(b"\x00")) + 1)
    return body


def _declared_encoding(body: bytes) -> bytes | None:
    """Return the encoding of the XML declaration in lower case, None if none is named (XML 1.0 §4.3.3)."""
    if not _STARTS_DECLARATION.match(body):
        return None
    declaration = _DECLARATION.match(body)
    if declaration is None:
        raise GatewayError("X000", line=1)
    version = declaration[1] if declaration[1] is not None else declaration[2]
    if version != b"1.0":
        raise GatewayError("X000.xml-version", line=1)
    encoding = declaration[3] if declaration[3] is not None else declaration[4]
    return None if encoding is None else encoding.lower()


_BLANKS: Final = re.compile(rb"[ \t\r\n]*")


def _refuse_document_type(body: bytes) -> None:
    """Walk the prolog up to the root element; a DOCTYPE can stand nowhere else (XML 1.0 production 22)."""
    position = 0
    while True:
        position = _end_of_blanks(body, position)
        if body.startswith(b"<?", position):
            opening, terminator = b"<?", b"?>"
        elif body.startswith(b"<!--", position):
            opening, terminator = b"<!--", b"-->"
        elif body.startswith(b"<!", position):
            raise GatewayError("X001.doctype", line=body.count(b"\n", 0, position) + 1)
        else:
            return
        end = body.find(terminator, position + len(opening))
        if end < 0:
            return  # unterminated: the parser says where
        position = end + len(terminator)


def _end_of_blanks(body: bytes, position: int) -> int:
    blanks = _BLANKS.match(body, position)
    return position if blanks is None else blanks.end()


_ALL_BUT_TAGS_AND_EQUALS: Final = bytes(octet for octet in range(256) if octet not in b"<=")
_ATTRIBUTE: Final = re.compile(rb"""[ \t\r\n]+[^ \t\r\n=<>"'/]+[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*')""")
_ELEMENT_NAME: Final = re.compile(rb"""[^ \t\r\n=<>"'/!?]+""")


def _refuse_attribute_flood(body: bytes, limit: int) -> None:
    """Refuse a tag with more attributes than the limit before a parser makes nodes of them."""
    if b"=" * (limit + 1) not in body.translate(None, _ALL_BUT_TAGS_AND_EQUALS):
        return
    # Some tag and the text behind it hold that many equals signs. No "<" can stand inside a tag.
    for piece in body.split(b"<"):
        if piece.count(b"=") > limit and _attributes_of(piece) > limit:
            raise GatewayError("T099.too-many-attributes", details={"limit": str(limit)})


def _attributes_of(piece: bytes) -> int:
    name = _ELEMENT_NAME.match(piece)
    if name is None:
        return 0
    count = 0
    position = name.end()
    while attribute := _ATTRIBUTE.match(piece, position):
        count += 1
        position = attribute.end()
    return count


class _Tools(threading.local):
    """Parser and compiled questions of one thread: libxml2 contexts are not for use by two at once."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            recover=False,
            remove_comments=False,
            remove_pis=False,
            strip_cdata=True,
        )
        self._deeper_than: dict[int, etree.XPath] = {}

    def deeper_than(self, limit: int) -> etree.XPath:
        if limit not in self._deeper_than:
            self._deeper_than[limit] = etree.XPath("boolean(" + "/*" * (limit + 1) + ")")
        return self._deeper_than[limit]


_tools: Final = _Tools()

_CODE_OF_ERROR: Final = {
    etree.ErrorTypes.ERR_INVALID_CHAR: "X000.illegal-character",
    etree.ErrorTypes.ERR_INVALID_CHARREF: "X000.illegal-character",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "X001.entity",
    etree.ErrorTypes.WAR_UNDECLARED_ENTITY: "X001.entity",
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "X000.namespace",
}


def _parse(body: bytes, limits: Limits) -> etree._Element:
    try:
        return etree.fromstring(body, _tools.parser)
    except etree.XMLSyntaxError as error:
        # The message of the parser quotes the document, so only its number and its line are kept.
        number: int = error.code  # type: ignore[attr-defined]  # missing in lxml-stubs
        if number == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise GatewayError("T099.too-deep", details={"limit": str(limits.max_depth)}) from None
        if number == etree.ErrorTypes.ERR_NAME_TOO_LONG:
            raise GatewayError("T099.too-long", details={"limit": str(_PARSER_NAME_LENGTH)}) from None
        raise GatewayError(_CODE_OF_ERROR.get(number, "X000"), line=error.lineno) from None


_XINCLUDE: Final = b"http://www.w3.org/2001/XInclude"


def _refuse_shape(root: etree._Element, body: bytes, markup: int, limits: Limits) -> None:
    """Hold the caps that only the tree can tell; each question is asked only if the bytes leave it open."""
    if markup > limits.max_depth and _tools.deeper_than(limits.max_depth)(root):
        raise GatewayError("T099.too-deep", details={"limit": str(limits.max_depth)})
    if markup > limits.max_siblings and root.xpath(
        "boolean(//*[position() = $n])", n=limits.max_siblings + 1
    ):
        raise GatewayError("T099.too-many-siblings", details={"limit": str(limits.max_siblings)})
    if body.count(b"xmlns") > limits.max_namespaces and _namespaces_in_scope(root) > limits.max_namespaces:
        raise GatewayError("T099.too-many-namespaces", details={"limit": str(limits.max_namespaces)})
    if len(body) > limits.max_text and root.xpath(
        "boolean(//text()[string-length() > $n] | //@*[string-length() > $n])", n=limits.max_text
    ):
        raise GatewayError("T099.too-long", details={"limit": str(limits.max_text)})
    if _XINCLUDE in body and next(root.iter(f"{{{_XINCLUDE.decode()}}}*"), None) is not None:
        raise GatewayError("X001.xinclude")


def _namespaces_in_scope(root: etree._Element) -> int:
    """Return the greatest number of namespace declarations open at once, shadowed ones included."""
    most = current = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        current += 1 if event == "start-ns" else -1
        most = max(most, current)
    return most
