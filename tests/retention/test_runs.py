"""Runs: what waits, what begins anew, who is erased together, a crash in the middle, and doing it again."""

from __future__ import annotations

import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from fixtures.persons import TADEUSZ, entitlement, obligation_1b
from gateway.clerks.sweep import HintSweep
from gateway.retention.replay import replay
from gateway.retention.run import Run, Tally, finished
from gateway.retention.task import RetentionTask
from store.engine import Store
from store.erasure import scrub
from store.erasures import ErasureLine, ErasuresFile
from store.errors import StoreBusy
from store.reader import Reader
from store.records import MessageRef, PersonRecord
from store.schema import content, erasure, hint, journal, person_history
from tests.retention.conftest import Known, after_years, confirm_all, days_go_by, report
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, ABH3, NOW, Core, StandingClock, new_uuid
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.processes import children

LATER = datetime(2033, 6, 1, 9, 0, tzinfo=UTC)
OVER: dict[str, Any] = {"completed_on": date(2027, 5, 1), "course_type": "1", "b1": True}


@pytest.fixture
def plain(store: Store, tmp_path: Path) -> Core:
    """A core whose one clock may be moved; nobody speaks to it."""
    furnish(store, shared_pki())
    return Core(store, shared_pki(), StandingClock(), erasures_file=tmp_path / "erasures.jsonl")


def ran(core: Core, **how: Any) -> Tally:
    return finished(Run(core.store, core.pipeline.tools, **how))


def over(core: Core, **changes: Any) -> PersonRecord:
    """A person with a case that ended on 1 May 2027."""
    person = stored_person(core, **changes)
    stored_case(core, person, "1a", "EXHAUSTED", used=600, **OVER)
    return person


def at(core: Core, moment: datetime) -> None:
    core.clock.time = moment


def stored(core: Core, person_id: int) -> PersonRecord:
    with core.store.unit_of_work() as work:
        found = work.person(person_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("state", "changes", "ends"),
    [
        ("EXHAUSTED", {"completed_on": date(2027, 5, 1)}, date(2027, 5, 1)),
        ("EXHAUSTED", {"last_activity": date(2027, 4, 1)}, date(2027, 4, 1)),
        ("OPEN", {"until": date(2027, 11, 1)}, date(2027, 11, 1)),
        ("EXPIRED_UNUSED", {"until": date(2027, 11, 1)}, date(2027, 11, 1)),
        ("RUNNING", {"last_activity": date(2026, 12, 1)}, date(2028, 1, 1)),
        ("LAPSED_INACTIVE", {"last_activity": date(2026, 12, 1)}, date(2028, 1, 1)),
        ("REVOKED", {}, date(2026, 11, 1)),
    ],
)
def test_the_years_count_from_the_end_of_the_case(
    plain: Core, state: str, changes: dict[str, Any], ends: date
) -> None:
    person = stored_person(plain)
    stored_case(plain, person, "1a", state, **changes)
    for years, stage in ((5, 1), (10, 2)):
        last = datetime(ends.year + years, ends.month, ends.day, 12, tzinfo=UTC)
        at(plain, last)
        assert ran(plain).erased == {1: [], 2: []}
        at(plain, last + timedelta(days=1))
        assert ran(plain).erased == {1: [], 2: [], stage: [person.id]}
        assert ran(plain).erased == {1: [], 2: []}


def test_the_operator_may_count_from_the_opening(store: Store) -> None:
    core = Core(store, shared_pki(), StandingClock(), retention_counts_from="case-opened")
    person = over(core)
    at(core, datetime(2031, 11, 1, 12, tzinfo=UTC))
    assert ran(core).erased[1] == []
    at(core, datetime(2031, 11, 2, 12, tzinfo=UTC))
    assert ran(core).erased[1] == [person.id]


def test_nobody_is_erased_while_a_case_is_active(plain: Core) -> None:
    person = over(plain)
    stored_case(plain, person, "1b", "OPEN", until=None)
    at(plain, datetime(2070, 1, 1, tzinfo=UTC))
    assert ran(plain).erased == {1: [], 2: []}


