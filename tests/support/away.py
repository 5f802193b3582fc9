"""A core whose batch door goes on accepting while its store is away."""

from __future__ import annotations

import io
import os
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from fixtures.persons import BAMF
from fixtures.pki.build import Pki
from gateway.batch.accepting import Accepting
from gateway.batch.draining import Drained, Draining
from gateway.batch.fetching import Fetched, Fetching
from gateway.batch.notes import NoteReader
from gateway.batch.records_file import RecordsLimits
from gateway.batch.registry_copy import RegistryCopy
from gateway.batch.taking import Taken, Taking
from gateway.clock import german_day
from gateway.parties import PartyDirectory
from gateway.results import Refusal
from gateway.senders import Senders
from gateway.trust.signed_document import sign_document
from messages.bva import (
    Abruf200008,
    Eingang200007,
    Eingangszustand,
    Gegenstand,
    Lieferfolge,
    Lieferschein200001,
    Lieferstand,
    Stelle,
    write,
)
from store.acceptance.migrate import migrate_acceptance
from store.acceptance.records import Limits
from store.acceptance.store import AcceptanceStore, open_acceptance
from store.engine import Store
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.batch_http import read, verified
from tests.support.core import new_uuid, validator_of
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pki import shared_pki
from tests.support.stores import known_vault, open_test_store

LEASE = timedelta(seconds=60)
PATIENCE = timedelta(minutes=15)
REMEMBER = timedelta(days=14)
ROOMY = Limits(1 << 30, 0)


class AwayCore(BatchCore):
    """As `BatchCore`, with an acceptance store and a copy of the registry in a folder of its own.

    The core store is tried anew each time: nobody believes it away any longer than it is. In: the address of
    an acceptance store, if it shall not be a file in the folder; how much it may hold.
    """

    def __init__(
        self,
        store: Store,
        pki: Pki,
        folder: Path,
        clock: Any | None = None,
        *,
        acceptance_url: str | None = None,
        limits: Limits = ROOMY,
        **changes: Any,
    ) -> None:
        super().__init__(store, pki, clock, **changes)
        url = acceptance_url or f"sqlite:///{folder}/acceptance.db"
        migrate_acceptance(url)
        tools, key = self.pipeline.tools, pki.key("gateway")
        self.kept = open_kept(url, limits)
        self.copy = RegistryCopy(
            folder / "registry", key, tools.settings, self.clock, max_age=timedelta(hours=24)
        )
        copied = PartyDirectory(self.copy.read, self.clock, max_age=timedelta(0))
        recognising = {
            "away": Senders(validator=validator_of(pki), parties=copied, settings=tools.settings),
            "judged": Senders(validator=None, parties=self.parties, settings=tools.settings),
        }
        notes = {name: NoteReader(self.workshop, senders) for name, senders in recognising.items()}
        usual: dict[str, Any] = {"limits": RecordsLimits(), "chunk_records": 2}
        self.taking = Accepting(
            self.workshop,
            self.taking.notes,
            kept=self.kept,
            notes_away=notes["away"],
            believed_away=0.0,
            **usual,
        )
        self.judged = Taking(self.workshop, notes["judged"], **usual)
        self.fetching = Fetching(self.workshop, self.taking.notes, kept=self.kept)

    def copy_registry(self) -> None:
        """Write the copy as a server does every few minutes."""
        self.copy.write(self._parties())

    def handed_in(self, manifest: bytes, file: bytes) -> Taken | Refusal:
        """Hand a delivery in; the file only where it is wanted."""
        opened = self.taking.open(manifest, ROUTE)
        if isinstance(opened, Taken | Refusal):
            return opened
        return self.taking.take(opened, io.BytesIO(file))

    def accepted(self, manifest: bytes, file: bytes) -> tuple[Taken, Eingang200007]:
        """Hand a delivery in and expect a receipt; out: also what that says."""
        taken = self.handed_in(manifest, file)
        assert isinstance(taken, Taken), taken.error
        return taken, read(taken.receipt)

    def turned_away(self, manifest: bytes, file: bytes) -> str:
        """Hand a delivery in and expect a refusal; out: its code."""
        refusal = self.handed_in(manifest, file)
        assert isinstance(refusal, Refusal), refusal
        return refusal.error.code

    def states(self, manifest_uuid: str | None = None) -> dict[str, Lieferstand]:
        """What the sender hears when it asks for the state, by the UUIDs of the manifests."""
        asked = Abruf200008(
            test="1",
            abruf_uuid=new_uuid(),
            erstellungszeitpunkt=self.clock.now(),
            autor=Stelle(BVA.kennung, BVA.name),
            leser=Stelle(BAMF.kennung, BAMF.name),
            gegenstand=Gegenstand.STATE,
            lieferschein_uuid=manifest_uuid,
        )
        outcome = self.fetching.answer(sign_document(write(asked), key=self.pki.key("bva")), ROUTE)
        assert isinstance(outcome, Fetched), outcome.error
        assert isinstance(outcome.document, bytes)
        element = verified(outcome.document)
        assert (
            self.registry.check(self.registry.identify(element, german_day(self.clock.now())), element) == ()
        )
        return {each.lieferschein_uuid: each for each in read(outcome.document).lieferungen}

    def draining(self, holder: str = "test") -> Draining:
        """Make what drains."""
        return Draining(
            kept=self.kept,
            taking=self.judged,
            clock=self.clock,
            holder=holder,
            lease=LEASE,
            patience=PATIENCE,
            remember=REMEMBER,
        )

    def drain(self) -> Counter[Drained]:
        """Drain what is due, in this thread."""
        return self.draining().work_off()


def furnished(store: Store, folder: Path, **changes: Any) -> AwayCore:
    """A core whose registry knows the Federal Administration Office, with a copy of it."""
    core = AwayCore(store, shared_pki(), folder, **changes)
    furnish(store, core.pki)
    connect_bva(store, core.pki)
    core.copy_registry()
    return core


def kept_by(core: AwayCore, folder: Path, manifest: bytes, file: bytes) -> Taken:
    """Have a delivery accepted into a core's acceptance store, by a process that does not reach the store."""
    nowhere = open_test_store(f"sqlite:///{folder}/nowhere.db")
    with closing(nowhere):
        other = AwayCore(nowhere, core.pki, folder, core.clock)
        taken, receipt = other.accepted(manifest, file)
        other.kept.close()
    assert receipt.zustand is Eingangszustand.KEPT
    return taken


def numbered(core: BatchCore, file: bytes, count: int, number: int, **changes: Any) -> bytes:
    """A signed manifest with a number."""
    manifest: Lieferschein200001 = core.manifest(
        file, count, **{"lieferung": Lieferfolge(number, 1, True), **changes}
    )
    return core.signed(manifest)


def open_kept(url: str, limits: Limits = ROOMY) -> AcceptanceStore:
    return open_acceptance(url, vault=known_vault(), random=os.urandom, limits=limits)
