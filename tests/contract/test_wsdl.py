"""The WSDL as a contract: foreign tools load it, every operation and every outcome is declared."""

from pathlib import Path

import pytest
import xmlschema
import zeep
from lxml import etree
from xmlschema.extras.wsdl import Wsdl11Document

from adapters.soap.contract import (
    PUBLIC_FOLDER,
    SCHEMA_ROOT,
    SERVICE_NS,
    WSDL_PATH,
    XSD_NS,
    load_contract,
    published_files,
    wrap_answer,
)
from gateway.handlers.table import SERVED
from messages.registry import MESSAGE_TYPES
from messages.service import REQUESTS

XA = "{http://www.osci.de/xauslaender2611}"
OUTCOMES_OF_A_REPORT = {
    f"{XA}BAMFABH.TeilnahmeberechtigungVerpflichtung.Akzeptanz.070003",
    f"{XA}BAMFABH.Dublette.070004",
    f"{XA}BAMFABH.BerechtigungVerpflichtungNichtMoeglich.070005",
    f"{XA}BAMFABH.VerpflichtungErsetztBerechtigung.Anfrage.070006",
}
OUTCOMES_OF_A_DECISION = {
    f"{XA}BAMFABH.TeilnahmeberechtigungVerpflichtung.Akzeptanz.070003",
    f"{XA}BAMFABH.Dublette.070004",
    f"{XA}BAMFABH.BerechtigungVerpflichtungNichtMoeglich.070005",
    f"{{{SERVICE_NS}}}quittung",
}
QUITTUNG = f"{{{SERVICE_NS}}}quittung"
MITTEILUNG = f"{{{SERVICE_NS}}}mitteilung"
OUTCOMES_OF_A_JOBCENTER = {
    f"{XA}BAMFTGS.ZulassungVerpflichtung.Akzeptanz.080003",
    f"{XA}BAMFTGS.Dublette.080004",
    f"{XA}BAMFTGS.ZulassungVerpflichtungNichtMoeglich.080005",
}
TOLD_07 = f"{XA}BAMFABH.AuskunftKursteilnahme.070015"
TOLD_08 = f"{XA}BAMFTGS.AuskunftKursteilnahme.080015"
OPERATIONS = {
    "meldeTeilnahmeberechtigung": ("070001", OUTCOMES_OF_A_REPORT),
    "meldeVerpflichtungKeineEinfachenSprachkenntnisse": ("070008", OUTCOMES_OF_A_REPORT),
    "meldeVerpflichtungKeineAusreichendenSprachkenntnisse": ("070009", OUTCOMES_OF_A_REPORT),
    "meldeVerpflichtungBesondersIntegrationsbeduerftig": ("070010", OUTCOMES_OF_A_REPORT),
    "antworteVerpflichtungErsetztBerechtigung": ("070007", OUTCOMES_OF_A_DECISION),
    "ersucheAuskunftBerechtigung": (
        "070011",
        {f"{XA}BAMFABH.Berechtigungsscheininhalt.070012", QUITTUNG},
    ),
    "ersucheAuskunftKursteilnahme": (
        "070013",
        {f"{XA}BAMFABH.AuskunftKursteilnahmeNichtMoeglich.070014", TOLD_07},
    ),
    "uebernehmeVerpflichtung": ("070016", {f"{XA}BAMFABH.UebernahmeNichtMoeglich.070017", TOLD_07}),
    "meldeNamensaenderung": ("070019", {QUITTUNG}),
    "meldeAuskunftssperre": ("070022", {QUITTUNG}),
    "meldeZulassungJobcenter": ("080001", OUTCOMES_OF_A_JOBCENTER),
    "meldeVerpflichtungJobcenter": ("080010", OUTCOMES_OF_A_JOBCENTER),
    "ersucheAuskunftBerechtigungJobcenter": (
        "080011",
        {f"{XA}BAMFTGS.Berechtigungsscheininhalt.080012", QUITTUNG},
    ),
    "ersucheAuskunftKursteilnahmeJobcenter": (
        "080013",
        {f"{XA}BAMFTGS.AuskunftKursteilnahmeNichtMoeglich.080014", TOLD_08},
    ),
    "uebernehmeVerpflichtungJobcenter": (
        "080016",
        {f"{XA}BAMFTGS.VerpflichtungUebernahmeNichtMoeglich.080017", TOLD_08},
    ),
}
SERVICE_OPERATIONS = {cls.kind for cls in REQUESTS}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the door serves, laid out as a partner's generator would fetch it."""
    folder = tmp_path_factory.mktemp("published")
    for name, content in published_files("https://inge.example/soap").items():
        target = folder / (name or "soap.wsdl")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def zeep_client(published: Path) -> zeep.Client:
    return zeep.Client(str(published / "soap.wsdl"), settings=zeep.Settings(forbid_dtd=True))


@pytest.fixture(scope="module")
def service_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMA_ROOT / "dienst/1/inge-dienst.xsd"), defuse="always")


