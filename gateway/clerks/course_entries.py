"""What a file of course data says, line by line: one entry each, as its `kind` tells.

`case` is an identification number; codes are of the lists that `gateway.clerks.course_checks` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Final, Literal

STRICT: Final = {"extra": "forbid"}
"""How whoever reads entries has to take them: a field that nobody knows is an error."""


PARTS: Final = ("hoeren", "schreiben", "sprechen")
"""The parts of a language test."""


@dataclass(frozen=True, slots=True)
class Address:
    """A German postal address of a building; what follows the digits of the house number is its letter."""

    __pydantic_config__: ClassVar[Any] = STRICT

    postleitzahl: str
    wohnort: str
    strasse: str
    hausnummer: str | None = None
    hausnummer_buchstabe: str | None = None
    zusatzangaben: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody is reached."""

    __pydantic_config__: ClassVar[Any] = STRICT

    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class OrganiserEntry:
    """An organiser; one of this number takes over what is said here."""

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["organiser"]
    number: str
    name: str
    address: Address
    contact: Contact = field(default_factory=Contact)


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """A place where an organiser holds courses; one of this number takes over what is said here."""

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["site"]
    number: str
    organiser: str
    address: Address
    contact: Contact = field(default_factory=Contact)


@dataclass(frozen=True, slots=True)
class RegistrationLine:
    """A registration, with the day of the placement test or that none is needed."""

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["registration"]
    case: str
    registered_on: date
    organiser: str
    course_type: str | None = None
    section: str | None = None
    placement_test_on: date | None = None
    placement_dispensable: bool = False


@dataclass(frozen=True, slots=True)
class SectionLine:
    """A section. While it runs it has an `expected_end`; `ended_on`, `units` (billed, of 45 minutes) and the
    absences come with its end.
    """

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["section"]
    case: str
    course_no: str
    section: str
    course_type: str
    organiser: str
    site: str
    began_on: date
    expected_end: date | None = None
    ended_on: date | None = None
    units: int | None = None
    absent_excused: int | None = None
    absent_unexcused: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one part of a language test: code, and points as text (`34 von 45`)."""

    __pydantic_config__: ClassVar[Any] = STRICT

    result: str | None = None
    points: str | None = None


@dataclass(frozen=True, slots=True)
class TestLine:
    """A final test: of a language test kind, level and parts, of an orientation test whether it is passed.

    What of the results is not known yet may be said later.
    """

    __pydantic_config__: ClassVar[Any] = STRICT
    __test__: ClassVar[bool] = False

    kind: Literal["test"]
    case: str
    test: Literal["language", "orientation"]
    taken_on: date
    organiser: str
    test_type: str | None = None
    overall: str | None = None
    passed: bool | None = None
    parts: Mapping[Literal["hoeren", "schreiben", "sprechen"], Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompletionLine:
    """The completion of the course."""

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["completion"]
    case: str
    completed_on: date
    course_type: str
    b1: bool


@dataclass(frozen=True, slots=True)
class DropoutLine:
    """The day on which a participant left the course for good."""

    __pydantic_config__: ClassVar[Any] = STRICT

    kind: Literal["dropout"]
    case: str
    dropped_on: date


CaseLine = RegistrationLine | SectionLine | TestLine | CompletionLine | DropoutLine
CourseEntry = OrganiserEntry | SiteEntry | CaseLine
