"""What the pipeline refuses, with which code, and what it leaves behind."""

import logging
from dataclasses import replace
from unittest.mock import patch

import pytest
from lxml import etree

from fixtures.messages import examples
from fixtures.persons import LEYLA, decision, entitlement
from gateway.handlers.report import ReportHandler
from gateway.handlers.table import SERVED
from gateway.pipeline import Pipeline, Refusal
from messages.codes import message_type
from messages.errors import GatewayError
from messages.fehler import parse_fehler
from messages.frame import Message
from messages.registry import build, parse
from messages.rejection import Rueckweisung0010
from store.engine import Store
from store.erasure import destroy_content
from store.errors import StoreBusy, StoreUnavailable
from store.parties import add_party, link_certificate, lock_party
from store.records import JournalRecord, MessageRef
from tests.support.core import ABH1, ABH2, NOW, ROUTE, Core, new_uuid, party
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())


def report(**changes: object) -> Message:
    return entitlement(ABH1, new_uuid(), NOW, **changes)  # type: ignore[arg-type]


def with_kopf(message: Message, **changes: object) -> Message:
    frame = message.rahmen
    return replace(message, rahmen=replace(frame, kopf=replace(frame.kopf, **changes)))  # type: ignore[type-var]


def journal(core: Core) -> list[JournalRecord]:
    with core.store.read() as reader:
        return list(reader.journal(unsealed=True))


PLACES = {
    "S100": "/nachrichtenUUID",
    "S999.missing-trigger": ".070007",
    "S999.test-attribute": ".070001",
    "S999.type-mismatch": "/nachrichtentyp/code",
    "S999.uuid-reused": "/nachrichtenUUID",
    "T070.foreign-authority": "/autor/kennung",
    "T070.type-not-allowed": "/nachrichtentyp/code",
    "T080": "/leser/kennung",
}
"""With what the path of a refusal ends that is about one place of the message."""


def proven_refusal(core: Core, message: Message | bytes, code: str, holder: str = "abh1") -> Refusal:
    """Expect a refusal with a 0010, journaled with its bytes, and nothing else kept."""
    before = core.counts()
    refusal = core.refusal(message, holder)
    assert refusal.error.code == code
    element = etree.fromstring(refusal.fehler)
    assert core.registry.check(core.registry.identify(element, NOW.date()), element) == ()
    fehler = parse_fehler(element)
    assert fehler.code == code
    if code in PLACES:
        assert (fehler.pfad or "").endswith(PLACES[code])
        assert fehler.zeile
    assert fehler.rueckweisung is not None
    rejection = parse(fehler.rueckweisung)
    assert isinstance(rejection, Rueckweisung0010)
    assert rejection.rueckweisung.rueckweisungsgrund[0].grund.code == refusal.error.entry.standard
    after = core.counts()
    assert after.pop("journal") == before.pop("journal") + 1
    assert after == before
    row = journal(core)[-1]
    assert (row.kind, row.code) == ("refused", code)
    assert row.party_id is not None
    with core.store.read() as reader:
        assert reader.journaled_content(row) == rejection.rueckweisung.nachricht
    return refusal


def unproven_refusal(core: Core, message: Message, code: str, holder: str) -> Refusal:
    """Expect a refusal that echoes nothing, of which hash, size, code and peer are journaled."""
    refusal = core.refusal(message, holder)
    assert refusal.error.code == code
    assert (refusal.party, refusal.uuid) == (None, None)
    fehler = parse_fehler(etree.fromstring(refusal.fehler))
    assert (fehler.code, fehler.rueckweisung, fehler.pfad) == (code, None, None)
    row = journal(core)[-1]
    assert (row.kind, row.code, row.peer) == ("refused", code, ROUTE.peer)
    assert (row.party_id, row.uuid, row.message_type, row.content_key_id) == (None, None, None, None)
    assert row.digest is not None
    assert row.size
    return refusal


def test_unknown_sender_learns_nothing_even_with_a_broken_document(core: Core) -> None:
    unproven_refusal(core, report(), "T070.unknown-sender", "second-gateway")
    broken = build(report())
    broken.append(etree.Element("unexpected"))
    refusal = core.refusal(etree.tostring(broken), "second-gateway")
    assert refusal.error.code == "T070.unknown-sender"


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ("expired", "T000"),
        ("revoked", "T001"),
        ("not-yet-valid", "T002.not-yet-valid"),
        ("stranger", "T002.untrusted"),
    ],
)
def test_certificates_are_judged_first(core: Core, holder: str, code: str) -> None:
    with core.store.write() as connection:
        add_party(connection, party(core.pki, "azr:099999", "Behörde", holder), NOW)
    unproven_refusal(core, report(), code, holder)


def test_not_schema_valid_names_path_and_line(core: Core) -> None:
    element = build(report())
    element.remove(element[-1])
    refusal = proven_refusal(core, etree.tostring(element), "X001")
    assert refusal.error.path
    assert refusal.error.line


