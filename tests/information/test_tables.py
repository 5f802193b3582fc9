"""The tables of takeover and scope are complete: every point that can exist has a row, every row a point.

The product is kind of agency × purpose × class of the right × state × relation × flags; what cannot exist is
left out by the predicates below.
"""

from collections.abc import Iterator
from itertools import product

import pytest

from gateway.information.log import Purpose
from gateway.information.relation import Relation
from gateway.information.scope import scope_table
from gateway.information.table import (
    DECEASED,
    REPETITION,
    Answer,
    Facts,
    InformationTable,
    TableError,
    read_table,
)
from gateway.information.takeover import may_take_over, takeover_table
from gateway.rules.reader import load_rules

ISSUES = {"1a": "ABH", "1b": "ABH", "2": "ABH", "3": "BAMF", "4": "BVA", "5": "TGS", "7": "TLA", "8": "TGS"}
"""Who issues each class; `6` is never the right that obliges, but the right of the case that is repeated."""
STATES = ("OPEN", "REGISTERED", "RUNNING", "EXHAUSTED", "EXPIRED_UNUSED", "LAPSED_INACTIVE", "REVOKED",
          "CANCELLED")  # fmt: skip
ACTIVE = {"OPEN", "REGISTERED", "RUNNING"}
WITHDRAWN = {"REVOKED", "CANCELLED"}
OBLIGING = {"1b", "2", "5", "7", "8"}
FLAGS = [
    frozenset(each) for each in ((), (DECEASED,), (REPETITION,), (DECEASED, REPETITION))
]  # fmt: skip


def can_exist(at: Facts) -> bool:
    """Tell whether such a point comes."""
    return not any(
        (
            at.existing == "4" and at.state == "EXPIRED_UNUSED",
            at.relation is Relation.OWN and ISSUES[at.existing] != at.asker,
            at.relation is Relation.TAKEN_OVER
            and (at.existing not in OBLIGING or ISSUES[at.existing] == at.asker),
            # A takeover ends with the right it is about.
            at.relation is Relation.TAKEN_OVER and at.state in WITHDRAWN,
            REPETITION in at.flags and at.state != "EXHAUSTED",
            at.purpose is Purpose.PERMIT_RENEWAL and at.asker != "ABH",
        )
    )


def every_point(*purposes: Purpose) -> Iterator[Facts]:
    """Every point of these purposes that can exist."""
    for asker, purpose in product(("ABH", "TGS"), purposes):
        if purpose is not Purpose.PERMIT_RENEWAL or asker == "ABH":
            yield Facts(asker, purpose)
        for point in product(ISSUES, STATES, Relation, FLAGS):
            facts = Facts(asker, purpose, *point)
            if can_exist(facts):
                yield facts


def scope_points() -> Iterator[Facts]:
    """Every point of the scope: also those after a takeover, where the table of takeovers lets one tell."""
    yield from every_point(Purpose.PARTICIPATION, Purpose.PERMIT_RENEWAL)
    for facts in every_point(Purpose.TAKEOVER):
        answer = takeover_table().decide(facts).answer
        if answer is Answer.TELL:
            yield facts
        if answer is Answer.TAKE:
            yield Facts(
                facts.asker, facts.purpose, facts.existing, facts.state, Relation.TAKEN_OVER, facts.flags
            )


POINTS = [
    pytest.param(takeover_table(), list(every_point(Purpose.TAKEOVER)), id="takeover"),
    pytest.param(scope_table(), list(scope_points()), id="scope"),
]


@pytest.mark.parametrize(("table", "points"), POINTS)
def test_every_point_has_one_first_row_and_no_row_is_unreachable(
    table: InformationTable, points: list[Facts]
) -> None:
    assert {table.decide(facts).id for facts in points} == {row.id for row in table.rows}


@pytest.mark.parametrize(("table", "points"), POINTS)
def test_no_class_a_row_names_is_shadowed(table: InformationTable, points: list[Facts]) -> None:
    meant, decided = set(), set()
    for facts in points:
        deciding = table.decide(facts).id
        for row in table.rows:
            if row.matches(facts) and row.classes is not None:
                meant.add((row.id, facts.existing))
                if row.id == deciding:
                    decided.add((row.id, facts.existing))
    assert meant == decided


@pytest.mark.parametrize(("table", "points"), POINTS)
def test_a_row_says_its_reasons_in_both_languages(table: InformationTable, points: list[Facts]) -> None:
    assert points
    for row in table.rows:
        assert row.legal_basis
        assert row.explanation_de != row.explanation_en
        if row.answer is Answer.REFUSE:
            assert row.told({})


def test_the_ids_are_in_the_order_of_deciding() -> None:
    for table, letter in ((takeover_table(), "T"), (scope_table(), "A")):
        assert [row.id for row in table.rows] == [f"{letter}{n:02}" for n in range(1, len(table.rows) + 1)]


def test_who_takes_over_is_told_something() -> None:
    for facts in scope_points():
        if facts.purpose is Purpose.TAKEOVER:
            assert scope_table().decide(facts).answer is Answer.TELL


def test_a_block_leaves_nothing_from_which_a_place_can_be_seen() -> None:
    places = {"registration", "sections", "absences", "test-dates", "test-results", "expired"}
    assert all(not places & set(row.fields_blocked) for row in scope_table().rows)


def test_jobcenters_get_no_mark_of_success_and_authorities_no_results_of_tests() -> None:
    for facts in scope_points():
        fields = scope_table().decide(facts).fields
        assert ("success" if facts.asker == "TGS" else "test-results") not in fields


def test_the_table_of_conflicts_promises_a_takeover_exactly_where_there_is_one() -> None:
    """`kannUebernommenWerden` of D12, D13, D16 and what 070016, 080016 then answer are of one mind."""
    rules = load_rules().tables[-1]
    promised = {row.id for row in rules.rows if row.takeover}
    assert promised == {"D12", "D13", "D16"}
    for row in rules.rows:
        if not row.takeover:
            continue
        for request, existing, state in product(row.requests, row.classes or (), sorted(ACTIVE)):
            asker = "ABH" if request == "Vabh" else "TGS"
            assert may_take_over(asker, existing, state, Relation.OTHER), (row.id, request, existing)


@pytest.mark.parametrize("asker", ["BAMF", "BVA", "TLA"])
def test_nobody_else_takes_over(asker: str) -> None:
    assert not may_take_over(asker, "5", "OPEN", Relation.OTHER)


ROW = """
version = "1"
fields = ["notes"]
[words]
[[row]]
id = "A01"
answer = "TELL"
legal_basis = "§ 8 IntV"
explanation_de = "ja"
explanation_en = "yes"
evidence = "L"
"""


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('colour = "red"', "unknown key colour"),
        ('reason = "17571"', "a refusal, and only one, has a reason"),
        ('text = "17571.nowhere"', "no entry 17571.nowhere"),
        ('fields = ["shoe-size"]', "fields the table does not list"),
        ('fields_blocked = ["notes"]', "more of them behind a block"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_with_its_row(line: str, complaint: str) -> None:
    with pytest.raises(TableError, match=f"row A01: .*{complaint}"):
        read_table(ROW + line)


def test_a_point_without_a_row_is_not_decided() -> None:
    with pytest.raises(LookupError, match="no row"):
        InformationTable("1", {}, ()).decide(Facts("ABH", Purpose.TAKEOVER))
