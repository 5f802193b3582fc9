"""The contracts this gateway serves: compiled once, found by root element, checked per document.

One compiled libxml2 schema per contract is shared by all threads. Each call makes its own validation
context in C, and the compiled schema is only read after it was built; what is not safe to share is the
error log of the Python object, and the hot path uses nothing but the verdict. Who needs the log compiles
a copy of its own and uses it under a lock (see `explain`).
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lxml import etree

from schemas import paths
from schemas.catalog import Catalog, schema_parser
from schemas.codes import CodeLists
from schemas.explain import Explainer
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

CONTRACT_FILE = "contract.toml"
_TYPE_NUMBER = re.compile(r"\.(\d{4,6})$")


class ContractFileError(ValueError):
    """A `contract.toml` or a schema it names cannot be used; the message says which and why."""


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


@dataclass(frozen=True, slots=True)
class ContractFolder:
    """What a `contract.toml` says about the schema files beside it."""

    folder: Path
    namespace: str
    family: str
    standard: str
    version: str
    served_from: date
    served_until: date | None
    entries: tuple[Path, ...]
    framed: bool

    @classmethod
    def read(cls, file: Path) -> "ContractFolder":
        """Read a `contract.toml`. Raises ContractFileError when something is missing or odd."""
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
            patterns = [data["entries"]] if isinstance(data["entries"], str) else data["entries"]
            entries = tuple(sorted({path for pattern in patterns for path in file.parent.glob(pattern)}))
            result = cls(
                file.parent,
                data["namespace"],
                data["family"],
                data["standard"],
                data["version"],
                data["served_from"],
                data.get("served_until"),
                entries,
                data.get("framed", True),
            )
        except (KeyError, tomllib.TOMLDecodeError) as error:
            raise ContractFileError(f"{file}: {error}") from error
        if not entries:
            raise ContractFileError(f"{file}: no file matches {data['entries']!r}")
        return result


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
        self._by_root: dict[str, tuple[Contract, CompiledContracts]] = {}
        self._families: list[tuple[str, str]] = []
        for folder in folders:
            compiled = CompiledContracts(folder, lists)
            self._families.append((folder.family, folder.namespace))
            for contract in compiled.contracts:
                self._by_root[contract.root] = (contract, compiled)

    @classmethod
    def load(cls, *, installed: Path | None = None) -> "SchemaRegistry":
        """Compile every bundled contract and those an operator installed.

        In: the folder into which packages were installed, or None. An installed contract replaces the
        bundled one of the same namespace. Raises ContractFileError, SchemaLocationError,
        SchemaModelError or CodeListError when a file cannot be used.
        """
        folders = {folder.namespace: folder for folder in map(ContractFolder.read, paths.contract_files())}
        if installed is not None:
            for file in sorted(installed.rglob(CONTRACT_FILE)):
                folder = ContractFolder.read(file)
                folders[folder.namespace] = folder
        return cls(list(folders.values()), CodeLists.load(installed=installed))

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
            raise ContractError(self._unknown(element))
        contract = known[0]
        version = element.get("version")
        if contract.framed and version is not None and version != contract.version:
            raise ContractError(_version(element, contract, shown_code(version), "/@version"))
        if on < contract.served_from or (contract.served_until is not None and on > contract.served_until):
            raise ContractError(_version(element, contract, f"{contract.version} ({on.isoformat()})"))
        return contract

    def check(self, contract: Contract, element: etree._Element) -> tuple[Violation, ...]:
        """Check a document against its contract.

        In: a contract of this registry and the root element. Out: all violations found, structure
        first; empty when the document is valid, its codes are known and no mandatory text is empty.
        Safe to call from several threads at once.
        """
        compiled = self._by_root[contract.root][1]
        if compiled.schema(element):
            return tuple(compiled.inspector.inspect(element))
        violations = compiled.explainer.explain(element)
        seen = {violation.path for violation in violations}
        violations += [found for found in compiled.inspector.inspect(element) if found.path not in seen]
        return tuple(violations)

    def _unknown(self, element: etree._Element) -> Violation:
        namespace = etree.QName(element).namespace or ""
        served = [known for family, known in self._families if namespace.startswith(family)]
        if served and namespace not in served:
            return Violation(
                ViolationKind.VERSION_NOT_SERVED,
                path_of(element),
                line_of(element),
                ", ".join(sorted(served)),
                shown_code(namespace),
            )
        return Violation(
            ViolationKind.UNKNOWN_ROOT,
            path_of(element),
            line_of(element),
            "root element of a served message",
            shown_name(element.tag),
        )


def _driver(folder: ContractFolder) -> str:
    """Return a schema that includes all entry files, so that one compiled schema serves them all."""
    includes = "".join(f'<xs:include schemaLocation="{entry.as_uri()}"/>' for entry in folder.entries)
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{folder.namespace}">'
        f"{includes}</xs:schema>"
    )


def _version(element: etree._Element, contract: Contract, found: str, suffix: str = "") -> Violation:
    until = "…" if contract.served_until is None else contract.served_until.isoformat()
    return Violation(
        ViolationKind.VERSION_NOT_SERVED,
        path_of(element) + suffix,
        line_of(element),
        f"{contract.version} ({contract.served_from.isoformat()} – {until})",
        found,
    )
