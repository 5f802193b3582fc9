"""The decision table as data: what it covers, in which order, and what its reader refuses."""

from datetime import date

import pytest

from gateway.rules.engine import NO_CASE, Candidate, Facts, Row, RuleBook, UndecidableError, Verdict
from gateway.rules.reader import TableError, load_rules, read_table
from messages.codes import code
from messages.errors import CATALOGUE
from tests.rules.test_product import every_point

TABLE = load_rules().tables[-1]


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.id)
def test_a_row_is_complete(row: Row) -> None:
    reasons = {row.reason, *row.reason_by_existing.values(), *row.reason_by_request.values()} - {None}
    assert bool(reasons) is (row.answer in (Verdict.REFUSE, Verdict.ASK))
    code_list = "nachfragegrund" if row.answer is Verdict.ASK else "ablehnungsgrund"
    for reason in reasons:
        assert reason in CATALOGUE
        assert code(code_list, str(reason)).list_version
    for info in row.info:
        assert info in CATALOGUE
    assert row.explanation_de.endswith(".")
    assert row.explanation_en.endswith(".")
    assert row.legal_basis.startswith("§")


def test_row_without_point_is_found_by_its_id_only() -> None:
    assert not any(TABLE.row("D10").matches(facts) for facts in every_point(TABLE))
    with pytest.raises(LookupError):
        TABLE.row("D99")


def test_unknown_flag_is_an_error_not_a_default() -> None:
    with pytest.raises(ValueError, match="left-handed"):
        TABLE.decide(Facts("E", flags=frozenset({"left-handed"})))


@pytest.mark.parametrize(
    ("cases", "chosen"),
    [
        ([], None),
        ([("1a", "OPEN", 1), ("1b", "OPEN", 2)], 1),
        ([("1a", "OPEN", 2), ("3", "OPEN", 3)], 1),
        ([("1b", "EXPIRED_UNUSED", 1), ("1a", "OPEN", 2)], 1),
        ([("5", "OPEN", 2), ("2", "REGISTERED", 1)], 1),
        ([("8", "OPEN", 1), ("1b", "OPEN", 2), ("4", "OPEN", 3)], 2),
        ([("4", "OPEN", 1), ("6", "REPEAT_ADMITTED", 2)], 1),
        ([("1a", "EXPIRED_UNUSED", 1), ("1a", "LAPSED_INACTIVE", 2), ("1a", "EXHAUSTED", 3)], 2),
        ([("1b", "EXHAUSTED", 1), ("6", "EXHAUSTED", 2)], 1),
        ([("1a", "EXPIRED_UNUSED", 1), ("1a", "CANCELLED", 2)], 1),
    ],
)
def test_D31_the_case_that_counts(cases: list[tuple[str, str, int]], chosen: int | None) -> None:
    candidates = [Candidate(existing, state, (decided,)) for existing, state, decided in cases]
    assert TABLE.select(candidates) == chosen


def test_D31_an_unranked_case_is_an_error() -> None:
    with pytest.raises(LookupError):
        TABLE.select([Candidate("9", "OPEN")])


SMALL = """
version = "test"
valid_from = 2026-01-01
flags = ["deceased", "hours-left"]
[words]
STRONG = ["1b", "2"]
ACTIVE = ["OPEN"]
[kinds]
1a = "E"
[selection]
active = [["STRONG"], ["1a"]]
inactive = [["EXPIRED_UNUSED"]]
"""
ROW = """
[[row]]
id = "D1"
request = ["E"]
answer = "REJ"
reason = "17108"
effect = "nothing-stored"
legal_basis = "§ 1"
explanation_de = "Weil."
explanation_en = "Because."
evidence = "D"
"""


def table_with(row: str) -> str:
    return SMALL + row


def test_flags_and_reasons_by_class_are_conditions_like_the_others() -> None:
    dead = (
        ROW.replace('"D1"', '"D24"').replace('reason = "17108"', 'reason = "17053"') + 'with = ["deceased"]\n'
    )
    lapsed = ROW.replace('"D1"', '"D21"') + 'existing = { states = ["OPEN"] }\nwithout = ["hours-left"]\n'
    by_class = ROW + 'reason_by_existing = { "1b" = "17109" }\n'
    table = read_table(table_with(dead + lapsed + by_class))
    assert table.decide(Facts("E", flags=frozenset({"deceased", "hours-left"}))).id == "D24"
    assert table.decide(Facts("E", "1a", "OPEN")).id == "D21"
    last = table.decide(Facts("E", "1b", "OPEN", flags=frozenset({"hours-left"})))
    assert last.id == "D1"
    assert last.reason_for(Facts("E", "1b", "OPEN")) == "17109"
    assert last.reason_for(Facts("E", "1a", "OPEN")) == "17108"


def test_the_first_matching_row_decides() -> None:
    table = read_table(table_with(ROW + ROW.replace('"D1"', '"D2"')))
    assert table.decide(Facts("E")).id == "D1"
    with pytest.raises(UndecidableError):
        table.decide(Facts("Vabh"))


def test_own_and_other_mean_an_existing_right() -> None:
    table = read_table(table_with(ROW + 'existing = { agency = "other" }\n'))
    assert table.decide(Facts("E", "1a", "OPEN", own=False)).id == "D1"
    for facts in (Facts("E", NO_CASE), Facts("E", "1a", "OPEN", own=True)):
        with pytest.raises(UndecidableError):
            table.decide(facts)


@pytest.mark.parametrize(
    "row",
    [
        ROW + "colour = 1\n",
        ROW + 'existing = { colour = "red" }\n',
        ROW + 'existing = { agency = "mine" }\n',
        ROW + 'with = ["left-handed"]\n',
        ROW.replace('reason = "17108"\n', ""),
        ROW.replace('answer = "REJ"', 'answer = "ACC"'),
        ROW.replace('request = ["E"]\n', ""),
        ROW.replace('legal_basis = "§ 1"\n', ""),
        ROW.replace('evidence = "D"', 'evidence = "hearsay"'),
        ROW + ROW,
    ],
)
def test_the_reader_refuses_what_it_does_not_know(row: str) -> None:
    with pytest.raises(TableError):
        read_table(table_with(row))


def test_the_version_in_force_on_a_day_decides() -> None:
    old = read_table(table_with(ROW))
    new = read_table(table_with(ROW).replace('"test"', '"next"').replace("2026-01-01", "2027-01-01"))
    book = RuleBook([new, old])
    assert book.on(date(2026, 12, 31)).version == "test"
    assert book.on(date(2027, 1, 1)).version == "next"
    with pytest.raises(LookupError):
        book.on(date(2025, 12, 31))
    with pytest.raises(ValueError):
        RuleBook([old, old])
