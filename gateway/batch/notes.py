"""The signed documents that come by this door: proven, understood and authorised, whatever is done with them.

A delivery's manifest and a request for results carry their signature in themselves. They go the way of every
message: admitted, proven, recognised, held to their contract, authorised; what is refused is journaled and
told as everywhere.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from gateway import journaling
from gateway.accepted import Route
from gateway.batch.signing import signer
from gateway.clock import german_day
from gateway.deferred.base import Workshop
from gateway.permission import Claims, objections, wrong_environment
from gateway.results import Refusal
from gateway.senders import Recognised, Senders
from gateway.trust.admission import admit
from gateway.trust.documents import VerifiedDocument
from gateway.trust.policy import SignaturePolicy
from gateway.trust.signed_document import verify_document
from messages.bva import Abruf200008, Lieferschein200001, parse
from messages.errors import GatewayError
from messages.namespaces import BVA
from messages.violations import kept_contract
from schemas.registry import Contract
from schemas.violations import shown_name
from store.records import JournalEntry, PartyRecord

DOOR: Final = "batch"
"""The name of this door; later answers to records have it as their route."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

DELIVERED: Final = frozenset({Lieferschein200001})
"""The classes of the manifests that are taken in: what a party may send, like a message."""

_NOT_JOURNALED: Final = frozenset({"T200.store-away", "T200.no-room"})
"""Who hears these is told that nothing of it is here; while the store is away the log has to do."""
_Result = TypeVar("_Result")
_UUID_OF: Final = {Lieferschein200001: "lieferschein_uuid", Abruf200008: "abruf_uuid"}


@dataclass(frozen=True, slots=True)
class Note:
    """A signed document of a party, which it may send here; to the journal what a message is.

    `received` is the real instant of its arrival, `now` the business time, `today` the German day of that.
    """

    document: VerifiedDocument
    message: Any
    contract: Contract
    party: PartyRecord
    fingerprint: str
    route: Route
    received: datetime
    now: datetime
    today: date

    @property
    def party_id(self) -> str:
        """Return the kennung of the sender."""
        return self.party.kennung

    @property
    def message_type(self) -> str:
        """Return the number of the document."""
        return self.contract.message_type

    @property
    def canonical(self) -> bytes:
        """Return the canonical form of the document."""
        return self.document.canonical

    @property
    def content_hash(self) -> bytes:
        """Return the SHA-256 of it."""
        return self.document.content_hash

    @property
    def uuid(self) -> str:
        """Return its UUID in lower case: RFC 4122 compares it without regard to case."""
        return str(getattr(self.message, _UUID_OF[type(self.message)])).lower()


class NoteWay:
    """One such document on its way: what is known of it so far, for the refusal."""

    __slots__ = ("document", "note", "octets", "received", "recognised", "route", "tls_fingerprint")

    def __init__(self, octets: bytes, route: Route, received: datetime, tls_fingerprint: str | None) -> None:
        self.octets = octets
        self.route = route
        self.received = received
        self.tls_fingerprint = tls_fingerprint
        self.document: VerifiedDocument | None = None
        self.recognised: Recognised | None = None
        self.note: Note | None = None


