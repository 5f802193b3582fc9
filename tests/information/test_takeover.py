"""Takeovers (070016, 080016) through the door with real bytes: the rows of the table, by their ids."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fixtures import inquiries, jobcenters
from fixtures.persons import THI, obligation_1b
from gateway.explain import explain
from gateway.information.scope import scope_table
from gateway.information.takeover import takeover_table
from messages.frame import Message
from messages.group07_information import Auskunft070015, UebernahmeNichtMoeglich070017
from messages.group08 import Auskunft080015, UebernahmeNichtMoeglich080017
from store.records_information import Takeover
from tests.support.core import ABH1, ABH2, ABH3, NOW, TGS1, TGS2, new_uuid, sender
from tests.support.door import Delivered, DoorCore
from tests.support.given import BAMF, TLA, stored_case, stored_person

ISSUERS = {"1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "5": TGS2, "6": BAMF, "7": TLA, "8": TGS2}
TAKEN = {"abh1": ["5", "8", "7"], "tgs1": ["1b", "2", "7"]}
"""What each kind of agency may take over."""
ASKERS = ["abh1", "tgs1"]
ACTIVE = ["OPEN", "REGISTERED", "RUNNING"]


def met(core: DoorCore, art: str, state: str = "OPEN", agency: Any = None, **changes: Any) -> str:
    return stored_case(core, stored_person(core), art, state, agency or ISSUERS[art], **changes).number


def takeover(holder: str, number: str) -> Message:
    make = inquiries.takeover if holder.startswith("abh") else jobcenters.takeover
    return make(sender(holder), new_uuid(), NOW, number)


def told(core: DoorCore, holder: str, number: str, row: str) -> Delivered:
    answer = core.deliver(takeover(holder, number), holder)
    assert (answer.row, answer.reason_code) == (row, None)
    assert isinstance(answer.message, Auskunft070015 if holder.startswith("abh") else Auskunft080015)
    return answer


def refused(core: DoorCore, holder: str, number: str, row: str, reason: str) -> str:
    """Expect 070017 or 080017 by a row; out: the reason in words."""
    answer = core.deliver(takeover(holder, number), holder)
    body = answer.message
    refusal = UebernahmeNichtMoeglich070017 if holder.startswith("abh") else UebernahmeNichtMoeglich080017
    assert isinstance(body, refusal)
    assert (answer.row, answer.reason_code) == (row, reason)
    assert takeovers(core, number) == []
    assert body.grund
    return str(body.grund)


def takeovers(core: DoorCore, number: str) -> list[Takeover]:
    with core.store.unit_of_work() as work:
        case = work.case_by_number(number)
        return [] if case is None else work.takeovers_of([case.id])


@pytest.mark.parametrize("holder", ASKERS)
def test_T01_nobody_fits_number_and_birth_date(core: DoorCore, holder: str) -> None:
    refused(core, holder, "12345678901234", "T01", "00057")
    other = stored_case(core, stored_person(core, THI), "5", "OPEN", TGS2).number
    refused(core, holder, other, "T01", "00057")


@pytest.mark.parametrize("holder", ASKERS)
def test_T02_deceased(core: DoorCore, holder: str) -> None:
    number = stored_case(core, stored_person(core, deceased=True), "7", "OPEN", TLA).number
    assert "verstorben" in refused(core, holder, number, "T02", "17571")


@pytest.mark.parametrize("held", ["1a", "3"])
@pytest.mark.parametrize("holder", ASKERS)
def test_T03_who_is_only_entitled_is_not_obliged(core: DoorCore, holder: str, held: str) -> None:
    refused(core, holder, met(core, held), "T03", "17571")


@pytest.mark.parametrize(("holder", "art"), [("abh1", "1b"), ("tgs1", "5"), ("tgs1", "8")])
def test_T05_ones_own_right_is_told_and_nothing_taken_over(core: DoorCore, holder: str, art: str) -> None:
    number = met(core, art, agency=sender(holder))
    told(core, holder, number, "T05")
    assert takeovers(core, number) == []


@pytest.mark.parametrize("art", ["1b", "2"])
def test_T06_obligation_of_another_immigration_authority(core: DoorCore, art: str) -> None:
    refused(core, "abh1", met(core, art), "T06", "17571")


@pytest.mark.parametrize("art", ["5", "8"])
def test_T07_right_of_another_jobcenter(core: DoorCore, art: str) -> None:
    refused(core, "tgs1", met(core, art), "T07", "17571")


@pytest.mark.parametrize("state", ["EXPIRED_UNUSED", "LAPSED_INACTIVE", "REVOKED", "CANCELLED"])
@pytest.mark.parametrize(("holder", "row", "reason"), [("abh1", "T08", "17574"), ("tgs1", "T09", "17575")])
def test_T08_T09_what_does_not_hold_any_more(
    core: DoorCore, holder: str, row: str, reason: str, state: str
) -> None:
    refused(core, holder, met(core, "7", state), row, reason)


@pytest.mark.parametrize(("holder", "row", "reason"), [("abh1", "T10", "17576"), ("tgs1", "T11", "17577")])
def test_T10_T11_a_repetition_is_admitted(core: DoorCore, holder: str, row: str, reason: str) -> None:
    person = stored_person(core)
    first = stored_case(core, person, "7", "EXHAUSTED", TLA, used=700)
    repetition = stored_case(core, person, "6", "REPEAT_ADMITTED", BAMF, repeats=first.id)
    for number in (first.number, repetition.number):
        refused(core, holder, number, row, reason)


@pytest.mark.parametrize("holder", ASKERS)
def test_T12_fulfilled(core: DoorCore, holder: str) -> None:
    refused(core, holder, met(core, "7", "EXHAUSTED"), "T12", "17571")


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize(
    ("holder", "row", "art"),
    [("abh1", "T13", art) for art in TAKEN["abh1"]] + [("tgs1", "T14", art) for art in TAKEN["tgs1"]],
)
def test_T13_T14_a_second_agency_joins(core: DoorCore, holder: str, row: str, art: str, state: str) -> None:
    number = met(core, art, state)
    message = takeover(holder, number)
    answer = core.deliver(message, holder)
    assert answer.row == row
    (taken,) = takeovers(core, number)
    asker = sender(holder)
    assert (taken.agency, taken.agency_name, taken.agency_type) == (
        asker.kennung, asker.name, holder[:3].upper(),
    )  # fmt: skip
    assert taken.party_uuid == message.rahmen.kopf.nachrichten_uuid
    # Resent it is the same answer, and asked again it is told again: one takeover in all.
    assert core.deliver(message, holder).document == answer.document
    told(core, holder, number, "T05")
    assert takeovers(core, number) == [taken]


def test_how_the_answer_came_about_is_explained_in_words(core: DoorCore) -> None:
    """The row that decided and the one that said what is told, with the versions of both tables."""
    answer = told(core, "abh1", met(core, "5"), "T13")
    (whole,) = explain(core.store, answer.uuid)
    (decision,) = whole.decisions
    assert decision.record.rules_version == takeover_table().version
    assert decision.record.effect == "taken-over"
    assert str(decision.explanation_en).startswith("In terms of residence law")
    assert decision.grounds["facts"]["relation"] == "other"
    assert (decision.grounds["scope"], decision.grounds["scope_row"]) == (scope_table().version, "A04")


def test_several_agencies_oblige(core: DoorCore) -> None:
    number = met(core, "7")
    told(core, "abh1", number, "T13")
    told(core, "tgs1", number, "T14")
    told(core, "tgs2", number, "T14")
    assert [each.agency for each in takeovers(core, number)] == [ABH1.kennung, TGS1.kennung, TGS2.kennung]


@pytest.mark.parametrize(("art", "reason"), [("5", "17109"), ("7", "17109"), ("8", "17145")])
def test_D47_who_took_over_is_refused_a_right_of_its_own(core: DoorCore, art: str, reason: str) -> None:
    number = met(core, art)
    before = core.deliver(obligation_1b(ABH1, new_uuid(), NOW, number=number))
    assert before.message.kann_uebernommen_werden is True
    told(core, "abh1", number, "T13")
    after = core.deliver(obligation_1b(ABH1, new_uuid(), NOW, number=number))
    assert (after.row, after.reason_code) == ("D47", reason)
    assert after.message.kann_uebernommen_werden is False
    # Of another authority nothing has changed.
    other = core.deliver(obligation_1b(ABH3, new_uuid(), NOW, number=number), "abh3")
    assert other.message.kann_uebernommen_werden is True


def test_at_once_it_is_taken_over_once(core: DoorCore) -> None:
    number = met(core, "5")
    messages = [takeover("abh1", number) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda message: core.deliver(message, "abh1"), messages))
    assert all(isinstance(answer.message, Auskunft070015) for answer in answers)
    assert sorted(str(answer.row) for answer in answers) == ["T05"] * 7 + ["T13"]
    assert len(takeovers(core, number)) == 1


def test_a_takeover_belongs_to_the_right_it_was_about(core: DoorCore) -> None:
    """A new right after the old one lapsed is not taken over by that."""
    person = stored_person(core)
    number = stored_case(core, person, "5", "OPEN", TGS2).number
    told(core, "abh1", number, "T13")
    later = stored_case(core, person, "7", "OPEN", TLA).number
    assert takeovers(core, later) == []
    told(core, "abh1", later, "T13")
