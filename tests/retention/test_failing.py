"""A run that an error ends: the day's work is not done, and is taken up again at the next turn."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.retention.task import RetentionTask
from store.engine import Store
from store.records import PersonRecord
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