class NoteReader:
    """Reads signed documents, and refuses what comes by this door. Used by several threads at once.

    `limits` are the caps on one document. With `tls_must_match` the signer must be who opened the connection.
    """

    def __init__(self, workshop: Workshop, senders: Senders, *, tls_must_match: bool = False) -> None:
        self.limits = workshop.limits
        self._store = workshop.store
        self._registry = workshop.registry
        self._senders = senders
        self._tools = workshop.tools
        self._policy = SignaturePolicy(str_transform=True)
        self._sign = signer(workshop.key, workshop.ecdsa_key)
        self._tls_must_match = tls_must_match

    def begin(self, octets: bytes, route: Route, tls_fingerprint: str | None = None) -> NoteWay:
        """Begin the way of a document that arrived just now."""
        return NoteWay(octets, route, self._tools.real_clock.now(), tls_fingerprint)

    def read(self, way: NoteWay, kind: type[Any]) -> Note:
        """Prove, understand and authorise a document, which must be of this kind.

        In: `Lieferschein200001`, which a party must be allowed to send, or `Abruf200008`, which every party
        may. Raises GatewayError for whatever speaks against it.
        """
        way.document = document = verify_document(admit(way.octets, self.limits).root, policy=self._policy)
        way.recognised = recognised = self._senders.recognise(document, way.received)
        # What lies in a folder came by no connection.
        is_connected = way.route.door == DOOR
        if self._tls_must_match and is_connected and recognised.fingerprint != way.tls_fingerprint:
            raise GatewayError("T070.transport-identity")
        now = self._tools.clock.now()
        today = german_day(now)
        if document.element.tag != kind.root:
            found = shown_name(document.element.tag)
            raise GatewayError("X001.unknown-root", details={"found": found})
        contract = kept_contract(self._registry, document.element, today)
        message = parse(document.element)
        party = self._senders.speaker(document, recognised.parties, message.autor.kennung)
        way.note = note = Note(
            document, message, contract, party, recognised.fingerprint, way.route, way.received, now, today
        )
        self._object(note)
        return note

    def led(self, way: NoteWay, work: Callable[[], _Result]) -> _Result | Refusal:
        """Do something with a document; whatever it raises becomes a typed refusal, journaled."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the sender gets a typed answer, the operator the alarm
            return self.refuse(way, told_of(error, _uuid_of(way)))

    def refuse(self, way: NoteWay, error: GatewayError) -> Refusal:
        """Refuse a document: told of a proven party, or by hash and size only."""
        party = _proven_party(way)
        if error.code not in _NOT_JOURNALED:
            journaling.note_refusal(self._store, _entry(way, error, party))
        if party is None:
            return Refusal(error, self._tools.writer.refusal(error), None, None)
        return Refusal(error, self._signed(error, party), party, _uuid_of(way))

    def journal_refusal(self, way: NoteWay, error: GatewayError) -> None:
        """Journal the refusal of a document whose sender asks for it later.

        Raises what the store does: then the refusal is not proven, and must not be told.
        """
        journaling.write_refusal(self._store, _entry(way, error, _proven_party(way)))

    def refuse_unproven(
        self, error: GatewayError, route: Route, at: datetime, sha256: bytes, size: int
    ) -> Refusal:
        """Refuse what was not proven: journal hash, size, code and peer, and echo nothing."""
        journaling.note_refusal(self._store, journaling.refused(error, route, at, digest=sha256, size=size))
        return Refusal(error, self._tools.writer.refusal(error), None, None)

    def _object(self, note: Note) -> None:
        message, settings = note.message, self._tools.settings
        if isinstance(message, Lieferschein200001):
            claims = Claims(message.leser.kennung, note.message_type, message.test)
            for objection in objections(claims, note.contract, note.party, settings):
                raise objection
            return
        if message.leser.kennung != settings.kennung:
            raise GatewayError("T080", details={"expected": settings.kennung})
        environment = wrong_environment(message.test, settings)
        if environment is not None:
            raise environment

    def _signed(self, error: GatewayError, party: PartyRecord) -> bytes:
        fehler = self._tools.writer.refusal(error)
        try:
            return self._sign(fehler, party)
        except Exception as failed:  # noqa: BLE001 - the refusal must reach the sender all the same
            journaling.raise_alarm("refusal not signed", failed, code=error.code, door=DOOR)
            return fehler


def told_of(error: Exception, uuid: str | None) -> GatewayError:
    """Return what a sender at this door is told of an unforeseen error; a full disk is the operator's."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        journaling.raise_alarm("a disk is full", error, door=DOOR, uuid=uuid)
        return GatewayError("T200.no-room")
    return journaling.told_of(error, door=DOOR, uuid=uuid)


def _entry(way: NoteWay, error: GatewayError, party: PartyRecord | None) -> JournalEntry:
    """Return the journal's row of a refusal: with the document of a proven party, else hash and size."""
    document, note = way.document, way.note
    if document is None or party is None:
        digest = hashlib.sha256(way.octets).digest()
        return journaling.refused(error, way.route, way.received, digest=digest, size=len(way.octets))
    return journaling.refused(
        error,
        way.route,
        way.received,
        digest=document.content_hash,
        size=len(document.canonical),
        party_id=party.kennung,
        uuid=_uuid_of(way),
        message_type=None if note is None else note.message_type,
        content=document.canonical,
    )


def _uuid_of(way: NoteWay) -> str | None:
    return None if way.note is None else way.note.uuid


def _proven_party(way: NoteWay) -> PartyRecord | None:
    """Return the party the signer speaks for: the author named, or the first of the certificate's."""
    if way.note is not None:
        return way.note.party
    if way.document is None or way.recognised is None:
        return None
    parties = way.recognised.parties
    named = (way.document.element.findtext(f"{{{BVA}}}autor/{{{BVA}}}kennung") or "").strip()
    return parties.get(named) or parties[min(parties)]
