"""The core in real processes on one store: one number per person, one answer per message, whatever dies."""

import signal
from collections import Counter
from itertools import islice

import pytest

from fixtures.persons import entitlement, many_persons
from store.engine import Store
from store.records import MessageRef
from tests.support.core import ABH1, NOW, Core, new_uuid
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import Child, children
from tests.support.ring import scale

SEED = 20261124
PROCESSES = 8
PERSONS = 200
HOLDERS = ("abh1", "tgs1", "abh2", "tgs2")
CHILDREN = "tests.crash.pipeline_children"


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())


def start_together(started: list[Child]) -> None:
    assert [child.hear() for child in started] == ["ready"] * len(started)
    for child in started:
        child.tell()


def test_I13_simultaneous_first_reports_give_exactly_one_number_per_person(
    core: Core, store_url: str
) -> None:
    count = scale(PERSONS, 5 * PERSONS)
    folder = str(shared_pki().directory)
    arguments = [
        [store_url, folder, HOLDERS[process % len(HOLDERS)], SEED, count] for process in range(PROCESSES)
    ]
    with children(f"{CHILDREN}.report_persons", arguments) as started:
        start_together(started)
        told = [child.hear() for child in started]
    numbers = []
    for answers in zip(*told, strict=True):
        # Group 07 or 08: the number goes to one, all the others have met a duplicate.
        assert Counter(kind[2:] for kind, _ in answers) == {"0003": 1, "0004": PROCESSES - 1}
        numbers += [number for _, number in answers if number is not None]
    assert len(set(numbers)) == count
    counts = core.counts()
    assert (counts["person"], counts["case_file"], counts["work_item"]) == (count, count, count)
    assert counts["message"] == counts["decision"] == counts["answer"] == count * PROCESSES
    with core.store.read() as reader:
        assert all(len(item.messages) == PROCESSES - 1 for item in reader.work_items())


def test_fifty_identical_requests_at_once_have_one_effect_and_equal_answers(
    core: Core, store_url: str
) -> None:
    uuid, processes, threads = new_uuid(), 5, 10
    arguments = [[store_url, str(shared_pki().directory), uuid, threads]] * processes
    with children(f"{CHILDREN}.send_at_once", arguments) as started:
        start_together(started)
        answers = [answer for child in started for answer in child.hear()]
    assert len(answers) == 50
    assert len({document for document, _ in answers}) == 1
    assert Counter(repeated for _, repeated in answers) == {False: 1, True: 49}
    counts = core.counts()
    assert (counts["message"], counts["decision"], counts["person"], counts["case_file"]) == (1, 1, 1, 1)
    with core.store.read() as reader:
        kinds = Counter(row.kind for row in reader.journal_of(uuid))
    assert kinds == {"received": 1, "answered": 1, "repeated": 49}


@pytest.mark.parametrize("committed", [False, True], ids=["before-the-commit", "between-commit-and-answer"])
def test_killed_and_resent_is_one_case_one_number_one_answer(
    core: Core, store_url: str, committed: bool
) -> None:
    uuid = new_uuid()
    arguments = [[store_url, str(shared_pki().directory), uuid, committed]]
    with children(f"{CHILDREN}.die_at_the_commit", arguments) as (child,):
        assert child.hear() == "ready"
        assert child.end() == -signal.SIGKILL
    with core.store.read() as reader:
        kept = reader.answer_document(MessageRef(ABH1.kennung, uuid))
    assert (kept is not None) is committed
    first, _ = core.answer(entitlement(ABH1, uuid, NOW))
    again, _ = core.answer(entitlement(ABH1, uuid, NOW))
    assert first.repeated is committed
    assert first.document == again.document
    if committed:
        assert first.document == kept
    assert first.number is not None
    assert core.counts()["case_file"] == 1
    assert core.counts()["person"] == 1


def test_numbers_taken_by_a_killed_process_are_never_given_again(core: Core, store_url: str) -> None:
    numbers = []
    for person in islice(many_persons(SEED), 3):
        arguments = [[store_url, str(shared_pki().directory), new_uuid(), False]]
        with children(f"{CHILDREN}.die_at_the_commit", arguments) as (child,):
            assert child.hear() == "ready"
            assert child.end() == -signal.SIGKILL
        answer, _ = core.answer(entitlement(ABH1, new_uuid(), NOW, person))
        numbers.append(answer.number)
    assert len(set(numbers)) == 3
