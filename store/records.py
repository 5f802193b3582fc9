"""What the store takes and gives: plain frozen values, without a connection behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from messages.dialect import BUNDLED

GENERAL_COURSE: Final = 700
"""Units of the general course: 600 of language, 100 of orientation."""


class CaseState(StrEnum):
    """State of a case (person flag DECEASED is not one of them)."""

    OPEN = "OPEN"
    REGISTERED = "REGISTERED"
    RUNNING = "RUNNING"
    EXHAUSTED = "EXHAUSTED"
    REPEAT_ADMITTED = "REPEAT_ADMITTED"
    REPEAT_REGISTERED = "REPEAT_REGISTERED"
    EXPIRED_UNUSED = "EXPIRED_UNUSED"
    LAPSED_INACTIVE = "LAPSED_INACTIVE"
    REVOKED = "REVOKED"
    CANCELLED = "CANCELLED"


class RightStatus(StrEnum):
    """Status of a right within its case; a case has at most one CURRENT right."""

    CURRENT = "CURRENT"
    REPLACED = "REPLACED"
    REVOKED = "REVOKED"
    CANCELLED = "CANCELLED"


class WorkItemState(StrEnum):
    """Whether somebody still has to look at a work item."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class QuestionState(StrEnum):
    """What became of a question. OBSOLETE: what was asked about is not there any more."""

    OPEN = "OPEN"
    YES = "YES"
    NO = "NO"
    EXPIRED = "EXPIRED"
    OBSOLETE = "OBSOLETE"