def test_unknown_code_names_its_path(core: Core) -> None:
    octets = etree.tostring(build(report())).replace(
        b'geschlecht listVersionID="1"><code>w<', b'geschlecht listVersionID="1"><code>q<'
    )
    assert proven_refusal(core, octets, "S011").error.path


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (b'geschlecht listVersionID="1"', b'geschlecht listVersionID="99"', "S010.unknown-version"),
        (b"<strasse>Lindenweg</strasse>", b"<strasse> </strasse>", "S030"),
    ],
)
def test_list_version_and_empty_text_name_their_path(
    core: Core, before: bytes, after: bytes, code: str
) -> None:
    octets = etree.tostring(build(report()))
    assert before in octets
    assert proven_refusal(core, octets.replace(before, after), code).error.path


def test_a_name_in_another_script_does_not_break_the_rejection(core: Core) -> None:
    element = build(report())
    element.append(etree.Element("имя"))
    refusal = proven_refusal(core, etree.tostring(element, encoding="utf-8"), "X001")
    assert "имя" in refusal.error.text_de


def test_a_name_without_end_does_not_break_the_contract_of_the_refusal(core: Core) -> None:
    element = build(report())
    element[-1].set("a" * 5000, "1")
    proven_refusal(core, etree.tostring(element), "X001")


def test_wrong_version(core: Core) -> None:
    octets = etree.tostring(build(report())).replace(b"xauslaender2611", b"xauslaender2605")
    proven_refusal(core, octets, "V000")


def test_foreign_authority(core: Core) -> None:
    proven_refusal(core, entitlement(ABH2, new_uuid(), NOW), "T070.foreign-authority", "abh1")


def test_one_certificate_speaks_for_several_authorities_and_one_authority_has_several(core: Core) -> None:
    with core.store.write() as connection:
        links = party(core.pki, "x", "x", "abh1", "second-gateway").certificates
        link_certificate(connection, ABH2.kennung, links[0], NOW)
        link_certificate(connection, ABH1.kennung, links[1], NOW)
    for_other, _ = core.answer(entitlement(ABH2, new_uuid(), NOW), "abh1")
    assert for_other.party.kennung == ABH2.kennung
    rolled_over, _ = core.answer(report(), "second-gateway")
    assert rolled_over.party.kennung == ABH1.kennung


def test_a_certificate_speaks_only_within_its_window(core: Core) -> None:
    (link,) = party(core.pki, "x", "x", "abh1").certificates
    with core.store.write() as connection:
        link_certificate(connection, ABH1.kennung, replace(link, valid_until=NOW), NOW)
    unproven_refusal(core, report(), "T070.unknown-sender", "abh1")


def test_locked_party(core: Core) -> None:
    with core.store.write() as connection:
        lock_party(connection, ABH1.kennung, locked=True)
    proven_refusal(core, report(), "T070.party-locked")


def test_party_of_the_other_environment(core: Core) -> None:
    with core.store.write() as connection:
        add_party(
            connection,
            party(core.pki, "azr:099998", "Behörde", "second-gateway", environment="productive"),
            NOW,
        )
    message = with_kopf(report(), autor=replace(ABH1, kennung="azr:099998"))
    proven_refusal(core, message, "T070.environment", "second-gateway")


def test_timestamp_required_by_party(core: Core) -> None:
    document = replace(core.proven(report()), signed_at=None)
    assert not isinstance(core.pipeline.process(document, ROUTE), Refusal)
    strict = party(core.pki, "azr:099997", "Behörde", "second-gateway", require_timestamp=True)
    with core.store.write() as connection:
        add_party(connection, strict, NOW)
    message = with_kopf(report(person=LEYLA), autor=replace(ABH1, kennung="azr:099997"))
    document = replace(core.proven(message, "second-gateway"), signed_at=None)
    refusal = core.pipeline.process(document, ROUTE)
    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "T010.timestamp-required"


def test_the_str_transform_of_one_party_opens_it_for_no_other_of_the_same_certificate(core: Core) -> None:
    centre = party(core.pki, "azr:099994", "Behörde", "abh1", str_transform=True)
    with core.store.write() as connection:
        add_party(connection, centre, NOW)
    document = replace(core.proven(report()), str_transform=True)
    refusal = core.pipeline.process(document, ROUTE)
    assert isinstance(refusal, Refusal)
    assert (refusal.error.code, refusal.error.details["algorithm"]) == ("T011.transform", "STR-Transform")
    assert refusal.error.details["setting"]
    message = with_kopf(report(person=LEYLA), autor=replace(ABH1, kennung="azr:099994"))
    document = replace(core.proven(message), str_transform=True)
    assert not isinstance(core.pipeline.process(document, ROUTE), Refusal)


def test_wrong_reader(core: Core) -> None:
    proven_refusal(core, report(reader=ABH2), "T080")


def test_test_attribute_counts_by_presence(core: Core) -> None:
    proven_refusal(core, report(test=None), "S999.test-attribute")
    answer, _ = core.answer(report(test="false"))
    assert answer.message_type == "070003"


