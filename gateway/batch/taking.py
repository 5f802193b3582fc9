"""Taking a delivery in: its manifest is proven first, then the file is held against it, then it is stored.

Stored is in pieces, each in a transaction of its own, and nobody is told of them before the last one: that
gives the delivery its number and lays down the work on it. Whoever crashed before it left nothing but rows
that a resend goes on from, and that are removed if none comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from gateway import journaling
from gateway.accepted import Route
from gateway.batch.notes import Note, NoteReader, NoteWay
from gateway.batch.packing import pack
from gateway.batch.records_file import Piece, RecordsFile, RecordsLimits
from gateway.batch.signing import signer
from gateway.batch.work_kinds import CHUNK, RESULT
from gateway.clock import german_time
from gateway.deferred.base import Workshop
from gateway.results import Refusal
from messages import bva
from messages.errors import GatewayError
from store.errors import StoreBusy, StoreUnavailable
from store.record_ids import stem_for
from store.records import JournalEntry, JournalKind, PartyRecord, StoredAnswer
from store.records_batch import Delivery, DeliverySequence
from store.unit import UnitOfWork

_CHUNKS_PER_TRANSACTION: Final = 20
_OCTETS_PER_TRANSACTION: Final = 4 << 20
_ROWS_AT_ONCE: Final = 1000
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that was accepted, now or before: the signed receipt, the same bytes for every resend."""

    receipt: bytes
    repeated: bool
    party: PartyRecord
    uuid: str


