"""The core behind its door for deliveries: signed manifests and files in, worked off, results out."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from fixtures.persons import BAMF, Person
from fixtures.pki.build import Pki
from fixtures.resettlers import certificate, write_file
from gateway.accepted import Route
from gateway.batch.notes import NoteReader
from gateway.batch.records_file import RecordsLimits
from gateway.batch.result_files import first_file
from gateway.batch.taking import Opened, Taken, Taking
from gateway.deferred.base import WorkHandler, Workshop
from gateway.deferred.handlers import handlers
from gateway.deferred.runner import Ended, Worker
from gateway.results import Refusal
from gateway.trust.admission import Limits
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.bva import Bescheinigung200002, Ergebnis200004, Lieferschein200001
from messages.frame import Message
from messages.registry import BUNDLED_MESSAGES
from store.deliveries import find_deliveries
from store.engine import Store
from store.parties import add_party
from store.record_ids import record_uuid
from store.records import DecisionRecord, MessageRef
from store.records_batch import Delivery
from tests.support.core import NOW, new_uuid, party
from tests.support.door import DoorCore
from tests.support.given import BVA

ROUTE = Route("batch", "192.0.2.20")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a record, and the latest row of the table that the store's record names for it."""

    message: Ergebnis200004
    uuid: str
    row: str | None

    @property
    def number(self) -> str | None:
        """The number it was given."""
        accepted = self.message.angenommen
        return None if accepted is None else accepted.bamfkennziffer

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        refused = self.message.abgelehnt
        return None if refused is None else refused.ablehnungsgrund.code

    @property
    def ending(self) -> str:
        """The name of what it ended with, as the sender reads it."""
        # Its own list: what tests of results say must not come from what they test.
        endings = ("angenommen", "zurueckgestellt", "abgelehnt", "fehlerhaft")
        (found,) = (name for name in endings if getattr(self.message, name) is not None)
        return found


class BatchCore(DoorCore):
    """A core to which the Federal Administration Office delivers too; `chunk_records` commit together."""

    def __init__(
        self, store: Store, pki: Pki, clock: Any | None = None, *, chunk_records: int = 100, **changes: Any
    ) -> None:
        super().__init__(store, pki, clock, **changes)
        self.workshop = Workshop(store, self.pipeline.tools, self.registry, Limits(), pki.key("gateway"))
        notes = NoteReader(self.workshop, self.pipeline.senders)
        self.taking = Taking(self.workshop, notes, limits=RecordsLimits(), chunk_records=chunk_records)
        self._delivered = 0

    def manifest(self, file: bytes, count: int, **changes: Any) -> Lieferschein200001:
        """The manifest of a file, with the next number."""
        usual: dict[str, Any] = {
            "test": "1",
            "lieferschein_uuid": new_uuid(),
            "erstellungszeitpunkt": self.clock.now(),
            "autor": bva.Stelle(BVA.kennung, BVA.name),
            "leser": bva.Stelle(BAMF.kennung, BAMF.name),
            "lieferung": bva.Lieferfolge(self._delivered + 1, 1, True),
            "datei": bva.Datei("datensaetze.xml", len(file), hashlib.sha256(file).digest()),
            "anzahl_datensaetze": count,
        }
        return Lieferschein200001(**{**usual, **changes})

    def signed(self, manifest: Lieferschein200001, holder: str = "bva") -> bytes:
        """A manifest with its signature."""
        return sign_document(bva.write(manifest), key=self.pki.key(holder))

    def taken(self, *records: Bescheinigung200002 | bytes) -> Delivery:
        """Sign and hand in a delivery, and expect that it is accepted."""
        octets = [each if isinstance(each, bytes) else BUNDLED_MESSAGES.write(each) for each in records]
        spool = io.BytesIO()
        write_file(spool, octets)
        manifest = self.manifest(spool.getvalue(), len(records))
        opened = self.taking.open(self.signed(manifest), ROUTE)
        assert isinstance(opened, Opened), opened.error if isinstance(opened, Refusal) else opened
        taken = self.taking.take(opened, spool)
        assert isinstance(taken, Taken), taken.error
        self._delivered += 1
        with self.store.read() as reader:
            (delivery,) = find_deliveries(reader.connection, manifest.lieferschein_uuid)
        return delivery

    def worker(self, *kinds: str, name: str = "test") -> Worker:
        """A worker for all kinds of work, or for some."""
        able: dict[str, WorkHandler] = dict(handlers(self.workshop))
        return Worker(self.store, self.clock, {kind: able[kind] for kind in kinds or able}, name)

    def work_off(self) -> Counter[Ended]:
        """Do what is due, in this thread."""
        return self.worker().work_off()

    def decided(self, *records: Bescheinigung200002 | bytes) -> list[Result]:
        """Deliver records, have them worked off, and return the first result, each valid by its contract."""
        return self.results(self._worked(self.taken(*records)))

    def certified(self, person: Person, *, number: str | None = None, mark: str = "BVA-1") -> Result:
        """Deliver one record; return its result."""
        (result,) = self.decided(certificate(person, mark, number=number))
        return result

    def taken_certificate(self, person: Person, *, number: str | None = None) -> Delivery:
        """Hand in one record."""
        return self.taken(certificate(person, number=number))

    def results(self, delivery: Delivery) -> list[Result]:
        """The first result of a delivery, as the sender reads it."""
        file = b"".join(first_file(self.store, self.messages, delivery))
        return [self._result(delivery, element) for element in etree.fromstring(file)]

    def later(self, delivery: Delivery) -> list[Ergebnis200004]:
        """The later answers to the records of a delivery, the oldest first."""
        found: list[tuple[int, Any]] = []
        with self.store.read() as reader:
            for position in range(1, delivery.records + 1):
                ref = MessageRef(delivery.party_id, record_uuid(delivery.stem, position))
                for entry in reader.outbox_of(ref):
                    assert (entry.route, entry.kind) == ("batch", Ergebnis200004.message_type)
                    assert entry.document is not None
                    found.append((entry.id, self.read_document(etree.fromstring(entry.document))))
        return [message for _, message in sorted(found, key=lambda each: each[0])]

    def records_of(self, uuid: str) -> Sequence[DecisionRecord]:
        """The decisions about a record."""
        with self.store.read() as reader:
            return reader.decisions(MessageRef(BVA.kennung, uuid))

    def _worked(self, delivery: Delivery) -> Delivery:
        ended = self.work_off()
        assert set(ended) <= {Ended.DONE, Ended.POSTPONED}, ended
        return delivery

    def _result(self, delivery: Delivery, element: etree._Element) -> Result:
        octets = etree.tostring(element, method="c14n", exclusive=True)
        message: Ergebnis200004 = self.read_document(etree.fromstring(octets))
        assert message.rahmen.position == element.getparent().index(element) + 1  # type: ignore[union-attr]
        uuid = record_uuid(delivery.stem, message.rahmen.position)
        decisions = self.records_of(uuid)
        return Result(message, uuid, decisions[0].row if decisions else None)


def certificates(*persons: Person) -> Iterable[Message]:
    """The records of some persons, each with a mark of its own."""
    return [certificate(person, f"BVA-{place}") for place, person in enumerate(persons, 1)]


def connect_bva(store: Store, pki: Pki) -> None:
    """Register the Federal Administration Office."""
    with store.write() as connection:
        add_party(
            connection,
            party(
                pki,
                BVA.kennung,
                BVA.name,
                "bva",
                agency_type="BVA",
                allowed_types=frozenset({Lieferschein200001.message_type}),
                versions=frozenset({"InGe-BVA 1"}),
            ),
            NOW,
        )
