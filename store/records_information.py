"""What the store takes and gives about further agencies of a case, courses and retrievals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from store.records import Registration, Section


@dataclass(frozen=True, slots=True)
class Takeover:
    """An agency that joined the obligation of another: `right_id` is the right that was current then.

    `agency_type` is ABH or TGS, `party_uuid` the message it came by.
    """

    id: int
    case_id: int
    right_id: int
    agency: str
    agency_name: str
    agency_type: str
    taken_on: date
    party_uuid: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class BlockReport:
    """A disclosure block (Auskunftssperre) as one agency reported it, until that agency lifts it."""

    person_id: int
    agency: str
    since: date
    at: datetime


@dataclass(frozen=True, slots=True)
class DisclosureBlock:
    """The disclosure block of a person: it holds as long as one of the agencies that reported it does.

    `agencies` reported it first: what it hides they could see before. Who reports one later could not, and
    does not see it by reporting.
    """

    agencies: frozenset[str]
    since: date


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One information given to an agency (§ 8 IntV): when, to whom, what for, about whom, and which data.

    `at` is the real instant, `scope` names the groups of data that were given (no values), `relation` what
    the agency had to do with the case, `row` the row of the table that decided. A held entry is not deleted.
    """

    id: int
    at: datetime
    party_id: str
    party_name: str
    agency_type: str
    uuid: str
    message_type: str
    purpose: str
    relation: str
    person_id: int | None
    case_id: int | None
    answer_type: str
    reason_code: str | None
    row: str | None
    scope: Sequence[str]
    held_at: datetime | None = None
    held_by: str | None = None
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Organiser:
    """A course organiser: `address` as of a building, `contact` (phone, email), both as JSON."""

    number: str
    name: str
    address: Mapping[str, Any]
    contact: Mapping[str, Any]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CourseSite:
    """A place where an organiser holds courses."""

    number: str
    organiser: str
    address: Mapping[str, Any]
    contact: Mapping[str, Any]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CourseTest:
    """A final test: `kind` is `language` or `orientation`; codes by the lists of the standard.

    `test_type`, `overall` and `parts` (interpretation code and points "x von y" of each skill) are of the
    language test, `passed` of the orientation test.
    """

    id: int
    case_id: int
    kind: str
    taken_on: date
    organiser: str
    test_type: str | None
    overall: str | None
    passed: bool | None
    parts: Mapping[str, Any]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CourseDropout:
    """The day on which a participant left the course for good."""

    case_id: int
    dropped_on: date
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CourseData:
    """Everything about the course of one case; `organisers` and `sites` by number, unknown ones left out.

    Registrations in the order they were made, sections and tests in that of their days.
    """

    registrations: tuple[Registration, ...]
    sections: tuple[Section, ...]
    tests: tuple[CourseTest, ...]
    dropout: CourseDropout | None
    organisers: Mapping[str, Organiser]
    sites: Mapping[str, CourseSite]
