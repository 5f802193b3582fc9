"""One record of a delivery: understood as far as it goes, decided like any request, answered on its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from lxml import etree

from gateway import journaling
from gateway.accepted import Outcome, Route
from gateway.answers import outcome_of
from gateway.answers_bva import faulty
from gateway.clock import german_day
from gateway.decided import Decided, Verdict
from gateway.deciding import Decider, Prepared
from gateway.deferred.base import Workshop
from gateway.handlers.readings import READINGS
from gateway.identity import survivor
from gateway.later import lay_out
from gateway.requests import Sender
from gateway.tools import Tools
from gateway.trust.admission import Limits, admit
from gateway.trust.canonical import canonical_octets
from messages.bva import Bescheinigung200002, Ereignis, Ergebnisrahmen
from messages.errors import GatewayError
from messages.namespaces import BVA
from messages.violations import kept_contract
from schemas.din91379 import is_datatype_c
from schemas.registry import SchemaRegistry
from store.record_ids import record_uuid
from store.records import DecisionRecord, JournalEntry, MessageRef, StoredAnswer
from store.records_batch import Chunk, ChunkCounts, Delivery
from store.unit import UnitOfWork
from store.unit_results import ROUTE

DISCARDED: Final = "T200.record-discarded"
_FAULTY: Final = "not-processed"
_MARK: Final = f"{{{BVA}}}identifikation.ereignis/{{{BVA}}}ereignis.zeichen"
_LONGEST_MARK: Final = 100


class Ending(StrEnum):
    """How a record ended, by the names of what a chunk counts."""

    ACCEPTED = "accepted"
    PARKED = "parked"
    REFUSED = "refused"
    FAULTY = "faulty"


_ENDINGS: Final = {
    Verdict.ACCEPTED: Ending.ACCEPTED,
    Verdict.REFUSED: Ending.REFUSED,
    Verdict.PARKED: Ending.PARKED,
    Verdict.CLERK: Ending.PARKED,
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record before it is decided; to the journal it is what a message is (`accepted.Registered`).

    `canonical` is what is stored of it: of one that could not be read the octets as they came. `prepared` is
    its request with all that needs no lock, `error` why there is none. `legal_basis` is the contract's.
    """

    delivery: Delivery
    position: int
    uuid: str
    canonical: bytes
    content_hash: bytes
    mark: str | None
    prepared: Prepared | Decided | None = None
    error: GatewayError | None = None
    legal_basis: str | None = None

    @property
    def party_id(self) -> str:
        """Return the kennung of the sender."""
        return self.delivery.party_id

    @property
    def message_type(self) -> str:
        """Return the number of the contract's record."""
        return Bescheinigung200002.message_type

    @property
    def route(self) -> Route:
        """Return the way it came; by its door, whatever brought the delivery, go later answers too."""
        return Route(ROUTE, self.delivery.peer or "")

    @property
    def received(self) -> datetime:
        """Return the real instant of its delivery's arrival."""
        return self.delivery.received_at

    @property
    def ref(self) -> MessageRef:
        """Return what it is registered under."""
        return MessageRef(self.party_id, self.uuid)

    @property
    def frame(self) -> Ergebnisrahmen:
        """Return what its result is addressed by."""
        return Ergebnisrahmen(self.position, self.mark)

    @property
    def touches(self) -> int | None:
        """Return the key under which it is decided; None for one that no state has a say in."""
        return self.prepared.request.key.lock if isinstance(self.prepared, Prepared) else None

    @property
    def number(self) -> str | None:
        """Return the number it names, as it is compared."""
        return self.prepared.request.number if isinstance(self.prepared, Prepared) else None


class RecordReader:
    """Reads the records of one delivery on one day. What is wrong with one is a fact about it."""

    def __init__(self, workshop: Workshop, delivery: Delivery, today: date) -> None:
        self._tools: Tools = workshop.tools
        self._registry: SchemaRegistry = workshop.registry
        self._limits: Limits = workshop.limits
        self._decider = Decider(workshop.tools)
        self._delivery = delivery
        self._today = today
        # A delivery that came on the last day of its contract is worked off by it, whenever that is.
        self._written_by = min(today, german_day(delivery.received_at))
        party = workshop.tools.parties.party(delivery.party_id)
        self._name = delivery.party_id if party is None else party.name
        self._agency_type = "" if party is None else party.agency_type
        self._reading = READINGS[Bescheinigung200002]

    def read(self, position: int, raw: bytes) -> Record:
        """Read the record at a position. Raises what `Decider.prepare` does, nothing for a faulty record."""
        element = None
        try:
            element = admit(raw, self._limits).root
            contract = kept_contract(self._registry, element, self._written_by)
            message: Any = self._tools.messages.parse(element)
        except GatewayError as error:
            return self._record(position, raw, _mark(element), error=error)
        event: Ereignis = message.rahmen
        record = self._record(position, canonical_octets(element), event.zeichen)
        sender = Sender(record.party_id, self._name, self._agency_type, record.ref, record.received)
        prepared = self._decider.prepare(self._reading.read(message, sender), self._today)
        return replace(record, prepared=prepared, legal_basis=contract.rechtsgrundlage)

    def undone(self, position: int, raw: bytes, code: str) -> Record:
        """Return a record of which nobody will decide, with the code of why."""
        try:
            element = admit(raw, self._limits).root
        except GatewayError:
            element = None
        return self._record(position, raw, _mark(element), error=GatewayError(code))

    def _record(
        self, position: int, stored: bytes, mark: str | None, error: GatewayError | None = None
    ) -> Record:
        uuid = record_uuid(self._delivery.stem, position)
        digest = hashlib.sha256(stored).digest()
        return Record(self._delivery, position, uuid, stored, digest, mark, error=error)


