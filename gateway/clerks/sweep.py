"""Finding hints: for one person on demand, and for everybody new by the sweep of the scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection

from gateway.clerks.hints import Appearance, NameKind, Reason, appearance_of, compare
from gateway.clock import Clock
from gateway.scheduler.runner import Progress
from store import search
from store.engine import Store
from store.records import PersonRecord

Weak: TypeAlias = "tuple[PersonRecord, tuple[Reason, ...]]"
"""A weak candidate, and why."""
_Pair: TypeAlias = "tuple[int, int, tuple[Reason, ...]]"

QUICK_SWEEPS: Final = 100
"""After so many sweeps that found all that is new, everybody is looked through again."""


def weak_candidates(connection: Connection, who: Appearance, person_id: int | None = None) -> Sequence[Weak]:
    """Return the persons that somebody, reported or stored under an id, may be, each with the reasons.

    Persons of whom a clerk said that they are different are left out, and those no sweep has indexed yet.
    """
    found = search.possibly_same(
        connection,
        birth=who.key.birth,
        surnames=who.surname_forms,
        swapped_first=who.form(NameKind.SURNAME),
    )
    apart = set()
    if person_id is not None and found:
        apart = {person_id} | search.said_different(connection, person_id)
    compared = ((other, compare(who, appearance_of(other))) for other in found if other.id not in apart)
    return [(other, reasons) for other, reasons in compared if reasons]


class HintSweep:
    """Indexes the names of persons that are new, and stores whom they may be; `clock` is the business one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._after = 0
        self._quick = 0

    def work(self, limit: int) -> Progress:
        """Sweep over some persons: everything is read and compared first, then written at once.

        Persons are looked for after the last one found, since looking through all costs seconds where there
        are millions. Somebody committed late, with a smaller id, is found when all are looked through again.
        Who was renamed is marked and comes first.
        """
        renamed = self._read_anew(limit)
        with self._store.read() as reader:
            new = search.unindexed(reader.connection, limit, self._after)
            seen = [(person, appearance_of(person)) for person in new]
            hints = [
                (person.id, other.id, reasons)
                for person, appearance in seen
                if person.merged_into is None
                for other, reasons in weak_candidates(reader.connection, appearance, person.id)
            ]
        hints += _among(seen)
        if new:
            self._write(seen, hints)
        self._go_on(new, limit)
        return Progress(renamed + len(new), more=limit in (renamed, len(new)))

    def _read_anew(self, limit: int) -> int:
        """Sweep over persons that were renamed: they are few, so that all is done in one transaction."""
        with self._store.read() as reader:
            marked = search.renamed(reader.connection, limit)
        if not marked:
            return 0
        with self._store.write() as connection:
            seen = [(each, appearance_of(each)) for each in search.read_anew(connection, marked)]
            search.index_persons(connection, _rows(seen))
            for person, appearance in seen:
                weak = weak_candidates(connection, appearance, person.id)
                self._add(connection, ((person.id, other.id, reasons) for other, reasons in weak))
        return len(marked)

    def _write(self, seen: Sequence[tuple[PersonRecord, Appearance]], hints: Iterable[_Pair]) -> None:
        with self._store.write() as connection:
            search.index_persons(connection, _rows(seen))
            self._add(connection, hints)

    def _add(self, connection: Connection, hints: Iterable[_Pair]) -> None:
        now = self._clock.now()
        for one, other, reasons in hints:
            # Stored from the side of the lower id, as the pair is.
            turned = reasons if one < other else [Reason(why.code, why.other, why.one) for why in reasons]
            search.add_hint(connection, one, other, [why.as_data() for why in turned], now)

    def _go_on(self, new: Sequence[PersonRecord], limit: int) -> None:
        if new:
            self._after = new[-1].id
        if len(new) < limit:
            self._quick += 1
            if self._quick == QUICK_SWEEPS:
                self._after = self._quick = 0


def _rows(seen: Iterable[tuple[PersonRecord, Appearance]]) -> Iterator[tuple[int, str, str, int]]:
    """Yield what the index holds of persons."""
    for person, appearance in seen:
        for kind, form in appearance.rows():
            yield person.id, kind, form, appearance.birth_year


def _among(seen: Sequence[tuple[PersonRecord, Appearance]]) -> Iterator[_Pair]:
    """Yield the pairs of weak candidates among persons that are all new."""
    for number, (one, appearance) in enumerate(seen):
        for other, another in seen[number + 1 :]:
            if one.merged_into is None and other.merged_into is None:
                reasons = compare(appearance, another)
                if reasons:
                    yield one.id, other.id, reasons
