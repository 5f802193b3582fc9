"""What a unit of work knows of cases: rights, registrations, sections, and how they change."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from store.queries import CHANGEABLE
from store.records import CaseRecord, Registration, RightRecord, Section
from store.schema import case_file, case_history, course_registration, course_section, entitlement
from store.statements import Row
from store.unit_base import Work

_CASE_WIDTH = len(case_file.columns)


class CaseWork(Work):
    """Cases. Every change compares with what was read, and leaves a row of history (who, when, why)."""

    __slots__ = ()

    def cases_of(self, person_ids: Iterable[int]) -> list[CaseRecord]:
        """Return the cases of these persons with all their rights, by person and id."""
        found: list[CaseRecord] = []
        for person_id in person_ids:
            found.extend(cases(self._run(self._queries.cases, person_id)))
        return found

    def case(self, case_id: int) -> CaseRecord | None:
        """Return a case with all its rights."""
        return next(iter(cases(self._run(self._queries.case, case_id))), None)

    def case_by_number(self, number: str) -> CaseRecord | None:
        """Return the case of an identification number with all its rights."""
        return next(iter(cases(self._run(self._queries.case_by_number, number))), None)

    def sections_of(self, case_id: int) -> list[Section]:
        """Return the sections of a case, in the order they began."""
        return [Section(*row) for row in self._run(self._queries.sections, case_id)]

    def add_case(self, record: CaseRecord) -> None:
        """Queue a case with all its rights."""
        self._add(
            case_file,
            (
                record.id,
                record.person_id,
                record.number,
                str(record.state),
                record.opened_on,
                record.granted_units,
                record.course_type,
                record.repeats,
                record.registered_on,
                record.started_on,
                record.last_activity,
                record.completed_on,
                record.b1,
            ),
        )
        for right in record.rights:
            self.add_right(right)

    def add_right(self, record: RightRecord) -> None:
        """Queue a right of a case."""
        self._add(
            entitlement,
            (
                record.case_id,
                record.id,
                record.art,
                record.agency,
                record.agency_name,
                record.valid_from,
                record.valid_until,
                record.unlimited,
                str(record.status),
                record.only_orientation,
                record.only_language,
                record.decided_at,
                record.party_uuid,
                record.replaced_by,
            ),
        )

    def change_case(
        self, case: CaseRecord, *, at: datetime, actor: str, reason: str, **fields: Any
    ) -> CaseRecord | None:
        """Change fields of a case, its state among them, from what was read.

        In: any of `store.queries.CHANGEABLE`. Out: the case as it is now, None if one of these fields is not
        what was read any more; then nothing changes.
        """
        if unknown := fields.keys() - set(CHANGEABLE):
            raise TypeError(f"a case does not change its {', '.join(sorted(unknown))}")
        changed = replace(case, **fields)
        parameters = (*self._values(changed), case.id, *self._values(case))
        if not self._changed(self._queries.change_case, parameters):
            return None
        self.note_case(case.id, None, str(case.state), str(changed.state), at, actor, reason)
        return changed

    def change_right(
        self,
        right: RightRecord,
        status: str,
        *,
        at: datetime,
        actor: str,
        reason: str,
        replaced_by: int | None = None,
    ) -> bool:
        """Give a right another status than the one it was read in; False if it has another by now."""
        parameters = (str(status), replaced_by, right.case_id, right.id, str(right.status))
        if not self._changed(self._queries.change_right, parameters):
            return False
        self.note_case(right.case_id, right.id, str(right.status), str(status), at, actor, reason)
        return True

    def move_case(self, case: CaseRecord, person_id: int, *, at: datetime, actor: str, reason: str) -> bool:
        """Give a case to another stored person; False if it is not any more whose it was."""
        if not self._changed(self._queries.move_case, (person_id, case.id, case.person_id)):
            return False
        state = str(case.state)
        self.note_case(
            case.id, None, state, state, at, actor, f"{reason} (person {case.person_id} to {person_id})"
        )
        return True

    def add_registration(self, record: Registration) -> None:
        """Queue a registration."""
        self._add(
            course_registration,
            (
                record.id,
                record.case_id,
                record.registered_on,
                record.organiser,
                record.course_type,
                record.section,
                record.placement_test_on,
                record.placement_dispensable,
                record.at,
                record.actor,
            ),
        )

    def add_section(self, record: Section) -> None:
        """Queue a section."""
        self._add(
            course_section,
            (
                record.id,
                record.case_id,
                record.section,
                record.course_type,
                record.course_no,
                record.organiser,
                record.site,
                record.began_on,
                record.ended_on,
                record.units,
                record.absent_excused,
                record.absent_unexcused,
                record.at,
                record.actor,
                record.expected_end,
            ),
        )

    def end_section(
        self,
        section: Section,
        ended_on: date,
        units: int,
        *,
        absent_excused: int | None = None,
        absent_unexcused: int | None = None,
    ) -> bool:
        """Note end, billed units and absences of a section; False if it has an end already."""
        parameters = (self._on(ended_on), units, absent_excused, absent_unexcused, section.id)
        return self._changed(self._queries.end_section, parameters) == 1

    def _values(self, case: CaseRecord) -> tuple[Any, ...]:
        """Return the fields of `CHANGEABLE` as parameters."""
        return (
            str(case.state),
            case.granted_units,
            case.course_type,
            self._on(case.registered_on),
            self._on(case.started_on),
            self._on(case.last_activity),
            self._on(case.completed_on),
            case.b1,
        )

    def note_case(
        self,
        case_id: int,
        right_id: int | None,
        before: str,
        after: str,
        at: datetime,
        actor: str,
        reason: str,
    ) -> None:
        """Queue a row of a case's history: of its state, or with `right_id` of the status of a right."""
        self._add(case_history, (self.new_id(), case_id, right_id, before, after, at, actor, reason))


def cases(rows: list[Row]) -> list[CaseRecord]:
    """Make cases of joined rows (case, used units, right)."""
    heads: dict[int, Row] = {}
    rights: dict[int, list[RightRecord]] = {}
    for row in rows:
        heads[row[0]] = row[: _CASE_WIDTH + 1]
        found = rights.setdefault(row[0], [])
        if row[_CASE_WIDTH + 1] is not None:
            case_id, right_id, *values = row[_CASE_WIDTH + 1 :]
            found.append(RightRecord(right_id, case_id, *values))
    return [CaseRecord(*(*head[:5], tuple(rights[head[0]]), *head[5:])) for head in heads.values()]
