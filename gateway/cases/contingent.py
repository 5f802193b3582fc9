"""How many units a case has: what it was granted, and more where the type of its course has more."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from store.records import GENERAL_COURSE, CaseRecord


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
