"""Units left over all cases of a person, and which course may be repeated."""

from datetime import date
from typing import Any

import pytest

from gateway.cases.contingent import FULL, remaining, repeatable, repetition
from store.records import CaseRecord, CaseState


def case(number: int, granted: int, used: int, **changes: Any) -> CaseRecord:
    fields = {"state": CaseState.LAPSED_INACTIVE, "opened_on": date(2020 + number, 1, 1), **changes}
    return CaseRecord(number, 1, f"{number:014d}", granted_units=granted, used_units=used, **fields)


@pytest.mark.parametrize(
    ("cases", "left"),
    [
        ([], 0),
        ([case(1, 700, 0)], 700),
        ([case(1, 700, 300)], 400),
        ([case(1, 700, 700)], 0),
        # A class went on beyond what was granted.
        ([case(1, 700, 720)], 0),
        ([case(1, 700, 300), case(2, 400, 100)], 300),
        ([case(2, 400, 100), case(1, 700, 300)], 300),
        ([case(1, 700, 300), case(2, 400, 100), case(3, 300, 300)], 0),
        # A literacy course has three hundred more, whichever case it was begun in.
        ([case(1, 1000, 300), case(2, 700, 100)], 600),
        ([case(1, 700, 300), case(2, 700, 100)], 600),
        # What expired unused took nothing.
        ([case(1, 700, 0), case(2, 700, 200)], 500),
        # A repetition is beside the one participation.
        ([case(1, 700, 650), case(2, 300, 300, repeats=1)], 50),
    ],
)
def test_units_left_over_all_cases(cases: list[CaseRecord], left: int) -> None:
    assert remaining(cases) == left


def test_a_first_case_is_granted_the_general_course() -> None:
    assert (FULL, repetition().units) == (700, 300)


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({"course_type": "4"}, True),
        ({"course_type": "23", "b1": False}, True),
        ({"course_type": "8"}, True),
        ({"course_type": "4", "b1": True}, False),
        ({"course_type": "4", "repeats": 7}, False),
        ({"course_type": "1", "b1": False}, False),
        ({"course_type": None}, False),
        ({"course_type": "4", "state": CaseState.RUNNING}, False),
    ],
)
def test_which_course_may_be_repeated(changes: dict[str, Any], may: bool) -> None:
    assert repeatable(case(1, 1000, 1000, **{"state": CaseState.EXHAUSTED, **changes})) is may
