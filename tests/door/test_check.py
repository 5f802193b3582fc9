"""A document checked by the gateway: every finding at once, and nothing of it stored or decided."""

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import delete

from fixtures import persons
from messages import codes
from messages.errors import Advice
from messages.registry import build
from messages.service import Befund, PruefeNachricht, PruefeNachrichtAntwort, StatusAbfrage, Zustand
from store.engine import Store
from store.parties import lock_party
from store.schema import party_type
from tests.support.core import ABH1, ABH2, NOW, new_uuid
from tests.support.desk import ask, octets, refused, request
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.proofs import seal


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


def report(**changes: Any) -> Any:
    return persons.entitlement(ABH1, new_uuid(), NOW, **changes)


def with_header(message: Any, **changes: Any) -> Any:
    header = replace(message.rahmen.kopf, **changes)
    return replace(message, rahmen=replace(message.rahmen, kopf=header))


def written(message: Any) -> bytes:
    return etree.tostring(build(message), pretty_print=True, xml_declaration=True, encoding="UTF-8")


def check(core: DoorCore, document: bytes, **changes: Any) -> PruefeNachrichtAntwort:
    answer: PruefeNachrichtAntwort = ask(core, request(PruefeNachricht, dokument=document, **changes))
    assert answer.fehlerfrei == (answer.befunde == ())
    for finding in answer.befunde:
        assert finding.text_deutsch
        assert finding.text_englisch
    return answer


def found(core: DoorCore, document: bytes) -> dict[str, Befund]:
    return {finding.code: finding for finding in check(core, document).befunde}


def test_a_good_document_has_no_finding(core: DoorCore) -> None:
    answer = check(core, written(report()))
    assert (answer.fehlerfrei, answer.nachrichtentyp) == (True, "070001")


def test_nothing_is_stored_and_nothing_is_decided(core: DoorCore) -> None:
    before = core.counts()
    message = report()
    check(core, written(message))
    after = core.counts()
    assert {name for name in after if after[name] != before[name]} == {"journal"}
    assert after["journal"] == before["journal"] + 1
    uuid = message.rahmen.kopf.nachrichten_uuid
    status = ask(core, request(StatusAbfrage, nachrichten_uuid=uuid))
    assert status.zustand is Zustand.UNKNOWN
    # Of the document only the hash of the request is kept.
    with core.store.read() as reader:
        rows = [row for row in reader.journal() if row.message_type] or list(reader.journal(unsealed=True))
        (row,) = [row for row in rows if row.message_type == "pruefeNachricht"]
        assert reader.journaled_content(row) is None
        assert reader.journal_of(uuid) == []
    # The very same document is then taken as if nobody had looked at it.
    assert core.deliver(message).message_type == "070003"


def test_a_check_may_be_repeated(core: DoorCore) -> None:
    mine = request(PruefeNachricht, dokument=written(report()))
    assert ask(core, mine) == ask(core, mine)


def test_all_findings_come_at_once_with_path_line_and_advice(core: DoorCore) -> None:
    message = with_header(report(), leser=ABH2, nachrichtentyp=codes.message_type("070008"))
    message = replace(message, rahmen=replace(message.rahmen, test=None))
    document = written(message)
    document = document.replace(b"<code>w<", b"<code>q<")
    document = document.replace(
        b"<xauslaender:nurOrientierungskurs>", b"<!-- no --><xauslaender:nurOrientierungskurs>"
    )
    findings = found(core, document)
    assert set(findings) == {"S011", "T080", "S999.type-mismatch", "S999.test-attribute", "X001.comment"}
    lines = document.decode().splitlines()
    assert "<code>q<" in lines[(findings["S011"].zeile or 0) - 1]
    assert (findings["T080"].pfad or "").endswith("/nachrichtenkopf.g2g/leser/kennung")
    assert ABH2.kennung in lines[(findings["T080"].zeile or 0) - 1]
    assert "070008" in lines[(findings["S999.type-mismatch"].zeile or 0) - 1]
    assert "<!-- no -->" in lines[(findings["X001.comment"].zeile or 0) - 1]
    assert {finding.handlung for finding in findings.values()} == {Advice.CORRECT}


