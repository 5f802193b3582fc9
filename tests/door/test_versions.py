"""Two versions of the standard in the same running gateway, before, around and after the switch."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import etree

from adapters.client import GatewayTrust, UntrustedAnswer
from adapters.client.proof import AnswerProof
from adapters.soap.guard import Reply
from fixtures import persons
from gateway.clerks.decide import DIFFERENT, Choice, decide
from gateway.trust.policy import SoapPolicy
from gateway.trust.wssecurity import verify_envelope
from messages.errors import GatewayError
from messages.fehler import Fehler
from messages.group07 import Akzeptanz070003, Anfrage070006, Dublette070004
from messages.registry import build, in_version
from messages.service import HoleNachrichten, PruefeNachricht, StatusAbfrage
from messages.versionsende import Versionsende
from store.engine import Store
from store.records import MessageRef
from tests.support.core import ABH1, ABH2, NOW, new_uuid
from tests.support.desk import octets, request
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.proofs import seal
from tests.support.versions import (
    AFTER,
    BEFORE,
    BOTH,
    LAST_OF_OLD,
    NAMESPACE,
    NEW,
    OLD,
    confirm,
    gateway,
)

CHANGED = "ausstellendeBehoerde"
UNCHANGED = "austellendeBehoerde"
NAMESPACES = {OLD: "http://www.osci.de/xauslaender2611", NEW: NAMESPACE}


@pytest.fixture
def furnished(store: Store) -> Store:
    furnish(store, shared_pki())
    confirm(store, OLD, NEW)
    return store


def report(version: str, uuid: str | None = None, **content: Any) -> Any:
    return in_version(persons.entitlement(ABH1, uuid or new_uuid(), NOW, **content), version)


def written_in(document: bytes, version: str) -> bool:
    """Whether all of a document is written in one version: namespace, attribute, and the changed element."""
    root = etree.fromstring(document)
    namespaces = {etree.QName(each).namespace for each in root.iter() if etree.QName(each).namespace}
    names = {etree.QName(each).localname for each in root.iter()} & {CHANGED, UNCHANGED}
    assert names <= {CHANGED if version == NEW else UNCHANGED}
    return namespaces == {NAMESPACES[version]} and root.get("version") == version


def ask(core: DoorCore, message: Any) -> Any:
    """The answer element of a request to the service, whatever versions are in it."""
    sealed = seal(octets(message), core.pki.key("abh1"), core.clock.now())
    reply = core.knock(sealed, f"urn:inge-gateway:dienst:1#{message.kind}")
    return core._proof.open(reply.body, core.clock.now()).element


@pytest.mark.parametrize("version", [OLD, NEW])
def test_an_answer_is_in_the_version_of_its_question(version: str, furnished: Store) -> None:
    core = gateway(furnished)
    answer = core.deliver(report(version))
    assert isinstance(answer.message, Akzeptanz070003)
    assert answer.message.rahmen.version == version
    assert written_in(answer.document, version)
    assert (CHANGED.encode() in answer.document) is (version == NEW)
    again = core.deliver(report(version))
    assert isinstance(again.message, Dublette070004)
    assert written_in(again.document, version)
    with furnished.read() as reader:
        (record,) = reader.decisions(MessageRef(ABH1.kennung, again.uuid))
    assert record.schema_version == f"XAusländer {version}"


def test_both_versions_meet_in_one_register(furnished: Store) -> None:
    core = gateway(furnished)
    first = core.deliver(report(OLD))
    core.deliver(report(NEW, person=persons.THI))
    obligation = in_version(persons.obligation_1b(ABH2, new_uuid(), NOW, number=first.number), NEW)
    question = core.deliver(obligation, "abh2")
    assert isinstance(question.message, Anfrage070006)
    assert written_in(question.document, NEW)
    # Whoever has not switched for good may still answer in the version before.
    reply = persons.decision(ABH2, new_uuid(), NOW, question.message.rahmen.kopf.nachrichten_uuid, True)
    accepted = core.deliver(in_version(reply, OLD), "abh2")
    assert isinstance(accepted.message, Akzeptanz070003)
    assert written_in(accepted.document, OLD)


def test_a_resend_gets_the_same_document(furnished: Store) -> None:
    core = gateway(furnished)
    message = report(NEW)
    first = core.deliver(message)
    again = core.deliver(message)
    assert again.repeated
    assert again.document == first.document
    other = core.refused(in_version(message, OLD))
    assert other.code == "S999.uuid-reused"


def test_what_was_taken_in_before_the_end_is_answered_after_it_too(furnished: Store) -> None:
    core = gateway(furnished, LAST_OF_OLD)
    message = report(OLD)
    first = core.deliver(message)
    after = gateway(furnished, AFTER)
    again = reply_to(after, message)
    assert again.outcome == "repeated"
    assert _document(after, again) == first.document
    # Nothing else of that version is taken in any more, and nothing of it uses up its UUID.
    never = report(OLD, person=persons.THI)
    assert after.refused(never).code == "V000"
    assert core.deliver(never).message_type == "070003"
    assert after.refused(replace(message, nur_orientierungskurs=True)).code == "S999.uuid-reused"
    confirm(furnished, NEW)
    assert after.refused(message).code == "V000"


def test_a_party_writes_in_the_versions_it_is_confirmed_for(furnished: Store) -> None:
    confirm(furnished, OLD, kennung=ABH1.kennung)
    core = gateway(furnished)
    fehler = core.refused(report(NEW))
    assert fehler.code == "T070.version-not-confirmed"
    assert "XAusländer 27.05" in fehler.text_deutsch
    assert _rejection_code(fehler) == "T070"
    uuid = new_uuid()
    assert core.refused(report(NEW, uuid)).code == "T070.version-not-confirmed"
    # What was refused has not used up its UUID.
    assert isinstance(core.deliver(report(OLD, uuid)).message, Akzeptanz070003)
    confirm(furnished, NEW, kennung=ABH1.kennung)
    assert core.refused(report(OLD)).code == "T070.version-not-confirmed"
    assert isinstance(core.deliver(report(NEW, person=persons.THI)).message, Akzeptanz070003)


@pytest.mark.parametrize(
    ("version", "day", "served"),
    [
        (NEW, BEFORE, "26.11 (2026-11-01 – 2027-07-31), 27.05 (2027-05-01 – …)"),
        (NEW, date(2027, 5, 1), None),
        (OLD, LAST_OF_OLD, None),
        (OLD, AFTER, "27.05 (2027-05-01 – …)"),
        (NEW, AFTER, None),
    ],
)
def test_a_version_is_served_in_its_period(
    version: str, day: date, served: str | None, furnished: Store
) -> None:
    core = gateway(furnished, day)
    if served is None:
        assert written_in(core.deliver(report(version)).document, version)
        return
    fehler = core.refused(report(version))
    assert fehler.code == "V000"
    assert fehler.text_deutsch.endswith(f"Bedient wird: {served}.")
    assert _rejection_code(fehler) == "V000"
    assert fehler.rueckweisung is not None
    assert day.isoformat() in fehler.text_deutsch


def test_the_turn_of_the_day_is_german(furnished: Store) -> None:
    core = gateway(furnished, BEFORE)
    core.business.time = core.business.time.replace(hour=21, minute=59)
    assert core.refused(report(NEW)).code == "V000"
    core.business.advance(minutes=1)
    assert written_in(core.deliver(report(NEW)).document, NEW)


def test_an_unknown_version_hears_which_are_served(furnished: Store) -> None:
    octets = etree.tostring(build(report(OLD))).replace(b"xauslaender2611", b"xauslaender2505")
    core = gateway(furnished)
    reply = core.knock(seal(octets, core.pki.key("abh1"), core.clock.now()))
    fehler = core.fehler(reply)
    assert fehler.code == "V000"
    assert "26.11 (2026-11-01 – 2027-07-31), 27.05 (2027-05-01 – …)" in fehler.text_englisch


@pytest.mark.parametrize("version", [OLD, NEW])
def test_what_a_clerk_decides_later_is_told_in_the_version_of_the_report(
    version: str, furnished: Store
) -> None:
    core = gateway(furnished)
    core.deliver(report(OLD))
    parked = report(version)
    first = core.deliver(parked)
    assert isinstance(first.message, Dublette070004)
    with furnished.read() as reader:
        (item,) = reader.work_items(state="OPEN")
    # The clerk takes his time: by then the report's version may have ended.
    core.business.advance(days=120)
    decide(furnished, core.pipeline.tools, item.id, Choice(DIFFERENT), actor="clerk")
    (later,) = ask(core, request(HoleNachrichten)).iter("{*}nachricht")
    (document,) = later.find("{*}dokument")
    octets = etree.tostring(document, method="c14n", exclusive=True)
    assert written_in(octets, version)
    contract = core.registry.identify(document, BOTH)
    assert core.registry.check(contract, document) == ()
    message = core.messages.parse(document)
    assert isinstance(message, Akzeptanz070003)
    assert message.rahmen.ausloeser_uuid == first.uuid
    state = ask(core, request(StatusAbfrage, nachrichten_uuid=first.uuid))
    told = [etree.tostring(each[0], method="c14n", exclusive=True) for each in state.iter("{*}dokument")]
    assert told == [octets]


@pytest.mark.parametrize(
    ("version", "expected"),
    [(OLD, []), (NEW, []), ("27.06", ["V000"])],
)
def test_a_check_knows_every_version(version: str, expected: list[str], furnished: Store) -> None:
    core = gateway(furnished)
    document = etree.tostring(core.messages.build(report(OLD if version not in (OLD, NEW) else version)))
    if version not in (OLD, NEW):
        document = document.replace(b'version="26.11"', b'version="27.06"')
    answer = ask(core, request(PruefeNachricht, dokument=document))
    assert [each.text for each in answer.iter("{*}code")] == expected
    confirm(furnished, OLD)
    answer = ask(core, request(PruefeNachricht, dokument=document))
    unconfirmed = ["T070.version-not-confirmed"] if version == NEW else []
    assert [each.text for each in answer.iter("{*}code")] == expected + unconfirmed


@pytest.mark.parametrize("version", [OLD, NEW])
def test_our_own_answers_are_not_taken_in_in_any_version(version: str, furnished: Store) -> None:
    core = gateway(furnished)
    answer = core.deliver(report(OLD)).message
    assert core.fehler(reply_to(core, in_version(answer, version))).code == "T070.direction"


# ---- the end is announced ------------------------------------------------------------------------------


def reply_to(core: DoorCore, message: Any) -> Reply:
    octets = etree.tostring(core.messages.build(message))
    return core.knock(seal(octets, core.pki.key("abh1"), core.clock.now()))


def announced(core: DoorCore, reply: Reply) -> tuple[Versionsende, ...]:
    return core._proof.open(reply.body, core.clock.now()).endings


@pytest.mark.parametrize(
    ("version", "day", "days", "expected"),
    [
        (OLD, date(2027, 5, 1), 90, False),
        (OLD, date(2027, 5, 2), 90, True),
        (OLD, LAST_OF_OLD, 0, True),
        (OLD, date(2027, 7, 30), 0, False),
        (NEW, date(2027, 7, 1), 90, False),
    ],
)
def test_the_end_of_a_version_is_announced_in_its_answers(
    version: str, day: date, days: int, expected: bool, furnished: Store
) -> None:
    core = gateway(furnished, day, announce_end_days=days)
    message = report(version)
    ending = (Versionsende("XAusländer", OLD, LAST_OF_OLD, (NEW,)),) if expected else ()
    first, again = reply_to(core, message), reply_to(core, message)
    assert (first.outcome, again.outcome) == ("answered", "repeated")
    assert announced(core, first) == announced(core, again) == ending


def test_the_announcement_keeps_its_schema_and_asks_nobody_to_understand_it(furnished: Store) -> None:
    core = gateway(furnished, LAST_OF_OLD)
    envelope = etree.fromstring(reply_to(core, report(OLD)).body)
    (block,) = envelope.iterfind("{*}Header/{urn:inge-gateway:dienst:1}versionsende")
    assert [etree.QName(name).localname for name in block.attrib] == ["Id"]
    bare = etree.fromstring(etree.tostring(block))
    bare.attrib.clear()
    assert core.registry.check(core.registry.identify(bare, BOTH), bare) == ()


def test_an_announcement_that_was_changed_or_put_in_is_not_believed(furnished: Store) -> None:
    core = gateway(furnished, LAST_OF_OLD)
    body = reply_to(core, report(OLD)).body
    with pytest.raises(UntrustedAnswer):
        core._proof.open(body.replace(b">2027-07-31<", b">2027-12-31<"), core.clock.now())
    put_in = (
        b'<d:versionsende xmlns:d="urn:inge-gateway:dienst:1"><d:standard>XAusl\xc3\xa4nder</d:standard>'
        b"<d:version>27.05</d:version><d:letzterTag>2027-08-01</d:letzterTag></d:versionsende>"
    )
    quiet = reply_to(core, report(NEW, person=persons.THI)).body
    forged = quiet.replace(b"</soap:Header>", put_in + b"</soap:Header>")
    assert forged != quiet
    assert core._proof.open(forged, core.clock.now()).endings == ()


def test_a_gateway_takes_no_signed_header_it_does_not_know(furnished: Store) -> None:
    core = gateway(furnished, LAST_OF_OLD)
    envelope = etree.fromstring(reply_to(core, report(OLD)).body)
    with pytest.raises(GatewayError) as caught:
        verify_envelope(envelope, policy=SoapPolicy(), directory=core.parties, now=core.clock.now())
    assert caught.value.code == "T011.reference"


def _document(core: DoorCore, reply: Reply) -> bytes:
    """The proven answer document, in the form in which it is delivered."""
    trust = GatewayTrust([core.pki.certificate("gateway")])
    (document,) = AnswerProof(trust).open(reply.body, core.clock.now()).element
    return etree.tostring(document, method="c14n", exclusive=True)


def _rejection_code(fehler: Fehler) -> str:
    assert fehler.rueckweisung is not None
    (code,) = fehler.rueckweisung.iterfind("rueckweisung/rueckweisungsgrund/grund/code")
    return str(code.text)
