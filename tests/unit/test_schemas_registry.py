"""The registry: finds contracts, serves versions side by side, turns violations into neutral values."""

import shutil
import threading
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from schemas.explain import MAX_VIOLATIONS
from schemas.folders import ContractFileError, ContractFolder
from schemas.paths import ROOT, contract_files
from schemas.registry import CompiledContracts, Contract, SchemaRegistry
from schemas.violations import ContractError, Violation, ViolationKind
from tests.support.xsdgen import generate

DAY = date(2026, 11, 24)
NS = "http://www.osci.de/xauslaender2611"


@pytest.fixture(scope="module")
def registry() -> SchemaRegistry:
    return SchemaRegistry.load()


def _contract(registry: SchemaRegistry, message_type: str) -> Contract:
    return next(contract for contract in registry.contracts() if contract.message_type == message_type)


def _document(registry: SchemaRegistry, message_type: str, label: str = "full") -> etree._Element:
    root = _contract(registry, message_type).root
    folder = next(
        folder
        for folder in map(ContractFolder.read, contract_files())
        if root.startswith(f"{{{folder.namespace}}}")
    )
    return next(document for name, document in generate(folder, root, registry.code_lists) if name == label)


def _check(registry: SchemaRegistry, document: etree._Element) -> tuple[Violation, ...]:
    reparsed = etree.fromstring(etree.tostring(document, method="c14n", exclusive=True))
    return registry.check(registry.identify(reparsed, DAY), reparsed)


def _find(document: etree._Element, path: str) -> etree._Element:
    found = document.find(path)
    assert found is not None, path
    return found


def test_bundled_contracts(registry: SchemaRegistry) -> None:
    numbers = {c.message_type for c in registry.contracts() if c.standard == "XAusländer"}
    group07 = (1, *range(3, 18), 19, 22)
    group08 = (1, 3, 4, 5, *range(10, 18))
    assert numbers == {f"0700{n:02}" for n in group07} | {f"0800{n:02}" for n in group08}
    rejection = _contract(registry, "0010")
    assert (rejection.standard, rejection.version) == ("XInneres-Rueckweisung", "6")
    assert _contract(registry, "fehler").root == "{urn:inge-gateway:dienst:1}fehler"


@pytest.mark.parametrize("label", ["minimal", "full"])
def test_generated_documents_have_no_violation(label: str, registry: SchemaRegistry) -> None:
    for contract in registry.contracts():
        if contract.framed:
            assert _check(registry, _document(registry, contract.message_type, label)) == ()


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("{urn:example:x}a", ViolationKind.UNKNOWN_ROOT),
        ("a", ViolationKind.UNKNOWN_ROOT),
        (f"{{{NS}}}ABHBAMF.Unbekannt.079999", ViolationKind.UNKNOWN_ROOT),
        (
            "{http://www.osci.de/xauslaender2605}ABHBAMF.Teilnahmeberechtigung.070001",
            ViolationKind.VERSION_NOT_SERVED,
        ),
        (
            "{http://www.osci.de/xinneres/rueckweisung/5}rueckweisung.asynchron.0010",
            ViolationKind.VERSION_NOT_SERVED,
        ),
    ],
)
def test_unknown_roots(tag: str, kind: ViolationKind, registry: SchemaRegistry) -> None:
    with pytest.raises(ContractError) as caught:
        registry.identify(etree.Element(tag), DAY)
    assert caught.value.violation.kind is kind


def test_other_version_attribute_is_not_served(registry: SchemaRegistry) -> None:
    document = _document(registry, "070007")
    document.set("version", "26.05")
    with pytest.raises(ContractError) as caught:
        registry.identify(document, DAY)
    violation = caught.value.violation
    assert violation.kind is ViolationKind.VERSION_NOT_SERVED
    assert violation.path.endswith("/@version")
    assert (violation.found, violation.expected) == ("26.05", "26.11 (2026-11-01 – …)")


def test_day_before_the_version_is_served(registry: SchemaRegistry) -> None:
    document = _document(registry, "070007")
    assert registry.identify(document, date(2026, 11, 1)).message_type == "070007"
    with pytest.raises(ContractError) as caught:
        registry.identify(document, date(2026, 10, 31))
    assert caught.value.violation.kind is ViolationKind.VERSION_NOT_SERVED