@pytest.mark.parametrize(
    ("case", "left"),
    [
        ({}, "EXPIRED_UNUSED"),
        ({"state": "RUNNING", "used": 100, "started_on": date(2027, 1, 4)}, "LAPSED_INACTIVE"),
    ],
)
def test_death_ends_what_would_go_on_for_ever(plain: Core, case: dict[str, Any], left: str) -> None:
    person = stored_person(plain)
    stored_case(plain, person, "1b", **{"state": "OPEN", "until": None, **case})
    with plain.store.unit_of_work() as work:
        work.set_deceased(person.id, date(2028, 2, 29), at=NOW, actor="clerk", reason="Meldung der ABH")
        work.commit()
    at(plain, datetime(2033, 2, 28, 12, tzinfo=UTC))
    assert ran(plain).erased[1] == []
    at(plain, datetime(2033, 3, 1, 12, tzinfo=UTC))
    assert ran(plain).erased[1] == [person.id]
    with plain.store.unit_of_work() as work:
        assert [each.state for each in work.cases_of([person.id])] == [left]
    at(plain, datetime(2038, 3, 1, 12, tzinfo=UTC))
    assert ran(plain).erased[2] == [person.id]


def test_those_merged_are_erased_together_by_the_latest_end(plain: Core) -> None:
    person = over(plain)
    other = stored_person(plain, surname="Öztürk", surname_key="öztürk", lock_key=4711)
    stored_case(plain, other, "1a", "EXHAUSTED", **{**OVER, "completed_on": date(2028, 5, 1)})
    with plain.store.unit_of_work() as work:
        work.merge_person(other.id, person.id, at=NOW, actor="clerk", reason="Nachbarin")
        work.commit()
    at(plain, datetime(2033, 5, 1, 12, tzinfo=UTC))
    assert ran(plain).erased[1] == []
    at(plain, datetime(2033, 5, 2, 12, tzinfo=UTC))
    assert ran(plain).erased[1] == [person.id]
    assert [stored(plain, each.id).details for each in (person, other)] == [{}, {}]
    at(plain, datetime(2038, 5, 2, 12, tzinfo=UTC))
    assert ran(plain).erased[2] == [person.id]
    assert all(stored(plain, each.id).is_forgotten for each in (person, other))


def test_hours_that_are_left_stay_a_claim(plain: Core) -> None:
    person = stored_person(plain)
    case = stored_case(plain, person, "1a", "LAPSED_INACTIVE", used=400, last_activity=date(2026, 12, 1))
    at(plain, LATER)
    assert ran(plain).erased[1] == [person.id]
    with plain.store.unit_of_work() as work:
        (left,) = work.cases_of([person.id])
    assert (left.number, left.granted_units, left.used_units, left.state) == (
        case.number,
        300,
        0,
        "LAPSED_INACTIVE",
    )


def test_what_waits_is_told_and_erased_when_it_is_over(
    core: DoorCore, clerk: Clerk, known: Known, store: Store
) -> None:
    after_years(core, clerk, known, 5)
    waiting = report(core, "abh3")
    assert waiting.message_type == "070004"
    ran = clerk.inge("retention", "run")
    assert (ran.code, ran.json["stage_1"]) == (1, [])
    assert ran.json["waits"] == [{"person": known.person, "for": ["work-item"]}]
    clerk.decide(clerk.only_item(), "--same", known.number)
    assert clerk.inge("retention", "due").json["waits"] == [
        {"person": known.person, "for": ["unconfirmed-answer"]}
    ]
    confirm_all(core)
    assert clerk.tells("retention", "run")["stage_1"] == [known.person]
    with store.unit_of_work() as work:
        assert work.request_document(MessageRef(ABH3.kennung, waiting.uuid)) is None


def test_the_log_of_retrievals_goes_by_its_own_term(core: DoorCore, clerk: Clerk, known: Known) -> None:
    before = clerk.tells("retrievals", "list", "--as", "dpo")
    assert before
    after_years(core, clerk, known, 5)
    assert clerk.tells("retention", "run")["stage_1"] == [known.person]
    assert [each["id"] for each in clerk.tells("retrievals", "list", "--as", "dpo")] == [
        each["id"] for each in before
    ]


def test_a_held_retrieval_waits(core: DoorCore, clerk: Clerk, known: Known) -> None:
    entries = clerk.tells("retrievals", "list", "--as", "dpo")
    clerk.tells("retrievals", "hold", entries[0]["id"], "--as", "dpo", "--reason", "Prüfung")
    after_years(core, clerk, known, 5)
    ran = clerk.inge("retention", "run")
    assert (ran.code, ran.json["waits"]) == (1, [{"person": known.person, "for": ["held-retrieval"]}])


