"""How many lesson units a case has and a person has left, and whether a course may be repeated.

Units are of 45 minutes.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from store.records import GENERAL_COURSE, CaseRecord, CaseState

FULL: Final = GENERAL_COURSE
"""What a first case is granted."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """Which types of course (list kursart) may be repeated, and with how many units."""

    course_types: frozenset[str]
    units: int


@cache
def repetition() -> Repetition:
    """Return the bundled rule of repetition."""
    data = tomllib.loads(files("gateway.cases").joinpath("repetition.toml").read_text(encoding="utf-8"))
    return Repetition(frozenset(data["course_types"]), int(data["units"]))


def remaining(cases: Sequence[CaseRecord]) -> int:
    """Return the units a person has left of the one participation (§ 4 (1) S. 2, 3 IntV).

    In: all cases of the person. A later case was granted what earlier ones left, and perhaps more, because
    its course has more units; so each case says how large the whole is: what it was granted, and what was
    used before it. Repetitions have a contingent of their own.
    """
    whole = used = 0
    for case in sorted(cases, key=lambda case: (case.opened_on, case.id)):
        if case.repeats is None:
            whole = max(whole, used + case.granted_units)
            used += case.used_units
    return max(0, whole - used)


def repeatable(case: CaseRecord) -> bool:
    """Tell whether the course of a case may be repeated (D33): completed, its type, no B1, and only once."""
    return (
        case.repeats is None
        and case.state == CaseState.EXHAUSTED
        and case.course_type in repetition().course_types
        and not case.b1
    )


def granted_units(case: CaseRecord, earlier: Iterable[str], course_type: str) -> int:
    """Return the units of a case when a section of a course type (list kursart) begins after earlier ones.

    What a type has beyond the general course comes on top of what was granted, once: the rest of an earlier
    case stays a rest. A repetition has its own contingent, and no type of a course takes units away.
    """
    if case.repeats is not None:
        return case.granted_units
    known = max((_units(each) for each in earlier), default=GENERAL_COURSE)
    return case.granted_units + max(0, _units(course_type) - known)


def _units(course_type: str) -> int:
    return _special().get(course_type, GENERAL_COURSE)


@cache
def _special() -> dict[str, int]:
    text = files("gateway.cases").joinpath("contingents.toml").read_text(encoding="utf-8")
    return {
        course_type: int(row["units"])
        for row in tomllib.loads(text)["contingent"]
        for course_type in row["course_types"]
    }
