"""What a sender asks the service itself, against a gateway of bytes: ids, repeats, and whose answer it is."""

from typing import Any

import pytest
from lxml import etree

from adapters.client import Refused, Service, UnexpectedAnswer, Unreachable, UntrustedAnswer, read_document
from gateway.trust.admission import Limits, admit
from gateway.trust.canonical import canonical_octets
from messages.errors import Advice
from messages.quittung import Quittung, write_quittung
from messages.registry import build
from messages.service import (
    Befund,
    BestaetigeNachrichten,
    BestaetigeNachrichtenAntwort,
    HoleNachrichten,
    HoleNachrichtenAntwort,
    PruefeNachricht,
    PruefeNachrichtAntwort,
    SpaetereAntwort,
    StatusAbfrageAntwort,
    Zustand,
)
from messages.service import build as build_service
from messages.service import parse as parse_service
from tests.support.core import ABH1, StandingClock, new_uuid
from tests.unit.test_client import DUPLICATE, NOW, Waiting, Wire, answer, client, fault

DOCUMENT = canonical_octets(build(DUPLICATE))
LATER = SpaetereAntwort("17", new_uuid(), new_uuid(), NOW, None, None, DOCUMENT)


class Asked(Wire):
    """Answers requests by a script; a callable is given the request and makes the answer."""

    def post(self, address: str, message: bytes, headers: Any) -> Any:
        step = self.script[0]
        if callable(step):
            self.script[0] = answer(document=canonical_octets(build_service(step(asked(message)))))
        return super().post(address, message, headers)


def asked(envelope: bytes) -> Any:
    root = admit(envelope, Limits()).root
    return parse_service(root[-1][0])


def service(*script: Any, test: bool = True) -> tuple[Service, Asked]:
    wire = Asked(*script)
    return Service(client(wire, Waiting()), ABH1.kennung, test=test, clock=StandingClock(NOW)), wire


def test_what_is_fetched_is_typed_and_its_documents_are_bytes() -> None:
    desk, wire = service(lambda request: HoleNachrichtenAntwort(request.anfrage_uuid, (LATER,), True))
    fetched = desk.fetch(at_most=7)
    assert fetched.nachrichten == (LATER,)
    assert fetched.weitere
    assert read_document(fetched.nachrichten[0].dokument or b"") == DUPLICATE
    request = asked(wire.sent[0])
    assert isinstance(request, HoleNachrichten)
    assert (request.kennung, request.hoechstens, request.test) == (ABH1.kennung, 7, "1")
    assert request.erstellungszeitpunkt == NOW
    assert wire.headers[0]["SOAPAction"] == '"urn:inge-gateway:dienst:1#holeNachrichten"'


def test_a_productive_request_carries_no_test_mark() -> None:
    desk, wire = service(lambda request: HoleNachrichtenAntwort(request.anfrage_uuid, (), False), test=False)
    desk.fetch()
    assert asked(wire.sent[0]).test is None


def test_every_attempt_has_an_id_of_its_own() -> None:
    desk, wire = service(
        Unreachable("x"),
        fault("T200.busy"),
        fault("T011.stale-timestamp"),
        lambda request: BestaetigeNachrichtenAntwort(request.anfrage_uuid, 2),
    )
    assert desk.confirm(["17", "18"]) == 2
    requests = [asked(envelope) for envelope in wire.sent]
    assert len({request.anfrage_uuid for request in requests}) == 4
    assert {request.nachricht_ids for request in requests} == {("17", "18")}
    assert all(isinstance(request, BestaetigeNachrichten) for request in requests)


def test_the_state_of_a_message() -> None:
    uuid = new_uuid()
    desk, wire = service(lambda request: StatusAbfrageAntwort(request.anfrage_uuid, uuid, Zustand.UNKNOWN))
    assert desk.status(uuid).zustand is Zustand.UNKNOWN
    assert asked(wire.sent[0]).nachrichten_uuid == uuid


def test_findings_about_a_document() -> None:
    finding = Befund("S030", "/a", 3, "leer", "empty", Advice.CORRECT)
    desk, wire = service(
        lambda request: PruefeNachrichtAntwort(request.anfrage_uuid, False, "070001", (finding,))
    )
    assert desk.check(b"<a/>").befunde == (finding,)
    assert isinstance(asked(wire.sent[0]), PruefeNachricht)
    assert asked(wire.sent[0]).dokument == b"<a/>"


def test_an_answer_to_another_request_is_not_believed() -> None:
    desk, _ = service(lambda _: HoleNachrichtenAntwort(new_uuid(), (LATER,), False))
    with pytest.raises(UntrustedAnswer, match="another request"):
        desk.fetch()


def test_an_answer_of_another_operation_is_unexpected() -> None:
    desk, _ = service(lambda request: BestaetigeNachrichtenAntwort(request.anfrage_uuid, 1))
    with pytest.raises(UnexpectedAnswer):
        desk.fetch()


def test_a_refusal_is_typed() -> None:
    desk, _ = service(fault("S999.unknown-delivery", details={"ids": "9"}))
    with pytest.raises(Refused) as refused:
        desk.confirm(["9"])
    assert refused.value.code == "S999.unknown-delivery"


def test_a_document_may_be_a_receipt_or_of_a_later_version() -> None:
    receipt = Quittung(new_uuid(), "frage-abgelaufen", "Abgelaufen", "Run out")
    assert read_document(write_quittung(receipt)) == receipt
    assert read_document(etree.tostring(etree.Element("later"))) is None
