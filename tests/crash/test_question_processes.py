"""Questions in real processes on one store: one answer counts, one obligation wins, one receipt is left."""

from collections import Counter
from itertools import islice

import pytest
from lxml import etree

from fixtures.persons import Person, decision, entitlement, many_persons, obligation_1b
from messages.frame import Message
from messages.registry import build
from store.engine import Store
from store.records import QuestionState, RightStatus
from tests.crash.test_pipeline_processes import CHILDREN, SEED, start_together
from tests.support.core import ABH1, ABH2, AGENCIES, NOW, Core, new_uuid
from tests.support.furnishing import furnish
from tests.support.given import cases_of
from tests.support.pki import shared_pki
from tests.support.processes import children

PERSONS = 2


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())


def ask(core: Core, person: Person, number: str, holder: str) -> str:
    """Let an agency report an obligation; out: the UUID of the question."""
    _, question = core.answer(obligation_1b(AGENCIES[holder], new_uuid(), NOW, person, number=number), holder)
    assert question.message_type == "070006"
    return str(question.rahmen.kopf.nachrichten_uuid)


def entitle(core: Core, person: Person) -> str:
    answer, _ = core.answer(entitlement(ABH2, new_uuid(), NOW, person), "abh2")
    assert answer.number is not None
    return answer.number


def at_once(store_url: str, sent: list[tuple[str, Message]]) -> list[list[str | None]]:
    """Send each message from a process of its own, all at once; out: row and number of each answer."""
    arguments = [
        [store_url, str(shared_pki().directory), holder, etree.tostring(build(message)).decode()]
        for holder, message in sent
    ]
    with children(f"{CHILDREN}.send_given", arguments) as started:
        start_together(started)
        return [child.hear() for child in started]


def test_of_two_obligations_that_wait_for_one_person_the_first_yes_wins(core: Core, store_url: str) -> None:
    for person in islice(many_persons(SEED), PERSONS):
        number = entitle(core, person)
        asked = {holder: ask(core, person, number, holder) for holder in ("abh1", "abh3")}
        told = at_once(
            store_url,
            [(each, decision(AGENCIES[each], new_uuid(), NOW, uuid, True)) for each, uuid in asked.items()],
        )
        assert sorted(told, key=lambda each: str(each[0])) == [["D07", number], ["D11", None]]
        with core.store.unit_of_work() as work:
            case = work.case_by_number(number)
        assert case is not None
        (stored,) = cases_of(core, case.person_id)
        assert Counter(right.status for right in stored.rights) == {
            RightStatus.REPLACED: 1, RightStatus.CURRENT: 1,
        }  # fmt: skip


def test_of_many_answers_to_one_question_one_counts(core: Core, store_url: str) -> None:
    for person in islice(many_persons(SEED), PERSONS):
        number = entitle(core, person)
        asked = ask(core, person, number, "abh1")
        told = at_once(
            store_url,
            [("abh1", decision(ABH1, new_uuid(), NOW, asked, yes)) for yes in (True, False) * 2],
        )
        rows = Counter(row for row, _ in told)
        assert rows.pop("D10") == 3
        (effective,) = rows
        with core.store.unit_of_work() as work:
            question = work.question_for(ABH1.kennung, asked)
            case = work.case_by_number(number)
        assert question is not None
        assert case is not None
        yes = effective == "D07"
        assert question.state == (QuestionState.YES if yes else QuestionState.NO)
        assert [right.art for right in case.rights] == (["1a", "1b"] if yes else ["1a"])


def test_several_schedulers_close_each_question_once(core: Core, store_url: str) -> None:
    for person in islice(many_persons(SEED), PERSONS):
        ask(core, person, entitle(core, person), "abh1")
    arguments = [[store_url, str(shared_pki().directory), 40]] * 4
    with children(f"{CHILDREN}.close_questions", arguments) as started:
        start_together(started)
        assert sum(child.hear() for child in started) == PERSONS
    with core.store.unit_of_work() as work:
        laid_out = work.unconfirmed(ABH1.kennung, "soap", 100)
    assert len({entry.uuid for entry in laid_out}) == len(laid_out) == PERSONS
