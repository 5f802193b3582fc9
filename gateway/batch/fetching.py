"""Requests for results (200008): how far deliveries are, a note, a file; confirmations of what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree
from sqlalchemy import Connection

from gateway import journaling
from gateway.accepted import Route
from gateway.batch.kept_states import kept_here, state_of
from gateway.batch.notes import Note, NoteReader, NoteWay
from gateway.batch.result_files import result_file
from gateway.batch.result_notes import result_row
from gateway.batch.signing import signer
from gateway.clock import german_time
from gateway.deferred.base import Workshop
from gateway.results import Refusal
from messages import bva
from messages.errors import GatewayError
from store.acceptance.store import AcceptanceStore
from store.deliveries import (
    fetchable_deliveries,
    find_deliveries,
    find_sequence,
    progress_of,
    results_of,
)
from store.records import JournalEntry, JournalKind
from store.records_batch import Delivery, DeliveryProgress, DeliveryResult, DeliverySequence
from store.unit import UnitOfWork

_AT_ONCE: Final = 100
"""How many deliveries an overview names: the oldest; the rest comes when these are confirmed."""

_RESULTS_AT_ONCE: Final = 1000
"""How many of their results: of a large delivery there can be thousands of addenda."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was asked for: a signed document, or a file whose octets are made while they are sent."""

    document: bytes | Iterator[bytes]
    size: int
    note: Note


class Fetching:
    """Answers requests for results; used by several threads at once."""

    def __init__(self, workshop: Workshop, notes: NoteReader, *, kept: AcceptanceStore | None = None) -> None:
        """In: the acceptance store of this node, if there is one: what lies in it is told too."""
        self.notes = notes
        self._kept = kept
        self._store = workshop.store
        self._tools = workshop.tools
        self._sign = signer(workshop.key, workshop.ecdsa_key)

    def answer(self, octets: bytes, route: Route, tls_fingerprint: str | None = None) -> Fetched | Refusal:
        """Answer a signed request. What it confirms is noted and committed before anything leaves.

        A refusal uses up nothing: neither the request's UUID nor one of the confirmations.
        """
        way = self.notes.begin(octets, route, tls_fingerprint)
        return self.notes.led(way, lambda: self._answer(way))

    def _answer(self, way: NoteWay) -> Fetched:
        note = self.notes.read(way, bva.Abruf200008)
        asked: bva.Abruf200008 = note.message
        with self._store.unit_of_work() as work:
            self._register(work, note)
            confirmed = self._confirm(work, note)
            result = None if asked.gegenstand is bva.Gegenstand.STATE else _result(work, note)
            delivery = None if result is None else work.delivery(result.delivery_id)
            if result is not None:
                if asked.gegenstand is bva.Gegenstand.FILE:
                    work.mark_result_fetched(result, note.now)
                work.add_journal(_told(JournalKind.FETCHED, note, result))
            work.add_journal(_asked(note, confirmed))
            work.commit()
        if result is None or delivery is None:
            document = self._sign(bva.write(self._overview(note)), note.party)
            return Fetched(document, len(document), note)
        if asked.gegenstand is bva.Gegenstand.NOTE:
            return Fetched(result.document, len(result.document), note)
        file = result_file(self._store, self._tools.messages, delivery, result.addendum)
        return Fetched(file, _note_of(result).datei.groesse, note)

    def _register(self, work: UnitOfWork, note: Note) -> None:
        known = work.register(note.party_id, note.uuid, note.content_hash, note.message_type, note.received)
        if known is not None:
            raise GatewayError("S999.request-replayed")

    def _confirm(self, work: UnitOfWork, note: Note) -> list[str]:
        """Note what the sender keeps for good; out: which results it had not confirmed before."""
        asked: bva.Abruf200008 = note.message
        confirmed = []
        for uuid in sorted({each.lower() for each in asked.bestaetigt}):
            result = work.result_by_uuid(note.party_id, uuid)
            if result is None:
                raise GatewayError("S999.unknown-result")
            if work.confirm_result(result, note.now):
                confirmed.append(uuid)
                work.add_journal(_told(JournalKind.CONFIRMED, note, result))
        return confirmed

    def _overview(self, note: Note) -> bva.Uebersicht200009:
        asked: bva.Abruf200008 = note.message
        party = note.party_id
        # Before the core: what is drained in between is found there.
        kept = kept_here(self._kept, party, asked.lieferschein_uuid, _AT_ONCE)
        with self._store.read() as reader:
            connection = reader.connection
            sequence = find_sequence(connection, party) or DeliverySequence(party, 0, 0, True)
            one = asked.lieferschein_uuid
            if one is None:
                found = fetchable_deliveries(connection, party, _AT_ONCE)
            else:
                found = _only(connection, party, one)
            if one is not None and not (found or kept):
                raise GatewayError("S999.unknown-result")
            ids = [each.id for each in found]
            there = {each.uuid for each in found}
            progress = progress_of(connection, ids)
            # Who asks for one delivery asks for its history; who asks for all, for what is to be fetched.
            results = results_of(connection, ids, unconfirmed=one is None, limit=_RESULTS_AT_ONCE)
        settings = self._tools.settings
        return bva.Uebersicht200009(
            test=settings.test_mark,
            abruf_uuid=asked.abruf_uuid,
            erstellungszeitpunkt=german_time(note.now),
            autor=bva.Stelle(settings.kennung, settings.name),
            leser=bva.Stelle(party, note.party.name),
            erwartet=bva.Naechstes(*sequence.expected),
            lieferungen=tuple(
                _state(each, progress[each.id], [one for one in results if one.delivery_id == each.id])
                for each in found
            )
            + tuple(state_of(each) for each in kept if each.arrived.uuid not in there),
        )


