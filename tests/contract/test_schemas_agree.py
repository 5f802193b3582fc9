"""The validator that decides and the one that explains say the same about generated documents."""

from collections.abc import Iterator
from typing import Any

import pytest
import xmlschema
from lxml import etree

from schemas.codes import CodeLists
from schemas.folders import ContractFolder
from schemas.paths import contract_files
from schemas.registry import CompiledContracts
from tests.support.ring import scale
from tests.support.xsdgen import generate, mutations

LISTS = CodeLists.load()
FOLDERS = [
    pytest.param(folder, id=f"{folder.standard} {folder.version}")
    for folder in map(ContractFolder.read, contract_files())
]
#: libxml2 compares a fixed boolean by its text, xmlschema by its value; the decision stays with libxml2.
FIXED_BOOLEAN = (
    "nichtVorhanden",
    "unbekannt",
    "auskunftssperreLiegtVor",
    "keineInformationenVorhanden",
    "integrationskursVollstaendig",
    "kursabbruch",
    "einstufungstestverzichtbar",
)


def _explaining(folder: ContractFolder) -> Any:
    includes = "".join(f'<xs:include schemaLocation="{entry.as_uri()}"/>' for entry in folder.entries)
    return xmlschema.XMLSchema10(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{folder.namespace}">'
        f"{includes}</xs:schema>",
        base_url=folder.folder.as_uri(),
        defuse="always",
        allow="local",
    )


def _documents(folder: ContractFolder, root: str) -> Iterator[tuple[str, etree._Element]]:
    for index, (label, document) in enumerate(generate(folder, root, LISTS)):
        if index % scale(100, 1) == 0 or label in ("minimal", "full"):
            yield label, document
        if label == "minimal":
            for number, (change, changed) in enumerate(mutations(document)):
                if number % scale(80, 1) == 0:
                    yield change, changed


@pytest.mark.parametrize("folder", FOLDERS)
def test_both_validators_agree(folder: ContractFolder) -> None:
    compiled = CompiledContracts(folder, LISTS)
    explaining = _explaining(folder)
    verdicts = set()
    for contract in compiled.contracts:
        for label, document in _documents(folder, contract.root):
            decided = compiled.schema(document)
            if any(name in label for name in FIXED_BOOLEAN):
                continue
            verdicts.add(decided)
            assert explaining.is_valid(document) == decided, f"{contract.message_type}: {label}"
    assert verdicts == {True, False}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_refusal_is_explained(folder: ContractFolder) -> None:
    compiled = CompiledContracts(folder, LISTS)
    contract = compiled.contracts[0]
    _, document = next(iter(generate(folder, contract.root, LISTS)))
    explained = 0
    for label, changed in mutations(document):
        if changed.tag == contract.root and not compiled.schema(changed):
            found = compiled.explainer.explain(changed)
            assert found, label
            for violation in found:
                assert violation.path.startswith("/")
                assert violation.expected
                assert violation.found
            explained += 1
    assert explained > 50
