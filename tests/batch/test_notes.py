"""Who may deliver: what is asked of the sender of a manifest beside its signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fixtures.resettlers import records
from gateway.accepted import Route
from gateway.batch.handing_over import FOLDER
from gateway.batch.notes import NoteReader
from gateway.batch.taking import Opened, Taking
from gateway.results import Refusal
from gateway.trust.certificates import fingerprint_of
from store.engine import Store
from store.parties import change_party, lock_party, unlink_certificate
from store.records import PartyRecord
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki())


def opened(core: BatchCore, taking: Taking | None = None, route: Route = ROUTE, **said: Any) -> Any:
    octets = b"".join(records(1, 2))
    return (taking or core.taking).open(core.signed(core.manifest(octets, 2)), route, **said)


def changed(core: BatchCore, change: Callable[[PartyRecord], PartyRecord]) -> None:
    with core.store.read() as reader:
        (party,) = [each for each in reader.parties() if each.kennung == BVA.kennung]
    with core.store.write() as connection:
        change_party(connection, change(party))


def locked(core: BatchCore) -> None:
    with core.store.write() as connection:
        lock_party(connection, BVA.kennung, locked=True)


def unknown(core: BatchCore) -> None:
    with core.store.write() as connection:
        unlink_certificate(connection, BVA.kennung, fingerprint_of(core.pki.certificate("bva")))


CHANGES: dict[str, tuple[Callable[[BatchCore], None], str]] = {
    "locked": (locked, "T070.party-locked"),
    "unknown": (unknown, "T070.unknown-sender"),
    "not this type": (
        lambda core: changed(core, lambda party: replace(party, allowed_types=frozenset({"070001"}))),
        "T070.type-not-allowed",
    ),
    "not this version": (
        lambda core: changed(core, lambda party: replace(party, versions=frozenset())),
        "T070.version-not-confirmed",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_sender_that_may_not_deliver_is_refused(core: BatchCore, case: str) -> None:
    assert isinstance(opened(core), Opened)
    change, code = CHANGES[case]
    change(core)
    refused = opened(core)
    assert isinstance(refused, Refusal)
    assert refused.error.code == code


def test_the_signer_is_who_opened_the_connection_where_that_is_asked(core: BatchCore) -> None:
    strict = NoteReader(core.workshop, core.pipeline.senders, tls_must_match=True)
    taking = Taking(core.workshop, strict, limits=core.taking.limits, chunk_records=10)
    own = fingerprint_of(core.pki.certificate("bva"))
    assert isinstance(opened(core, taking, tls_fingerprint=own), Opened)
    for other in (None, fingerprint_of(core.pki.certificate("abh1"))):
        refused = opened(core, taking, tls_fingerprint=other)
        assert isinstance(refused, Refusal)
        assert refused.error.code == "T070.transport-identity"
    # A folder has no connections; there the signature has to do.
    assert isinstance(opened(core, taking, Route(FOLDER, "")), Opened)
