"""Rows that no message of a door reaches, at the decision itself: named after their ids.

Obligations of a benefits office (Vtla), admissions by BAMF (Zbamf) and repetitions (6) are captured by
clerks, see tests/rules/test_rows_captured.py.
"""

from typing import Any

import pytest

from fixtures.persons import LEYLA, with_nationalities
from gateway.decided import ClerkChoice, Decided, Verdict
from store.records import CaseState
from tests.support.core import ABH1, ABH2, TGS1, TGS2
from tests.support.door import DoorCore
from tests.support.given import BAMF, BVA, TLA, cases_of, decide, request_of, stored_case, stored_person

ASKERS = {"5": TGS1, "8": TGS1, "7": TLA, "3": BAMF, "6": BAMF}
ISSUERS = {
    "1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "4": BVA, "5": TGS2, "6": BAMF, "7": TLA, "8": TGS2,
}  # fmt: skip
ACTIVE = ["OPEN", "REGISTERED", "RUNNING"]


def met(core: DoorCore, art: str, state: str = "OPEN", agency: Any = None, **changes: Any) -> str:
    return stored_case(core, stored_person(core), art, state, agency or ISSUERS[art], **changes).number


def asked(core: DoorCore, art: str, number: str | None, **said: Any) -> Decided:
    return decide(core, request_of(art, ASKERS[art], number=number), **said)


def refused(core: DoorCore, decided: Decided, row: str, reason: str, *, cases: int = 1) -> None:
    assert decided.row is not None
    assert (decided.verdict, decided.row.id, decided.reason) == (Verdict.REFUSED, row, reason)
    assert decided.effect == "nothing-stored"
    assert core.counts()["case_file"] == cases


def accepted(decided: Decided, row: str) -> Decided:
    assert decided.row is not None
    assert (decided.verdict, decided.row.id) == (Verdict.ACCEPTED, row)
    assert decided.number
    return decided


@pytest.mark.parametrize("art", ["7", "3"])
def test_D01_none_is_accepted(core: DoorCore, art: str) -> None:
    decided = accepted(asked(core, art, None), "D01")
    assert decided.right is not None
    assert decided.right.art == art
    assert decided.right.agency == ASKERS[art].kennung


@pytest.mark.parametrize("art", ["7", "3"])
@pytest.mark.parametrize(
    ("state", "row", "used"),
    [("EXPIRED_UNUSED", "D19", 0), ("LAPSED_INACTIVE", "D20", 100), ("REVOKED", "D43", 100)],
)
def test_D19_D20_D43_what_does_not_count_any_more(
    core: DoorCore, art: str, state: str, row: str, used: int
) -> None:
    decided = accepted(asked(core, art, met(core, "1a", state, used=used)), row)
    assert decided.case is not None
    assert decided.case.granted_units == 700 - used


@pytest.mark.parametrize("art", ["7", "3"])
def test_D21_D22_one_participation(core: DoorCore, art: str) -> None:
    refused(core, asked(core, art, met(core, "1a", "LAPSED_INACTIVE", used=700)), "D21", "17050")
    refused(core, asked(core, art, met(core, "1a", "EXHAUSTED")), "D22", "17050", cases=2)


@pytest.mark.parametrize("state", ["REPEAT_ADMITTED", "REPEAT_REGISTERED"])
@pytest.mark.parametrize(("art", "row"), [("7", "D44"), ("3", "D44")])
def test_D44_repeater(core: DoorCore, art: str, row: str, state: str) -> None:
    refused(core, asked(core, art, met(core, "6", state)), row, "17050")


@pytest.mark.parametrize("art", ["7", "3", "6"])
def test_D24_deceased(core: DoorCore, art: str) -> None:
    number = stored_case(core, stored_person(core, deceased=True), "1a", "EXHAUSTED", ABH2).number
    refused(core, asked(core, art, number), "D24", "17053")


@pytest.mark.parametrize("art", ["7"])
def test_D25_free_movement(core: DoorCore, art: str) -> None:
    german = with_nationalities(LEYLA, "000")
    refused(core, decide(core, request_of(art, ASKERS[art], german)), "D25", "17112", cases=0)


