"""Persons that came in a delivery, at the desk of a clerk, and everywhere else where persons are met."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from adapters.cli.console import OK
from fixtures.persons import AMINA, LEYLA, THI, Person, entitlement
from fixtures.resettlers import certificate
from gateway.batch.work_kinds import CHUNK
from gateway.deciding import Decider
from gateway.deferred.handlers import handlers
from gateway.deferred.operating import discard
from gateway.explain import explain
from gateway.retention.run import Run, finished
from messages.service import StatusAbfrage, Zustand
from messages.values import Name
from store.engine import Store
from store.record_ids import record_uuid
from store.work import list_work
from tests.support.batch import BatchCore, connect_bva
from tests.support.clerk import Clerk
from tests.support.cli import inge
from tests.support.core import ABH1, new_uuid
from tests.support.desk import ask, request
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pdf import barcodes_of, text_of
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki())


@pytest.fixture
def clerk(core: BatchCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def entitled(core: BatchCore, person: Person = LEYLA) -> str:
    number = core.deliver(entitlement(ABH1, new_uuid(), core.clock.now(), person)).number
    core.clock.advance(minutes=1)
    assert number is not None
    return number


def test_I04_the_clerk_says_same_and_weighs_the_rights(core: BatchCore, clerk: Clerk) -> None:
    """Two decisions: who it is, then what holds; one later answer, under the same number."""
    number = entitled(core)
    delivery = core.taken(certificate(THI, "BVA-1"), certificate(LEYLA, "BVA-2"))
    core.work_off()
    clerk.decide(clerk.only_item(), "--same", number)
    assert core.later(delivery) == []
    clerk.decide(clerk.only_item(), "--replace")
    (later,) = core.later(delivery)
    assert (later.rahmen.position, later.rahmen.zeichen) == (2, "BVA-2")
    assert later.angenommen is not None
    assert later.angenommen.bamfkennziffer == number
    uuid = record_uuid(delivery.stem, 2)
    assert clerk.rows(BVA.kennung, uuid) == [None, "D39", "D39"]
    state, rights = clerk.states(number)
    assert (state, rights[-1]) == ("OPEN", ("4", BVA.kennung, "CURRENT"))
    # The first result says for ever what was known then.
    assert [each.ending for each in core.results(delivery)] == ["angenommen", "zurueckgestellt"]


def test_I05_the_clerk_says_different_and_takes_it_back(core: BatchCore, clerk: Clerk) -> None:
    number = entitled(core)
    delivery = core.taken(certificate(LEYLA, "BVA-1"))
    core.work_off()
    item = clerk.only_item()
    clerk.decide(item, "--different")
    (later,) = core.later(delivery)
    assert later.angenommen is not None
    new = later.angenommen.bamfkennziffer
    assert new != number
    pair = frozenset({clerk.person_of(number), clerk.person_of(new)})
    with core.store.unit_of_work() as work:
        assert work.homonyms_of(pair) == {pair}
    clerk.undo(item)
    _, refused = core.later(delivery)
    assert refused.rahmen.position == 1
    assert refused.abgelehnt is not None
    existing = refused.abgelehnt.aktuelle_berechtigung_verpflichtung
    assert existing is not None
    assert existing.bamfkennziffer == number
    assert clerk.person_of(new) == clerk.person_of(number)


def test_D39_weighed_again_is_told_again(core: BatchCore, clerk: Clerk) -> None:
    number = entitled(core)
    delivery = core.taken(certificate(LEYLA, "BVA-1", number=number))
    core.work_off()
    item = clerk.only_item()
    clerk.decide(item, "--replace")
    assert clerk.states(number)[1] == [("1a", ABH1.kennung, "REPLACED"), ("4", BVA.kennung, "CURRENT")]
    clerk.undo(item)
    assert clerk.states(number)[1] == [("1a", ABH1.kennung, "CURRENT"), ("4", BVA.kennung, "CANCELLED")]
    clerk.decide(clerk.only_item(), "--refuse", "Der Kurs läuft schon.")
    replaced, refused = core.later(delivery)
    assert replaced.angenommen is not None
    assert refused.abgelehnt is not None
    assert refused.abgelehnt.ablehnungsgrund.code == "17099"


def test_a_clerk_sees_what_the_certificate_says(core: BatchCore, clerk: Clerk) -> None:
    entitled(core, AMINA)
    (result,) = core.decided(certificate(AMINA, "BVA-1"))
    shown = clerk.tells("cases", "show", clerk.only_item())
    (message,) = shown["messages"]
    assert (message["uuid"], message["type"]) == (result.uuid, "200002")
    reported = shown["reported"]
    assert reported["birth_name"] == "ʿAbd ar-Raḥmān"
    assert reported["former_surnames"] == "Haddad"
    assert reported["spellings"] == "Al-Hajj, El Hadsch"
    assert reported["address"] == "Lindenweg 7, 90402 Musterstadt"
    words = inge("cases", "show", str(clerk.only_item()), "--config", clerk.config)
    assert words.code == OK, words.err
    assert "ʿAbd ar-Raḥmān" in words.out


def test_the_birth_name_of_a_certificate_makes_a_hint(core: BatchCore, clerk: Clerk) -> None:
    """Known under another name by an immigration authority: nobody is kept waiting, a clerk is told."""
    known = entitled(core)
    married = replace(
        LEYLA,
        personalien=replace(LEYLA.personalien, nachname=Name("Kaya"), geburtsname=LEYLA.personalien.nachname),
    )
    result = core.certified(married)
    assert result.ending == "angenommen"
    assert result.number is not None
    (found,) = clerk.tells("hints", "show", result.number)["weak"]
    assert found["person"] == clerk.person_of(known)
    assert {each["code"] for each in found["reasons"]} == {"other-name"}


def test_explain_tells_the_way_of_a_record(core: BatchCore, clerk: Clerk) -> None:
    spoilt = certificate(THI, "BVA-2")
    broken = core.messages.write(spoilt).replace(b'listVersionID="1"', b'listVersionID="9"')
    good, bad = core.decided(certificate(LEYLA, "BVA-1"), broken)
    (told,) = explain(core.store, good.uuid)
    (decision,) = told.decisions
    assert [step.kind for step in told.steps] == ["received", "answered"]
    assert decision.grounds["position"] == 1
    (told,) = explain(core.store, bad.uuid)
    assert [(step.kind, step.code) for step in told.steps] == [
        ("refused", "S010.unknown-version"),
        ("answered", "S010.unknown-version"),
    ]
    for each in (good, bad):
        ran = inge("explain", each.uuid, "--config", clerk.config)
        assert ran.code == OK, ran.err
        assert "200002" in ran.out
        assert clerk.tells("explain", each.uuid)


def test_the_paper_of_a_resettler(core: BatchCore, clerk: Clerk, tmp_path: Path) -> None:
    result = core.certified(LEYLA)
    assert result.number is not None
    out = tmp_path / "paper.pdf"
    ran = clerk.inge("print", result.number, "--out", str(out), "--as", "e.muster")
    assert ran.code == 0, ran.err
    assert ran.json["art"] == "4"
    assert barcodes_of(out.read_bytes(), tmp_path) == [result.number]
    assert "Yıldırım-Öztürk" in text_of(out.read_bytes())


def test_the_state_of_a_record_is_told_with_its_delivery_and_nowhere_else(core: BatchCore) -> None:
    """An answer of the service has no place for a result; the overview of deliveries has."""
    delivery = core.taken(certificate(LEYLA))
    core.work_off()
    (result,) = core.results(delivery)
    for uuid in (result.uuid, delivery.uuid):
        told = ask(core, request(StatusAbfrage, BVA, nachrichten_uuid=uuid), "bva")
        assert told.zustand is Zustand.UNKNOWN
        assert told.antwort is None


def test_a_record_is_no_message_of_its_own(core: BatchCore) -> None:
    refusal = core.refusal(core.messages.write(certificate(LEYLA)), "bva")
    assert refusal.error.code == "T070.direction"


def years_go_by(core: BatchCore) -> None:
    core.clock.time = datetime(2033, 6, 1, 9, 0, tzinfo=UTC)


def test_faulty_records_go_by_their_own_age(core: BatchCore) -> None:
    octets = core.messages.write(certificate(LEYLA, "BVA-1"))
    (result,) = core.decided(octets.replace(b"bva:aktenzeichen>", b"bva:zeichen>"))
    with core.store.read() as reader:
        came = next(row for row in reader.journal_of(result.uuid) if row.kind == "refused")
        assert reader.journaled_content(came)
    years_go_by(core)
    assert finished(Run(core.store, core.pipeline.tools)).messages >= 1
    (told,) = explain(core.store, result.uuid)
    assert told.erased


def test_records_that_nobody_could_decide_go_by_their_own_age(core: BatchCore) -> None:
    delivery = core.taken(certificate(LEYLA, "BVA-1"))
    with patch.object(Decider, "decide", side_effect=ZeroDivisionError):
        for _ in range(7):
            core.work_off()
            core.clock.advance(minutes=11)
    assert finished(Run(core.store, core.pipeline.tools)).messages == 0
    years_go_by(core)
    dry = finished(Run(core.store, core.pipeline.tools, dry=True)).messages
    assert finished(Run(core.store, core.pipeline.tools)).messages == dry >= 1
    assert finished(Run(core.store, core.pipeline.tools)).messages == 0
    with core.store.unit_of_work() as work:
        assert work.chunk_content(delivery.id, 0) is None
    with core.store.read() as reader:
        (dead,) = list_work(reader.connection, kind=CHUNK, limit=10)
    discard(core.store, core.clock, handlers(core.workshop), dead.id, actor="operator")
    (later,) = core.later(delivery)
    assert later.fehlerhaft is not None
    assert (later.rahmen.position, later.rahmen.zeichen) == (1, None)


def test_many_such_records_go_in_pages(core: BatchCore) -> None:
    delivery = core.taken(*(certificate(each, f"BVA-{n}") for n, each in enumerate((AMINA, LEYLA, THI))))
    with patch.object(Decider, "decide", side_effect=ZeroDivisionError):
        core.work_off()
    years_go_by(core)
    with patch("gateway.retention.run.LOOKED_AT_ONCE", 2):
        dry = finished(Run(core.store, core.pipeline.tools, dry=True)).messages
        assert finished(Run(core.store, core.pipeline.tools)).messages == dry >= 3
        assert finished(Run(core.store, core.pipeline.tools)).messages == 0
    with core.store.unit_of_work() as work:
        ordinals = [delivery.chunks + position for position in (1, 2, 3)]
        assert all(work.chunk(delivery.id, each) is not None for each in ordinals)
        assert [work.chunk_content(delivery.id, each) for each in ordinals] == [None] * 3
    with core.store.read() as reader:
        told = [
            json.loads(row.facts or "{}") for row in reader.journal(unsealed=True) if row.kind == "erased"
        ]
    assert [each["records"] for each in told if "actor" in each and "records" in each] == [2, 1]
