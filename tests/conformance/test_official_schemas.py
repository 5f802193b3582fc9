"""Our schema files against the official ones: same verdict on what both describe."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.service.inspection import inspect
from gateway.trust.admission import Limits
from schemas.catalog import Catalog, schema_parser
from schemas.codes import CodeLists, Extent, installed_code_lists
from schemas.din91379 import DATATYPES, load_characters
from schemas.din91379.build import TARGET
from schemas.folders import ContractFolder
from schemas.install import install_package
from schemas.model import XS, SchemaModel
from schemas.paths import contract_files
from schemas.registry import CompiledContracts, SchemaRegistry
from schemas.violations import ViolationKind
from tests.support.reference import PROJECT, reference_dir
from tests.support.ring import scale
from tests.support.xsdgen import Generator, generate, mutations

pytestmark = pytest.mark.conformance

DAY = date(2026, 11, 24)
ENTRY = {
    "http://www.osci.de/xauslaender2611": "xauslaender/xauslaender-nachrichten-bamftgs.xsd",
    "http://www.osci.de/xinneres/rueckweisung/6": "xinneres/xinneres-rueckweisung.xsd",
}
LISTS = CodeLists.load()
OURS = [
    CompiledContracts(folder, LISTS)
    for folder in map(ContractFolder.read, contract_files())
    if folder.namespace in ENTRY
]
MESSAGES = [
    pytest.param(compiled, contract.root, id=contract.message_type)
    for compiled in OURS
    for contract in compiled.contracts
]


@pytest.fixture(scope="module")
def official() -> Path:
    return reference_dir("xauslaender-xsd")


@pytest.fixture(scope="module")
def official_schemas(official: Path) -> dict[str, etree.XMLSchema]:
    parser = schema_parser(Catalog.of_folder(official))
    return {
        namespace: etree.XMLSchema(etree.parse(official / file, parser)) for namespace, file in ENTRY.items()
    }


@pytest.fixture(scope="module")
def official_registry(official: Path, tmp_path_factory: pytest.TempPathFactory) -> SchemaRegistry:
    target = tmp_path_factory.mktemp("installed")
    install_package(official, target, served_from=date(2026, 11, 1))
    return SchemaRegistry.load(installed=target)


@pytest.mark.parametrize(("compiled", "root"), MESSAGES)
def test_official_constructs_are_accepted_by_ours(
    compiled: CompiledContracts, root: str, official: Path, official_schemas: dict[str, etree.XMLSchema]
) -> None:
    namespace = compiled.folder.namespace
    model = SchemaModel([official / ENTRY[namespace]], Catalog.of_folder(official))
    count = 0
    for label, document in Generator(model.element(root), LISTS).documents():
        count += 1
        assert official_schemas[namespace](document), label
        assert compiled.schema(document), label
        assert compiled.inspector.inspect(document) == [], label
    assert count >= 50


@pytest.mark.parametrize(("compiled", "root"), MESSAGES)
def test_our_constructs_are_valid_officially(
    compiled: CompiledContracts, root: str, official_schemas: dict[str, etree.XMLSchema]
) -> None:
    official_schema = official_schemas[compiled.folder.namespace]
    for label, document in generate(compiled.folder, root, LISTS):
        assert compiled.schema(document), label
        assert official_schema(document), label


@pytest.mark.parametrize(("compiled", "root"), MESSAGES)
def test_changed_documents_get_the_same_verdict(
    compiled: CompiledContracts, root: str, official_schemas: dict[str, etree.XMLSchema]
) -> None:
    official_schema = official_schemas[compiled.folder.namespace]
    documents = [
        document
        for label, document in generate(compiled.folder, root, LISTS)
        if label in ("minimal", "full") or scale(0, 1)
    ]
    verdicts = set()
    for document in documents:
        # The answers about the participation are so long that all their changes take half a minute.
        size = sum(1 for _ in document.iter("*"))
        for label, changed in mutations(document, scale(max(5, size // 15), 1)):
            verdict = official_schema(changed)
            verdicts.add(verdict)
            assert compiled.schema(changed) == verdict, label
    assert verdicts == {True, False}


_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.mark.parametrize(
    ("path", "attribute", "value", "verdict"),
    [
        (".", "schemaLocation", "http://www.osci.de/xauslaender2611 http://127.0.0.1:9/x.xsd", True),
        ("nachrichtenkopf.g2g/leser", "type", "b:Behoerde.Erreichbar", False),
        ("nachrichtenkopf.g2g/autor", "type", "b:Behoerde.Erreichbar", True),
        ("nachrichtenkopf.g2g/leser", "nil", "true", False),
        ("{*}personalien/{*}nachname", "type", "xs:string", False),
        ("{*}weitereAngaben", "type", "m:Int.WeitereAngabenABHBAMFMitAufenthaltstitel", True),
        ("{*}weitereAngaben", "type", "m:Int.WeitereAngabenABHBAMF", False),
    ],
)
def test_instance_attributes_get_the_same_verdict(
    path: str, attribute: str, value: str, verdict: bool, official_schemas: dict[str, etree.XMLSchema]
) -> None:
    compiled = OURS[0]
    root = next(c.root for c in compiled.contracts if c.message_type == "070001")
    _, document = next(iter(generate(compiled.folder, root, LISTS)))
    text = etree.tostring(document, encoding="unicode").replace(
        " ",
        ' xmlns:b="http://www.osci.de/xinneres/behoerde/7" xmlns:xs="http://www.w3.org/2001/XMLSchema" ',
        1,
    )
    document = etree.fromstring(text)
    element = document if path == "." else document.find(path)
    assert element is not None
    element.set(f"{{{_XSI}}}{attribute}", value)
    assert compiled.schema(document) is verdict
    assert official_schemas[compiled.folder.namespace](document) is verdict


def test_every_message_number_is_accepted_as_officially(official: Path) -> None:
    def enumerated(file: Path) -> set[str]:
        type_ = next(
            node
            for node in etree.parse(file).iter(f"{XS}complexType")
            if node.get("name") == "Code.Nachrichtentyp"
        )
        return {facet.get("value", "") for facet in type_.iter(f"{XS}enumeration")}

    ours = PROJECT / "schemas/xauslaender/2611/xauslaender-codes-nachrichtentyp.xsd"
    codes = enumerated(ours)
    assert len(codes) == 306
    assert codes == enumerated(official / "xauslaender/xauslaender-codes.xsd")


def _official_code_types(official: Path) -> Iterator[tuple[str, str | None]]:
    for node in etree.parse(official / "xauslaender/xauslaender-codes.xsd").iter(f"{XS}complexType"):
        uri = node.find(f".//{XS}attribute[@name='listURI']")
        yield node.get("name", ""), None if uri is None else uri.get("fixed")


def test_code_types_name_the_official_lists(official: Path) -> None:
    known = dict(_official_code_types(official))
    ours = etree.parse(PROJECT / "schemas/xauslaender/2611/xauslaender-codes.xsd")
    for node in ours.iter(f"{XS}complexType"):
        uri = node.find(f".//{XS}attribute[@name='listURI']")
        assert uri is not None
        assert known[node.get("name", "")] == uri.get("fixed")


def _patterns(file: Path) -> dict[str, str]:
    return {
        node.get("name", ""): node.find(f".//{XS}pattern").get("value", "")  # type: ignore[union-attr]
        for node in etree.parse(file).iter(f"{XS}simpleType")
    }


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
def test_character_patterns_agree_on_every_character(datatype: str, official: Path) -> None:
    import re

    theirs = re.compile(_patterns(official / "xoev/din-norm-91379-datatypes.xsd")[datatype])
    ours = re.compile(_patterns(TARGET)[datatype])
    sequences = [text for text in load_characters() if len(text) > 1]
    marks = sorted({mark for text in sequences for mark in text[1:]})
    singles = [chr(point) for point in range(0x20, 0x10000) if not 0xD800 <= point < 0xE000] + [
        "\t",
        "\n",
        "\r",
    ]
    bases = [char for char in singles if ours.fullmatch(char)]
    probes = singles + sequences + [base + mark for base in bases for mark in marks]
    assert [
        ascii(text) for text in probes if bool(ours.fullmatch(text)) != bool(theirs.fullmatch(text))
    ] == []


def test_character_table_is_the_published_list() -> None:
    published = reference_dir("din-91379") / "latin_list_1.3.txt"
    rows = [line.split(";") for line in published.read_text(encoding="utf-8").splitlines() if ";" in line]
    texts = {"".join(chr(int(point, 16)) for point in row[2].split()) for row in rows}
    assert texts == set(load_characters())


def test_official_code_lists_are_read_and_cover_ours(official: Path) -> None:
    lists = installed_code_lists(official / "codelisten")
    assert len(lists) == len(list((official / "codelisten").rglob("*.xml")))
    held = {(one.codes.uri, one.codes.version): one for one in LISTS.lists()}
    compared = 0
    for codes in lists:
        ours = held.get((codes.uri, codes.version))
        if ours is None:
            continue
        compared += 1
        if ours.extent is Extent.COMPLETE:
            assert set(ours.codes.codes) == set(codes.codes), codes.uri
        else:
            assert set(ours.codes.codes) < set(codes.codes), codes.uri
            assert all(ours.code_pattern.fullmatch(code) for code in codes.codes), codes.uri
    assert compared == len(lists)


def test_no_text_of_an_official_list_is_repeated_at_length(official: Path) -> None:
    theirs = {
        text
        for codes in installed_code_lists(official / "codelisten")
        for text in codes.codes.values()
        if len(text) > 40
    }
    ours = {text for held in LISTS.lists() for text in held.codes.codes.values()}
    assert not ours & theirs


def test_installed_official_package_replaces_ours(official_registry: SchemaRegistry) -> None:
    types = {c.message_type for c in official_registry.contracts() if c.standard == "XAusländer"}
    assert {"070001", "070022", "080017"} <= types
    excerpts = {h.codes.uri for h in official_registry.code_lists.lists() if h.extent is Extent.EXCERPT}
    # The reference material leaves this list out for its size.
    assert excerpts == {"urn:de:bund:ba:codelist:integration:ba.dienststellen"}


@pytest.mark.parametrize(("compiled", "root"), MESSAGES)
def test_installed_official_package_accepts_our_documents(
    compiled: CompiledContracts, root: str, official_registry: SchemaRegistry
) -> None:
    contract = next(c for c in official_registry.contracts() if c.root == root)
    for label, document in generate(compiled.folder, root, LISTS):
        assert official_registry.check(contract, document) == (), label


def test_installed_list_is_enforced(official_registry: SchemaRegistry) -> None:
    compiled, root = OURS[0], next(c.root for c in OURS[0].contracts if c.message_type == "070001")
    bundled = SchemaRegistry.load()
    _, document = next(iter(generate(compiled.folder, root, LISTS)))
    code = document.find(".//{*}aufenthaltstitel/code")
    assert code is not None
    code.text = "AERL-STAT-999"
    assert bundled.check(bundled.identify(document, DAY), document) == ()
    found = official_registry.check(official_registry.identify(document, DAY), document)
    assert [violation.kind for violation in found] == [ViolationKind.UNKNOWN_CODE]


def _fixture_documents() -> list[Path]:
    roots = {contract.root for compiled in OURS for contract in compiled.contracts}
    found = []
    for path in sorted((PROJECT / "fixtures").rglob("*.xml")):
        try:
            tag = etree.parse(path).getroot().tag
        except etree.XMLSyntaxError:
            continue  # a fixture may be broken on purpose; it is then no document to compare
        if tag in roots:
            found.append(path)
    return found


@pytest.mark.parametrize("path", _fixture_documents(), ids=lambda path: path.name)
def test_fixtures_get_the_same_verdict_officially(
    path: Path, official_schemas: dict[str, etree.XMLSchema], official_registry: SchemaRegistry
) -> None:
    document = etree.parse(path).getroot()
    official_schema = official_schemas[etree.QName(document).namespace or ""]
    compiled = next(c for c in OURS if c.folder.namespace == etree.QName(document).namespace)
    assert compiled.schema(document) == official_schema(document)
    ours, theirs = (
        inspect(path.read_bytes(), registry, Limits(), DAY)
        for registry in (SchemaRegistry.load(), official_registry)
    )
    assert bool(ours.errors) == bool(theirs.errors)
