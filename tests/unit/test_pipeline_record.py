"""What is remembered of a message: answer, journal, decision record, and their explanation."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.persons import AMINA, LEYLA, THI, entitlement, obligation_1b, obligation_3, with_nationalities
from fixtures.pki.build import Pki
from gateway.explain import explain
from gateway.parties import PartyDirectory
from gateway.pipeline import Answer
from gateway.rules.reader import load_rules
from messages.errors import GatewayError
from store.engine import Store
from store.errors import StoreUnavailable
from store.records import PartyCertificate, PartyRecord
from tests.support.core import ABH1, ABH2, NOW, Core, StandingClock, new_uuid, party
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())


def test_first_and_further_deliveries_are_journaled_with_the_answers_hash(core: Core) -> None:
    message = entitlement(ABH1, new_uuid(), NOW)
    answer, _ = core.answer(message)
    for _ in range(2):
        again, _ = core.answer(message)
        assert again.repeated
        assert again.document == answer.document
        assert (again.number, again.row, again.reason_code) == (answer.number, "D01", None)
    with core.store.read() as reader:
        rows = reader.journal_of(answer.uuid)
        content = reader.journaled_content(rows[0])
    assert [row.kind for row in rows] == ["received", "answered", "repeated", "repeated"]
    assert {row.digest for row in rows[1:]} == {hashlib.sha256(answer.document).digest()}
    assert content is not None
    assert rows[0].digest == hashlib.sha256(content).digest()
    assert core.counts()["decision"] == 1


def test_explanation_tells_the_whole_way(core: Core) -> None:
    first, _ = core.answer(entitlement(ABH2, new_uuid(), NOW), "abh2")
    refused, _ = core.answer(entitlement(ABH1, new_uuid(), NOW, number=first.number))
    (told,) = explain(core.store, refused.uuid.upper(), load_rules())
    (decision,) = told.decisions
    record = decision.record
    assert (told.party_id, told.party_name) == (ABH1.kennung, ABH1.name)
    assert record.schema_version == "XAusländer 26.11"
    assert record.signer_fingerprint == party(core.pki, "x", "x", "abh1").certificates[0].fingerprint
    assert (record.identity_branch, record.row, record.reason_code) == ("I07", "D02", "17108")
    assert "IntV" in (record.legal_basis or "")
    assert decision.explanation_de
    assert decision.explanation_en
    assert record.effect == "nothing-stored"
    assert record.rules_version == load_rules().tables[-1].version
    assert record.evidence["facts"] == {
        "request": "E", "existing": "1a", "state": "OPEN", "own": False, "flags": ["hours-left"],
    }  # fmt: skip
    assert set(decision.microseconds) == {
        "recognise", "understand", "prepare", "register", "decide", "build",
    }  # fmt: skip
    assert [step.kind for step in told.steps] == ["received", "answered"]


def grounds(core: Core, answer: Answer) -> Mapping[str, Any]:
    (told,) = explain(core.store, answer.uuid)
    return told.decisions[-1].grounds


@pytest.mark.parametrize("on", [True, False])
def test_the_record_names_the_rule_of_validity_and_the_settings_that_had_a_say(core: Core, on: bool) -> None:
    core = Core(
        core.store,
        core.pki,
        core.clock,
        unlimited_1b=on,
        swiss_free_movement=on,
        expired_only_accepts=on,
    )
    plain, _ = core.answer(entitlement(ABH1, new_uuid(), NOW))
    assert grounds(core, plain)["validity_rule"] == "1a/2005-01-01"
    assert "settings" not in grounds(core, plain)
    obliged, _ = core.answer(obligation_1b(ABH1, new_uuid(), NOW, THI))
    assert grounds(core, obliged)["validity_rule"] == "1b/2005-01-01"
    assert grounds(core, obliged)["settings"] == {"unlimited_1b": on}
    swiss, _ = core.answer(obligation_1b(ABH1, new_uuid(), NOW, with_nationalities(AMINA, "158")))
    assert grounds(core, swiss)["settings"]["swiss_free_movement"] is on
    assert (swiss.row == "D25") is on
    late = NOW - timedelta(days=1)
    past, _ = core.answer(obligation_3(ABH1, new_uuid(), NOW, late.date(), LEYLA))
    assert (past.row, grounds(core, past)["validity_rule"]) == ("D32", "2/2005-01-01")
    core.clock.advance(days=366)
    expired, _ = core.answer(entitlement(ABH2, new_uuid(), core.clock.now()), "abh2")
    assert grounds(core, expired)["settings"] == {"expired_only_accepts": on}
    assert (expired.message_type == "070003") is on


def test_explanation_of_a_parked_message_names_the_work_item(core: Core) -> None:
    core.answer(entitlement(ABH1, new_uuid(), NOW))
    parked, _ = core.answer(entitlement(ABH2, new_uuid(), NOW), "abh2")
    (told,) = explain(core.store, parked.uuid)
    with core.store.read() as reader:
        (item,) = reader.work_items()
    assert told.work_items == (item.id,)


def test_explanation_of_what_was_refused_has_steps_only(core: Core) -> None:
    message = entitlement(ABH1, new_uuid(), NOW, reader=ABH2)
    core.refusal(message)
    (told,) = explain(core.store, message.rahmen.kopf.nachrichten_uuid)
    assert told.decisions == ()
    assert [(step.kind, step.code) for step in told.steps] == [("refused", "T080")]
    assert explain(core.store, new_uuid()) == []


def test_the_record_names_nobody(core: Core) -> None:
    core.answer(entitlement(ABH1, new_uuid(), NOW))
    parked, _ = core.answer(entitlement(ABH2, new_uuid(), NOW), "abh2")
    with core.store.read() as reader:
        (record,) = reader.decisions(reader.messages(parked.uuid)[0])
    told = repr(record)
    person = LEYLA.personalien
    for secret in (person.nachname.text, person.vorname.text, person.geburtsdatum.iso):
        assert secret
        assert secret not in told


class Source:
    """A registry that counts how often it is read."""

    def __init__(self, parties: list[PartyRecord]) -> None:
        self.parties = parties
        self.reads = 0
        self.away = False

    def __call__(self) -> list[PartyRecord]:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("gone")
        return self.parties


def renewed(pki: Pki, holder: str, since: datetime, until: datetime) -> x509.Certificate:
    """The certificate of a holder, anew for the same key; signed by a stray one, since it is only found."""
    old = pki.certificate(holder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ski = old.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = x509.CertificateBuilder(old.subject, old.issuer, old.public_key(), 4711, since, until)
    return builder.add_extension(ski, critical=False).sign(key, hashes.SHA256())


def test_of_certificates_renewed_with_the_same_key_the_latest_usable_one_is_found() -> None:
    pki, clock = shared_pki(), StandingClock()
    old = pki.certificate("abh1")
    ski = old.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    present = renewed(pki, "abh1", NOW - timedelta(hours=1), NOW + timedelta(days=900))
    coming = renewed(pki, "abh1", NOW + timedelta(days=1), NOW + timedelta(days=901))
    links = [
        PartyCertificate(each.fingerprint(hashes.SHA256()).hex(), each.public_bytes(Encoding.DER))
        for each in (old, present, coming)
    ]
    for order in permutations(links):
        agency = replace(party(pki, ABH1.kennung, ABH1.name), certificates=order)
        directory = PartyDirectory(Source([agency]), clock)
        assert directory.by_ski(ski) == present
    late = [replace(link, valid_from=NOW + timedelta(hours=1)) for link in links[1:]]
    agency = replace(agency, certificates=(*late, links[0]))
    assert PartyDirectory(Source([agency]), clock).by_ski(ski) == old
    clock.advance(days=2)
    assert PartyDirectory(Source([agency]), clock).by_ski(ski) == coming
    clock.advance(days=20000)
    assert PartyDirectory(Source([agency]), clock).by_ski(ski) == coming


def test_the_directory_is_read_at_most_every_two_seconds() -> None:
    pki, clock = shared_pki(), StandingClock()
    source = Source([party(pki, ABH1.kennung, ABH1.name, "abh1")])
    directory = PartyDirectory(source, clock)
    certificate = pki.certificate("abh1")
    fingerprint = source.parties[0].certificates[0].fingerprint
    for _ in range(3):
        assert directory.by_issuer_serial(certificate.issuer, certificate.serial_number) == certificate
        assert list(directory.parties_of(fingerprint, NOW)) == [ABH1.kennung]
    assert source.reads == 1
    source.parties = []
    clock.advance(seconds=2)
    assert directory.by_issuer_serial(certificate.issuer, certificate.serial_number) is None
    assert directory.parties_of(fingerprint, clock.time) == {}
    assert source.reads == 2
    source.away = True
    clock.time -= timedelta(seconds=10)
    with pytest.raises(GatewayError) as caught:
        directory.by_ski(b"")
    assert caught.value.code == "T200.store-away"
