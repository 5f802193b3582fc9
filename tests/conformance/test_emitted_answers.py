"""What the gateway really sends, valid by the official schema files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import etree

from fixtures import inquiries, jobcenters
from fixtures.persons import (
    AMINA,
    LEYLA,
    TADEUSZ,
    THI,
    decision,
    entitlement,
    obligation_1b,
    with_nationalities,
)
from gateway.pipeline import Answer, Refusal
from messages.fehler import parse_fehler
from schemas.catalog import Catalog, schema_parser
from store.engine import Store
from tests.conformance.test_official_schemas import ENTRY
from tests.information.test_participation import attended, joined
from tests.support.core import ABH1, ABH2, NOW, TGS1, TGS2, Core, new_uuid
from tests.support.furnishing import furnish
from tests.support.given import BAMF, stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.reference import reference_dir

pytestmark = pytest.mark.conformance
UNTIL = date(2027, 6, 30)
Check = Callable[[Answer | Refusal], None]


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())


@pytest.fixture(scope="module")
def check() -> Check:
    """Hold an answer or a rejection to the official schema."""
    official = reference_dir("xauslaender-xsd")
    parser = schema_parser(Catalog.of_folder(official))
    schemas = {
        namespace: etree.XMLSchema(etree.parse(official / file, parser)) for namespace, file in ENTRY.items()
    }

    def hold(outcome: Answer | Refusal) -> None:
        if isinstance(outcome, Answer):
            document = etree.fromstring(outcome.document)
        else:
            rejection = parse_fehler(etree.fromstring(outcome.fehler)).rueckweisung
            assert rejection is not None
            document = etree.fromstring(etree.tostring(rejection))
        schema = schemas[etree.QName(document).namespace or ""]
        assert schema(document), schema.error_log

    return hold


def types(outcomes: list[Answer | Refusal]) -> list[str]:
    return [each.message_type if isinstance(each, Answer) else "0010" for each in outcomes]


def test_answers_and_rejections_are_valid_officially(core: Core, check: Check) -> None:
    first, _ = core.answer(entitlement(ABH1, new_uuid(), NOW, LEYLA))
    wrong = entitlement(ABH1, new_uuid(), NOW, LEYLA, reader=ABH2)
    outcomes = [
        first,
        core.send(obligation_1b(ABH1, new_uuid(), NOW, THI)),
        core.send(entitlement(ABH2, new_uuid(), NOW, LEYLA), "abh2"),
        core.send(entitlement(ABH2, new_uuid(), NOW, LEYLA, number=first.number), "abh2"),
        core.send(obligation_1b(ABH1, new_uuid(), NOW, with_nationalities(AMINA, "000"))),
        core.send(decision(ABH1, new_uuid(), NOW, new_uuid(), True)),
        core.send(jobcenters.admission(TGS1, new_uuid(), NOW, UNTIL, LEYLA), "tgs1"),
        core.send(jobcenters.admission(TGS1, new_uuid(), NOW, UNTIL, LEYLA, number=first.number), "tgs1"),
        core.send(jobcenters.obligation(TGS1, new_uuid(), NOW, UNTIL, LEYLA, number=first.number), "tgs1"),
        core.send(wrong),
        core.send(replace(wrong, rahmen=replace(wrong.rahmen, test=None))),
    ]
    group07 = ["070003", "070003", "070004", "070005", "070005", "070005"]
    assert types(outcomes) == [*group07, "080004", "080003", "080005", "0010", "0010"]
    for outcome in outcomes:
        check(outcome)


@pytest.mark.parametrize(("holder", "group"), [("abh1", "07"), ("tgs1", "08")])
def test_information_is_valid_officially(core: Core, check: Check, holder: str, group: str) -> None:
    outcomes = list(_information(core, holder))
    told = ["0012", "0012", "0012", "0012", "0014", "0014", "0015", "0015", "0017", "0017", "0015"]
    assert types(outcomes) == [group + each for each in told]
    for outcome in outcomes:
        check(outcome)


def _information(core: Core, holder: str) -> Iterator[Answer | Refusal]:
    """Give existence of nothing, a right, one completed and a repetition; then about the participation."""
    make: Any = inquiries if holder == "abh1" else jobcenters
    asker, art = (ABH1, "1b") if holder == "abh1" else (TGS1, "5")
    other, past = (TGS2, "8") if holder == "abh1" else (ABH2, "2")

    def ask(about: str, *what: Any, **more: Any) -> Answer | Refusal:
        return core.send(getattr(make, about)(asker, new_uuid(), NOW, *what, **more), holder)

    person = stored_person(core)
    lapsed = stored_case(
        core, person, past, "LAPSED_INACTIVE", other,
        opened_on=date(2024, 1, 1), last_activity=date(2024, 3, 1), registered_on=date(2024, 2, 1),
    )  # fmt: skip
    attended(core, lapsed)
    full = stored_case(
        core, person, art, "RUNNING", asker, opened_on=date(2026, 1, 2), last_activity=date(2026, 2, 1)
    )
    attended(core, full, dropped=True)
    repeater = stored_person(core, THI)
    first = stored_case(core, repeater, art, "EXHAUSTED", asker, used=700, completed_on=NOW.date(), b1=False)
    stored_case(core, repeater, "6", "REPEAT_ADMITTED", BAMF, repeats=first.id, opened_on=NOW.date())
    attended(core, first)
    foreign = stored_case(core, stored_person(core, TADEUSZ), past, "OPEN", other)
    yield ask("existence_inquiry", AMINA)
    yield ask("existence_inquiry", LEYLA)
    yield ask("existence_inquiry", THI, number=first.number)
    yield ask("existence_inquiry", TADEUSZ, number=foreign.number)
    yield ask("participation_inquiry", "12345678901234")
    yield ask("participation_inquiry", foreign.number, TADEUSZ)
    yield ask("participation_inquiry", full.number)
    yield ask("participation_inquiry", first.number, THI)
    yield ask("takeover", "12345678901234")
    yield ask("takeover", lapsed.number)
    joined(core, foreign, asker, holder[:3].upper())
    yield ask("takeover", foreign.number, TADEUSZ)
