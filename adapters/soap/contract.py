"""The door's contract as data: operations read from the hand-kept WSDL, and its files as they are served."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from gateway.trust.canonical import CanonicalBytes
from schemas.paths import ROOT, dienst_wsdl

WSDL_NS = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP11_NS = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP12_NS = "http://schemas.xmlsoap.org/wsdl/soap12/"
XSD_NS = "http://www.w3.org/2001/XMLSchema"
SERVICE_NS = "urn:inge-gateway:dienst:1"

SCHEMA_ROOT = ROOT
WSDL_PATH = dienst_wsdl().relative_to(ROOT).as_posix()
_XML_DECLARATION_END = b"?>"
# Under this folder, beside the door's own path, the schema files are served as they lie in ``schemas/``.
PUBLIC_FOLDER = "schemas"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the WSDL (document/literal bare)."""

    name: str
    request: str
    """Clark name of the element a request carries in its Body."""
    answer: str
    """Clark name of the element an answer carries in its Body."""
    soap_action: str


@dataclass(frozen=True, slots=True)
class ServiceContract:
    """The WSDL, taken apart once at start."""

    target_namespace: str
    operations: tuple[Operation, ...]

    def by_request(self) -> Mapping[str, Operation]:
        """Operations by the Clark name of their request element."""
        return MappingProxyType({operation.request: operation for operation in self.operations})


def load_contract(root: Path = SCHEMA_ROOT) -> ServiceContract:
    """Read the operations of the WSDL below the schema folder `root` (WSDL 1.1 §2.4, §3.4).

    Raises ValueError if an operation has no bound soapAction or a message not exactly one element part.
    """
    definitions = etree.parse(str(root / WSDL_PATH)).getroot()
    elements = {message.get("name"): _part_element(message) for message in _children(definitions, "message")}
    actions = _soap_actions(definitions)
    operations = []
    for operation in definitions.iterfind(f"{{{WSDL_NS}}}portType/{{{WSDL_NS}}}operation"):
        name = str(operation.get("name"))
        if name not in actions:
            raise ValueError(f"operation {name} of {WSDL_PATH} is bound to no soapAction")
        operations.append(
            Operation(
                name=name,
                request=elements[_message_of(operation, "input")],
                answer=elements[_message_of(operation, "output")],
                soap_action=actions[name],
            )
        )
    return ServiceContract(str(definitions.get("targetNamespace")), tuple(operations))


def published_files(public_url: str, root: Path = SCHEMA_ROOT) -> Mapping[str, bytes]:
    """What may be fetched of the contract: path relative to the door's own folder → bytes.

    `public_url` is the address of the door as partners reach it; it becomes the ``soap:address`` of both
    ports. The WSDL stands under the empty path (``?wsdl``) and at its place among the schema files; only
    files reachable from it by import or include are published. All locations are relative, so that a
    generator fetches everything from here.
    """
    files: dict[str, bytes] = {}
    pending = [WSDL_PATH]
    while pending:
        path = pending.pop()
        served = f"{PUBLIC_FOLDER}/{path}"
        if served in files:
            continue
        document = etree.parse(str(root / path))
        if path == WSDL_PATH:
            set_addresses(document, public_url)
            files[""] = _with_locations_below_door(document, path)
        files[served] = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
        pending += [_resolve(path, node.get("schemaLocation")) for node in references(document)]
    return MappingProxyType(files)


def wrap_answer(document: bytes, operation: Operation) -> bytes:
    """The operation's own answer element around a serialised answer document (UTF-8).

    A canonical document stays canonical where the element around it can be told not to change its form.
    """
    if document.startswith(b"<?xml"):
        document = document[document.index(_XML_DECLARATION_END) + len(_XML_DECLARATION_END) :]
    name = operation.answer.rpartition("}")[2].encode("ascii")
    wrapped = b'<d:%b xmlns:d="%b">%b</d:%b>' % (name, SERVICE_NS.encode("ascii"), document, name)
    # A declaration repeated inside would not be rendered again there.
    repeats = b" xmlns:d=" in document
    return CanonicalBytes(wrapped) if isinstance(document, CanonicalBytes) and not repeats else wrapped


def _children(parent: etree._Element, name: str) -> list[etree._Element]:
    return parent.findall(f"{{{WSDL_NS}}}{name}")


def _part_element(message: etree._Element) -> str:
    parts = _children(message, "part")
    if len(parts) != 1 or parts[0].get("element") is None:
        raise ValueError(f"message {message.get('name')} of {WSDL_PATH} needs exactly one element part")
    return _clark(parts[0], str(parts[0].get("element")))


def _message_of(operation: etree._Element, direction: str) -> str:
    (child,) = _children(operation, direction)
    return str(child.get("message")).rpartition(":")[2]


def _soap_actions(definitions: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for namespace in (WSDL_SOAP11_NS, WSDL_SOAP12_NS):
        for operation in definitions.iterfind(f"{{{WSDL_NS}}}binding/{{{WSDL_NS}}}operation"):
            bound = operation.find(f"{{{namespace}}}operation")
            if bound is None:
                continue
            name, action = str(operation.get("name")), str(bound.get("soapAction"))
            if found.setdefault(name, action) != action:
                raise ValueError(f"operation {name} of {WSDL_PATH} has another soapAction in SOAP 1.2")
    return found


def _clark(element: etree._Element, qname: str) -> str:
    prefix, _, local = qname.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{local}"


def set_addresses(document: etree._ElementTree, public_url: str) -> None:
    """Write the address of the door, as partners reach it, into the ports of a WSDL."""
    for namespace in (WSDL_SOAP11_NS, WSDL_SOAP12_NS):
        for address in document.iter(f"{{{namespace}}}address"):
            address.set("location", public_url)


def _with_locations_below_door(document: etree._ElementTree, path: str) -> bytes:
    """The WSDL for ``?wsdl``: locations as seen from the door's address, not from the WSDL's own folder."""
    original = [(node, str(node.get("schemaLocation"))) for node in references(document)]
    for node, location in original:
        node.set("schemaLocation", f"{PUBLIC_FOLDER}/{_resolve(path, location)}")
    served = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    for node, location in original:
        node.set("schemaLocation", location)
    return served


def references(document: etree._ElementTree) -> list[etree._Element]:
    """The imports and includes of a document that name a location."""
    found = [*document.iter(f"{{{XSD_NS}}}import"), *document.iter(f"{{{XSD_NS}}}include")]
    return [node for node in found if node.get("schemaLocation") is not None]


def _resolve(path: str, location: str | None) -> str:
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), location or ""))
    if resolved.startswith(("..", "/")) or ":" in resolved:
        raise ValueError(f"{path} refers to {location}, outside the schema folder")
    return resolved