@pytest.mark.parametrize("noted", [False, True])
def test_who_gets_a_right_again_is_known_again(
    core: DoorCore, clerk: Clerk, store: Store, *, noted: bool
) -> None:
    number = report(core).number
    assert number is not None
    person = clerk.person_of(number)
    days_go_by(core, clerk, 366 + 5 * 366)
    assert clerk.tells("retention", "run")["stage_1"] == [person]
    if noted:
        # A single fact that a clerk learnt since does not pass for what a report tells.
        clerk.tells(
            "capture", "nationality", "--state", "163", "--number", number, "--as", "e", "--reason", "r"
        )
    told = core.deliver(obligation_1b(ABH2, new_uuid(), core.clock.now(), number=number), "abh2")
    assert told.row == "D19"
    found = stored(core, person)
    assert found.details["azr_nummer"] == "180417100021"
    days_go_by(core, clerk, 6 * 366)
    assert clerk.inge("retention", "due").json["stage_1"] == []
    assert told.number is not None
    clerk.tells("capture", "revoke", "--number", told.number, "--as", "e", "--reason", "r")
    days_go_by(core, clerk, 6 * 366)
    assert clerk.tells("retention", "run")["stage_1"] == [person]
    assert stored(core, person).details == {}


def test_a_living_other_keeps_all_of_its_own(
    core: DoorCore, clerk: Clerk, known: Known, store: Store
) -> None:
    other = report(core, "abh3")
    clerk.decide(clerk.only_item(), "--different")
    number = clerk.later(ABH3.kennung, other.uuid)[-1].berechtigung_verpflichtung.bamfkennziffer
    confirm_all(core)
    clerk.tells("capture", "registration", "--number", number, "--on", "2026-12-24", "--organiser", "T-1",
                "--placement-dispensable", "--as", "e", "--reason", "r")  # fmt: skip
    after_years(core, clerk, known, 5)
    before = stored(core, clerk.person_of(number))
    clerk.tells("retention", "run")
    assert stored(core, before.id) == before
    assert stored(core, known.person).details == {}
    with store.unit_of_work() as work:
        assert work.request_document(MessageRef(ABH3.kennung, other.uuid)) is not None


def test_messages_of_nobody_go_by_their_own_age(plain: Core) -> None:
    core = plain
    core.refusal(b"<nothing/>")
    accepted, _ = core.answer(entitlement(ABH1, new_uuid(), NOW, TADEUSZ))
    assert accepted.number is not None
    # The ids of rows follow the machine's clock, which may be ahead of the one that stands here.
    at(core, NOW + timedelta(days=5 * 365))
    assert ran(core).messages == 0
    at(core, datetime.now(UTC) + timedelta(days=5 * 366))
    assert ran(core, dry=True).messages == 1
    assert readable(core.store) == 2
    assert ran(core).messages == 1
    with core.store.unit_of_work() as work:
        assert work.request_document(MessageRef(ABH1.kennung, accepted.uuid)) is not None
    assert ran(core).messages == 0


def readable(store: Store) -> int:
    with store.read() as reader:
        return int(
            reader.connection.execute(select(func.count()).where(content.c.wrapped.is_not(None))).scalar_one()
        )


def many(core: Core, count: int) -> list[int]:
    return [over(core, surname=f"Person {each}", lock_key=each).id for each in range(count)]


def erased(reader: Reader) -> list[int]:
    return list(
        reader.connection.execute(select(erasure.c.person_id).order_by(erasure.c.person_id)).scalars()
    )


def test_a_run_that_is_killed_goes_on_where_it_was(plain: Core, store_url: str, tmp_path: Path) -> None:
    persons = many(plain, 5)
    file = tmp_path / "erasures.jsonl"
    with children(
        "tests.retention.erasing_child.die_while_erasing", [(store_url, str(file), LATER.isoformat(), 2)]
    ) as (child,):
        assert child.end() == -signal.SIGKILL
    with plain.store.read() as reader:
        assert erased(reader) == persons[:2]
        rows = reader.connection.execute(select(func.count()).where(journal.c.kind == "erased")).scalar_one()
    assert rows == 2
    # The line of the one that died stands in the file: one too many, never one too few.
    assert [line.persons for line in ErasuresFile(file).read() if line] == [(each,) for each in persons[:3]]
    at(plain, LATER)
    assert ran(plain).erased[1] == persons[2:]
    assert all(stored(plain, each).details == {} for each in persons)


