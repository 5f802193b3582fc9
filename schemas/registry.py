"""The contracts this gateway serves: compiled once, found by root element, checked per document.

One compiled libxml2 schema per contract is shared by all threads. Each call makes its own validation
context in C, and the compiled schema is only read after it was built; what is not safe to share is the
error log of the Python object, and the hot path uses nothing but the verdict. Who needs the log compiles
a copy of its own and uses it under a lock (see `explain`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from schemas.catalog import Catalog, schema_parser
from schemas.codes import CodeLists
from schemas.explain import MAX_VIOLATIONS, Explainer
from schemas.folders import ContractFileError, ContractFolder, Period, read_folders
from schemas.inspection import Inspector
from schemas.model import SchemaModel
from schemas.violations import (
    ContractError,
    Violation,
    ViolationKind,
    line_of,
    path_of,
    shown_code,
    shown_name,
)

_TYPE_NUMBER = re.compile(r"\.(\d{4,6})$")


@dataclass(frozen=True, slots=True)
class Contract:
    """One message in one version of its standard.

    `root` is a Clark name, `message_type` the number at its end (or its local name where there is
    none), `served_until` the last day, None while no end is set.
    """

    root: str
    message_type: str
    standard: str
    version: str
    served_from: date
    served_until: date | None
    autor: str
    leser: str
    rechtsgrundlage: str
    title: str
    framed: bool = True

    @property
    def version_name(self) -> str:
        """Return standard and version: "XAusländer 26.11"."""
        return f"{self.standard} {self.version}"


class CompiledContracts:
    """The messages of one contract folder with the schema that decides about them."""

    def __init__(self, folder: ContractFolder, lists: CodeLists) -> None:
        self.folder = folder
        catalog = Catalog.of_folder(folder.folder)
        self._driver = _driver(folder)
        self._catalog = catalog
        try:
            self.schema = self._compile()
        except etree.XMLSchemaParseError as error:
            raise ContractFileError(f"{folder.folder}: {error}") from error
        model = SchemaModel(folder.entries, catalog)
        self.inspector = Inspector(lists)
        self.contracts: list[Contract] = []
        for message in model.messages():
            if not message.tag.startswith(f"{{{folder.namespace}}}"):
                continue
            self.inspector.add(model.element(message.tag))
            number = _TYPE_NUMBER.search(message.tag)
            self.contracts.append(
                Contract(
                    message.tag,
                    number[1] if number else etree.QName(message.tag).localname,
                    folder.standard,
                    folder.version,
                    folder.served_from,
                    folder.served_until,
                    message.autor,
                    message.leser,
                    message.rechtsgrundlage,
                    message.title,
                    folder.framed,
                )
            )
        self.explainer = Explainer(self._driver, folder.folder, catalog, self._compile)

    def _compile(self) -> etree.XMLSchema:
        base = f"{self.folder.folder.as_uri()}/driver.xsd"
        document = etree.fromstring(self._driver.encode(), schema_parser(self._catalog), base_url=base)
        return etree.XMLSchema(document)


class SchemaRegistry:
    """All contracts, found by the root element of a document."""

    def __init__(self, folders: Sequence[ContractFolder], lists: CodeLists) -> None:
        self.code_lists = lists
        self.folders = tuple(folders)
        self._by_root: dict[str, tuple[Contract, CompiledContracts]] = {}
        for folder in folders:
            compiled = CompiledContracts(folder, lists)
            for contract in compiled.contracts:
                self._by_root[contract.root] = (contract, compiled)

    @classmethod
    def load(
        cls,
        *,
        installed: Path | None = None,
        versions: Sequence[Path] = (),
        served: Mapping[str, Period] = MappingProxyType({}),
    ) -> "SchemaRegistry":
        """Compile every bundled contract, those an operator installed, and further versions.

        In: see `read_folders`. Raises ContractFileError, SchemaLocationError, SchemaModelError or
        CodeListError when a file cannot be used.
        """
        folders = read_folders(installed=installed, versions=versions, served=served)
        return cls(folders, CodeLists.load(installed=installed))

    def contracts(self) -> Sequence[Contract]:
        """Return every contract, sorted by standard, version and message type."""
        found = (contract for contract, _ in self._by_root.values())
        return sorted(found, key=lambda c: (c.standard, c.version, c.message_type))

    def identify(self, element: etree._Element, on: date) -> Contract:
        """Return the contract of a document.

        In: the root element and the day (Europe/Berlin) of receipt. Raises ContractError with kind
        UNKNOWN_ROOT, or VERSION_NOT_SERVED (code V000 of XInneres) for another version of a known
        standard, by its namespace, its `version` attribute, or a day outside the served time.
        """
        known = self._by_root.get(element.tag)
        if known is None:
            raise ContractError(self._unknown(element, on))
        contract = known[0]
        version = element.get("version")
        if contract.framed and version is not None and version != contract.version:
            found = shown_code(version)
            raise ContractError(self._not_served(element, {contract.standard}, on, found, "/@version"))
        if on < contract.served_from or (contract.served_until is not None and on > contract.served_until):
            found = f"{contract.version} ({on.isoformat()})"
            raise ContractError(self._not_served(element, {contract.standard}, on, found))
        return contract

    def last_day(self, element: etree._Element) -> date | None:
        """Return the last day on which a document is served; None while no end is set, or of no contract."""
        known = self._by_root.get(element.tag)
        return None if known is None else known[0].served_until

    def versions_of(self, standard: str) -> Sequence[ContractFolder]:
        """Return the versions of a standard, the oldest first."""
        found = [folder for folder in self.folders if folder.standard == standard]
        return sorted(found, key=lambda folder: (folder.served_from, folder.version))

    def check(self, contract: Contract, element: etree._Element) -> tuple[Violation, ...]:
        """Check a document against its contract.

        In: a contract of this registry and the root element. Out: the violations found, structure first, at
        most `MAX_VIOLATIONS`; empty when the document is valid, its codes are known and no mandatory text is
        empty. Safe to call from several threads at once.
        """
        compiled = self._by_root[contract.root][1]
        if compiled.schema(element):
            return tuple(compiled.inspector.inspect(element)[:MAX_VIOLATIONS])
        violations = compiled.explainer.explain(element)
        seen = {violation.path for violation in violations}
        violations += [found for found in compiled.inspector.inspect(element) if found.path not in seen]
        return tuple(violations[:MAX_VIOLATIONS])

    def _unknown(self, element: etree._Element, on: date) -> Violation:
        namespace = etree.QName(element).namespace or ""
        standards = {folder.standard for folder in self.folders if namespace.startswith(folder.family)}
        if standards and all(folder.namespace != namespace for folder in self.folders):
            return self._not_served(element, standards, on, shown_code(namespace))
        return Violation(
            ViolationKind.UNKNOWN_ROOT,
            path_of(element),
            line_of(element),
            "root element of a served message",
            shown_name(element.tag),
        )

    def _not_served(
        self, element: etree._Element, standards: set[str], on: date, found: str, suffix: str = ""
    ) -> Violation:
        """Name every version that is served on this day or will be, each with its days."""
        known = [each for standard in sorted(standards) for each in self.versions_of(standard)]
        named = [each.shown for each in known if not each.ended(on)]
        return Violation(
            ViolationKind.VERSION_NOT_SERVED,
            path_of(element) + suffix,
            line_of(element),
            ", ".join(named) or "–",
            found,
        )


def _driver(folder: ContractFolder) -> str:
    """Return a schema that includes all entry files, so that one compiled schema serves them all."""
    includes = "".join(f'<xs:include schemaLocation="{entry.as_uri()}"/>' for entry in folder.entries)
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{folder.namespace}">'
        f"{includes}</xs:schema>"
    )
