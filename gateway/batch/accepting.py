"""Taking deliveries in also while the core store is away: into the acceptance store of this node.

The sender gets a receipt that says so. Until the delivery is drained it lies on this node alone; what becomes
of it there is what would have become of it at the door, under the same UUID and with the same receipt.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from time import monotonic
from typing import IO, Any, Final

from gateway.batch.kept_states import refusal_of
from gateway.batch.notes import Note, NoteReader, NoteWay
from gateway.batch.taking import CommitInDoubt, Opened, Taken, Taking, out_of_place
from gateway.deferred.base import Workshop
from messages.bva import Eingangszustand, Lieferschein200001
from messages.errors import GatewayError
from store.acceptance.records import Arrived, KeptDelivery, KeptState
from store.acceptance.store import AcceptanceStore
from store.errors import StoreBusy, StoreFull, StoreUnavailable

_PART: Final = 1 << 20
_LEVEL: Final = 1
_AWAY: Final = "T200.store-away"
BELIEVED_AWAY: Final = 5.0
_log: Final = logging.getLogger("gateway.batch")


class Accepting(Taking):
    """Takes deliveries in, into the core store or, while that is away, into the acceptance store.

    Who has a delivery waiting here delivers here until it is drained, so that numbers stay in order.
    """

    def __init__(
        self,
        workshop: Workshop,
        notes: NoteReader,
        *,
        kept: AcceptanceStore,
        notes_away: NoteReader,
        believed_away: float = BELIEVED_AWAY,
        **usual: Any,
    ) -> None:
        """In: what `Taking` wants, a reader of manifests that believes the copy of the registry, and for how
        many seconds nobody tries a core again that was away: each try may wait for a connection.
        """
        super().__init__(workshop, notes, **usual)
        self._kept = kept
        self._notes_away = notes_away
        self._believed_away = believed_away
        self._away_until = float("-inf")

    def _open(self, way: NoteWay) -> Opened | Taken:
        note = self._read(way)
        waiting, known = self._here(note)
        if known is not None and known.state is KeptState.ACCEPTED:
            return _repeated(note, known)
        away = self._is_away()
        if waiting is None and not away:
            try:
                return self.look_up(way, note)
            except StoreBusy:
                raise
            except StoreUnavailable:
                self._believe_away()
                away = True
        if known is not None and known.state is KeptState.DRAINED:
            return _repeated(note, known)
        if away and known is not None and _is_same(note, known):
            raise refusal_of(known)
        if waiting is not None:
            self._object(note, waiting.arrived)
        # Before the file is sent for nothing.
        if self._kept.room().is_full:
            raise _no_room(note, "the acceptance store is full")
        return self._wanted(way, note)

    def _take(self, opened: Opened, file: IO[bytes]) -> Taken:
        note, in_doubt = opened.note, False
        with self.examine(note, file) as records:
            waiting, known = self._here(note)
            if waiting is None and not self._is_away():
                try:
                    taken = self.store(note, records)
                except StoreBusy:
                    raise
                except StoreUnavailable as error:
                    self._believe_away()
                    in_doubt = isinstance(error, CommitInDoubt)
                else:
                    if known is not None:
                        self._kept.supersede(known)
                    return taken
        return self._keep(opened, file, in_doubt=in_doubt)

    def _read(self, way: NoteWay) -> Note:
        """Prove a manifest by the registry, or while the core is away by the copy of it."""
        if not self._is_away():
            try:
                return self.notes.read(way, Lieferschein200001)
            except GatewayError as error:
                if error.code != _AWAY:
                    raise
                self._believe_away()
        return self._notes_away.read(way, Lieferschein200001)

    def _here(self, note: Note) -> tuple[KeptDelivery | None, KeptDelivery | None]:
        """Return the last delivery of a party that is waiting here, and what came under a manifest's UUID.

        Without the acceptance store the core store has to do, as if nothing were here.
        """
        try:
            waiting = self._kept.last_waiting(note.party_id)
            return waiting, self._kept.find(note.party_id, note.uuid)
        except StoreUnavailable as error:
            _log.error("the acceptance store is away: %s", error)
            return None, None

    def _object(self, note: Note, last: Arrived) -> None:
        """Refuse a delivery in whose place another is waiting; the others are judged when they are drained.

        Raises GatewayError S999.delivery-number-used.
        """
        place = note.message.lieferung
        found = (place.nummer, place.paketnummer)
        if self._kept.in_place(note.party_id, found):
            raise out_of_place("S999.delivery-number-used", found, last.sequence)

    def _keep(self, opened: Opened, file: IO[bytes], *, in_doubt: bool) -> Taken:
        """Store a file that was examined in the acceptance store; the receipt leaves after the commit."""
        note, message = opened.note, opened.manifest
        arrived = Arrived(
            party_id=note.party_id,
            uuid=note.uuid,
            content_hash=note.content_hash,
            number=message.lieferung.nummer,
            package=message.lieferung.paketnummer,
            last=message.lieferung.letztes_paket,
            records=message.anzahl_datensaetze,
            size=message.datei.groesse,
            door=note.route.door,
            peer=note.route.peer,
            received_at=note.received,
            in_doubt=in_doubt,
        )
        try:
            row_id = self._kept.load(arrived, opened.way.octets, _parts(file))
            kept = self._accept(row_id, note)
        except StoreFull as error:
            raise _no_room(note, str(error)) from error
        if kept.arrived.content_hash != arrived.content_hash:
            raise GatewayError("S999.uuid-reused")
        _log.warning(
            "kept a delivery until it is drained", extra={"uuid": note.uuid, "door": note.route.door}
        )
        return Taken(kept.receipt, kept.id != row_id, note.party, note.uuid)

    def _accept(self, row_id: int, note: Note) -> KeptDelivery:
        """Accept what was loaded, or leave nothing of it: it takes room for nothing."""
        receipt = self.receipt(note, Eingangszustand.KEPT)
        try:
            return self._kept.accept(row_id, receipt, self._tools.real_clock.now())
        except ValueError:
            self._kept.abandon(row_id)
            # Another manifest took the place while this one was being stored.
            raise GatewayError("T200.busy") from None
        except StoreUnavailable:
            # Does nothing where the commit came about all the same.
            self._kept.abandon(row_id)
            raise

    def _is_away(self) -> bool:
        return monotonic() < self._away_until

    def _believe_away(self) -> None:
        self._away_until = monotonic() + self._believed_away


def _no_room(note: Note, why: str) -> GatewayError:
    """Tell the operator that a delivery could not be kept, and return what its sender is told."""
    _log.error("no room for a delivery: %s", why, extra={"uuid": note.uuid, "door": note.route.door})
    return GatewayError("T200.no-room")


def _repeated(note: Note, kept: KeptDelivery) -> Taken:
    """Return the receipt that this node gave. Raises GatewayError S999.uuid-reused."""
    if not _is_same(note, kept):
        raise GatewayError("S999.uuid-reused")
    return Taken(kept.receipt, True, note.party, note.uuid)


def _is_same(note: Note, kept: KeptDelivery) -> bool:
    return kept.arrived.content_hash == note.content_hash


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_PART):
        yield zlib.compress(block, _LEVEL)
