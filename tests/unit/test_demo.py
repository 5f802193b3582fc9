"""The demo's story is data: it must be complete, and every expectation must be able to fail."""

from dataclasses import replace
from typing import Any

import pytest

import fixtures.persons as persons
from fixtures.demo.messages import AUTHORS, DOCUMENT_CHANGES
from fixtures.demo.place import HOLDERS
from fixtures.demo.story import Expectation, Outcome, Step, read_story
from fixtures.demo.telling import differences
from gateway.information.changes import change_table
from gateway.questions import DENIED, EXPIRED
from messages.errors import CATALOGUE
from messages.service import Zustand

STORY = read_story()
RECEIPTS = {DENIED, EXPIRED, *(row.matter for row in change_table().rows.values())}
NOTICES = {"berechtigung-ersetzt"}


def test_steps_have_ids_of_their_own_and_refer_to_earlier_ones() -> None:
    told: set[str] = set()
    for step in STORY:
        assert step.id not in told
        assert {step.number_of, step.uuid_of, step.of, step.expect.number_of} - {None} <= told
        told.add(step.id)


@pytest.mark.parametrize("step", STORY, ids=lambda step: step.id)
def test_a_step_can_be_sent_and_expects_something(step: Step) -> None:
    assert step.does in {
        "send", "decide", "fetch", "status", "clock", "print", "courses", "retrievals", "deliver",
    }  # fmt: skip
    if step.does in {"send", "fetch", "status"} and not step.again:
        assert step.sender in HOLDERS
        assert (step.author or step.sender) in AUTHORS
    if step.does == "send" and not step.again:
        about_a_person = step.times == 1 and step.of is None
        assert not about_a_person or isinstance(getattr(persons, str(step.person)), persons.Person)
        assert step.change in {None, "broken-signature", "unsigned", *DOCUMENT_CHANGES}
    expect = step.expect
    assert (expect.answer is None) != (expect.refused is None)
    counted = step.does == "deliver" and expect.refused is None
    assert counted or (expect.refused or expect.reason) in {None, *RECEIPTS, *NOTICES, *Zustand, *CATALOGUE}
    assert expect.row is not None or step.does not in {"send", "fetch"} or expect.refused


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "070004"},
        {"answer": "refused", "code": "X001"},
        {"code": "17108"},
        {"row": "D02"},
        {"number": None},
        {"detail": "/a/b"},
        {"detail": "/x (line 2)"},
    ],
)
def test_every_difference_is_told(change: dict[str, Any]) -> None:
    expect = Expectation(answer="070003", row="D01", number=True, path="/a", line=True)
    step = Step(id="x", told="x", expect=expect)
    good = Outcome("x", "x", "s", "m", "070003", None, "123", "D01", detail="/a (line 2)")
    assert list(differences(step, good)) == []
    assert len(list(differences(step, replace(good, **change)))) == 1
