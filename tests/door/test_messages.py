"""The whole way over HTTP: signed reports in, signed answers out, with zeep and with hand-made bytes."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zeep.exceptions
from lxml import etree

from adapters.client import Client, Refused, RetryPolicy
from adapters.soap.contract import SERVICE_NS, load_contract
from adapters.soap.envelope import SOAP11_NS, SOAP12_NS
from fixtures import persons
from gateway.trust.seal import seal_envelope
from messages.frame import Message
from messages.group07 import Akzeptanz070003, Dublette070004, Teilnahmeberechtigung070001
from messages.values import Name
from tests.support.core import ABH1, ABH2, ABH3, new_uuid
from tests.support.server import Gateway, octets

AUTHORS = {"abh1": ABH1, "abh2": ABH2, "abh3": ABH3}
NAMESPACE = {"1.1": SOAP11_NS, "1.2": SOAP12_NS}
MEDIA_TYPE = {"1.1": "text/xml", "1.2": "application/soap+xml"}


def somebody(holder: str = "abh1", **changes: Any) -> Teilnahmeberechtigung070001:
    """A report about a person nobody reported before."""
    letters = uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
    surname = Name(f"Muster{letters}")
    data = replace(persons.LEYLA.personalien, nachname=surname)
    person = replace(persons.LEYLA, personalien=data)
    return persons.entitlement(AUTHORS[holder], new_uuid(), datetime.now(UTC), person, **changes)


def sealed(
    gateway: Gateway, body: bytes, holder: str = "abh1", version: str = "1.1", **options: Any
) -> bytes:
    now = datetime.now(UTC) - options.pop("age", timedelta(0))
    return seal_envelope(body, key=gateway.pki.key(holder), soap_version=version, now=now, **options)


def refused(
    gateway: Gateway, body: bytes, version: str = "1.1", **headers: str
) -> tuple[Refused, etree._Element]:
    """What a refusal says, proven like a partner would, and its Fault."""
    response = gateway.post(body, {name.replace("_", "-"): value for name, value in headers.items()}, version)
    assert response.status_code == 500
    assert response.headers["content-type"] == f"{MEDIA_TYPE[version]}; charset=utf-8"
    root = etree.fromstring(response.content)
    fault = root.find(f"{{{NAMESPACE[version]}}}Body/{{{NAMESPACE[version]}}}Fault")
    assert fault is not None
    with pytest.raises(Refused) as caught:
        gateway.client(soap_version=version).prove(response.content)
    return caught.value, fault


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("holder", ["abh1", "abh2", "abh3"])
def test_a_report_gets_its_number(gateway: Gateway, holder: str, version: str) -> None:
    message = somebody(holder)
    reply = gateway.client(holder, soap_version=version).send(message)
    assert isinstance(reply.message, Akzeptanz070003)
    assert reply.message.rahmen.ausloeser_uuid == message.rahmen.kopf.nachrichten_uuid
    assert reply.attempts == 1


def test_a_resend_gets_the_same_document_under_a_fresh_seal(gateway: Gateway) -> None:
    message = somebody()
    envelopes = [gateway.post(sealed(gateway, octets(message), age=timedelta(seconds=age))) for age in (9, 0)]
    assert [response.status_code for response in envelopes] == [200, 200]
    assert envelopes[0].content != envelopes[1].content
    first, second = (gateway.client().prove(each.content).element for each in envelopes)
    assert etree.tostring(first, method="c14n") == etree.tostring(second, method="c14n")
    assert gateway.client(soap_version="1.2").send(message).document == etree.tostring(
        first[0], method="c14n", exclusive=True
    )


def test_the_same_person_again_is_a_duplicate_with_its_office(gateway: Gateway) -> None:
    message = somebody()
    client = gateway.client()
    client.send(message)
    header = replace(message.rahmen.kopf, nachrichten_uuid=new_uuid())
    again = replace(message, rahmen=replace(message.rahmen, kopf=header))
    reply = client.send(again)
    assert isinstance(reply.message, Dublette070004)
    assert reply.message.information_sachbearbeitung.code == "17001"
    contact = reply.message.rahmen.ansprechpartner
    assert contact is not None
    assert contact.familienname == Name("Leitstelle Integration Nürnberg")
    assert len(contact.kontaktdaten) == 2


def test_every_operation_is_answered_with_its_own_element(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    reports: list[Message] = [
        somebody(),
        persons.obligation_1a(ABH1, new_uuid(), now, persons.TADEUSZ),
        persons.obligation_1b(ABH1, new_uuid(), now, persons.THI),
        persons.obligation_3(ABH1, new_uuid(), now, now.date() + timedelta(days=300), persons.OLUWASEUN),
    ]
    operations = load_contract().by_request()
    for report in reports:
        response = gateway.post(sealed(gateway, octets(report)))
        assert response.status_code == 200, response.text
        answer = gateway.client().prove(response.content).element
        assert answer.tag == operations[type(report).root].answer
        assert len(answer) == 1


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_zeep_with_its_own_objects(gateway: Gateway, version: str) -> None:
    message = somebody()
    sender = gateway.client(soap_version=version).zeep()
    request = sender.get_element(type(message).root).parse(
        etree.fromstring(octets(message)), sender.wsdl.types
    )
    values = {name: request[name] for name in request if request[name] is not None}
    answer = sender.service.meldeTeilnahmeberechtigung(**values)
    given = [name for name in answer if answer[name] is not None]
    assert given == ["BAMFABH.TeilnahmeberechtigungVerpflichtung.Akzeptanz.070003"]


def test_zeep_shows_a_typed_fault(gateway: Gateway) -> None:
    message = somebody(reader=persons.agency("dbs:999999", "Another office"))
    sender = gateway.client().zeep()
    request = sender.get_element(type(message).root).parse(
        etree.fromstring(octets(message)), sender.wsdl.types
    )
    values = {name: request[name] for name in request if request[name] is not None}
    with pytest.raises(zeep.exceptions.Fault) as fault:
        sender.service.meldeTeilnahmeberechtigung(**values)
    detail = fault.value.detail[0]
    parsed = sender.get_element(f"{{{SERVICE_NS}}}fehler").parse(detail, sender.wsdl.types)
    assert parsed.code == "T080"


def test_an_answer_is_sealed_as_every_stack_verifies_it(gateway: Gateway) -> None:
    usual = gateway.post(sealed(gateway, octets(somebody())))
    security = etree.fromstring(usual.content)[0][0]
    assert [etree.QName(child).localname for child in security] == [
        "BinarySecurityToken", "Timestamp", "Signature",
    ]  # fmt: skip
    assert b"rsa-sha256" in usual.content
    assert b"mustUnderstand" not in usual.content


# ---- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda m: replace(m, rahmen=replace(m.rahmen, test=None)), "S999.test-attribute"),
        (lambda m: replace(m, rahmen=replace(m.rahmen, kopf=replace(m.rahmen.kopf, autor=ABH2))),
         "T070.foreign-authority"),
        (lambda m: replace(m, rahmen=replace(m.rahmen, kopf=replace(m.rahmen.kopf, leser=ABH2))), "T080"),
    ],
    ids=["test-attribute", "foreign-authority", "wrong-reader"],
)  # fmt: skip
def test_a_proven_sender_is_told_in_both_forms(
    gateway: Gateway, change: Any, code: str, version: str
) -> None:
    error, fault = refused(gateway, sealed(gateway, octets(change(somebody())), version=version), version)
    assert error.code == code
    assert error.proven
    assert error.fehler.text_deutsch
    assert error.fehler.rueckweisung is not None
    assert error.fehler.rueckweisung.tag.endswith("rueckweisung.asynchron.0010")
    detail = fault.find("detail" if version == "1.1" else f"{{{SOAP12_NS}}}Detail")
    assert detail is not None
    assert [child.tag for child in detail] == [f"{{{SERVICE_NS}}}fehler"]


def test_a_schema_violation_has_path_and_line(gateway: Gateway) -> None:
    broken = octets(somebody()).replace(b"nurOrientierungskurs>", b"nurOrientierungskurz>")
    error, _ = refused(gateway, sealed(gateway, broken))
    assert error.code == "X001"
    assert "nurOrientierung" in (error.fehler.pfad or "") + error.fehler.text_englisch
    assert error.fehler.zeile is not None


def test_an_unknown_sender_learns_nothing_and_hears_no_echo(gateway: Gateway) -> None:
    broken = octets(somebody()).replace(b"nurOrientierungskurs>", b"nurOrientierungskurz>")
    error, _ = refused(gateway, sealed(gateway, broken, "stranger"))
    assert error.code.startswith(("T002", "T070"))
    assert error.proven
    assert error.fehler.rueckweisung is None


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_an_unsigned_message(gateway: Gateway, version: str) -> None:
    body = octets(somebody())
    envelope = b'<s:Envelope xmlns:s="%b"><s:Body>%b</s:Body></s:Envelope>' % (
        NAMESPACE[version].encode(), body,
    )  # fmt: skip
    error, fault = refused(gateway, envelope, version)
    assert (error.code, error.proven) == ("T010.unsigned", True)
    assert b"InvalidSecurity" in etree.tostring(fault)
    assert error.fehler.rueckweisung is None


def test_a_changed_message(gateway: Gateway) -> None:
    error, fault = refused(gateway, sealed(gateway, octets(somebody())).replace(b"Lindenweg", b"Lindenwej"))
    assert error.code.startswith("T011")
    assert b"wsse:FailedCheck" in etree.tostring(fault)


def test_a_stale_time_stamp_and_the_client_that_mends_it(gateway: Gateway) -> None:
    error, fault = refused(gateway, sealed(gateway, octets(somebody()), age=timedelta(minutes=20)))
    assert error.code == "T011.stale-timestamp"
    assert b"wsse:MessageExpired" in etree.tostring(fault)

    class Clock:
        late = timedelta(minutes=20)

        def now(self) -> datetime:
            # Wrong once: when the first seal was made long before it was sent.
            late, self.late = self.late, timedelta(0)
            return datetime.now(UTC) - late

    client = gateway.client(
        retry=RetryPolicy(attempts=3), clock=Clock(), sleep=lambda _: pytest.fail("waited")
    )
    assert client.send(somebody()).attempts == 2


def test_the_uuid_with_other_content(gateway: Gateway) -> None:
    message = somebody()
    client = gateway.client()
    client.send(message)
    other = replace(message, nur_orientierungskurs=not message.nur_orientierungskurs)
    with pytest.raises(Refused) as error:
        client.send(other)
    assert error.value.code == "S999.uuid-reused"


def test_what_was_refused_may_come_again_under_its_uuid(gateway: Gateway) -> None:
    message = somebody()
    wrong = replace(message, rahmen=replace(message.rahmen, test=None))
    with pytest.raises(Refused):
        gateway.client().send(wrong)
    reply = gateway.client().send(message)
    assert reply.message is not None
    assert reply.message.message_type == "070003"


@pytest.mark.parametrize(
    ("header", "version"),
    [("urn:inge-gateway:dienst:1#antworteVerpflichtungErsetztBerechtigung", "1.1"), ('"urn:other"', "1.1"),
     ("urn:other", "1.2")],
)  # fmt: skip
def test_a_soap_action_that_does_not_fit(gateway: Gateway, header: str, version: str) -> None:
    body = sealed(gateway, octets(somebody()), version=version)
    error, _ = refused(gateway, body, version, SOAPAction=header)
    assert error.code == "T099.soap-action"


def test_the_action_parameter_of_soap_12_that_does_not_fit(gateway: Gateway) -> None:
    body = sealed(gateway, octets(somebody()), version="1.2")
    content_type = 'application/soap+xml; charset=utf-8; action="urn:other"'
    error, _ = refused(gateway, body, "1.2", Content_Type=content_type)
    assert error.code == "T099.soap-action"


@pytest.mark.parametrize("action", ["", '""', '"urn:inge-gateway:dienst:1#meldeTeilnahmeberechtigung"'])
def test_a_soap_action_that_is_missing_or_right(gateway: Gateway, action: str) -> None:
    assert gateway.post(sealed(gateway, octets(somebody())), {"SOAPAction": action}).status_code == 200


def test_a_header_that_must_be_understood(gateway: Gateway) -> None:
    body = sealed(gateway, octets(somebody())).replace(
        b"<wsse:Security ", b'<x:Secret xmlns:x="urn:x" soap:mustUnderstand="1"/><wsse:Security ', 1
    )
    error, fault = refused(gateway, body)
    assert error.code == "T099.must-understand"
    assert b"MustUnderstand<" in etree.tostring(fault)
    assert b"Secret" not in etree.tostring(fault)


def test_another_soap_version_and_no_soap_at_all(gateway: Gateway) -> None:
    error, fault = refused(gateway, b'<s:Envelope xmlns:s="urn:soap2"><s:Body/></s:Envelope>')
    assert error.code == "T099.soap-version"
    assert b"VersionMismatch<" in etree.tostring(fault)
    error, _ = refused(gateway, octets(somebody()))
    assert error.code == "T099.not-soap"


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "T099.empty"), (b"<a>", "X000"), (b'<!DOCTYPE a><a xmlns=""/>', "X001.doctype"),
     ("<a>ä</a>".encode("utf-16"), "S001"), (b"<a>" * 100 + b"</a>" * 100, "T099.too-deep"),
     (b"x" * ((1 << 20) + 1), "T099.too-large")],
    ids=lambda value: value if isinstance(value, str) else "body",
)  # fmt: skip
def test_what_is_not_admitted_gets_an_unsigned_reason(gateway: Gateway, body: bytes, code: str) -> None:
    error, _ = refused(gateway, body)
    assert (error.code, error.proven) == (code, False)
    assert error.fehler.rueckweisung is None


def test_an_unknown_root_of_a_known_sender(gateway: Gateway) -> None:
    error, _ = refused(gateway, sealed(gateway, b'<x:a xmlns:x="urn:x"/>'))
    assert error.code == "X001.unknown-root"


def test_the_client_refuses_to_send_what_has_no_operation(gateway: Gateway) -> None:
    client: Client = gateway.client()
    with pytest.raises(ValueError, match="no operation"):
        client.send(etree.Element("a"))
