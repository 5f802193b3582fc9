"""Erasing in several processes while agencies report the same persons: nobody is erased twice or too late."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice

from sqlalchemy import func, select

from fixtures.persons import many_persons
from store.case_files import history_of_person
from store.engine import Store
from store.schema import erasure, journal
from tests.support.core import Core
from tests.support.furnishing import furnish
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.processes import Child, children
from tests.support.ring import scale

LATER = datetime(2033, 6, 1, 9, 0, tzinfo=UTC)
SEED = 20330601
PERSONS = 40
CHILD = "tests.retention.at_once_child"


def test_who_is_reported_while_being_erased_is_known_and_who_is_erased_is_erased_once(
    store: Store, store_url: str
) -> None:
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    count = scale(PERSONS, 10 * PERSONS)
    stored = [stored_person(core, each) for each in islice(many_persons(SEED), count)]
    cases = [
        stored_case(core, each, "1a", "EXPIRED_UNUSED", until=date(2027, 11, 1), opened_on=date(2026, 11, 1))
        for each in stored
    ]
    numbers = [case.number for case in cases]
    given = (store_url, str(shared_pki().directory), LATER.isoformat())
    with (
        children(f"{CHILD}.erase", [given] * 2) as erasing,
        children(f"{CHILD}.report_anew", [(*given, SEED, numbers)]) as reporting,
    ):
        begin([*erasing, *reporting])
        ((told,), erased) = ([each.hear() for each in reporting], [each.hear() for each in erasing])
    done = erased[0] + erased[1]
    assert len(done) == len(set(done)) >= len(erased)
    assert len(set(told) | set(numbers)) == 2 * count
    with store.unit_of_work() as work:
        for person in stored:
            now = work.person(person.id)
            assert now is not None
            states = sorted(str(case.state) for case in work.cases_of([person.id]))
            assert (states, bool(now.details)) == (["EXPIRED_UNUSED", "OPEN"], True)
            # Who was erased before the report has what the report says and nothing else.
            assert ("reported-anew" in what(store, person.id)) == (person.id in done)
    with store.read() as reader:
        rows = reader.connection.execute(select(func.count()).where(journal.c.kind == "erased")).scalar_one()
        noted = reader.connection.execute(select(func.count()).select_from(erasure)).scalar_one()
    assert rows == noted == len(done)


def what(store: Store, person_id: int) -> list[str]:
    """What was changed of a person."""
    with store.read() as reader:
        return [each.what for each in history_of_person(reader.connection, person_id)]


def begin(started: list[Child]) -> None:
    assert [child.hear() for child in started] == ["ready"] * len(started)
    for child in started:
        child.tell()
