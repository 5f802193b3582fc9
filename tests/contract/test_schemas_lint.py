"""House rules for schema files, in the manner of XÖV."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from fixtures.standards import FOLDER
from schemas.din91379.build import TARGET, render
from schemas.folders import CONTRACT_FILE, ContractFolder
from schemas.model import XS
from schemas.paths import (
    contract_files,
    dienst_xsd,
    rueckweisung_xsd,
    schema_files,
    xauslaender_xsd,
)
from schemas.registry import SchemaRegistry

FURTHER = sorted(FOLDER.glob("*.xsd"))
FILES = [
    pytest.param(path, id=f"{path.parent.parent.name}-{path.parent.name}-{path.name}")
    for path in (*schema_files(), *FURTHER)
]
REGISTRY = SchemaRegistry.load(versions=[FOLDER])


def _named(root: etree._Element, *kinds: str) -> Iterator[etree._Element]:
    for node in root.iter(*(f"{XS}{kind}" for kind in kinds)):
        if node.get("name") is not None:
            yield node


def _documentation(node: etree._Element) -> str:
    return "".join(node.findtext(f"{XS}annotation/{XS}documentation") or "").strip()


def test_all_schema_files_are_found() -> None:
    assert {dienst_xsd(), rueckweisung_xsd(), xauslaender_xsd(), TARGET} <= set(schema_files())


@pytest.mark.parametrize("path", FILES)
def test_file_names_its_standard_and_version(path: Path) -> None:
    root = etree.parse(path).getroot()
    standard = root.find(f"{XS}annotation/{XS}appinfo/standard")
    assert standard is not None
    for name in ("nameLang", "nameKurz", "nameTechnisch", "kennung", "beschreibung"):
        assert (standard.findtext(name) or "").strip(), name
    assert root.findtext(f"{XS}annotation/{XS}appinfo/versionStandard/version") == root.get("version")
    kennung = standard.findtext("kennung") or ""
    assert path == TARGET or not kennung.startswith("urn:xoev-de")


@pytest.mark.parametrize("path", FILES)
def test_every_component_is_documented(path: Path) -> None:
    root = etree.parse(path).getroot()
    named = list(_named(root, "element", "complexType", "simpleType", "attribute"))
    missing = [f"{node.tag} {node.get('name')}" for node in named if len(_documentation(node)) < 5]
    assert named
    assert missing == []


@pytest.mark.parametrize("path", FILES)
def test_nothing_open_and_nothing_remote(path: Path) -> None:
    root = etree.parse(path).getroot()
    assert [node.tag for node in root.iter(f"{XS}any", f"{XS}anyAttribute")] == []
    assert [node for node in root.iter() if node.get("mixed") not in (None, "false")] == []
    for node in root.iter(f"{XS}import", f"{XS}include"):
        location = node.get("schemaLocation", "")
        assert "://" not in location
        assert (path.parent / location).resolve().is_file(), location


@pytest.mark.parametrize("path", FILES)
def test_names_are_written_as_in_xoev(path: Path) -> None:
    root = etree.parse(path).getroot()
    for node in _named(root, "complexType"):
        assert node.get("name", "")[0].isupper(), node.get("name")
    for node in _named(root, "element", "complexType", "simpleType", "attribute"):
        assert node.get("name", "").isascii()


@pytest.mark.parametrize(
    "contract", REGISTRY.contracts(), ids=lambda contract: f"{contract.version}-{contract.message_type}"
)
def test_message_names_author_reader_and_legal_basis(contract: object) -> None:
    for name in ("autor", "leser", "rechtsgrundlage", "title"):
        assert getattr(contract, name).strip(), name


@pytest.mark.parametrize(
    "file", [*contract_files(), FOLDER / CONTRACT_FILE], ids=lambda file: file.parent.parent.name
)
def test_every_global_element_is_a_message(file: Path) -> None:
    folder = ContractFolder.read(file)
    declared = {
        f"{{{folder.namespace}}}{node.get('name')}"
        for entry in folder.entries
        for node in etree.parse(entry).getroot().iterchildren(f"{XS}element")
    }
    assert declared
    assert declared == {c.root for c in REGISTRY.contracts() if c.root.startswith(f"{{{folder.namespace}}}")}


def test_character_types_are_what_the_builder_makes() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()


def test_wire_spelling_of_the_group_is_kept() -> None:
    names = {
        node.get("name") for path in schema_files() for node in _named(etree.parse(path).getroot(), "element")
    }
    assert {"austellendeBehoerde", "aZRNummer", "bamfkennziffer", "informationSachbearbeitung"} <= names
    assert "ausstellendeBehoerde" not in {
        node.get("name") for node in _named(etree.parse(xauslaender_xsd()).getroot(), "element")
    }
