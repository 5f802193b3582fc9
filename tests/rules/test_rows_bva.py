"""Rows of class S, through the door for deliveries with real bytes: named after their ids."""

from itertools import product
from typing import Any

import pytest

from fixtures.persons import LEYLA, THI, many_persons, with_nationalities
from fixtures.resettlers import certificate
from gateway.clerks.decide import Choice, decide
from messages.group07 import BerechtigungVerpflichtung
from store.engine import Store
from store.records import CaseRecord, WorkItem
from tests.support.batch import BatchCore, Result, connect_bva
from tests.support.core import ABH1, ABH2, TGS2
from tests.support.furnishing import furnish
from tests.support.given import BAMF, BVA, TLA, cases_of, stored_case, stored_person
from tests.support.pki import shared_pki

ISSUERS = {
    "1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "4": BVA, "5": TGS2, "6": BAMF, "7": TLA, "8": TGS2,
}  # fmt: skip


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki())


def met(core: BatchCore, art: str, state: str = "OPEN", **changes: Any) -> CaseRecord:
    deceased = changes.pop("deceased", False)
    person = stored_person(core, deceased=deceased)
    return stored_case(core, person, art, state, ISSUERS[art], **changes)


def refused(core: BatchCore, result: Result, row: str, reason: str) -> None:
    assert (result.ending, result.row, result.reason) == ("abgelehnt", row, reason)
    assert core.counts()["case_file"] == 1


def only_item(core: BatchCore) -> WorkItem:
    with core.store.read() as reader:
        (item,) = reader.work_items()
    return item


def test_D01_none_is_accepted(core: BatchCore) -> None:
    result = core.certified(LEYLA)
    assert (result.ending, result.row) == ("angenommen", "D01")
    accepted = result.message.angenommen
    assert accepted is not None
    assert accepted.teilnahme_unbefristet
    assert accepted.gueltig_von == core.clock.now().date()
    (record,) = core.records_of(result.uuid)
    (case,) = cases_of(core, record.evidence["person"])
    (right,) = case.rights
    assert (case.number, right.art, right.agency) == (result.number, "4", BVA.kennung)
    assert (right.agency_name, right.party_uuid, right.valid_until) == (BVA.name, result.uuid, None)


@pytest.mark.parametrize(
    ("state", "row", "used"),
    [("EXPIRED_UNUSED", "D19", 0), ("LAPSED_INACTIVE", "D20", 100), ("REVOKED", "D43", 100)],
)
def test_D19_D20_D43_what_does_not_count_any_more(core: BatchCore, state: str, row: str, used: int) -> None:
    known = met(core, "1a", state, used=used)
    result = core.certified(LEYLA, number=known.number)
    assert (result.ending, result.row) == ("angenommen", row)
    assert result.number != known.number
    _, case = cases_of(core, known.person_id)
    assert (case.number, case.granted_units) == (result.number, 700 - used)


def test_D21_all_hours_used(core: BatchCore) -> None:
    known = met(core, "1a", "LAPSED_INACTIVE", used=700)
    refused(core, core.certified(LEYLA, number=known.number), "D21", "17050")


@pytest.mark.parametrize("held", ["1a", "4", "6"])
def test_D22_one_participation(core: BatchCore, held: str) -> None:
    refused(core, core.certified(LEYLA, number=met(core, held, "EXHAUSTED").number), "D22", "17050")


def test_D24_deceased(core: BatchCore) -> None:
    known = met(core, "1a", "EXHAUSTED", deceased=True)
    refused(core, core.certified(LEYLA, number=known.number), "D24", "17053")


def test_D25_is_not_asked_of_a_resettler(core: BatchCore) -> None:
    """Who is German already has the entitlement all the same: the law gives it, whatever is stored."""
    person = stored_person(core, with_nationalities(LEYLA, "000"))
    known = stored_case(core, person, "1a", "EXPIRED_UNUSED", ABH1)
    assert core.certified(LEYLA, number=known.number).row == "D19"


def test_D38_resettler_twice(core: BatchCore) -> None:
    first = core.certified(LEYLA)
    result = core.certified(LEYLA, number=first.number)
    refused(core, result, "D38", "17104")
    shown = result.message.abgelehnt
    assert shown is not None
    existing = shown.aktuelle_berechtigung_verpflichtung
    assert isinstance(existing, BerechtigungVerpflichtung)
    assert (existing.art.code, existing.bamfkennziffer, existing.gueltig_bis) == ("4", first.number, None)


def test_D39_resettler_meets_any_right(core: BatchCore) -> None:
    """Every kind of right in every state in which it is active, in one delivery."""
    met = [
        *product(["1a", "1b", "2", "3", "5", "7", "8"], ["OPEN", "REGISTERED", "RUNNING"]),
        *product(["6"], ["REPEAT_ADMITTED", "REPEAT_REGISTERED"]),
    ]
    records = []
    for person, (held, state) in zip(many_persons(39), met, strict=False):
        case = stored_case(core, stored_person(core, person), held, state, ISSUERS[held])
        records.append(certificate(person, number=case.number))
    results = core.decided(*records)
    assert len(results) == len(met)
    assert {(each.ending, each.row) for each in results} == {("zurueckgestellt", "D39")}
    for each in results:
        waiting = each.message.zurueckgestellt
        assert waiting is not None
        assert waiting.information_sachbearbeitung.code == "17001"
        # Number and birth date say who it is: nobody examines that.
        assert "entscheidet, welches gilt" in waiting.beschreibung
        assert waiting.ansprechpartner is not None
    with core.store.read() as reader:
        items = reader.work_items()
    assert {item.kind for item in items} == {"conflict"}
    assert {ref.uuid for item in items for ref in item.messages} == {each.uuid for each in results}


@pytest.mark.parametrize("replaces", [True, False])
def test_D39_the_clerk_decides(core: BatchCore, replaces: bool) -> None:
    known = met(core, "1a")
    delivery = core.taken_certificate(LEYLA, number=known.number)
    core.work_off()
    choice = Choice("replace") if replaces else Choice("refuse", text="Der Kurs läuft bereits.")
    decide(core.store, core.pipeline.tools, only_item(core).id, choice, actor="clerk")
    (later,) = core.later(delivery)
    assert later.rahmen.position == 1
    if replaces:
        assert later.angenommen is not None
        assert later.angenommen.bamfkennziffer == known.number
    else:
        assert later.abgelehnt is not None
        assert later.abgelehnt.ablehnungsgrund.code == "17099"
        assert "Der Kurs läuft bereits." in later.abgelehnt.beschreibung
    (result,) = core.results(delivery)
    assert result.ending == "zurueckgestellt"


def test_another_person_beside_it_is_none_of_this(core: BatchCore) -> None:
    met(core, "1a")
    assert core.certified(THI).row == "D01"
