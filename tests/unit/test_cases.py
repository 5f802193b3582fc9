"""The states of a case: each reached, each way refused where its rule forbids it, one writer at a time."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.cases import lapses_on, rules, state_on
from gateway.cases import transitions as ways
from gateway.cases.course_data import came_back, drop_out, take_test
from gateway.cases.courses import (
    SectionEnd,
    begin_section,
    complete,
    end_section,
    register,
    register_repetition,
    take_section,
)
from gateway.cases.rules import ChangedMeanwhileError, Transition, TransitionRefusedError
from store.case_files import history_of_case
from store.engine import Store
from store.records import CaseRecord, CaseState, RightStatus
from store.unit import UnitOfWork
from tests.support.cases import (
    HOW,
    NOW,
    OPENED,
    TODAY,
    registration,
    reread,
    right_of,
    section,
    stored_case,
    taken,
)

Go = Callable[[UnitOfWork, CaseRecord], CaseRecord]

YESTERDAY = TODAY - timedelta(days=1)
END = SectionEnd(date(2026, 11, 22), 100, 4, 1)


def _end_section(work: UnitOfWork, case: CaseRecord) -> CaseRecord:
    return end_section(work, case, work.sections_of(case.id)[0], END, **HOW)


def _unchanged(case: CaseRecord, noted: bool) -> CaseRecord:
    assert noted
    return case


def _replace(work: UnitOfWork, case: CaseRecord) -> CaseRecord:
    new = right_of(work, case.id, "1b", valid_until=None, unlimited=True, decided_at=NOW)
    return ways.replace(work, case, case.rights[0], new, **HOW)


def _restore(work: UnitOfWork, case: CaseRecord) -> CaseRecord:
    return ways.restore(work, case, case.rights[0], **HOW)


def _admit(work: UnitOfWork, case: CaseRecord) -> CaseRecord:
    case_id = work.new_id()
    admitted = CaseRecord(
        case_id,
        case.person_id,
        "R1",
        CaseState.REPEAT_ADMITTED,
        date(2026, 11, 1),
        (right_of(work, case_id, "6", decided_at=NOW),),
        granted_units=300,
        repeats=case.id,
    )
    return ways.admit_repetition(work, case, admitted, **HOW)


GO: dict[Transition, Go] = {
    rules.REGISTER: lambda work, case: register(work, case, registration(work, case), **HOW),
    rules.REGISTER_REPETITION: lambda work, case: register_repetition(
        work, case, registration(work, case), **HOW
    ),
    rules.BEGIN_SECTION: lambda work, case: begin_section(work, case, section(work, case), **HOW),
    rules.END_SECTION: _end_section,
    rules.COMPLETE: lambda work, case: complete(
        work, case, date(2026, 11, 23), course_type="4", b1=False, **HOW
    ),
    rules.TAKE_TEST: lambda work, case: _unchanged(case, take_test(work, case, taken(work, case), **HOW)),
    rules.DROP_OUT: lambda work, case: _unchanged(case, drop_out(work, case, TODAY, **HOW)),
    rules.EXPIRE: lambda work, case: ways.expire(work, case, **HOW),
    rules.LAPSE: lambda work, case: ways.lapse(work, case, **HOW),
    rules.REVOKE: lambda work, case: ways.revoke(work, case, **HOW),
    rules.CANCEL: lambda work, case: ways.cancel(work, case, **HOW),
    rules.REPLACE: _replace,
    rules.RESTORE: _restore,
    rules.ADMIT_REPETITION: _admit,
}
"""Each way gone as far as the state alone decides."""


def _stored_for(store: Store, way: Transition, state: CaseState) -> CaseRecord:
    """Store a case on which only its state can keep a way from being gone."""
    changes: dict[str, Any] = {}
    # What follows from the calendar is written down by its way only where it is not yet.
    if way is rules.EXPIRE and state is CaseState.EXPIRED_UNUSED:
        stored_case(store, CaseState.OPEN, right={"valid_until": YESTERDAY})
    elif way is rules.LAPSE and state is CaseState.LAPSED_INACTIVE:
        stored_case(store, CaseState.RUNNING, last_activity=date(2025, 10, 1))
    else:
        stored_case(store, state, **changes)
    case = reread(store)
    with store.unit_of_work() as work:
        if way is rules.END_SECTION:
            work.add_section(section(work, case))
        if way is rules.RESTORE:
            new = right_of(work, case.id, "1b", decided_at=NOW)
            assert work.change_right(case.rights[0], RightStatus.REPLACED, replaced_by=new.id, **HOW)
            work.add_right(new)
        work.commit()
    return reread(store)


def test_every_way_is_tried() -> None:
    assert set(GO) == set(rules.ALL)


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("way", rules.ALL, ids=lambda way: way.name)
def test_a_way_is_gone_from_its_states_and_refused_from_all_others(
    store: Store, way: Transition, state: CaseState
) -> None:
    case = _stored_for(store, way, state)
    known = len(_history(store, case))
    with store.unit_of_work() as work:
        if state in way.sources:
            done = GO[way](work, case)
            assert done.state in way.targets or way is rules.ADMIT_REPETITION
            work.commit()
        else:
            with pytest.raises(TransitionRefusedError, match=f"case B1: {way.name}: it is {state}"):
                GO[way](work, case)
    rows = _history(store, case)[known:]
    if state in way.sources:
        assert rows
        assert {(row.actor, row.at) for row in rows} == {("e.muster", NOW)}
        assert all("letter of today" in row.reason for row in rows)
        found = reread(store)
        assert done.number == "R1" or replace(done, used_units=found.used_units) == found
    else:
        assert rows == []
        assert reread(store) == case


def test_every_state_is_reached(store: Store) -> None:
    stored_case(store, CaseState.OPEN)
    seen = {CaseState.OPEN}

    def go(way: Transition, number: str = "B1") -> CaseRecord:
        case = reread(store, number)
        with store.unit_of_work() as work:
            done = GO[way](work, case)
            work.commit()
        seen.add(CaseState(reread(store, done.number).state))
        return done

    for way in (rules.REGISTER, rules.BEGIN_SECTION, rules.END_SECTION, rules.COMPLETE):
        go(way)
    assert go(rules.ADMIT_REPETITION).number == "R1"
    go(rules.REGISTER_REPETITION, "R1")
    for way, number, changes in (
        (rules.REVOKE, "B2", {}),
        (rules.CANCEL, "B3", {}),
        (rules.EXPIRE, "B4", {"right": {"valid_until": YESTERDAY}}),
    ):
        stored_case(store, CaseState.OPEN, number, **changes)
        go(way, number)
    stored_case(store, CaseState.RUNNING, "B5", last_activity=date(2025, 10, 1))
    go(rules.LAPSE, "B5")
    assert seen == set(CaseState)


def test_a_replaced_right_stays_as_a_past_one_and_comes_back_when_that_is_undone(store: Store) -> None:
    before = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work:
        replaced = _replace(work, before)
        work.commit()
    found = reread(store)
    assert found == replaced
    assert (found.number, found.registered_on, found.state) == ("B1", before.registered_on, "RUNNING")
    old, new = found.rights
    assert (old.status, old.replaced_by, new.status, new.art) == ("REPLACED", new.id, "CURRENT", "1b")
    with store.unit_of_work() as work:
        restored = ways.restore(work, found, old, **HOW)
        work.commit()
    assert reread(store) == restored
    assert [right.status for right in restored.rights] == ["CURRENT", "CANCELLED"]
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="does not hold"):
        ways.restore(work, restored, restored.rights[0], **HOW)


def test_an_ended_case_has_no_current_right(store: Store) -> None:
    for way, number, status in ((ways.revoke, "B1", "REVOKED"), (ways.cancel, "B2", "CANCELLED")):
        case = stored_case(store, CaseState.REGISTERED, number)
        with store.unit_of_work() as work:
            done = way(work, case, **HOW)
            work.commit()
        assert reread(store, number) == done
        assert (done.state, [right.status for right in done.rights]) == (status, [status])


def test_the_last_unit_of_the_contingent_exhausts_the_case_and_no_more_is_taken(store: Store) -> None:
    case = stored_case(store, CaseState.REGISTERED, granted_units=250)
    for units, state in ((100, "RUNNING"), (100, "RUNNING"), (50, "EXHAUSTED")):
        with store.unit_of_work() as work:
            begun = begin_section(work, case, section(work, case), **HOW)
            work.commit()
        with store.unit_of_work() as work:
            (open_one,) = [each for each in work.sections_of(case.id) if each.ended_on is None]
            if units == 50:
                with pytest.raises(TransitionRefusedError, match="251 of 250 granted units"):
                    end_section(work, reread_in(work), open_one, replace(END, units=51), **HOW)
            case = end_section(work, reread_in(work), open_one, replace(END, units=units), **HOW)
            work.commit()
        assert (begun.state, case.state) == ("RUNNING", state)
        case = reread(store)
    assert (case.used_units, case.last_activity, case.started_on) == (250, END.ended_on, date(2026, 11, 21))


def reread_in(work: UnitOfWork) -> CaseRecord:
    case = work.case_by_number("B1")
    assert case is not None
    return case


@pytest.mark.parametrize(
    ("types", "units"), [("1", 700), ("4", 1000), ("19", 1000), ("9", 700), ("1 4 1 23", 1000)]
)
def test_a_special_course_has_more_units_once(store: Store, types: str, units: int) -> None:
    stored_case(store, CaseState.REGISTERED)
    rest = stored_case(store, CaseState.REGISTERED, "B2", granted_units=400)
    repeat = stored_case(store, CaseState.REPEAT_REGISTERED, "R1", granted_units=300, repeats=rest.id)
    for course_type in types.split():
        for case in (reread(store), reread(store, "B2"), reread(store, "R1")):
            with store.unit_of_work() as work:
                begun = section(work, case, course_type=course_type)
                take_section(work, case, begun, replace(END, units=1), **HOW)
                work.commit()
    assert reread(store).granted_units == units
    assert reread(store, "B2").granted_units == units - 300
    assert reread(store, "R1").granted_units == repeat.granted_units


def test_a_section_that_is_over_is_taken_at_once(store: Store) -> None:
    case = stored_case(store, CaseState.REPEAT_REGISTERED, granted_units=300)
    with store.unit_of_work() as work:
        done = take_section(work, case, section(work, case), replace(END, units=300), **HOW)
        work.commit()
    assert reread(store) == done
    assert (done.state, done.used_units) == ("EXHAUSTED", 300)
    with store.unit_of_work() as work:
        (kept,) = work.sections_of(case.id)
    assert (kept.ended_on, kept.units, kept.absent_excused, kept.absent_unexcused) == (
        END.ended_on,
        300,
        4,
        1,
    )


@pytest.mark.parametrize(
    ("way", "go", "because"),
    [
        ("register", lambda w, c: register(w, c, registration(w, c, TODAY + timedelta(1)), **HOW), "not yet"),
        (
            "register",
            lambda w, c: register(w, c, registration(w, c, OPENED - timedelta(1)), **HOW),
            "the right is of 2026-01-10",
        ),
    ],
)
def test_a_registration_lies_between_the_right_and_today(
    store: Store, way: str, go: Go, because: str
) -> None:
    case = stored_case(store, CaseState.OPEN)
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match=f"{way}: .*{because}"):
        go(work, case)


@pytest.mark.parametrize(
    ("go", "because"),
    [
        (lambda w, c: begin_section(w, c, section(w, c, TODAY + timedelta(1)), **HOW), "not yet"),
        (
            lambda w, c: begin_section(w, c, section(w, c, date(2026, 1, 31)), **HOW),
            "registered on 2026-02-01",
        ),
        (
            lambda w, c: take_section(w, c, section(w, c), SectionEnd(TODAY + timedelta(1), 1), **HOW),
            "not yet",
        ),
        (
            lambda w, c: take_section(w, c, section(w, c), SectionEnd(date(2026, 11, 20), 1), **HOW),
            "ends before it begins",
        ),
        (lambda w, c: take_section(w, c, section(w, c), SectionEnd(TODAY, -1), **HOW), "granted units"),
        (lambda w, c: complete(w, c, date(2026, 2, 1), course_type="1", b1=True, **HOW), "before it began"),
        (lambda w, c: complete(w, c, TODAY + timedelta(1), course_type="1", b1=True, **HOW), "not yet"),
    ],
)
def test_days_and_units_that_cannot_be(store: Store, go: Go, because: str) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match=because):
        go(work, case)


def test_one_section_after_the_other(store: Store) -> None:
    case = stored_case(store, CaseState.REGISTERED)
    with store.unit_of_work() as work:
        begun = begin_section(work, case, section(work, case), **HOW)
        work.commit()
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="no end yet"):
        begin_section(work, begun, section(work, begun), **HOW)
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="no end yet"):
        complete(work, begun, TODAY, course_type="1", b1=True, **HOW)
    with store.unit_of_work() as work:
        ended = end_section(work, begun, work.sections_of(case.id)[0], END, **HOW)
        work.commit()
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="has an end already"):
        end_section(work, ended, work.sections_of(case.id)[0], END, **HOW)


def test_a_course_is_completed_once(store: Store) -> None:
    case = stored_case(store, CaseState.EXHAUSTED)
    with store.unit_of_work() as work:
        done = complete(work, case, TODAY, course_type="4", b1=True, **HOW)
        work.commit()
    assert (done.b1, done.completed_on, done.course_type) == (True, TODAY, "4")
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="completed on"):
        complete(work, done, TODAY, course_type="4", b1=False, **HOW)


def test_a_course_is_repeated_once(store: Store) -> None:
    case = stored_case(store, CaseState.EXHAUSTED)
    with store.unit_of_work() as work:
        admitted = _admit(work, case)
        work.commit()
    assert reread(store, "R1") == admitted
    assert reread(store).state == "EXHAUSTED"
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match="repeated already"):
        _admit(work, case)


def test_a_right_holds_through_its_last_day(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    assert state_on(case, date(2027, 1, 10)) is CaseState.OPEN
    assert state_on(case, date(2027, 1, 11)) is CaseState.EXPIRED_UNUSED
    registered = replace(case, state="REGISTERED", last_activity=date(2027, 1, 10))
    assert state_on(registered, date(2027, 1, 11)) is CaseState.REGISTERED


@pytest.mark.parametrize("state", ["REGISTERED", "RUNNING"])
def test_a_case_lapses_after_thirteen_months_without_activity(store: Store, state: str) -> None:
    case = stored_case(store, CaseState(state), last_activity=date(2026, 1, 31))
    assert lapses_on(case) == date(2027, 2, 28)
    assert state_on(case, date(2027, 2, 28)) == state
    assert state_on(case, date(2027, 3, 1)) is CaseState.LAPSED_INACTIVE


def test_a_stronger_right_added_later_counts_from_its_own_day(store: Store) -> None:
    case = stored_case(store, CaseState.REGISTERED, last_activity=date(2026, 1, 31))
    with store.unit_of_work() as work:
        new = right_of(work, case.id, "1b", valid_from=date(2026, 6, 1), decided_at=NOW)
        later = ways.replace(work, case, case.rights[0], new, **HOW)
    assert lapses_on(later) == date(2027, 7, 1)
    assert lapses_on(replace(later, last_activity=date(2026, 7, 1))) == date(2027, 8, 1)


def test_neither_open_nor_repeated_cases_lapse(store: Store) -> None:
    for number, state in enumerate((CaseState.OPEN, CaseState.REPEAT_REGISTERED)):
        case = stored_case(store, state, f"B{number}", last_activity=date(2020, 1, 1))
        assert lapses_on(case) is None
        assert state_on(case, TODAY) is state


def test_of_several_writers_one_changes_the_case(store: Store) -> None:
    """Without the lock of the person, which everybody else takes: comparing alone lets one through."""
    stored_case(store, CaseState.OPEN)
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def work(way: Transition) -> None:
        case = reread(store)
        together.wait(20)
        with store.unit_of_work() as unit:
            try:
                GO[way](unit, case)
                unit.commit()
                outcomes.append(way.name)
            except ChangedMeanwhileError:
                outcomes.append("late")

    ways_to_go = (rules.REGISTER, rules.REVOKE, rules.CANCEL, rules.REGISTER)
    threads = [threading.Thread(target=work, args=(way,)) for way in ways_to_go]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("late") == 3
    (winner,) = [name for name in outcomes if name != "late"]
    (target,) = next(way for way in rules.ALL if way.name == winner).targets
    assert reread(store).state == target


def test_of_two_replacements_one_holds(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    with store.unit_of_work() as work:
        _replace(work, case)
        work.commit()
    with store.unit_of_work() as work, pytest.raises(ChangedMeanwhileError):
        _replace(work, case)
    assert [right.status for right in reread(store).rights] == ["REPLACED", "CURRENT"]


def _history(store: Store, case: CaseRecord) -> list[Any]:
    with store.read() as reader:
        return list(history_of_case(reader.connection, case.id))


def test_a_test_is_taken_once_and_its_results_may_come_later(store: Store) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work:
        first = taken(work, case, overall=None, parts={"hoeren": {"result": "190"}})
        assert take_test(work, case, first, **HOW)
        work.flush()
        said = taken(work, case, parts={"hoeren": {"points": "34 von 45"}, "sprechen": {"result": "195"}})
        assert take_test(work, case, said, **HOW)
        work.flush()
        assert not take_test(work, case, said, **HOW)
        assert not take_test(work, case, first, **HOW)
        (kept,) = work.tests_of(case.id)
        work.commit()
    assert (kept.id, kept.overall) == (first.id, "115")
    assert kept.parts == {
        "hoeren": {"result": "190", "points": "34 von 45"},
        "sprechen": {"result": "195"},
    }
    reasons = [row.reason for row in _history(store, case)]
    assert reasons == ["take test: letter of today"] * 2


def test_a_test_of_another_kind_day_or_organiser_is_another(store: Store) -> None:
    case = stored_case(store, CaseState.EXHAUSTED)
    with store.unit_of_work() as work:
        for changes in ({}, {"taken_on": date(2026, 11, 22)}, {"organiser": "T2"}, {"kind": "orientation"}):
            assert take_test(work, case, taken(work, case, **changes), **HOW)
        work.commit()
    with store.unit_of_work() as work:
        assert len(work.tests_of(case.id)) == 4


@pytest.mark.parametrize(
    ("go", "because"),
    [
        (
            lambda w, c: take_test(w, c, taken(w, c, taken_on=TODAY + timedelta(1)), **HOW),
            "take test: .*not yet",
        ),
        (
            lambda w, c: take_test(w, c, taken(w, c, taken_on=date(2026, 1, 31)), **HOW),
            "registered on 2026-02-01",
        ),
        (lambda w, c: drop_out(w, c, TODAY + timedelta(1), **HOW), "drop out: .*not yet"),
        (lambda w, c: drop_out(w, c, date(2026, 2, 28), **HOW), "before it began"),
    ],
)
def test_days_of_tests_and_dropouts_that_cannot_be(store: Store, go: Go, because: str) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work, pytest.raises(TransitionRefusedError, match=because):
        go(work, case)


def test_whoever_left_the_course_and_comes_back_has_not_left_it(store: Store) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work:
        assert drop_out(work, case, date(2026, 11, 1), **HOW)
        work.flush()
        assert not drop_out(work, case, date(2026, 11, 1), **HOW)
        assert drop_out(work, case, date(2026, 11, 2), **HOW)
        work.flush()
        assert not came_back(work, case, date(2026, 11, 2))
        # Told late, it began before that day.
        case = take_section(work, case, section(work, case, date(2026, 11, 2)), END, **HOW)
        work.flush()
        known = work.dropout_of(case.id)
        assert known is not None
        assert known.dropped_on == date(2026, 11, 2)
        case = begin_section(work, case, section(work, case), **HOW)
        work.flush()
        assert work.dropout_of(case.id) is None
        assert came_back(work, case, date(2026, 11, 2))
        with pytest.raises(TransitionRefusedError, match="a section began after that day"):
            drop_out(work, case, date(2026, 11, 2), **HOW)
        work.commit()
    assert "came back after the dropout of 2026-11-02: begin section: letter of today" in [
        row.reason for row in _history(store, case)
    ]


def test_a_dropout_neither_ends_nor_prolongs_a_case(store: Store) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work:
        drop_out(work, case, TODAY, **HOW)
        work.commit()
    found = reread(store)
    assert found == case
    assert lapses_on(found) == date(2027, 4, 1)


def test_whoever_completes_the_course_has_not_left_it(store: Store) -> None:
    case = stored_case(store, CaseState.RUNNING)
    with store.unit_of_work() as work:
        drop_out(work, case, date(2026, 11, 1), **HOW)
        work.flush()
        complete(work, case, date(2026, 11, 23), course_type="1", b1=True, **HOW)
        work.commit()
    with store.unit_of_work() as work:
        assert work.dropout_of(case.id) is None
