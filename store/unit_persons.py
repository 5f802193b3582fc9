"""What a unit of work knows of persons: locks, reading, merging and splitting, homonyms."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from store.records import PersonRecord
from store.schema import homonym, person, person_history, person_search
from store.statements import ids_text, to_json
from store.unit_base import Work

RENAMED = "renamed"
"""The kind of the row that stands in the index of a person whose names have to be read anew."""


class PersonWork(Work):
    """Persons. What changes a stored one compares first, and leaves a row of history (who, when, why)."""

    __slots__ = ()

    def lock_persons(self, lock_keys: Iterable[int]) -> None:
        """Lock the signed 64-bit keys until the end, in ascending order; call it once, with every key.

        On PostgreSQL the locks travel with the next question and are held before it reads. On SQLite the
        transaction is the lock. Keys that are locked here already are passed over.
        """
        if self._link.dialect == "sqlite":
            return
        keys = sorted(set(lock_keys) - self._locked)
        if not keys:
            return
        self._locked.update(keys)
        if len(keys) == 1:
            self._link.defer(self._queries.lock_one, (keys[0],))
        else:
            self._link.defer(self._queries.lock_many, (ids_text("postgresql", keys),))

    def person(self, person_id: int) -> PersonRecord | None:
        """Return a person as it is stored, also one that was merged into another."""
        rows = self._run(self._queries.person, person_id)
        return PersonRecord(*rows[0]) if rows else None

    def note_strangers(self, lock_keys: Iterable[int]) -> None:
        """Find out at once under which of these keys nobody is stored and nothing waits; lock them before.

        Of those the store is not asked any more, until something is added under them here.
        """
        keys = set(lock_keys)
        ids = ids_text(self._link.dialect, keys)
        self._strangers = keys - {key for (key,) in self._run(self._queries.keys_in_use, ids, ids)}

    def persons_by_lock_key(self, lock_key: int) -> list[PersonRecord]:
        """Return the persons with this lock key, merged ones too, by id."""
        if lock_key in self._strangers:
            return []
        return [PersonRecord(*row) for row in self._run(self._queries.persons, lock_key)]

    def person_by_number(self, number: str) -> PersonRecord | None:
        """Return the person one of whose cases has this identification number."""
        rows = self._run(self._queries.person_by_number, number)
        return PersonRecord(*rows[0]) if rows else None

    def next_counter(self) -> tuple[int, int]:
        """Return (epoch, counter) for one identification number; no pair is ever handed out twice."""
        waiting = self._link.numbers
        if not waiting:
            waiting.extend(reversed(self._run(self._queries.numbers)))
        epoch, counter = waiting.pop()
        return epoch, counter

    def add_person(self, record: PersonRecord) -> None:
        """Queue a person."""
        self._strangers.discard(record.lock_key)
        self._add(
            person,
            (
                record.id,
                record.lock_key,
                record.surname_key,
                record.first_name_key,
                record.birth,
                record.gender,
                record.surname,
                record.first_name,
                record.details,
                record.deceased,
                record.merged_into,
                record.died_on,
            ),
        )

    def merge_person(self, person_id: int, into: int, *, at: datetime, actor: str, reason: str) -> bool:
        """Say that a stored person is another one, also stored; False if it was merged already."""
        if not self._changed(self._queries.merge, (into, person_id)):
            return False
        self._note(person_id, "merged", {}, {"merged_into": into}, at=at, actor=actor, reason=reason)
        return True

    def split_person(self, person_id: int, out_of: int, *, at: datetime, actor: str, reason: str) -> bool:
        """Take back that a person is another one; False if it is not merged into that one."""
        if not self._changed(self._queries.split, (person_id, out_of)):
            return False
        self._note(person_id, "split", {"merged_into": out_of}, {}, at=at, actor=actor, reason=reason)
        return True

    def set_deceased(
        self, person_id: int, died_on: date | None, *, at: datetime, actor: str, reason: str
    ) -> bool:
        """Note that a person died; False if that is known already."""
        if not self._changed(self._queries.die, (self._on(died_on), person_id)):
            return False
        after = {"deceased": True, "died_on": None if died_on is None else died_on.isoformat()}
        self._note(person_id, "deceased", {"deceased": False}, after, at=at, actor=actor, reason=reason)
        return True

    def change_person_details(
        self,
        known: PersonRecord,
        details: Mapping[str, Any],
        *,
        what: str,
        at: datetime,
        actor: str,
        reason: str,
    ) -> bool:
        """Give a person other details; False if they are not any more what was read.

        `what` names the change. The history keeps the parts of the details that differ.
        """
        if not self._changed(
            self._queries.change_details, (to_json(details), known.id, to_json(known.details))
        ):
            return False
        differing = sorted(
            name
            for name in known.details.keys() | details.keys()
            if known.details.get(name) != details.get(name)
        )
        before = {name: known.details[name] for name in differing if name in known.details}
        after = {name: details[name] for name in differing if name in details}
        self._note(known.id, what, before, after, at=at, actor=actor, reason=reason)
        return True

    def rename_person(
        self, known: PersonRecord, renamed: PersonRecord, *, at: datetime, actor: str, reason: str
    ) -> bool:
        """Give a person another surname, with keys and details; False if it is not any more what was read.

        The search for hints is told to read the names anew.
        """
        self._strangers.discard(renamed.lock_key)
        parameters = (
            renamed.lock_key,
            renamed.surname_key,
            renamed.surname,
            to_json(renamed.details),
            known.id,
            known.lock_key,
            known.surname_key,
            to_json(known.details),
        )
        if not self._changed(self._queries.rename, parameters):
            return False
        self._note(
            known.id, "surname", {"surname": known.surname}, {"surname": renamed.surname},
            at=at, actor=actor, reason=reason,
        )  # fmt: skip
        self._run(self._queries.forget_index, known.id)
        self._add(person_search, (known.id, RENAMED, "", 0))
        return True

    def _note(
        self,
        person_id: int,
        what: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        at: datetime,
        actor: str,
        reason: str,
    ) -> None:
        """Queue a row of a person's history."""
        self._add(person_history, (self.new_id(), person_id, what, before, after, at, actor, reason))

    def add_homonym(
        self, one: int, other: int, *, at: datetime, actor: str, work_item_id: int | None = None
    ) -> None:
        """Queue that two persons are different; said again it counts anew."""
        self._add(homonym, (min(one, other), max(one, other), at, actor, work_item_id, None))

    def homonyms_of(self, person_ids: Iterable[int]) -> set[frozenset[int]]:
        """Return the pairs of different persons in which one of these persons is."""
        ids = ids_text(self._link.dialect, person_ids)
        return {frozenset(pair) for pair in self._run(self._queries.homonyms, ids, ids)}

    def revoke_homonym(self, one: int, other: int, *, at: datetime) -> bool:
        """Take back that two persons are different; False if nobody says so."""
        pair = (min(one, other), max(one, other))
        return self._changed(self._queries.revoke_homonym, (self._at(at), *pair)) == 1
