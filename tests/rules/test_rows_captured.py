"""Rows that clerks reach by `inge capture`: obligations of a benefits office, admissions, repetitions.

Named after their ids. The commands go by the machine's clock, so nothing here ends in this century.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.console import REFUSED
from fixtures.persons import LEYLA, with_nationalities
from store.records import CaseRecord
from tests.support.cli import Ran, inge, lay_out
from tests.support.core import ABH2, TGS1, Core
from tests.support.given import BAMF, BVA, TLA, cases_of, stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store

ISSUERS = {
    "1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "4": BVA, "5": TGS1, "6": BAMF, "7": TLA, "8": TGS1,
}  # fmt: skip
CLERK = ("--as", "e.muster", "--reason", "Schreiben vom heutigen Tag")
BENEFITS = ("--agency", TLA.kennung, "--agency-name", TLA.name, "--valid-until", "2099-12-31")
ACTIVE = ["OPEN", "REGISTERED", "RUNNING"]


@dataclass
class Office:
    """A clerk's desk: the commands, and the store they work on."""

    config: Path
    core: Core

    def met(self, art: str, state: str = "OPEN", **changes: Any) -> str:
        """Put a right into the store; out: its number."""
        person = stored_person(self.core)
        usual = {"until": None, "agency": ISSUERS[art], **changes}
        return stored_case(self.core, person, art, state, **usual).number

    def enter(self, art: str, number: str, *more: str) -> Ran:
        """Enter a right of a person who has a number."""
        kind = ("repetition",) if art == "6" else ("right", "--art", art, *(BENEFITS if art == "7" else ()))
        return inge("capture", *kind, "--number", number, *more, *CLERK, "--config", self.config, "--json")

    def refused(self, ran: Ran, row: str, reason: str, cases: int = 1) -> None:
        told = ran.json
        assert (ran.code, told["verdict"], told["row"], told["reason"]) == (REFUSED, "REJ", row, reason)
        assert told["number"] is None
        assert self.core.counts()["case_file"] == cases

    def case(self, number: str) -> CaseRecord:
        with self.core.store.unit_of_work() as work:
            case = work.case_by_number(number)
        assert case is not None
        return case


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    config = lay_out(tmp_path, shared_pki())
    assert inge("migrate", "--config", config).code == 0
    store = open_test_store(f"sqlite:///{config.parent / 'store' / 'inge.sqlite'}")
    yield Office(config, Core(store, shared_pki()))
    store.close()


def entered(ran: Ran, row: str) -> str:
    told = ran.json
    assert (ran.code, told["verdict"], told["row"]) == (0, "ACC", row)
    return str(told["number"])


@pytest.mark.parametrize("art", ["7", "3"])
@pytest.mark.parametrize(
    ("state", "row", "units"),
    [("EXPIRED_UNUSED", "D19", 700), ("LAPSED_INACTIVE", "D20", 600), ("REVOKED", "D43", 600)],
)
def test_D19_D20_D43_what_does_not_count_any_more(
    office: Office, art: str, state: str, row: str, units: int
) -> None:
    number = office.met("1a", state, used=0 if row == "D19" else 100)
    new = entered(office.enter(art, number), row)
    assert new != number
    assert office.case(new).granted_units == units
    assert [right.art for right in office.case(new).rights] == [art]


@pytest.mark.parametrize("art", ["7", "3"])
def test_D21_D22_one_participation(office: Office, art: str) -> None:
    office.refused(office.enter(art, office.met("1a", "LAPSED_INACTIVE", used=700)), "D21", "17050")
    office.refused(office.enter(art, office.met("1a", "EXHAUSTED")), "D22", "17050", cases=2)


@pytest.mark.parametrize("art", ["7", "3", "6"])
def test_D24_deceased(office: Office, art: str) -> None:
    person = stored_person(office.core, deceased=True, died_on=date(2026, 11, 1))
    case = stored_case(office.core, person, "1a", "EXHAUSTED", ABH2, until=None)
    office.refused(office.enter(art, case.number), "D24", "17053")


def test_D25_free_movement_stored_of_the_person(office: Office) -> None:
    person = stored_person(office.core, with_nationalities(LEYLA, "151"))
    number = stored_case(office.core, person, "1a", "OPEN", ABH2, until=None).number
    office.refused(office.enter("7", number), "D25", "17112")


@pytest.mark.parametrize("course_type", ["4", "23"])
def test_D33_repetition(office: Office, course_type: str) -> None:
    number = office.met("1b", "EXHAUSTED", used=1000, granted_units=1000, course_type=course_type, b1=False)
    new = office.case(entered(office.enter("6", number), "D33"))
    assert (new.state, new.granted_units) == ("REPEAT_ADMITTED", 300)
    assert new.repeats == office.case(number).id
    assert office.case(number).state == "EXHAUSTED"
    office.refused(office.enter("6", number), "D46", "17050", cases=2)


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("EXHAUSTED", {"course_type": "1", "b1": False}),
        ("EXHAUSTED", {"course_type": "4", "b1": True}),
        ("OPEN", {"course_type": "4"}),
        ("REVOKED", {"course_type": "4"}),
    ],
)
def test_D46_no_repetition(office: Office, state: str, changes: dict[str, Any]) -> None:
    office.refused(office.enter("6", office.met("1b", state, **changes)), "D46", "17050")


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("held", ["1a", "3"])
def test_D40_the_clerk_says_whether_it_replaces(office: Office, held: str, state: str) -> None:
    number = office.met(held, state)
    asked = office.enter("7", number)
    assert (asked.code, asked.json["verdict"], asked.json["row"]) == (REFUSED, "CLERK", "D40")
    assert office.core.counts()["work_item"] == 0
    kept = office.enter("7", number, "--keeps")
    assert (kept.code, kept.json["verdict"], kept.json["row"]) == (REFUSED, "REJ", "D40")
    assert [right.status for right in office.case(number).rights] == ["CURRENT"]
    assert entered(office.enter("7", number, "--replaces"), "D40") == number
    (case,) = cases_of(office.core, office.case(number).person_id)
    assert {right.art: right.status for right in case.rights} == {held: "REPLACED", "7": "CURRENT"}
    assert case.state == state


@pytest.mark.parametrize(
    ("held", "reason"),
    [("1b", "17109"), ("2", "17109"), ("5", "17109"), ("7", "17109"), ("4", "17110"), ("8", "17145")],
)
def test_D41_obligation_of_a_benefits_office(office: Office, held: str, reason: str) -> None:
    office.refused(office.enter("7", office.met(held)), "D41", reason)


@pytest.mark.parametrize("held", ["1a", "3"])
def test_D42_admission_meets_an_entitlement(office: Office, held: str) -> None:
    office.refused(office.enter("3", office.met(held)), "D42", "17104")


@pytest.mark.parametrize("state", ["REPEAT_ADMITTED", "REPEAT_REGISTERED"])
@pytest.mark.parametrize("art", ["7", "3"])
def test_D44_repeater(office: Office, art: str, state: str) -> None:
    office.refused(office.enter(art, office.met("6", state, granted_units=300)), "D44", "17050")


@pytest.mark.parametrize(
    ("held", "reason"),
    [("1b", "17107"), ("2", "17107"), ("5", "17107"), ("7", "17107"), ("4", "17108"), ("8", "17119")],
)
def test_D45_admission_meets_what_outranks_it(office: Office, held: str, reason: str) -> None:
    office.refused(office.enter("3", office.met(held)), "D45", reason)
