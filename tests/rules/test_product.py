"""The decision table is complete: every point that can exist has a row, every row decides such a point.

The product is class of request × class of the existing case × its state × whose it is × flags. What cannot
exist is left out by the predicates below, so that no row counts as reached by a point that never comes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, product

import pytest

from gateway.rules.engine import NO_CASE, DecisionTable, Facts, Row
from gateway.rules.reader import load_rules

TABLES = load_rules().tables
ASKS = {"E": "ABH", "Vabh": "ABH", "Vtgs": "TGS", "Ztgs": "TGS", "Vtla": "TLA", "Zbamf": "BAMF", "6": "BAMF",
        "S": "BVA"}  # fmt: skip
ISSUES = {"1a": "ABH", "1b": "ABH", "2": "ABH", "3": "BAMF", "4": "BVA", "5": "TGS", "6": "BAMF", "7": "TLA",
          "8": "TGS"}  # fmt: skip
ONLY_ONE = {"BAMF", "BVA"}
"""Of these there is one agency, so that what they issued is their own."""
STATES = ("", "OPEN", "REGISTERED", "RUNNING", "REPEAT_ADMITTED", "REPEAT_REGISTERED", "EXHAUSTED",
          "EXPIRED_UNUSED", "LAPSED_INACTIVE", "REVOKED", "CANCELLED")  # fmt: skip
REPEATER = {"REPEAT_ADMITTED", "REPEAT_REGISTERED", "EXHAUSTED"}
ACTIVE = {"OPEN", "REGISTERED", "RUNNING", "REPEAT_ADMITTED", "REPEAT_REGISTERED"}
CANNOT_EXIST: dict[str, Callable[[Facts], bool]] = {
    "a state without a case, or a case without one": lambda at: (at.existing == NO_CASE) != (at.state == ""),
    "the case of a repetition in a state of first cases": lambda at: (
        at.existing == "6" and at.state not in REPEATER
    ),
    "a first case in a state of repetitions": lambda at: (
        at.existing != "6" and at.state.startswith("REPEAT_")
    ),
    "a resettler's right, which has no end, over unused": lambda at: (
        (at.existing, at.state) == ("4", "EXPIRED_UNUSED")
    ),
    "one's own where nothing is there": lambda at: at.existing == NO_CASE and at.own,
    "one's own of another kind of agency": lambda at: (
        at.existing != NO_CASE and at.own and ISSUES[at.existing] != ASKS[at.request]
    ),
    "another agency's where there is only one": lambda at: (
        at.existing != NO_CASE
        and not at.own
        and ISSUES[at.existing] == ASKS[at.request]
        and ASKS[at.request] in ONLY_ONE
    ),
    "hours left of no case": lambda at: "hours-left" in at.flags and at.existing == NO_CASE,
    "a limited right that is not active": lambda at: "limited" in at.flags and at.state not in ACTIVE,
    "a taken-over right that obliges nobody, is one's own, or whose taker takes nothing over": lambda at: (
        "taken-over" in at.flags
        and (
            at.existing not in {"1b", "2", "5", "7", "8"} or at.own or ASKS[at.request] not in {"ABH", "TGS"}
        )
    ),
    "a course to be repeated that is not completed, or is a repetition": lambda at: (
        "repeatable" in at.flags and (at.state != "EXHAUSTED" or at.existing == "6")
    ),
}


def every_point(table: DecisionTable) -> Iterator[Facts]:
    """Every point of the product that can exist."""
    subsets = [
        frozenset(chosen)
        for size in range(len(table.flags) + 1)
        for chosen in combinations(sorted(table.flags), size)
    ]
    kinds = (NO_CASE, *table.kinds)
    for request, existing, state, own, flags in product(ASKS, kinds, STATES, (True, False), subsets):
        same_kind = existing != NO_CASE and table.kinds[existing] == request
        facts = Facts(request, existing, state, own, same_kind, flags)
        if not any(impossible(facts) for impossible in CANNOT_EXIST.values()):
            yield facts


@pytest.fixture(params=TABLES, ids=lambda table: table.version)
def table(request: pytest.FixtureRequest) -> DecisionTable:
    given = request.param
    assert isinstance(given, DecisionTable)
    return given


def test_every_point_has_one_first_row_and_no_row_is_unreachable(table: DecisionTable) -> None:
    decides = Counter(table.decide(facts).id for facts in every_point(table))
    assert set(decides) == {row.id for row in table.rows if row.point}


def test_no_row_lives_by_the_overriding_flags(table: DecisionTable) -> None:
    """Rows D24 and D25 aside, every row decides about living persons without free movement too."""
    plain = (facts for facts in every_point(table) if not facts.flags & {"deceased", "free-movement"})
    reached = {table.decide(facts).id for facts in plain}
    assert reached == {row.id for row in table.rows if row.point} - {"D24", "D25"}


def test_no_part_of_a_row_is_shadowed(table: DecisionTable) -> None:
    """What a row names, class of request with kind of right, it decides at some point, if that can exist."""
    meant, decided = set(), set()
    for facts in every_point(table):
        deciding = table.decide(facts).id
        for row in table.rows:
            if row.matches(facts) and row.classes is not None:
                part = (row.id, facts.request, facts.existing)
                meant.add(part)
                if row.id == deciding:
                    decided.add(part)
    assert meant == decided


def test_every_reason_of_a_row_is_given_at_some_point(table: DecisionTable) -> None:
    given: dict[str, set[str | None]] = {}
    for facts in every_point(table):
        row = table.decide(facts)
        given.setdefault(row.id, set()).add(row.reason_for(facts))
    for row in table.rows:
        if row.point:
            named = {*row.reason_by_existing.values(), *row.reason_by_request.values()}
            assert given[row.id] == (named | {row.reason} if row.reason or not named else named), row.id


def test_the_order_of_the_rows() -> None:
    """Overriding rows, repetition, cases that are over, limits, takeover; then by number."""
    ids = [row.id for row in TABLES[-1].rows if row.point]
    first = ["D24", "D25", "D33", "D46", "D19", "D20", "D21", "D22", "D23", "D43", "D44", "D34", "D47"]
    assert ids[: len(first)] == first
    assert ids[len(first) :] == sorted(ids[len(first) :])


def test_the_ids() -> None:
    """D26, D27, D28 are superseded and stay unused; D31 is the selection, D35 the way of resuming."""
    unused = {"D26", "D27", "D28", "D31", "D35"}
    assert {row.id for row in TABLES[-1].rows} == {f"D{number:02}" for number in range(1, 48)} - unused
    assert {row.id for row in TABLES[-1].rows if not row.point} == {"D07", "D08", "D09", "D10", "D32"}


EFFECTS = {"new-case", "new-case-remaining", "replace", "ask", "clerk", "repeat-case", "nothing-stored"}


@pytest.mark.parametrize("row", TABLES[-1].rows, ids=lambda row: row.id)
def test_a_row_says_its_effect_and_its_reasons(row: Row) -> None:
    assert row.effect in EFFECTS
    assert (row.answer == "ASK") == (row.effect == "ask")
    assert (row.answer == "CLERK") == (row.effect == "clerk")
    assert row.evidence
    assert row.legal_basis
    assert row.explanation_de != row.explanation_en