def test_every_message_type_has_its_operation() -> None:
    contract = load_contract()
    assert {op.name: op.request[-6:] for op in contract.operations if op.name in OPERATIONS} == {
        name: message_type for name, (message_type, _) in OPERATIONS.items()
    }
    assert all(op.answer == f"{{{SERVICE_NS}}}{op.name}Antwort" for op in contract.operations)
    assert len({op.soap_action for op in contract.operations}) == len(contract.operations)


def test_every_message_the_core_handles_has_an_operation() -> None:
    handled = {root for root, kind in MESSAGE_TYPES.items() if kind in SERVED}
    assert len(handled) == len(SERVED)
    assert set(load_contract().by_request()) == handled | {cls.root for cls in REQUESTS}


def test_every_request_to_the_service_is_named_like_its_operation() -> None:
    operations = load_contract().by_request()
    assert {operations[cls.root].name for cls in REQUESTS} == SERVICE_OPERATIONS
    assert len(operations) == len(OPERATIONS) + len(SERVICE_OPERATIONS)


def test_every_first_answer_may_be_asked_for_again_and_a_notice_may_come(
    service_schema: xmlschema.XMLSchema,
) -> None:
    choice = service_schema.types["Antwortdokument"].content
    assert choice.model == "choice"
    answers = set().union(*(outcomes for _, outcomes in OPERATIONS.values()))
    assert {element.name for element in choice.iter_elements()} == answers | {MITTEILUNG}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_outcome_is_declared(name: str, service_schema: xmlschema.XMLSchema) -> None:
    choice = service_schema.elements[f"{name}Antwort"].type.content
    assert choice.model == "choice"
    assert {element.name for element in choice.iter_elements()} == OPERATIONS[name][1]


def test_zeep_loads_what_is_served(zeep_client: zeep.Client) -> None:
    ports = zeep_client.wsdl.services["InGeDienst"].ports
    assert list(ports) == ["Soap11", "Soap12"]
    for port in ports.values():
        assert set(port.binding._operations) == {*OPERATIONS, *SERVICE_OPERATIONS}
        assert port.binding_options["address"] == "https://inge.example/soap"
        for operation in port.binding._operations.values():
            assert operation.soapaction == f"{SERVICE_NS}#{operation.name}"
            assert set(operation.abstract.fault_messages) == {"fehler"}


def test_soap11_comes_first_and_is_what_zeep_takes(zeep_client: zeep.Client) -> None:
    assert type(zeep_client.service._binding).__name__ == "Soap11Binding"


@pytest.mark.parametrize("name", OPERATIONS)
def test_zeep_reads_each_outcome_as_itself(name: str, zeep_client: zeep.Client) -> None:
    answer = zeep_client.get_element(f"{{{SERVICE_NS}}}{name}Antwort")
    declared = {element.qname.text for _, element in answer.type.elements}
    assert declared == OPERATIONS[name][1]


def test_xmlschema_loads_the_wsdl(published: Path) -> None:
    # The tool knows no SOAP 1.2 bindings, so it may complain about those of the second port, and only those.
    document = Wsdl11Document(str(published / PUBLIC_FOLDER / WSDL_PATH), validation="lax")
    assert [error for error in document.errors if "DienstSoap12" not in str(error)] == []
    assert {name.rpartition("}")[2] for name in document.bindings} == {"DienstSoap11", "DienstSoap12"}
    (port_type,) = document.port_types.values()
    assert {name for name, _, _ in port_type.operations} == {*OPERATIONS, *SERVICE_OPERATIONS}


def test_everything_is_fetched_from_here(published: Path) -> None:
    for file in [path for path in published.rglob("*") if path.is_file()]:
        for node in etree.parse(str(file)).iter(f"{{{XSD_NS}}}import", f"{{{XSD_NS}}}include"):
            location = node.get("schemaLocation")
            assert location is not None, f"{file.name} imports {node.get('namespace')} from nowhere"
            assert (file.parent / location).resolve().is_file(), f"{file.name} → {location}"


def test_only_files_of_the_contract_are_published() -> None:
    names = set(published_files("http://localhost/soap"))
    assert all(name == "" or name.endswith((".xsd", ".wsdl")) for name in names)
    assert not any(".." in name for name in names)


def test_a_location_outside_the_schema_folder_is_a_defect(tmp_path: Path) -> None:
    (tmp_path / "dienst/1").mkdir(parents=True)
    wsdl = f'<x xmlns:xs="{XSD_NS}"><xs:import schemaLocation="../../../secret.xsd"/></x>'
    (tmp_path / WSDL_PATH).write_text(wsdl)
    with pytest.raises(ValueError, match="outside the schema folder"):
        published_files("http://localhost/soap", tmp_path)


def test_an_answer_is_wrapped_without_its_declaration() -> None:
    operation = load_contract().operations[0]
    wrapped = wrap_answer(b'<?xml version="1.0" encoding="UTF-8"?><a xmlns="urn:x">\xc3\xa4</a>', operation)
    root = etree.fromstring(wrapped)
    assert root.tag == operation.answer
    assert [child.tag for child in root] == ["{urn:x}a"]