@pytest.mark.parametrize("course_type", ["4", "23"])
def test_D33_repetition_gets_a_case_of_its_own(core: DoorCore, course_type: str) -> None:
    number = met(core, "1b", "EXHAUSTED", used=1000, course_type=course_type, b1=False, granted_units=1000)
    decided = accepted(asked(core, "6", number), "D33")
    assert decided.number != number
    assert decided.case is not None
    old, new = cases_of(core, decided.case.person_id)
    assert (old.state, new.state) == (CaseState.EXHAUSTED, CaseState.REPEAT_ADMITTED)
    assert (new.granted_units, new.repeats) == (300, old.id)
    again = asked(core, "6", number)
    refused(core, again, "D46", "17050", cases=2)


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("EXHAUSTED", {"course_type": "1", "b1": False}),
        ("EXHAUSTED", {"course_type": "4", "b1": True}),
        ("OPEN", {"course_type": "4"}),
        ("LAPSED_INACTIVE", {"course_type": "4"}),
    ],
)
def test_D46_no_repetition(core: DoorCore, state: str, changes: dict[str, Any]) -> None:
    refused(core, asked(core, "6", met(core, "1b", state, **changes)), "D46", "17050")


def test_D46_nothing_to_repeat(core: DoorCore) -> None:
    refused(core, decide(core, request_of("6", BAMF)), "D46", "17050", cases=0)


def test_D34_the_clerk_lets_the_new_right_replace(core: DoorCore) -> None:
    number = met(core, "1a", limited="orientation")
    decided = accepted(asked(core, "5", number, clerk=ClerkChoice(True, "clerk")), "D34")
    assert (decided.effect, decided.number) == ("replace", number)
    assert decided.evidence["clerk"] == "replace"


def test_D34_the_clerk_refuses(core: DoorCore) -> None:
    choice = ClerkChoice(False, "clerk", "Die Person besucht bereits den Orientierungskurs.")
    decided = asked(core, "5", met(core, "1a", limited="orientation"), clerk=choice)
    refused(core, decided, "D34", "17099")
    assert decided.details == {"reason": choice.text}


@pytest.mark.parametrize("held", ["1a", "3"])
@pytest.mark.parametrize("replaces", [True, False, None])
def test_D40_the_clerk_says_whether_it_replaces(core: DoorCore, held: str, replaces: bool | None) -> None:
    number = met(core, held)
    choice = None if replaces is None else ClerkChoice(replaces, "clerk", "bleibt")
    decided = asked(core, "7", number, clerk=choice)
    assert decided.row is not None
    assert decided.row.id == "D40"
    if replaces:
        assert (decided.verdict, decided.number) == (Verdict.ACCEPTED, number)
    else:
        assert decided.verdict is (Verdict.CLERK if replaces is None else Verdict.REFUSED)
        assert core.counts()["case_file"] == 1


@pytest.mark.parametrize(
    ("held", "reason"),
    [("1b", "17109"), ("2", "17109"), ("5", "17109"), ("7", "17109"), ("4", "17110"), ("8", "17145")],
)
def test_D41_obligation_of_a_benefits_office(core: DoorCore, held: str, reason: str) -> None:
    refused(core, asked(core, "7", met(core, held)), "D41", reason)


@pytest.mark.parametrize("held", ["1a", "3"])
def test_D42_admission_meets_an_entitlement(core: DoorCore, held: str) -> None:
    refused(core, asked(core, "3", met(core, held)), "D42", "17104")


@pytest.mark.parametrize(
    ("held", "reason"),
    [("1b", "17107"), ("2", "17107"), ("5", "17107"), ("7", "17107"), ("4", "17108"), ("8", "17119")],
)
def test_D45_admission_meets_what_outranks_it(core: DoorCore, held: str, reason: str) -> None:
    refused(core, asked(core, "3", met(core, held)), "D45", reason)


@pytest.mark.parametrize("art", ["5", "7"])
def test_an_agency_that_obliges_is_not_asked_who_it_is_without_a_message(core: DoorCore, art: str) -> None:
    """Without a stored message nothing can be parked; who captures the right has to say more."""
    stored_case(core, stored_person(core), "1a", "OPEN", ABH1)
    decided = asked(core, art, None)
    assert (decided.verdict, decided.work_item) == (Verdict.PARKED, None)
    assert decided.identity is not None
    assert len(decided.identity.candidates) == 1
    assert core.counts()["work_item"] == 0


def test_I09_leaves_its_hint_also_without_a_message(core: DoorCore) -> None:
    known = stored_person(core)
    stored_case(core, known, "1a", "EXPIRED_UNUSED", ABH1)
    decided = accepted(asked(core, "3", None), "D01")
    assert decided.branch == "I09"
    with core.store.read() as reader:
        (item,) = reader.work_items()
    assert (item.kind, item.messages) == ("weak", ())
    assert item.candidates == (known.id, cases_of(core, item.candidates[1])[0].person_id)
