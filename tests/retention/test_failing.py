"""Errors: of the file of erasures, which end a run until the next turn, and of one person, which do not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.retention import run
from gateway.retention.task import RetentionTask
from gateway.undone import UndoneError
from store.engine import Store
from store.erasures import ErasureLine, ErasuresFile
from store.records import PersonRecord
from store.schema import case_file
from tests.support.clerk import Clerk
from tests.support.core import Core, StandingClock
from tests.support.furnishing import furnish
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki

LATER = datetime(2033, 6, 1, 9, 0, tzinfo=UTC)


def test_a_run_that_an_error_ended_is_begun_anew_on_the_same_day(store: Store, tmp_path: Path) -> None:
    furnish(store, shared_pki())
    away = tmp_path / "unmounted"
    core = Core(store, shared_pki(), StandingClock(), erasures_file=away / "erasures.jsonl")
    person = stored_person(core)
    stored_case(core, person, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    core.clock.time = LATER
    task = RetentionTask(store, core.pipeline.tools)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            turn(task)
        # What cannot be told is not erased.
        assert details_of(store, person) != {}
    away.mkdir()
    assert turn(task) == 1
    assert details_of(store, person) == {}
    assert task.work(50).done == 0


def turn(task: RetentionTask) -> int:
    """Let the task come to the end of its run; out: how many persons it erased."""
    done, more = 0, True
    while more:
        progress = task.work(50)
        done, more = done + progress.done, progress.more
    return done


def details_of(store: Store, person: PersonRecord) -> object:
    with store.unit_of_work() as work:
        found = work.person(person.id)
    assert found is not None
    return found.details


def test_an_error_about_one_person_keeps_no_other_from_being_erased(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    core = Core(store, shared_pki(), StandingClock(), erasures_file=tmp_path / "erasures.jsonl")
    spoilt, person = stored_person(core), stored_person(core)
    for each in (spoilt, person):
        stored_case(core, each, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    spoil(store, spoilt)
    core.clock.time = LATER
    task = RetentionTask(store, core.pipeline.tools)
    with pytest.raises(UndoneError, match=f"person not erased: {spoilt.id}"):
        turn(task)
    assert details_of(store, person) == {}
    # The next day tries again, not the next turn: a run reads all that is stored.
    assert task.work(50).done == 0
    (alarm,) = [each for each in caplog.records if "not erased" in each.message]
    assert (alarm.levelname, vars(alarm)["person"]) == ("ERROR", str(spoilt.id))
    assert "Leyla" not in caplog.text


def test_a_command_tells_whom_an_error_kept_from_being_erased(
    store: Store, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = Core(store, shared_pki(), StandingClock())
    clerk = Clerk(core, tmp_path, store_url, monkeypatch)
    spoilt, person = stored_person(core), stored_person(core)
    for each in (spoilt, person):
        stored_case(core, each, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    spoil(store, spoilt)
    core.clock.time = LATER
    for command, erased in (("due", [person.id]), ("run", [person.id]), ("run", [])):
        told = clerk.inge("retention", command)
        assert (told.code, told.json["stage_1"], told.json["failed"]) == (1, erased, [spoilt.id])
    file = tmp_path / "told.jsonl"
    ErasuresFile(file).append([ErasureLine((spoilt.id,), 1, date(2027, 5, 1), LATER.date(), "")])
    again = clerk.inge("retention", "replay", "--file", str(file))
    assert (again.code, again.json["erased"], again.json["failed"]) == (1, 0, [spoilt.id])
    folder = clerk.inge("retention", "replay", "--file", str(tmp_path))
    assert (folder.code, str(tmp_path) in folder.err) == (2, True)
    configured = tmp_path / "store" / "heads.jsonl.erasures"
    configured.unlink()
    configured.mkdir()
    report = clerk.inge("retention", "report")
    assert (report.code, "erasures: Is a directory" in report.err) == (2, True)


def test_as_many_as_a_pass_holds_may_wait(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "HELD_AT_MOST", 1)
    monkeypatch.setattr(run, "LOOKED_AT_ONCE", 1)
    core = Core(store, shared_pki(), StandingClock(), erasures_file=tmp_path / "erasures.jsonl")
    persons = [stored_person(core) for _ in range(3)]
    for each in persons:
        stored_case(core, each, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    core.clock.time = LATER
    assert turn(RetentionTask(store, core.pipeline.tools)) == 3
    assert [details_of(store, each) for each in persons] == [{}, {}, {}]


def spoil(store: Store, person: PersonRecord) -> None:
    """Write a state that no program knows into the cases of a person."""
    with store.write() as connection:
        connection.execute(update(case_file).where(case_file.c.person_id == person.id).values(state="SPOILT"))