def test_every_violation_of_the_schema_is_told(core: DoorCore) -> None:
    document = (
        written(report())
        .replace(b"nurOrientierungskurs>", b"nurOrientierungskurz>")
        .replace(b"<xauslaender:aZRNummer>", b"<xauslaender:aZRNummer>x")
    )
    violations = [finding for finding in check(core, document).befunde if finding.code == "X001"]
    assert len(violations) >= 2
    assert all(finding.pfad and finding.zeile for finding in violations)


def test_a_type_the_party_may_not_send(core: DoorCore) -> None:
    with core.store.write() as connection:
        connection.execute(delete(party_type).where(party_type.c.message_type == "070001"))
    findings = found(core, written(report()))
    assert set(findings) == {"T070.type-not-allowed"}
    assert "070001" in findings["T070.type-not-allowed"].text_deutsch
    assert findings["T070.type-not-allowed"].handlung is Advice.CALL


def test_an_answer_that_names_no_question(core: DoorCore) -> None:
    reply = persons.decision(ABH1, new_uuid(), NOW, new_uuid(), True)
    assert check(core, written(reply)).fehlerfrei
    reply = replace(reply, rahmen=replace(reply.rahmen, ausloeser_uuid=None))
    findings = found(core, written(reply))
    assert set(findings) == {core.refused(reply).code} == {"S999.missing-trigger"}
    assert (findings["S999.missing-trigger"].pfad, findings["S999.missing-trigger"].handlung) == (
        "/xauslaender:ABHBAMF.VerpflichtungErsetztBerechtigung.Antwort.070007", Advice.CORRECT,
    )  # fmt: skip


def test_a_document_of_another_author(core: DoorCore) -> None:
    document = written(persons.entitlement(ABH2, new_uuid(), NOW))
    findings = found(core, document)
    assert set(findings) == {"T070.author-differs"}
    assert (findings["T070.author-differs"].pfad or "").endswith("/autor/kennung")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "T099.empty"),
        (b"no xml", "X000"),
        (b"<a>", "X000"),
        (b"<!DOCTYPE a><a/>", "X001.doctype"),
        (b"<a/>", "X001.unknown-root"),
        (b'<x:a xmlns:x="http://www.osci.de/xauslaender2605"/>', "V000"),
        (octets(request(StatusAbfrage, nachrichten_uuid=new_uuid())), "X001.unknown-root"),
        ("<a>ä</a>".encode("utf-16"), "S001"),
        (b"<a>" * 100 + b"</a>" * 100, "T099.too-deep"),
    ],
    ids=lambda value: value if isinstance(value, str) else "document",
)
def test_what_is_no_message_has_one_finding(core: DoorCore, document: bytes, code: str) -> None:
    assert list(found(core, document)) == [code]


def test_a_message_that_goes_the_other_way(core: DoorCore) -> None:
    delivered = core.deliver(report())
    assert list(found(core, delivered.document)) == ["T070.direction"]


def test_the_requests_own_signature_environment_and_party_count(core: DoorCore) -> None:
    document = written(report())
    good = request(PruefeNachricht, dokument=document)
    assert refused(core, replace(good, test=None)).code == "S999.test-attribute"
    assert refused(core, replace(good, kennung=ABH2.kennung)).code == "T070.foreign-authority"
    sealed = seal(octets(good), core.pki.key("abh1"), core.clock.now())
    changed = core.knock(sealed.replace(b"dokument>PD", b"dokument>PE"))
    assert changed.code == "T011.digest"
    with core.store.write() as connection:
        lock_party(connection, ABH1.kennung, locked=True)
    assert refused(core, good).code == "T070.party-locked"