def test_productive_takes_no_test_message(core: Core) -> None:
    core = Core(core.store, core.pki, environment="productive")
    with core.store.write() as connection:
        productive = party(core.pki, "azr:099996", "Behörde", "second-gateway", environment="productive")
        add_party(connection, productive, NOW)
    author = replace(ABH1, kennung="azr:099996")
    for mark in ("", "0", "false"):
        message = with_kopf(report(test=mark), autor=author)
        proven_refusal(core, message, "S999.test-attribute", "second-gateway")
    _, body = core.answer(with_kopf(report(test=None), autor=author), "second-gateway")
    assert body.rahmen.test is None


def test_message_type_that_does_not_fit_the_root(core: Core) -> None:
    proven_refusal(core, with_kopf(report(), nachrichtentyp=message_type("070008")), "S999.type-mismatch")


def test_type_the_party_may_not_send(core: Core) -> None:
    with core.store.write() as connection:
        narrow = party(
            core.pki, "azr:099995", "Behörde", "second-gateway", allowed_types=frozenset({"070008"})
        )
        add_party(connection, narrow, NOW)
    message = with_kopf(report(), autor=replace(ABH1, kennung="azr:099995"))
    proven_refusal(core, message, "T070.type-not-allowed", "second-gateway")


def test_message_of_the_other_direction(core: Core) -> None:
    answer, _ = core.answer(report())
    proven_refusal(core, answer.document, "T070.direction")


def test_a_message_that_nobody_knows(core: Core) -> None:
    namespace = etree.QName(build(report())).namespace
    name = "ABHBAMF.Erfunden.070099"
    proven_refusal(core, f'<x:{name} xmlns:x="{namespace}"/>'.encode(), "X001.unknown-root")


@pytest.mark.parametrize(
    "message",
    [each for each in examples().values() if type(each) not in SERVED and each.standard == "XAusländer"],
    ids=lambda message: message.message_type,
)
def test_what_only_we_send_is_never_taken_in(core: Core, message: Message) -> None:
    refusal = proven_refusal(core, message, "T070.direction")
    assert refusal.error.details == {"message_type": message.message_type}


def test_answer_without_trigger(core: Core) -> None:
    proven_refusal(core, decision(ABH1, new_uuid(), NOW, None, True), "S999.missing-trigger")


def test_a_refused_uuid_may_come_again(core: Core) -> None:
    uuid = new_uuid()
    proven_refusal(core, entitlement(ABH1, uuid, NOW, reader=ABH2), "T080")
    answer, _ = core.answer(entitlement(ABH1, uuid, NOW))
    assert not answer.repeated


def test_same_uuid_other_content(core: Core) -> None:
    uuid = new_uuid()
    first, _ = core.answer(entitlement(ABH1, uuid, NOW))
    proven_refusal(core, entitlement(ABH1, uuid.upper(), NOW, only_orientation=True), "S999.uuid-reused")
    again, _ = core.answer(entitlement(ABH1, uuid, NOW))
    assert again.document == first.document


def test_resend_after_the_answer_was_erased(core: Core) -> None:
    message = report()
    answer, _ = core.answer(message)
    with core.store.write() as connection:
        assert destroy_content(connection, MessageRef(ABH1.kennung, answer.uuid)) == 1
    proven_refusal(core, message, "S100")


def test_uuid_belongs_to_the_party(core: Core) -> None:
    uuid = new_uuid()
    first, _ = core.answer(entitlement(ABH1, uuid, NOW))
    second, _ = core.answer(entitlement(ABH2, uuid, NOW), "abh2")
    assert not second.repeated
    assert (first.message_type, second.message_type) == ("070003", "070004")


@pytest.mark.parametrize(
    ("error", "code"), [(StoreUnavailable("x"), "T200.store-away"), (StoreBusy("x"), "T200.busy")]
)
def test_store_away_or_busy(core: Core, error: Exception, code: str) -> None:
    with patch.object(core.store, "unit_of_work", side_effect=error):
        refusal = core.refusal(report())
    assert refusal.error.code == code
    assert core.counts()["message"] == 0


def test_unexpected_error_is_typed_journaled_and_tells_the_operator_no_names(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    secret = LEYLA.personalien.nachname.text
    assert secret is not None
    message = report()
    with (
        patch.object(ReportHandler, "prepare", side_effect=RuntimeError(secret)),
        caplog.at_level(logging.ERROR, "gateway.alarm"),
    ):
        refusal = core.refusal(message)
    assert refusal.error.code == "T200.unexpected"
    assert journal(core)[-1].code == "T200.unexpected"
    (record,) = caplog.records
    assert "RuntimeError" in record.getMessage()
    assert secret not in record.getMessage()
    assert record.exc_info is None
    assert secret.encode() not in refusal.fehler
    answer, _ = core.answer(message)
    assert answer.row == "D01"


def test_refuse_unproven_works_while_the_store_is_away(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    pipeline: Pipeline = core.pipeline
    with (
        patch.object(core.store, "unit_of_work", side_effect=StoreUnavailable("gone")),
        caplog.at_level(logging.ERROR, "gateway.alarm"),
    ):
        refusal = pipeline.refuse_unproven(sha256=bytes(32), size=3, error=GatewayError("X000"), route=ROUTE)
    assert refusal.error.code == "X000"
    assert [record.message for record in caplog.records]
