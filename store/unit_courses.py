"""What a unit of work knows of courses: organisers and sites, and how a person went through a course."""

from datetime import date

from store.records import Registration, Section
from store.records_information import CourseData, CourseDropout, CourseSite, CourseTest, Organiser
from store.schema import course_dropout, course_site, course_test, organiser
from store.statements import to_json
from store.unit_base import Work


class CourseWork(Work):
    """Course data beside the case itself; what changes its state is in `store.unit_cases`."""

    __slots__ = ()

    def course_data(self, case_id: int) -> CourseData:
        """Return all course data of a case, with the organisers and sites it names where they are known."""
        registrations = tuple(self.registrations_of(case_id))
        sections = tuple(Section(*row) for row in self._run(self._queries.sections, case_id))
        tests = tuple(self.tests_of(case_id))
        named = {each.organiser for each in registrations} | {each.organiser for each in sections}
        named |= {each.organiser for each in tests}
        sites = {each.site for each in sections}
        found = {number: self.organiser(number) for number in sorted(named)}
        places = {number: self.course_site(number) for number in sorted(sites)}
        return CourseData(
            registrations,
            sections,
            tests,
            self.dropout_of(case_id),
            {number: each for number, each in found.items() if each is not None},
            {number: each for number, each in places.items() if each is not None},
        )

    def registrations_of(self, case_id: int) -> list[Registration]:
        """Return the registrations of a case, in the order of their days."""
        return [Registration(*row) for row in self._run(self._queries.registrations, case_id)]

    def tests_of(self, case_id: int) -> list[CourseTest]:
        """Return the final tests of a case, in the order of their days."""
        return [CourseTest(*row) for row in self._run(self._queries.course_tests, case_id)]

    def organiser(self, number: str) -> Organiser | None:
        """Return an organiser by its number."""
        rows = self._run(self._queries.organiser, number)
        return Organiser(*rows[0]) if rows else None

    def course_site(self, number: str) -> CourseSite | None:
        """Return a site by its number."""
        rows = self._run(self._queries.course_site, number)
        return CourseSite(*rows[0]) if rows else None

    def dropout_of(self, case_id: int) -> CourseDropout | None:
        """Return when the participant of a case left the course for good, None where that was not said."""
        rows = self._run(self._queries.course_dropout, case_id)
        return CourseDropout(*rows[0]) if rows else None

    def put_organiser(self, record: Organiser) -> None:
        """Queue an organiser; one of this number takes over what is said here."""
        self._add(
            organiser,
            (record.number, record.name, record.address, record.contact, record.at, record.actor),
        )

    def put_course_site(self, record: CourseSite) -> None:
        """Queue a site of a known organiser; one of this number takes over what is said here."""
        self._add(
            course_site,
            (record.number, record.organiser, record.address, record.contact, record.at, record.actor),
        )

    def add_course_test(self, record: CourseTest) -> None:
        """Queue a final test."""
        self._add(
            course_test,
            (
                record.id,
                record.case_id,
                record.kind,
                record.taken_on,
                record.organiser,
                record.test_type,
                record.overall,
                record.passed,
                record.parts,
                record.at,
                record.actor,
            ),
        )

    def change_course_test(self, record: CourseTest) -> None:
        """Give a stored test the results of this record."""
        results = (record.test_type, record.overall, record.passed, to_json(record.parts))
        self._changed(self._queries.change_course_test, (*results, record.id))

    def expect_end(self, section: Section, day: date) -> bool:
        """Note the end that is planned for a section; False if it has a real one already."""
        return self._changed(self._queries.expect_end, (self._on(day), section.id)) == 1

    def put_dropout(self, record: CourseDropout) -> None:
        """Queue that a participant left the course; the day said last holds."""
        self._add(course_dropout, (record.case_id, record.dropped_on, record.at, record.actor))

    def take_dropout_back(self, case_id: int) -> bool:
        """Take back that the participant of a case left; False if nobody said so."""
        return self._changed(self._queries.take_dropout_back, (case_id,)) == 1