def _older_version(folder: Path) -> ContractFolder:
    """Make an older version of the contract by copying ours and changing namespace and version."""
    shutil.copytree(ROOT, folder / "schemas", ignore=shutil.ignore_patterns("*.py", "codelists", "dienst"))
    place = folder / "schemas/xauslaender/2611"
    for file in place.iterdir():
        text = file.read_text(encoding="utf-8").replace("xauslaender2611", "xauslaender2605")
        text = text.replace('fixed="26.11"', 'fixed="26.05"').replace(
            'version = "26.11"', 'version = "26.05"'
        )
        text = text.replace("served_from = 2026-11-01", "served_from = 2026-05-01\nserved_until = 2026-12-31")
        file.write_text(text, encoding="utf-8")
    return ContractFolder.read(place / "contract.toml")


def test_versions_are_served_side_by_side(tmp_path: Path, registry: SchemaRegistry) -> None:
    older = _older_version(tmp_path)
    both = SchemaRegistry([*map(ContractFolder.read, contract_files()), older], registry.code_lists)
    for folder in (older, ContractFolder.read(ROOT / "xauslaender/2611/contract.toml")):
        root = f"{{{folder.namespace}}}ABHBAMF.VerpflichtungErsetztBerechtigung.Antwort.070007"
        document = next(document for _, document in generate(folder, root, registry.code_lists))
        contract = both.identify(document, DAY)
        assert contract.version == folder.version
        assert both.check(contract, document) == ()
    document = next(
        document for _, document in generate(older, root.replace("2611", "2605"), registry.code_lists)
    )
    with pytest.raises(ContractError) as caught:
        both.identify(document, date(2027, 1, 1))
    assert caught.value.violation.found == "26.05 (2027-01-01)"
    assert caught.value.violation.expected == "26.11 (2026-11-01 – …)"


def test_structure_violations_name_place_and_expectation(registry: SchemaRegistry) -> None:
    document = _document(registry, "070001")
    person = _find(document, f"{{{NS}}}personalien")
    person.remove(_find(person, f"{{{NS}}}nachname"))
    (violation,) = _check(registry, document)
    assert violation.kind is ViolationKind.STRUCTURE
    assert violation.path == "/m:ABHBAMF.Teilnahmeberechtigung.070001/m:personalien/m:geschlecht"
    assert (violation.expected, violation.found) == ("nachname", "geschlecht")
    assert isinstance(violation.line, int)


@pytest.mark.parametrize(
    ("path", "attribute", "value", "kind", "expected", "found"),
    [
        ("leser/verzeichnisdienst", "listURI", "urn:x", ViolationKind.UNKNOWN_CODE_LIST, "listURI", "urn:x"),
        (
            "leser/verzeichnisdienst",
            "listVersionID",
            "2",
            ViolationKind.UNKNOWN_LIST_VERSION,
            "version 3",
            "2",
        ),
        ("leser/verzeichnisdienst/code", None, "XYZ", ViolationKind.UNKNOWN_CODE, "verzeichnisdienst", "XYZ"),
        (
            "identifikation.nachricht/nachrichtentyp/code",
            None,
            "079999",
            ViolationKind.UNKNOWN_CODE,
            "code",
            "079999",
        ),
        (
            "identifikation.nachricht/nachrichtentyp",
            "listVersionID",
            "18",
            ViolationKind.UNKNOWN_LIST_VERSION,
            "19",
            "18",
        ),
        ("leser/name", None, "", ViolationKind.EMPTY_TEXT, "not empty", "empty name"),
        ("leser/name", None, " \u00a0 ", ViolationKind.EMPTY_TEXT, "not empty", "empty name"),
        ("leser/name", None, "Жуков", ViolationKind.STRUCTURE, "characters of datatypeC", "name"),
    ],
)
def test_violations_of_the_header(
    path: str,
    attribute: str | None,
    value: str,
    kind: ViolationKind,
    expected: str,
    found: str,
    registry: SchemaRegistry,
) -> None:
    document = _document(registry, "070007")
    element = _find(document, f"nachrichtenkopf.g2g/{path}")
    if attribute is None:
        element.text = value
    else:
        element.set(attribute, value)
    (violation,) = _check(registry, document)
    assert violation.kind is kind
    assert expected in violation.expected
    assert violation.found == found
    assert path.split("/")[-1] in violation.path


def test_code_tokens_are_compared_collapsed(registry: SchemaRegistry) -> None:
    document = _document(registry, "070007")
    code = _find(document, "nachrichtenkopf.g2g/leser/verzeichnisdienst/code")
    code.text = "\n DVDV   FIT-Connect "
    assert _check(registry, document) == ()