class RecordDecisions:
    """Decides the records of one chunk, in one unit of work, and queues what is kept of each.

    Call `lock` once, before any of them.
    """

    def __init__(self, tools: Tools, work: UnitOfWork, chunk: Chunk) -> None:
        self._tools = tools
        self._work = work
        self._missed = chunk.missed
        self._decider = Decider(tools)
        self._touched: set[int] = set()
        self._endings: list[Ending] = []

    @property
    def counts(self) -> ChunkCounts:
        """Return how the records ended so far."""
        return ChunkCounts(**{each: self._endings.count(each) for each in Ending})

    def lock(self, records: Iterable[Record]) -> None:
        """Lock the keys of everybody that these records are about, all at once."""
        work, keys = self._work, set()
        for record in records:
            if record.touches is not None:
                keys.add(record.touches)
            if record.number is not None:
                holder = work.person_by_number(record.number)
                if holder is not None:
                    keys.add(survivor(work, holder).lock_key)
        work.lock_persons(keys)
        work.note_strangers(keys)

    def decide(self, record: Record, *, actor: str | None = None) -> None:
        """Register a record, decide it on today's state, and answer it.

        In: who gave it up, if somebody did.
        """
        if record.number is not None or record.touches in self._touched:
            # An earlier record may have stored what this one meets.
            self._flush()
        self._done(record, actor)
        if record.number is not None:
            # Whose number it was may have another key.
            self._flush()
        elif record.touches is not None:
            self._touched.add(record.touches)

    def _flush(self) -> None:
        self._work.flush()
        self._touched.clear()

    def _done(self, record: Record, actor: str | None) -> None:
        work = self._work
        work.register_record(
            record.party_id, record.uuid, record.content_hash, record.message_type, record.received
        )
        if record.error is not None:
            outcome = Outcome(faulty(record.error), _FAULTY, reason=record.error.code)
            work.add_journal(self._refused(record, record.error, actor))
            self._endings.append(Ending.FAULTY)
        else:
            decided = self._decided(record)
            outcome = outcome_of(decided, READINGS[Bescheinigung200002].body(decided))
            work.add_journal(journaling.received(record))
            work.add_decision(self._recorded(record, outcome))
            self._endings.append(_ENDINGS[decided.verdict])
        self._answer(record, outcome)

    def _decided(self, record: Record) -> Decided:
        prepared = record.prepared
        if prepared is None:
            raise LookupError("a record neither read nor faulty")
        return prepared if isinstance(prepared, Decided) else self._decider.decide(self._work, prepared)

    def _answer(self, record: Record, outcome: Outcome) -> None:
        work, tools = self._work, self._tools
        document = tools.writer.document(record.frame, outcome, tools.clock.now())
        answer = StoredAnswer(
            document,
            outcome.answer.message_class.message_type,
            outcome.reason,
            outcome.number,
            None if outcome.row is None else outcome.row.id,
        )
        work.store_answer(record.party_id, record.uuid, answer)
        work.add_journal(journaling.answered(record, outcome, document, tools.real_clock.now()))
        if self._missed:
            # The first result is out and said that this one is to come.
            lay_out(
                work,
                tools,
                record.ref,
                outcome,
                frame=record.frame,
                door=ROUTE,
                trigger_uuid=record.uuid,
            )

    def _refused(self, record: Record, error: GatewayError, actor: str | None) -> JournalEntry:
        entry = journaling.refused(
            error,
            record.route,
            record.received,
            digest=record.content_hash,
            size=len(record.canonical),
            party_id=record.party_id,
            uuid=record.uuid,
            message_type=record.message_type,
            content=record.canonical or None,
        )
        return entry if actor is None else replace(entry, facts={"actor": actor})

    def _recorded(self, record: Record, outcome: Outcome) -> DecisionRecord:
        delivery = record.delivery
        return DecisionRecord(
            id=self._work.new_id(),
            party_id=record.party_id,
            uuid=record.uuid,
            message_type=record.message_type,
            schema_version=delivery.schema_version,
            signer_fingerprint=delivery.signer_fingerprint,
            **outcome.recorded(record.legal_basis),
            evidence={**outcome.evidence, "delivery": delivery.uuid, "position": record.position},
            received_at=record.received,
            decided_at=self._tools.real_clock.now(),
        )


def _mark(element: etree._Element | None) -> str | None:
    """Return the sender's mark of a record that could not be read, if it may stand in a result."""
    found = None if element is None else element.findtext(_MARK)
    return found if found and len(found) <= _LONGEST_MARK and is_datatype_c(found) else None