def _only(connection: Connection, party: str, uuid: str) -> list[Delivery]:
    found = find_deliveries(connection, uuid.lower())
    return [each for each in found if each.party_id == party and each.accepted_at is not None]


def _result(work: UnitOfWork, note: Note) -> DeliveryResult:
    """Return the result a request names: by its note, or the first one of a delivery."""
    asked: bva.Abruf200008 = note.message
    party = note.party_id
    found: DeliveryResult | None = None
    if asked.ergebnisschein_uuid is not None:
        found = work.result_by_uuid(party, asked.ergebnisschein_uuid.lower())
    elif asked.lieferschein_uuid is not None:
        delivery = work.delivery_by_uuid(party, asked.lieferschein_uuid.lower())
        found = None if delivery is None else work.first_result(delivery.id)
    if found is None:
        raise GatewayError("S999.unknown-result")
    return found


def _state(delivery: Delivery, progress: DeliveryProgress, results: list[DeliveryResult]) -> bva.Lieferstand:
    return bva.Lieferstand(
        lieferschein_uuid=delivery.uuid,
        lieferung=bva.Lieferfolge(delivery.number, delivery.package, delivery.last),
        eingangszeitpunkt=german_time(delivery.received_at),
        zustand=bva.Lieferzustand.IN_WORK if delivery.finished_at is None else bva.Lieferzustand.DONE,
        anzahl_datensaetze=delivery.records,
        bearbeitet=progress.records_done,
        ergebnisse=tuple(
            bva.Ergebnisstand(
                each.uuid,
                each.addendum,
                german_time(each.created_at),
                None if each.first_fetched_at is None else german_time(each.first_fetched_at),
                None if each.confirmed_at is None else german_time(each.confirmed_at),
            )
            for each in results
        ),
    )


def _note_of(result: DeliveryResult) -> bva.Ergebnisschein200006:
    """Read a note of our own; its signature is its last child."""
    root = etree.fromstring(result.document)
    root.remove(root[-1])
    note: bva.Ergebnisschein200006 = bva.parse(root)
    return note


def _asked(note: Note, confirmed: list[str]) -> JournalEntry:
    """Return the journal's row of a request, with its bytes where it confirms: that is the proof of it."""
    return replace(
        journaling.received(note),
        kind=JournalKind.ASKED_SERVICE,
        facts={"asked": note.message.gegenstand.value, "confirmed": confirmed},
        content=note.canonical if confirmed else None,
    )


def _told(kind: JournalKind, note: Note, result: DeliveryResult) -> JournalEntry:
    """Return the journal's row of a result that a request fetches or confirms."""
    return result_row(
        kind,
        note.received,
        result,
        party_id=note.party_id,
        door=note.route.door,
        peer=note.route.peer,
        facts={"by": note.message.gegenstand.value, "request": note.uuid},
    )