def test_empty_mandatory_text_below_the_header(registry: SchemaRegistry) -> None:
    document = _document(registry, "070001")
    _find(document, f"{{{NS}}}personalien/{{{NS}}}nachname/name").text = ""
    document.set("produkt", "")
    kinds = {(v.kind, v.path.rpartition("/")[2]) for v in _check(registry, document)}
    assert kinds == {(ViolationKind.EMPTY_TEXT, "name"), (ViolationKind.EMPTY_TEXT, "@produkt")}


def test_empty_optional_text_is_allowed(registry: SchemaRegistry) -> None:
    document = _document(registry, "070001")
    _find(document, f"{{{NS}}}ihrZeichen").text = ""
    assert _check(registry, document) == ()


def test_fixed_true_is_written_as_true(registry: SchemaRegistry) -> None:
    document = _document(registry, "070001")
    _find(document, f"{{{NS}}}weitereAngaben/{{{NS}}}auskunftssperreLiegtVor").text = "1"
    (violation,) = _check(registry, document)
    assert violation.kind is ViolationKind.STRUCTURE
    assert "fixed value" in violation.expected
    assert violation.found == "auskunftssperreLiegtVor"


def test_violations_repeat_no_text_of_the_document(registry: SchemaRegistry) -> None:
    secret = "Geheimnis von Frau Ж"
    document = _document(registry, "070001")
    leaves = [element for element in document.iter("*") if len(element) == 0]
    for element in leaves:
        element.text = secret
    for element in document.iter("*"):
        for name in element.attrib:
            if name != "version":
                element.set(name, secret)
    found = _check(registry, document)
    assert len(found) > 10
    assert "Geheimnis" not in repr(found)


def test_all_wrong_codes_are_reported_at_once(registry: SchemaRegistry) -> None:
    document = _document(registry, "070005")
    _find(document, f"{{{NS}}}ablehnungsgrund/code").text = "1"
    _find(document, f"{{{NS}}}informationSachbearbeitung").set("listVersionID", "7")
    kinds = [violation.kind for violation in _check(registry, document)]
    assert kinds == [ViolationKind.UNKNOWN_CODE, ViolationKind.UNKNOWN_LIST_VERSION]


def test_not_more_is_told_than_helps_to_mend(registry: SchemaRegistry) -> None:
    """A document full of wrong codes must not make an answer many times its size."""
    document = _document(registry, "070005")
    code = _find(document, f"{{{NS}}}informationSachbearbeitung")
    code.set("listVersionID", "7")
    for _ in range(100):
        code.addnext(deepcopy(code))
    assert [violation.kind for violation in _check(registry, document)] == [
        ViolationKind.UNKNOWN_LIST_VERSION
    ] * MAX_VIOLATIONS


def test_threads_get_the_verdict_of_their_own_document(registry: SchemaRegistry) -> None:
    good, bad = _document(registry, "070001"), _document(registry, "070001")
    bad.remove(_find(bad, f"{{{NS}}}personalien"))
    contract = registry.identify(good, DAY)
    wrong: list[str] = []

    def work(document: etree._Element, clean: bool) -> None:
        own = etree.fromstring(etree.tostring(document))
        for _ in range(200):
            if (registry.check(contract, own) == ()) != clean:
                wrong.append("good" if clean else "bad")

    threads = [threading.Thread(target=work, args=(d, d is good)) for d in (good, bad) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("namespace = 'urn:x'", "entries"),
        ("= broken", "Invalid|Expected|broken"),
        (
            "namespace='urn:x'\nfamily='urn:'\nstandard='S'\nversion='1'\nserved_from=2026-11-01\nentries='*.xsd'",
            "no file matches",
        ),
    ],
)
def test_broken_contract_files_are_refused(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContractFileError, match=reason):
        ContractFolder.read(file)


def test_schema_that_does_not_compile_is_refused(tmp_path: Path, registry: SchemaRegistry) -> None:
    (tmp_path / "a.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">'
        '<xs:element name="a" type="nothing"/></xs:schema>',
        encoding="utf-8",
    )
    (tmp_path / "contract.toml").write_text(
        'namespace="urn:x"\nfamily="urn:x"\nstandard="S"\nversion="1"\nserved_from=2026-11-01\nentries="a.xsd"\n',
        encoding="utf-8",
    )
    with pytest.raises(ContractFileError, match="not allowed"):
        CompiledContracts(ContractFolder.read(tmp_path / "contract.toml"), registry.code_lists)