def test_the_task_does_one_run_a_day_in_steps(plain: Core) -> None:
    persons = many(plain, 3)
    at(plain, LATER)
    task = RetentionTask(plain.store, plain.pipeline.tools)
    done, steps = 0, 0
    while True:
        progress = task.work(1)
        done, steps = done + progress.done, steps + 1
        if not progress.more:
            break
    assert (done, steps > 5) == (3, True)
    assert task.work(50).done == 0
    with plain.store.read() as reader:
        assert erased(reader) == persons


def test_replay_does_nothing_twice_and_nothing_wrong(plain: Core, tmp_path: Path) -> None:
    persons = many(plain, 3)
    living = stored_person(plain)
    stored_case(plain, living, "1b", "OPEN", until=None)
    lines = [
        ErasureLine((each,), 1, date(2027, 5, 1), LATER.date(), LATER.isoformat())
        for each in (*persons, living.id, 4711)
    ]
    tools = plain.pipeline.tools
    # Today is long before: what counts is the day of the line.
    assert replay(plain.store, tools, lines).erased == 3
    assert replay(plain.store, tools, lines).erased == 0
    assert stored(plain, living.id).details != {}
    assert not (tmp_path / "erasures.jsonl").exists()


def test_a_line_cut_short_swallows_no_other(tmp_path: Path) -> None:
    file = ErasuresFile(tmp_path / "erasures")
    line = ErasureLine((1, 2), 2, date(2027, 5, 1), date(2037, 5, 2), "2037-05-02T00:00:00+00:00")
    assert list(file.read()) == []
    file.append([line])
    with file.path.open("a") as torn:
        torn.write('{"persons": [3')
    file.append([line])
    assert list(file.read()) == [line, None, line]


def test_hints_go_and_are_found_anew_by_names_alone(plain: Core) -> None:
    one, other = over(plain), over(plain, surname="Yildirim-Öztürk", surname_key="x", lock_key=5)
    sweep = HintSweep(plain.store, plain.clock)
    while sweep.work(50).more:
        pass
    at(plain, LATER)
    assert sorted(ran(plain).erased[1]) == [one.id, other.id]
    with plain.store.read() as reader:
        assert reader.connection.execute(select(hint)).all() == []
        assert reader.connection.execute(select(person_history)).all() == []


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_scrubbing_says_when_somebody_reads(plain: Core) -> None:
    at(plain, LATER)
    with plain.store.read() as reader:
        reader.connection.execute(select(journal)).all()
        written = over(plain)
        with pytest.raises(StoreBusy):
            scrub(plain.store)
    assert stored(plain, written.id).details
    scrub(plain.store)


def test_who_was_merged_into_somebody_erased_is_erased_in_time(plain: Core) -> None:
    person = over(plain)
    other = stored_person(plain, surname="Öztürk", surname_key="öztürk", lock_key=4711)
    stored_case(plain, other, "1a", "EXHAUSTED", **{**OVER, "completed_on": date(2028, 1, 1)})
    at(plain, datetime(2032, 6, 1, 12, tzinfo=UTC))
    assert ran(plain).erased[1] == [person.id]
    # A hint by the names that are left: the case of the other one moves.
    with plain.store.unit_of_work() as work:
        for case in work.cases_of([other.id]):
            assert work.move_case(case, person.id, at=NOW, actor="clerk", reason="Nachbarin")
        assert work.merge_person(other.id, person.id, at=NOW, actor="clerk", reason="Nachbarin")
        work.commit()
    at(plain, datetime(2033, 1, 1, 12, tzinfo=UTC))
    assert ran(plain).erased == {1: [], 2: []}
    at(plain, datetime(2033, 1, 2, 12, tzinfo=UTC))
    assert ran(plain).erased == {1: [person.id], 2: []}
    assert [stored(plain, each.id).details for each in (person, other)] == [{}, {}]
    assert ran(plain).erased == {1: [], 2: []}
