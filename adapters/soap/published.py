"""The contract of the door for a further version of the standard, made from the one that is kept by hand.

The WSDL's requests are those of the version; the answers may hold documents of both versions, since later
answers come in the version of their question.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from adapters.soap.contract import PUBLIC_FOLDER, SCHEMA_ROOT, XSD_NS, references, set_addresses
from messages.namespaces import PREFIXES, XAUSLAENDER
from schemas.catalog import Catalog
from schemas.folders import ContractFolder
from schemas.paths import dienst_wsdl, dienst_xsd

_FURTHER_PREFIX = "weitere"
_ALL_MESSAGES = "nachrichten.xsd"


def wsdl_key(version: str) -> str:
    """The path under which the WSDL of a version stands among the published files: its query."""
    return f"wsdl={version}"


def version_files(public_url: str, folder: ContractFolder) -> Mapping[str, bytes]:
    """What may be fetched to write in a version: path relative to the door's own folder → bytes.

    The WSDL stands under `wsdl_key`; its files lie beside those of the bundled version, which it refers to.
    """
    place = _Place(folder)
    wsdl = etree.ElementTree(etree.fromstring(_in_version(dienst_wsdl().read_bytes(), folder)))
    set_addresses(wsdl, public_url)
    for node in references(wsdl):
        ours = node.get("namespace") == folder.namespace
        node.set("schemaLocation", place.of(_ALL_MESSAGES) if ours else place.of(dienst_xsd().name))
    files = {
        wsdl_key(folder.version): _octets(wsdl),
        place.of(dienst_xsd().name): _octets(place.moved(_with_further(folder), dienst_xsd())),
        place.of(_ALL_MESSAGES): place.driver().encode(),
    }
    for path, document in place.schema_files():
        files[place.published(path)] = _octets(document)
    return files


class _Place:
    """Where the files of a version are published, and how they name each other there."""

    def __init__(self, folder: ContractFolder) -> None:
        self._folder = folder
        self._root = folder.folder.resolve()
        self._catalog = Catalog.of_folder(folder.folder)

    def of(self, name: str) -> str:
        """The published path of a file of the version."""
        return f"{PUBLIC_FOLDER}/versions/{self._folder.version}/{name}"

    def published(self, path: Path) -> str:
        """The published path of a file that lies in the version's folder or among the bundled ones."""
        if path.is_relative_to(self._root):
            return self.of(path.relative_to(self._root).as_posix())
        return f"{PUBLIC_FOLDER}/{path.relative_to(SCHEMA_ROOT).as_posix()}"

    def driver(self) -> str:
        """A schema that includes every file with messages."""
        here = posixpath.dirname(self.of(_ALL_MESSAGES))
        includes = "".join(
            f'<xs:include schemaLocation="{posixpath.relpath(self.published(entry.resolve()), here)}"/>'
            for entry in self._folder.entries
        )
        namespace = self._folder.namespace
        return f'<xs:schema xmlns:xs="{XSD_NS}" targetNamespace="{namespace}">{includes}</xs:schema>'

    def moved(self, document: etree._ElementTree, path: Path) -> etree._ElementTree:
        """A schema read from `path`, with locations as seen from where the version's files are published."""
        inside = path.is_relative_to(self._root)
        here = posixpath.dirname(self.published(path) if inside else self.of(path.name))
        for node in references(document):
            if node.get("namespace") == self._folder.namespace:
                target = self.of(_ALL_MESSAGES)
            else:
                target = self.published(self._catalog.locate(str(node.get("schemaLocation")), path))
            node.set("schemaLocation", posixpath.relpath(target, here))
        return document

    def schema_files(self) -> Iterator[tuple[Path, etree._ElementTree]]:
        """Every file of the folder that its messages reach."""
        pending, seen = [entry.resolve() for entry in self._folder.entries], set[Path]()
        while pending:
            path = pending.pop()
            if path in seen or not path.is_relative_to(self._root):
                continue
            seen.add(path)
            document = etree.parse(str(path))
            pending += [
                self._catalog.locate(str(node.get("schemaLocation")), path) for node in references(document)
            ]
            yield path, self.moved(document, path)


def _in_version(text: bytes, folder: ContractFolder) -> bytes:
    return text.replace(XAUSLAENDER.encode(), folder.namespace.encode())


def _with_further(folder: ContractFolder) -> etree._ElementTree:
    """The service's schema, in which the documents of the version stand beside those of the bundled one."""
    prefix = PREFIXES[XAUSLAENDER]
    bound = f'xmlns:{prefix}="{XAUSLAENDER}"'
    text = dienst_xsd().read_text(encoding="utf-8")
    text = text.replace(bound, f'{bound} xmlns:{_FURTHER_PREFIX}="{folder.namespace}"')
    root = etree.fromstring(text.encode())
    known = next(node for node in root.iter(f"{{{XSD_NS}}}import") if node.get("namespace") == XAUSLAENDER)
    known.addnext(
        etree.Element(f"{{{XSD_NS}}}import", namespace=folder.namespace, schemaLocation=_ALL_MESSAGES)
    )
    for node in list(root.iter(f"{{{XSD_NS}}}element")):
        name = str(node.get("ref")).partition(":")
        if name[0] == prefix:
            # Every document stands in a choice of answers.
            node.addnext(etree.Element(node.tag, ref=f"{_FURTHER_PREFIX}:{name[2]}"))
    return etree.ElementTree(root)


def _octets(document: etree._ElementTree) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")
