"""Finding hints: for one person on demand, and for everybody new by the sweep of the scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from gateway.clerks.hints import Appearance, NameKind, Reason, appearance_of, compare
from gateway.clock import Clock
from gateway.scheduler.runner import Progress
from store import search
from store.engine import Store
from store.records import PersonRecord

Weak: TypeAlias = "tuple[PersonRecord, tuple[Reason, ...]]"
"""A weak candidate, and why."""


def weak_candidates(connection: Connection, who: Appearance, person_id: int | None = None) -> Sequence[Weak]:
    """Return the persons that somebody, reported or stored under an id, may be, each with the reasons.

    Persons of whom a clerk said that they are different are left out, and those no sweep has indexed yet.
    """
    found = search.possibly_same(
        connection,
        birth=who.key.birth,
        surnames=who.surname_forms,
        swapped=(who.form(NameKind.SURNAME), who.form(NameKind.FIRST)),
        leave_out=person_id,
    )
    different = set() if person_id is None else search.said_different(connection, person_id)
    compared = ((other, compare(who, appearance_of(other))) for other in found if other.id not in different)
    return [(other, reasons) for other, reasons in compared if reasons]


class HintSweep:
    """Indexes the names of persons that are new, and stores whom they may be; `clock` is the business one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def work(self, limit: int) -> Progress:
        """Sweep over some persons in one transaction."""
        with self._store.write() as connection:
            new = search.unindexed(connection, limit)
            for person in new:
                seen = appearance_of(person)
                search.index_person(connection, person.id, seen.birth_year, seen.rows())
            for person in new:
                if person.merged_into is None:
                    self._note_hints(connection, person)
        return Progress(len(new), more=len(new) == limit)

    def _note_hints(self, connection: Connection, person: PersonRecord) -> None:
        now = self._clock.now()
        for other, reasons in weak_candidates(connection, appearance_of(person), person.id):
            data = [reason.as_data() for reason in reasons]
            if person.id > other.id:
                # Stored from the side of the lower id, as the pair is.
                data = [Reason(each.code, each.other, each.one).as_data() for each in reasons]
            search.add_hint(connection, person.id, other.id, data, now)
