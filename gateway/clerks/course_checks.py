"""Whether an entry of course data can be taken in as it stands, before anybody looks at what is stored.

What passes can be written into 070015 and 080015. What is wrong is told by field, never with what was said:
it may be of a person.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from gateway.clerks.course_entries import (
    Address,
    CompletionLine,
    Contact,
    CourseEntry,
    DropoutLine,
    OrganiserEntry,
    RegistrationLine,
    SectionLine,
    SiteEntry,
    TestLine,
)
from gateway.requests import number_of
from messages.codes import LISTS
from schemas.codes import CodeLists
from schemas.din91379 import is_datatype_c

_LONGEST_TEXT: Final = 200
_LONGEST_NUMBER: Final = 40
_MOST_UNITS: Final = 2000
"""More than any contingent; what a case may really use is asked later."""
_IDENTIFICATION: Final = re.compile(r"[0-9A-Za-z-]{1,20}")
_POSTCODE: Final = re.compile(r"[0-9]{5}")
_HOUSE: Final = re.compile(r"[0-9]{1,4}")
_HOUSE_LETTER: Final = re.compile(r"[^\W_0-9]{1,2}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_POINTS: Final = re.compile(r"[0-9]{1,3} von [0-9]{1,3}")

Problems = Iterator[tuple[str, str]]
"""Fields, each with what is expected there."""


def problems_of(entry: CourseEntry, lists: CodeLists) -> list[str]:
    """Return all that is wrong with an entry, by field. In: the lists that its codes are of."""
    found = [*_CHECKS[type(entry)](entry), *_codes(entry, lists)]
    return [f"{field}: {expected}" for field, expected in found]


def _organiser(entry: OrganiserEntry) -> Problems:
    yield from _numbers(number=entry.number)
    yield from _texts(name=entry.name)
    yield from _place(entry.address, entry.contact)


def _site(entry: SiteEntry) -> Problems:
    yield from _numbers(number=entry.number, organiser=entry.organiser)
    yield from _place(entry.address, entry.contact)


def _registration(entry: RegistrationLine) -> Problems:
    yield from _case(entry)
    yield from _numbers(organiser=entry.organiser)
    if entry.placement_dispensable == (entry.placement_test_on is not None):
        yield "placement_test_on", "either this or placement_dispensable is expected"


def _section(entry: SectionLine) -> Problems:
    yield from _case(entry)
    yield from _numbers(course_no=entry.course_no, organiser=entry.organiser, site=entry.site)
    counted = {
        "units": entry.units,
        "absent_excused": entry.absent_excused,
        "absent_unexcused": entry.absent_unexcused,
    }
    for field, count in counted.items():
        if count is not None and entry.ended_on is None:
            yield field, "it is known when the section has ended: ended_on"
        elif count is not None and not 0 <= count <= _MOST_UNITS:
            yield field, f"a number from 0 to {_MOST_UNITS} is expected"
    if entry.ended_on is not None and entry.units is None:
        yield "units", "a section that ended has billed units"
    if entry.ended_on is None and entry.expected_end is None:
        yield "expected_end", "a section that runs has a planned end"
    for field, day in (("ended_on", entry.ended_on), ("expected_end", entry.expected_end)):
        if day is not None and day < entry.began_on:
            yield field, "a day not before began_on is expected"


def _test(entry: TestLine) -> Problems:
    yield from _case(entry)
    yield from _numbers(organiser=entry.organiser)
    if entry.test == "orientation":
        language = {"test_type": entry.test_type, "overall": entry.overall, "parts": entry.parts}
        for field, value in language.items():
            if value:
                yield field, "an orientation test has none"
        return
    if entry.test_type is None:
        yield "test_type", "a language test has one"
    if entry.passed is not None:
        yield "passed", "a language test has levels instead"
    for name, part in entry.parts.items():
        if part.points is not None and not _POINTS.fullmatch(part.points):
            yield f"parts.{name}.points", "a text such as 34 von 45 is expected"


def _case(entry: Any) -> Problems:
    if not _IDENTIFICATION.fullmatch(number_of(entry.case) or ""):
        yield "case", "an identification number is expected"


def _place(address: Address, contact: Contact) -> Problems:
    yield from _texts(
        **{
            "address.strasse": address.strasse,
            "address.wohnort": address.wohnort,
            "address.zusatzangaben": address.zusatzangaben,
            "contact.phone": contact.phone,
        }
    )
    shapes = (
        ("address.postleitzahl", address.postleitzahl, _POSTCODE, "five digits are expected"),
        ("address.hausnummer", address.hausnummer, _HOUSE, "up to four digits are expected"),
        ("address.hausnummer_buchstabe", address.hausnummer_buchstabe, _HOUSE_LETTER, "letters are expected"),
        ("contact.email", contact.email, _EMAIL, "an address such as kurse@vhs.example is expected"),
    )
    for field, value, shape, expected in shapes:
        if value is not None and not (shape.fullmatch(value) and is_datatype_c(value)):
            yield field, expected


def _texts(**texts: str | None) -> Problems:
    yield from _written(texts.items(), _LONGEST_TEXT)


def _numbers(**numbers: str) -> Problems:
    yield from _written(numbers.items(), _LONGEST_NUMBER)


def _written(texts: Iterable[tuple[str, str | None]], longest: int) -> Problems:
    """Give what is no text that a message can carry."""
    for field, text in texts:
        if text is None:
            continue
        if not text.strip() or text != " ".join(text.split()):
            yield field, "a text without needless blanks is expected"
        elif len(text) > longest:
            yield field, f"at most {longest} characters are expected"
        elif not is_datatype_c(text):
            yield field, "it has characters that DIN 91379 does not know"


def _codes(entry: CourseEntry, lists: CodeLists) -> Problems:
    for field, short_name, code in _coded(entry):
        known = LISTS[short_name]
        if code is not None and lists.judge(known.uri, known.version, code) is not None:
            yield field, f"a code of {lists.expected(known.uri)} is expected"


def _coded(entry: CourseEntry) -> Iterator[tuple[str, str, str | None]]:
    """Give the codes of an entry: field, short name of the list, code."""
    if isinstance(entry, RegistrationLine | SectionLine):
        yield "section", "kursabschnitt", entry.section
    if isinstance(entry, RegistrationLine | SectionLine | CompletionLine):
        yield "course_type", "kursart", entry.course_type
    if isinstance(entry, TestLine):
        yield "test_type", "testart", entry.test_type
        yield "overall", "testergebnis", entry.overall
        for name, part in entry.parts.items():
            yield f"parts.{name}.result", "testteil", part.result


_CHECKS: Final[dict[type[Any], Callable[[Any], Problems]]] = {
    OrganiserEntry: _organiser,
    SiteEntry: _site,
    RegistrationLine: _registration,
    SectionLine: _section,
    TestLine: _test,
    CompletionLine: _case,
    DropoutLine: _case,
}
