"""What the steps of the way hand on: a handler takes only what was proven, understood and authorised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from messages.bva import Ergebnisrahmen
from messages.frame import Fachrahmen, Message
from messages.mitteilung import Mitteilung
from messages.quittung import Quittung
from messages.values import Ansprechpartner
from schemas.registry import Contract
from store.records import PartyRecord

if TYPE_CHECKING:
    from gateway.trust.documents import VerifiedDocument


Asked: TypeAlias = Fachrahmen | Ergebnisrahmen
"""What an answer is addressed by: the frame of a message, or which record of a delivery it is."""


class Registered(Protocol):
    """What the journal is told of a message or record that used up its UUID."""

    @property
    def party_id(self) -> str:
        """Return the kennung of the sender."""

    @property
    def uuid(self) -> str:
        """Return the UUID in lower case."""

    @property
    def message_type(self) -> str:
        """Return the number of the message."""

    @property
    def route(self) -> Route:
        """Return the way it came."""

    @property
    def received(self) -> datetime:
        """Return the real instant of its arrival."""

    @property
    def canonical(self) -> bytes:
        """Return what is stored of it."""

    @property
    def content_hash(self) -> bytes:
        """Return the SHA-256 of that."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way a message came: the door's name and the peer's address."""

    door: str
    peer: str


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A proven document that keeps its contract, as a typed message."""

    document: VerifiedDocument
    fingerprint: str
    contract: Contract
    message: Message
    frame: Fachrahmen

    @property
    def uuid(self) -> str:
        """Return the message's UUID in lower case: RFC 4122 compares it without regard to case."""
        return self.frame.kopf.nachrichten_uuid.lower()


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A parsed message that this party may send here. `received` is aware, `today` the German day of it."""

    parsed: ParsedMessage
    party: PartyRecord
    route: Route
    received: datetime
    today: date

    @property
    def uuid(self) -> str:
        """Return the message's UUID in lower case."""
        return self.parsed.uuid

    @property
    def party_id(self) -> str:
        """Return the kennung of the sender."""
        return self.party.kennung

    @property
    def message_type(self) -> str:
        """Return the number of the message."""
        return self.parsed.contract.message_type

    @property
    def canonical(self) -> bytes:
        """Return the canonical form of the document."""
        return self.parsed.document.canonical

    @property
    def content_hash(self) -> bytes:
        """Return the SHA-256 of it."""
        return self.parsed.document.content_hash

    @property
    def frame(self) -> Fachrahmen:
        """Return the frame of the message."""
        return self.parsed.frame


class DecidingRow(Protocol):
    """What of a row of any table goes into the record: its id and the law it stands on."""

    @property
    def id(self) -> str:
        """Return the id by which the row is known."""

    @property
    def legal_basis(self) -> str:
        """Return the clause."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler decided, and what the record says about it.

    `row` is the row of a table that decided, None while parked; `evidence["table"]` names its version, and
    evidence holds ids, codes and keys only. `contact` goes into the answer's frame, `document_uuid` is the
    UUID of the answer where it is given.
    """

    answer: Body | Receipt | Notice
    effect: str
    branch: str | None = None
    row: DecidingRow | None = None
    reason: str | None = None
    number: str | None = None
    contact: Ansprechpartner | None = None
    document_uuid: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    def recorded(self, legal_basis: str | None) -> dict[str, Any]:
        """Return what the record of a decision takes from here, all but the evidence.

        In: the legal basis where no row names one.
        """
        row = self.row
        return {
            "identity_branch": self.branch,
            "row": None if row is None else row.id,
            "rules_version": str(self.evidence["table"]),
            "legal_basis": legal_basis if row is None else row.legal_basis,
            "effect": self.effect,
            "answer_type": self.answer.message_class.message_type,
            "reason_code": self.reason,
            "number": self.number,
        }


class Notice:
    """What an agency is told of its own accord; `about` completes it.

    `matter` is its key, `number` that of the case, `art` and `agency` those of the right that took the place
    of another, the texts say it in words.
    """

    __slots__ = ("_fields",)
    message_class = Mitteilung

    def __init__(
        self, matter: str, number: str, day: date, art: str | None, agency: str | None, de: str, en: str
    ) -> None:
        self._fields = (matter, number, day, art, agency, de, en)

    def about(self, uuid: str) -> Mitteilung:
        """Return the notice about the right that came by the message of a UUID."""
        return Mitteilung(uuid, *self._fields)


class Body:
    """An answer without its frame: `Body(cls, **fields)`, completed by `framed`."""

    __slots__ = ("_fields", "message_class")

    def __init__(self, message_class: type[Any], **fields: object) -> None:
        self.message_class = message_class
        self._fields = fields

    def framed(self, frame: Fachrahmen | Ergebnisrahmen) -> Message:
        """Return the whole message."""
        message: Message = self.message_class(rahmen=frame, **self._fields)
        return message


class Receipt:
    """A receipt of our own, where the standard has no answer; `about` completes it.

    `matter` is its key, the texts say it in words.
    """

    __slots__ = ("_matter", "_text_de", "_text_en")
    message_class = Quittung

    def __init__(self, matter: str, text_de: str, text_en: str) -> None:
        self._matter = matter
        self._text_de = text_de
        self._text_en = text_en

    def about(self, uuid: str) -> Quittung:
        """Return the receipt for the message of a UUID."""
        return Quittung(uuid, self._matter, self._text_de, self._text_en)
