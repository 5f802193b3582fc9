"""Stored course data as the messages of both groups carry them.

What the standard cannot write without something that nobody has told - the address of an organiser or site,
the expected end of a section that runs, the placement test - is left out: what is told stays true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gateway.offices import ways_of
from messages.codes import code
from messages.courses import (
    Abschlusstest,
    FruehererKursabschnitt,
    Kursabschnitt,
    Kursanmeldung,
    Kursende,
    Kursort,
    Kurstraeger,
)
from messages.group08 import Sprachtest
from messages.values import Ansprechpartner, Gebaeudeanschrift
from store.records import Section
from store.records_information import CourseData, CourseSite, CourseTest, Organiser

LANGUAGE = "language"
ORIENTATION = "orientation"
PARTS = ("hoeren", "schreiben", "sprechen")
"""The parts of a language test, as the fields of its record name them."""


def joined_courses(courses: Sequence[CourseData]) -> CourseData:
    """Return the course data of a case and of its repetition as one, in this order. In: at least one."""
    first, *others = courses
    for each in others:
        first = CourseData(
            (*first.registrations, *each.registrations),
            (*first.sections, *each.sections),
            (*first.tests, *each.tests),
            each.dropout or first.dropout,
            {**first.organisers, **each.organisers},
            {**first.sites, **each.sites},
        )
    return first


def registration(data: CourseData) -> Kursanmeldung | None:
    """Return the registration that holds, the last one; None where there is none or it cannot be told.

    The standard has to be told either the day of the placement test or that none is needed.
    """
    if not data.registrations:
        return None
    entry = data.registrations[-1]
    organiser = _organiser(data, entry.organiser)
    if organiser is None or (entry.placement_test_on is None and not entry.placement_dispensable):
        return None
    return Kursanmeldung(
        kursanmeldedatum=entry.registered_on,
        kurstraeger=organiser,
        kursart=None if entry.course_type is None else code("kursart", entry.course_type),
        kursabschnitt=None if entry.section is None else code("kursabschnitt", entry.section),
        einstufungstest=entry.placement_test_on,
    )


def sections(data: CourseData, *, absences: bool) -> tuple[Kursabschnitt, ...]:
    """Return the sections in the order they began. In: whether the hours missed may be told."""
    return tuple(_sections(data, absences=absences))


def language_tests(data: CourseData) -> tuple[Abschlusstest, ...]:
    """Return the language tests without results, as an immigration authority is told of them."""
    return tuple(_days_of_tests(data, LANGUAGE))


def orientation_tests(data: CourseData) -> tuple[Abschlusstest, ...]:
    """Return the orientation tests without results."""
    return tuple(_days_of_tests(data, ORIENTATION))


def language_tests_in_detail(data: CourseData) -> tuple[Sprachtest, ...]:
    """Return the language tests with their results, as a Jobcenter is told of them."""
    found = []
    for test in _tests(data, LANGUAGE):
        organiser = _organiser(data, test.organiser)
        if organiser is not None and test.test_type is not None:
            found.append(
                Sprachtest(
                    test.taken_on,
                    organiser,
                    code("testart", test.test_type),
                    None if test.overall is None else code("testergebnis", test.overall),
                    **_parts(test.parts),
                )
            )
    return tuple(found)


def earlier(courses: Iterable[CourseData]) -> dict[str, Any]:
    """Return the fields about the courses of earlier cases: days and kinds, no places."""
    known = list(courses)
    return {
        "fruehere_anmeldungen": tuple(entry.registered_on for data in known for entry in data.registrations),
        "fruehere_abschnitte": tuple(
            FruehererKursabschnitt(
                beginndatum=section.began_on,
                endedatum=end,
                kursabschnitt=code("kursabschnitt", section.section),
                kursart=code("kursart", section.course_type),
            )
            for data in known
            for section in data.sections
            if (end := _end(section)) is not None
        ),
        "fruehere_tests_sprache": _earlier_tests(known, LANGUAGE),
        "fruehere_tests_orientierung": _earlier_tests(known, ORIENTATION),
    }


def _sections(data: CourseData, *, absences: bool) -> Iterator[Kursabschnitt]:
    for section in data.sections:
        organiser, site = _organiser(data, section.organiser), _site(data, section.site)
        end = _end(section)
        if organiser is None or site is None or end is None:
            continue
        billed = absences and section.ended_on is not None
        yield Kursabschnitt(
            kurskennung=section.course_no,
            beginndatum=section.began_on,
            endedatum=end,
            kursabschnitt=code("kursabschnitt", section.section),
            kursart=code("kursart", section.course_type),
            kursort=site,
            kurstraeger=organiser,
            fehl_entschuldigt=section.absent_excused if billed else None,
            fehl_unentschuldigt=section.absent_unexcused if billed else None,
        )


def _end(section: Section) -> Kursende | None:
    """Return the end of a section, of one that runs the expected one; None where nobody said it."""
    if section.ended_on is not None:
        return Kursende(section.ended_on, tatsaechlich=True)
    expected = section.expected_end
    return None if expected is None else Kursende(expected, tatsaechlich=False)


def _tests(data: CourseData, kind: str) -> Iterator[CourseTest]:
    return (test for test in data.tests if test.kind == kind)


def _days_of_tests(data: CourseData, kind: str) -> Iterator[Abschlusstest]:
    for test in _tests(data, kind):
        organiser = _organiser(data, test.organiser)
        if organiser is not None:
            yield Abschlusstest(test.taken_on, organiser)


def _earlier_tests(courses: Iterable[CourseData], kind: str) -> tuple[Any, ...]:
    return tuple(test.taken_on for data in courses for test in _tests(data, kind))


def _parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PARTS:
        part = parts.get(name, {})
        if part.get("result") is not None:
            found[f"ergebnis_{name}"] = code("testteil", part["result"])
        if part.get("points") is not None:
            found[f"fertigkeit_{name}"] = part["points"]
    return found


def _organiser(data: CourseData, number: str) -> Kurstraeger | None:
    record: Organiser | None = data.organisers.get(number)
    if record is None:
        return None
    return Kurstraeger(number, record.name, Gebaeudeanschrift(**record.address), ways_of(record.contact))


def _site(data: CourseData, number: str) -> Kursort | None:
    record: CourseSite | None = data.sites.get(number)
    if record is None:
        return None
    ways = ways_of(record.contact)
    return Kursort(
        number,
        Gebaeudeanschrift(**record.address),
        (Ansprechpartner(kontaktdaten=ways),) if ways else (),
    )