class JournalKind(StrEnum):
    """What a journal row tells."""

    RECEIVED = "received"
    ANSWERED = "answered"
    REPEATED = "repeated"
    REFUSED = "refused"
    LATER = "later-answer"
    FETCHED = "fetched"
    CONFIRMED = "confirmed"
    ASKED_SERVICE = "service-request"
    CLERK = "clerk"
    RESTORED = "restored"
    ERASED = "erased"
    WORK = "deferred-work"
    CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as compared: keys made by the gateway, names as sent (None: not there), `details` as JSON.

    `birth` is an ISO date of the precision that was sent (1990, 1990-05, 1990-05-17). `merged_into` is the id
    of the person that a clerk said it is.
    """

    id: int
    lock_key: int
    surname_key: str
    first_name_key: str
    birth: str
    gender: str
    surname: str | None
    first_name: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    deceased: bool = False
    merged_into: int | None = None
    died_on: date | None = None

    @property
    def is_forgotten(self) -> bool:
        """Tell whether everything about the person was erased: the numbers lead to nobody."""
        return not self.birth


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A row of a person's history: `what` was changed ("merged", "split", "deceased", "nationality"…)."""

    id: int
    person_id: int
    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class RightRecord:
    """One entitlement, obligation or admission (`art` by the list artberechtigung), issued by `agency`.

    `party_uuid` is the UUID of the agency's message that brought it, None when a clerk captured it.
    """

    id: int
    case_id: int
    art: str
    agency: str
    agency_name: str
    valid_from: date
    valid_until: date | None
    unlimited: bool
    status: str
    only_orientation: bool
    only_language: bool
    decided_at: datetime
    party_uuid: str | None = None
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case: what one identification number stands for, with all its rights, past ones too.

    Units are lessons of 45 minutes; `used_units` is the sum over its sections, computed when it is read.
    `repeats` is the id of the case that a repeater's own case repeats. `last_activity` is the last of
    registration, beginnings and ends of sections.
    """

    id: int
    person_id: int
    number: str
    state: str
    opened_on: date
    rights: tuple[RightRecord, ...] = ()
    granted_units: int = GENERAL_COURSE
    course_type: str | None = None
    repeats: int | None = None
    registered_on: date | None = None
    started_on: date | None = None
    last_activity: date | None = None
    completed_on: date | None = None
    b1: bool | None = None
    used_units: int = 0


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A row of a case's history: of its state, or with `right_id` of the status of one of its rights."""

    id: int
    case_id: int
    right_id: int | None
    before: str
    after: str
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration of a participant with an organiser; codes by the lists kursart and kursabschnitt."""

    id: int
    case_id: int
    registered_on: date
    organiser: str
    course_type: str | None
    section: str | None
    placement_test_on: date | None
    placement_dispensable: bool
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Section:
    """A course section of a participant; `units` are the billed lessons, absences come with the billing;
    `expected_end` is what the organiser planned.
    """

    id: int
    case_id: int
    section: str
    course_type: str
    course_no: str
    organiser: str
    site: str
    began_on: date
    ended_on: date | None
    units: int
    absent_excused: int | None
    absent_unexcused: int | None
    at: datetime
    actor: str
    expected_end: date | None = None


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """The question 070006 to an agency: may its obligation replace what is there?

    `asked_uuid` is the UUID of the question, `uuid` that of the report that waits, `due_on` the last day on
    which an answer counts.
    """

    id: int
    asked_uuid: str
    party_id: str
    uuid: str
    person_id: int
    case_id: int
    right_id: int
    lock_key: int
    asked_on: date
    asked_at: datetime
    due_on: date
    state: str = QuestionState.OPEN
    closed_at: datetime | None = None
    reply_uuid: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer document that is repeated byte for byte for the same request."""

    document: bytes
    message_type: str
    reason_code: str | None = None
    number: str | None = None
    decided_row: str | None = None


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """What is known of a (party, UUID) that was registered before.

    `answer` is None when the request got none, or when its content was erased (`erased`).
    """

    content_hash: bytes
    message_type: str
    answer: StoredAnswer | None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """How an answer came about; the evidence holds ids, codes and keys, no names."""

    id: int
    party_id: str
    uuid: str
    message_type: str
    schema_version: str
    signer_fingerprint: str
    identity_branch: str | None
    row: str | None
    rules_version: str
    legal_basis: str | None
    effect: str
    answer_type: str
    reason_code: str | None
    number: str | None
    evidence: Mapping[str, Any]
    received_at: datetime
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Names a registered message; its content is in the journal under the same pair."""

    party_id: str
    uuid: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A later answer to a message, kept until its party confirms it.

    `uuid` is the message that the party sent first, `trigger_uuid` what the document names as ausloeserUUID,
    `kind` its message type, "quittung" for a receipt, `route` the door the message came by. `document` is
    None after its content key was destroyed.
    """

    id: int
    party_id: str
    route: str
    uuid: str
    trigger_uuid: str
    document_uuid: str
    kind: str
    created_at: datetime
    document: bytes | None
    reason_code: str | None = None
    number: str | None = None
    decided_row: str | None = None
    first_fetched_at: datetime | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What a clerk of an office has to decide: candidates (ids of persons) and parked messages.

    `decision` is what the clerk decided, as JSON.
    """

    id: int
    kind: str
    office_id: str | None
    lock_key: int
    state: str
    candidates: tuple[int, ...]
    opened_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[MessageRef, ...] = ()
    decision: Mapping[str, Any] | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reminded_at: datetime | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """Two persons that may be one, the lower id first; `reasons` as JSON. A dismissed one stays known."""

    low_id: int
    high_id: int
    reasons: Sequence[Any]
    found_at: datetime
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A row to be journaled. `content` is stored encrypted and only ever given for proven parties.

    `digest` is the SHA-256 of the document or bytes it is about, `size` their length in bytes, `facts`
    JSON-able without personal data.
    """

    kind: JournalKind
    at: datetime
    party_id: str | None = None
    uuid: str | None = None
    message_type: str | None = None
    code: str | None = None
    door: str | None = None
    peer: str | None = None
    size: int | None = None
    digest: bytes | None = None
    facts: Mapping[str, Any] | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A journal row as it is stored; `position` is None while it is not sealed."""

    id: int
    at: datetime
    kind: str
    party_id: str | None
    uuid: str | None
    message_type: str | None
    code: str | None
    door: str | None
    peer: str | None
    size: int | None
    digest: bytes | None
    facts: str | None
    content_key_id: int | None
    sealed_digest: bytes | None
    row_hash: bytes
    position: int | None
    chain_hash: bytes | None


@dataclass(frozen=True, slots=True)
class PartyCertificate:
    """A certificate that speaks for a party, by its SHA-256 fingerprint (hex), within an optional window."""

    fingerprint: str
    der: bytes
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """A partner: `kennung` with its prefix, what it may send, and how its messages and answers are sealed.

    `versions` are those of the standard it is confirmed for ("XAusländer 26.11"). In a productive environment
    it sends only what is `connected`: pairs of message type and version that a confirmation covers.
    """

    kennung: str
    name: str
    environment: str
    agency_type: str
    allowed_types: frozenset[str]
    require_timestamp: bool = False
    signature_first: bool = False
    ecdsa_answers: bool = False
    str_transform: bool = False
    locked: bool = False
    certificates: tuple[PartyCertificate, ...] = ()
    versions: frozenset[str] = frozenset({BUNDLED.name})
    connected: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class OfficeRecord:
    """A regional office; `contact` is what a sender needs to call it (phone, email, address)."""

    id: str
    name: str
    contact: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PostcodeRange:
    """All postcodes from `first` to `last`, both included, belong to the office."""

    first: str
    last: str
    office_id: str
