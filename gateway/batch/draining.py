"""Draining the acceptance store of a node into the core store, by the very functions of the door.

The core knows a delivery by party and UUID, so that whoever is killed in between leaves nothing double: the
next try finds it there and only notes so. Each party's deliveries go in the order of their numbers.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import zlib
from collections import Counter
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from gateway import journaling
from gateway.accepted import Route
from gateway.batch.notes import NoteWay
from gateway.batch.taking import Promised, Taken, Taking
from gateway.clock import Clock
from gateway.deferred.leases import prolonged
from gateway.deferred.terms import back_off
from messages.bva import Lieferschein200001
from messages.errors import GatewayError
from store.acceptance.records import KeptDelivery, KeptState
from store.acceptance.store import AcceptanceStore
from store.errors import StoreBusy, StoreUnavailable

_SOON: Final = timedelta(seconds=1)
_AWAY: Final = timedelta(seconds=5)
_EARLY: Final = timedelta(seconds=5)
_LATER: Final = timedelta(seconds=30)
_STORE_AWAY: Final = "T200.store-away"
_GAP: Final = "S999.delivery-gap"
_STORED_FOR_NOTHING: Final = timedelta(days=1)
_log: Final = logging.getLogger("gateway.batch")


class Drained(StrEnum):
    """How a try ended. WAITING: it is tried again, for one of the reasons in its row."""

    DRAINED = "drained"
    REFUSED = "refused"
    WAITING = "waiting"


class Draining:
    """Drains deliveries, in one thread.

    `taking` is the way into the core whose manifests are read by the registry, as they arrived: their
    certificates were judged then. `patience` is how long a delivery waits for the numbers before its own,
    which may lie on another node; `remember` how long receipts and refusals stay.
    """

    def __init__(
        self,
        *,
        kept: AcceptanceStore,
        taking: Taking,
        clock: Clock,
        holder: str,
        lease: timedelta,
        patience: timedelta,
        remember: timedelta,
        spool: Path | None = None,
    ) -> None:
        self._kept = kept
        self._taking = taking
        self._clock = clock
        self._holder = holder
        self._lease = lease
        self._patience = patience
        self._remember = remember
        self._spool = spool
        self._halted = threading.Event()

    def work_off(self) -> Counter[Drained]:
        """Drain until nothing is due, or until `halt`; out: how many tries ended how.

        Raises StoreUnavailable when either store is away: then nothing is lost, and it is tried again.
        """
        now = self._clock.now()
        self._kept.tidy(now - self._remember, now - _STORED_FOR_NOTHING)
        ended: Counter[Drained] = Counter()
        # Taking writes; where nothing is waiting a look is enough.
        if not self._kept.is_waiting():
            return ended
        while not self._halted.is_set() and (how := self.run_once()) is not None:
            ended[how] += 1
        return ended

    def halt(self) -> None:
        """Let `work_off` end after the delivery at hand; for the end of the process."""
        self._halted.set()

    def run_once(self) -> Drained | None:
        """Take the delivery that is next and bring it into the core store; None if none is due."""
        now = self._clock.now()
        kept = self._kept.take(self._holder, now, now + self._lease)
        if kept is None:
            return None
        with prolonged("drain-lease", self._lease, partial(self._prolong, kept)):
            return self._drain(kept)

    def _drain(self, kept: KeptDelivery) -> Drained:
        arrived, now = kept.arrived, self._clock.now
        manifest = self._kept.manifest(kept)
        if manifest is None:
            return Drained.WAITING
        way = NoteWay(manifest, Route(arrived.door, arrived.peer or ""), arrived.received_at, None)
        try:
            try:
                self._take_in(way, kept)
            except GatewayError as error:
                return self._refused(way, kept, error)
        except StoreBusy:
            return self._wait(kept, _SOON, "T200.busy")
        except StoreUnavailable:
            self._wait(kept, _AWAY, _STORE_AWAY)
            raise
        except Exception as error:  # noqa: BLE001 - it was accepted: it must stay, and the others go on
            journaling.raise_alarm("a delivery could not be drained", error, uuid=arrived.uuid)
            return self._wait(kept, back_off(kept.attempts), "T200.unexpected", counted=True)
        self._kept.settle(kept, KeptState.DRAINED, now())
        return Drained.DRAINED

    def _take_in(self, way: NoteWay, kept: KeptDelivery) -> None:
        taking = self._taking
        note = taking.notes.read(way, Lieferschein200001)
        promised = Promised(kept.receipt, kept.accepted_at)
        opened = taking.look_up(way, note, promised if kept.arrived.in_doubt else None)
        if isinstance(opened, Taken):
            return
        with tempfile.TemporaryFile(dir=self._spool) as file:
            for part in self._kept.parts(kept):
                file.write(zlib.decompress(part))
            with taking.examine(note, file) as records:
                taking.store(note, records, promised)

    def _refused(self, way: NoteWay, kept: KeptDelivery, error: GatewayError) -> Drained:
        """Note a refusal of the core, or wait where it may go by. Raises what the core store does."""
        now = self._clock.now()
        if error.code == _STORE_AWAY:
            raise StoreUnavailable(error.code)
        if error.entry.retryable:
            return self._wait(kept, _SOON if error.code == "T200.busy" else _LATER, error.code)
        if error.code == _GAP and now < (kept.early_since or now) + self._patience:
            return self._wait(kept, _EARLY, error.code)
        # In the core's journal first: there it is proven, here it is told. Without it is tried again.
        self._taking.notes.journal_refusal(way, error)
        self._kept.settle(kept, KeptState.REFUSED, now, code=error.code, details=error.details)
        _log.error("a delivery that was accepted was refused when drained", extra=_told(kept, error.code))
        return Drained.REFUSED

    def _wait(self, kept: KeptDelivery, length: timedelta, code: str, *, counted: bool = False) -> Drained:
        """Give a delivery back, to be tried again after a length of time."""
        now = self._clock.now()
        early_since = kept.early_since or (now if code == _GAP else None)
        self._kept.release(kept, now + length, code=code, early_since=early_since, counted=counted)
        return Drained.WAITING

    def _prolong(self, kept: KeptDelivery) -> None:
        """Keep others off; whoever takes it over all the same does nothing twice."""
        self._kept.prolong(kept, self._clock.now() + self._lease)


def _told(kept: KeptDelivery, code: str) -> dict[str, str]:
    return {"uuid": kept.arrived.uuid, "party": kept.arrived.party_id, "code": code}