@dataclass(frozen=True, slots=True)
class Promised:
    """The receipt that a sender got before the core store knew of its delivery, and when."""

    receipt: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A manifest that may be followed by its file."""

    way: NoteWay
    note: Note

    @property
    def manifest(self) -> bva.Lieferschein200001:
        """Return what the manifest says."""
        message: bva.Lieferschein200001 = self.note.message
        return message


class CommitInDoubt(StoreUnavailable):
    """The store went away while it committed a delivery: it may have it, and nobody was told."""


class Taking:
    """Takes deliveries in; used by several threads at once.

    `limits` are the caps on a file, `chunk_records` is how many records commit together, `spool` the folder
    for what is only needed while a file is taken in.
    """

    def __init__(
        self,
        workshop: Workshop,
        notes: NoteReader,
        *,
        limits: RecordsLimits,
        chunk_records: int,
        spool: Path | None = None,
    ) -> None:
        self.limits = limits
        self.notes = notes
        self._store = workshop.store
        self._tools = workshop.tools
        self._sign = signer(workshop.key, workshop.ecdsa_key)
        self._chunk_records = chunk_records
        self._spool = spool

    def open(
        self, manifest: bytes, route: Route, tls_fingerprint: str | None = None
    ) -> Opened | Taken | Refusal:
        """Prove a manifest and say whether its file is wanted.

        Out: `Taken` for one that was accepted before, without that its file need be read again. A number that
        does not follow on is refused here already; what counts is asked again when everything is stored.
        """
        way = self.notes.begin(manifest, route, tls_fingerprint)
        return self.notes.led(way, lambda: self._open(way))

    def take(self, opened: Opened, file: IO[bytes]) -> Taken | Refusal:
        """Hold a file against its manifest and store it. In: a seekable file that nobody else can change."""
        return self.notes.led(opened.way, lambda: self._take(opened, file))

    def refuse(self, opened: Opened, error: GatewayError) -> Refusal:
        """Refuse a delivery whose file did not come as it should."""
        return self.notes.refuse(opened.way, error)

    def examine(self, note: Note, file: IO[bytes]) -> RecordsFile:
        """Make sure that a file is the one a manifest names, before anything of it is read; then survey it.

        Raises GatewayError S999.records-size, S999.records-hash, S999.records-count, and what is wrong with
        the file as a whole.
        """
        named = note.message.datei
        size = file.seek(0, 2)
        if size != named.groesse:
            details = {"expected": str(named.groesse), "found": str(size)}
            raise GatewayError("S999.records-size", details=details)
        if _digest(file) != named.sha256:
            raise GatewayError("S999.records-hash")
        records = RecordsFile.survey(file, self.limits, self._spool)
        expected = note.message.anzahl_datensaetze
        if records.found.count != expected:
            records.close()
            details = {"expected": str(expected), "found": str(records.found.count)}
            raise GatewayError("S999.records-count", details=details)
        return records

    def store(self, note: Note, records: RecordsFile, promised: Promised | None = None) -> Taken:
        """Store a file that was examined, and accept its delivery in its place.

        In: the receipt that its sender has already, if so. Raises GatewayError S999.uuid-reused,
        S999.delivery-gap, S999.delivery-number-used, S999.record-uuid-used, and StoreBusy, StoreUnavailable
        or CommitInDoubt: then the same delivery may come again.
        """
        delivery = self._load(note, records)
        made = promised.receipt if promised else self.receipt(note, bva.Eingangszustand.ACCEPTED)
        with self._store.unit_of_work() as work:
            known = self._known(work, note)
            if known is not None:
                return known
            accepted_at = self._tools.real_clock.now()
            sequence = _fitting(work, note)
            whole = work.stored_chunks(delivery.id) == delivery.chunks
            if not whole or not work.accept_delivery(delivery.id, accepted_at):
                # Another manifest came under this UUID meanwhile, and took the place of what was loaded.
                raise GatewayError("T200.busy")
            work.set_sequence(sequence)
            for ordinal in range(delivery.chunks):
                work.enqueue(CHUNK, accepted_at, subject=delivery.id, facts={"ordinal": ordinal})
                if ordinal % _ROWS_AT_ONCE == 0:
                    work.flush()
            work.enqueue(RESULT, accepted_at, subject=delivery.id)
            for entry in _journal(note, delivery, made, promised.at if promised else accepted_at):
                work.add_journal(entry)
            work.store_answer(note.party_id, note.uuid, StoredAnswer(made, bva.Eingang200007.message_type))
            try:
                work.commit()
            except StoreBusy:
                raise
            except StoreUnavailable as error:
                raise CommitInDoubt(str(error)) from error
        return Taken(made, False, note.party, note.uuid)

    def look_up(self, way: NoteWay, note: Note, promised: Promised | None = None) -> Opened | Taken:
        """Say whether the file of a proven manifest is wanted; raises as `store`.

        In: the receipt that its sender got instead of the core's own, which never left. Then the core keeps
        that one from now on.
        """
        with self._store.unit_of_work() as work:
            known = self._known(work, note, promised)
            if known is not None:
                return known
            _fitting(work, note)
        return self._wanted(way, note)

    def receipt(self, note: Note, state: bva.Eingangszustand) -> bytes:
        """Return a signed receipt of a delivery."""
        message: bva.Lieferschein200001 = note.message
        settings = self._tools.settings
        receipt = bva.Eingang200007(
            test=settings.test_mark,
            lieferschein_uuid=message.lieferschein_uuid,
            erstellungszeitpunkt=german_time(self._tools.clock.now()),
            autor=bva.Stelle(settings.kennung, settings.name),
            leser=bva.Stelle(note.party_id, note.party.name),
            lieferung=message.lieferung,
            anzahl_datensaetze=message.anzahl_datensaetze,
            zustand=state,
        )
        return self._sign(bva.write(receipt), note.party)

    def _open(self, way: NoteWay) -> Opened | Taken:
        return self.look_up(way, self.notes.read(way, bva.Lieferschein200001))

    def _wanted(self, way: NoteWay, note: Note) -> Opened:
        limit = self.limits.max_bytes
        if note.message.datei.groesse > limit:
            raise GatewayError("T099.delivery-too-large", details={"limit": str(limit)})
        return Opened(way, note)

    def _take(self, opened: Opened, file: IO[bytes]) -> Taken:
        with self.examine(opened.note, file) as records:
            return self.store(opened.note, records)

    def _known(self, work: UnitOfWork, note: Note, promised: Promised | None = None) -> Taken | None:
        """Return the receipt of a delivery that was accepted before; else `work` has registered its UUID."""
        known = work.register(note.party_id, note.uuid, note.content_hash, note.message_type, note.received)
        if known is None:
            return None
        if known.content_hash != note.content_hash:
            raise GatewayError("S999.uuid-reused")
        if known.answer is None:
            raise GatewayError("S100")
        receipt, kind, at = known.answer.document, JournalKind.REPEATED, self._tools.real_clock.now()
        if promised is not None and promised.receipt != receipt:
            receipt, kind, at = promised.receipt, JournalKind.ANSWERED, promised.at
            work.replace_answer(note.party_id, note.uuid, receipt)
        message_type = known.answer.message_type
        work.add_journal(journaling.sent_back(kind, note, receipt, at, message_type=message_type))
        work.commit()
        return Taken(receipt, True, note.party, note.uuid)

    def _load(self, note: Note, records: RecordsFile) -> Delivery:
        """Store the records, in pieces that commit alone; goes on where an earlier try ended."""
        with self._store.unit_of_work() as work:
            delivery, present = self._begin(work, note)
            work.commit()
        pieces = records.pieces(self._chunk_records, present)
        ordinal = present
        for some in _together(pieces):
            with self._store.unit_of_work() as work:
                if not work.keep_open(delivery.id):
                    # Somebody else's try ended meanwhile; `store` finds out how.
                    return delivery
                for first, count, content in some:
                    work.add_chunk(delivery.id, ordinal, first, count, content)
                    ordinal += 1
                work.commit()
        return delivery

    def _begin(self, work: UnitOfWork, note: Note) -> tuple[Delivery, int]:
        """Write a delivery down, or find what an earlier try left; out: it, and how many chunks there are."""
        wanted = self._delivery(work.new_id(), note)
        stored = work.add_delivery(wanted)
        if stored.id == wanted.id or stored.accepted_at is not None:
            return stored, stored.chunks if stored.accepted_at is not None else 0
        first = work.chunk(stored.id, 0)
        size = min(self._chunk_records, wanted.records)
        same = stored.content_hash == wanted.content_hash and (first is None or first.count == size)
        if same:
            work.take_up(stored.id, note.received)
            return replace(stored, received_at=note.received), work.stored_chunks(stored.id)
        work.drop_delivery(stored.id)
        return work.add_delivery(wanted), 0

    def _delivery(self, delivery_id: int, note: Note) -> Delivery:
        message: bva.Lieferschein200001 = note.message
        records = message.anzahl_datensaetze
        return Delivery(
            id=delivery_id,
            party_id=note.party_id,
            uuid=note.uuid,
            content_hash=note.content_hash,
            number=message.lieferung.nummer,
            package=message.lieferung.paketnummer,
            last=message.lieferung.letztes_paket,
            stem=stem_for(note.party_id, note.uuid),
            records=records,
            size=message.datei.groesse,
            sha256=message.datei.sha256,
            chunks=-(-records // self._chunk_records),
            door=note.route.door,
            peer=note.route.peer,
            signer_fingerprint=note.fingerprint,
            schema_version=note.contract.version_name,
            received_at=note.received,
        )


def _together(pieces: Iterable[Piece]) -> Iterator[list[tuple[int, int, bytes]]]:
    """Yield what one transaction stores: of each chunk its first position, its count and its content."""
    some: list[tuple[int, int, bytes]] = []
    for piece in pieces:
        some.append((piece.first, len(piece.records), pack(piece.records)))
        octets = sum(len(content) for _, _, content in some)
        if len(some) == _CHUNKS_PER_TRANSACTION or octets >= _OCTETS_PER_TRANSACTION:
            yield some
            some = []
    if some:
        yield some


def _digest(file: IO[bytes]) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def _fitting(work: UnitOfWork, note: Note) -> DeliverySequence:
    """Lock the numbers of a party, and return them with this delivery.

    Raises GatewayError S999.delivery-gap, S999.delivery-number-used, S999.record-uuid-used.
    """
    message: bva.Lieferschein200001 = note.message
    sequence = _follow_on(message, work.lock_sequence(note.party_id))
    if work.uses_records_of(note.party_id, stem_for(note.party_id, note.uuid), message.anzahl_datensaetze):
        raise GatewayError("S999.record-uuid-used")
    return sequence


def _follow_on(message: bva.Lieferschein200001, last: DeliverySequence) -> DeliverySequence:
    """Return the sequence with a delivery that is the next one.

    Raises GatewayError S999.delivery-gap or S999.delivery-number-used, naming number and package.
    """
    place = message.lieferung
    found = (place.nummer, place.paketnummer)
    if found == last.expected:
        return DeliverySequence(last.party_id, *found, place.letztes_paket)
    code = "S999.delivery-gap" if found > last.expected else "S999.delivery-number-used"
    raise out_of_place(code, found, last)


def out_of_place(code: str, found: tuple[int, int], last: DeliverySequence) -> GatewayError:
    """Return the refusal of a number and package that do not follow on, with those that would."""
    details = {"expected": "{}/{}".format(*last.expected), "found": "{}/{}".format(*found)}
    return GatewayError(code, details=details)


def _journal(note: Note, delivery: Delivery, receipt: bytes, at: datetime) -> tuple[JournalEntry, ...]:
    facts = {"delivery": delivery.id, "records": delivery.records, "sha256": delivery.sha256.hex()}
    received = replace(journaling.received(note), facts=facts)
    message_type = bva.Eingang200007.message_type
    answered = journaling.sent_back(JournalKind.ANSWERED, note, receipt, at, message_type=message_type)
    return received, answered
