"""A party that uses a UUID which is, or would become, that of a record of one of its deliveries.

The UUIDs of records are computed from party and manifest, so a party can know them before.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from fixtures.persons import BAMF, THI, entitlement
from fixtures.resettlers import records
from gateway.batch.draining import Drained
from gateway.batch.fetching import Fetched, Fetching
from gateway.batch.taking import Opened, Taken
from gateway.results import Refusal
from gateway.trust.signed_document import sign_document
from messages import bva
from store.acceptance.records import KeptState
from store.engine import Store
from store.record_ids import record_uuid, stem_for
from store.unit import UnitOfWork
from tests.batch.test_taking_races import Sender, endings
from tests.support.away import furnished, kept_by, numbered
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.batch_http import records_file
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pki import shared_pki

COUNT = 3


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki(), chunk_records=2)


def uuid_of_record(manifest_uuid: str, position: int = 2) -> str:
    return record_uuid(stem_for(BVA.kennung, manifest_uuid), position)


def code_of(outcome: object) -> str:
    assert isinstance(outcome, Refusal), outcome
    return outcome.error.code


def taken(core: BatchCore, uuid: str) -> None:
    assert isinstance(Sender(core, records(core._delivered, COUNT), uuid).deliver(), Taken)
    core._delivered += 1


def opened(core: BatchCore, uuid: str) -> object:
    """What comes of a manifest with this UUID, before its file."""
    return core.taking.open(core.signed(core.manifest(b"-", COUNT, lieferschein_uuid=uuid)), ROUTE)


def asked(core: BatchCore, uuid: str) -> object:
    """What comes of a request with this UUID, which has no number."""
    request = bva.Abruf200008(
        test="1",
        abruf_uuid=uuid,
        erstellungszeitpunkt=core.clock.now(),
        autor=bva.Stelle(BVA.kennung, BVA.name),
        leser=bva.Stelle(BAMF.kennung, BAMF.name),
        gegenstand=bva.Gegenstand.STATE,
    )
    signed = sign_document(bva.write(request), key=core.pki.key("bva"))
    return Fetching(core.workshop, core.taking.notes).answer(signed, ROUTE)


def test_a_uuid_of_a_record_is_used_up_when_its_delivery_is_accepted(core: BatchCore) -> None:
    uuid = new_uuid()
    taken(core, uuid)
    for position in (1, COUNT):
        assert code_of(opened(core, uuid_of_record(uuid, position))) == "S999.uuid-reused"
    assert isinstance(opened(core, uuid_of_record(uuid, COUNT + 1)), Opened)
    assert code_of(asked(core, uuid_of_record(uuid))) == "S999.request-replayed"
    # It is the party's own; to another it is a UUID like any other.
    assert core.deliver(entitlement(ABH1, uuid_of_record(uuid), NOW, THI)).number is not None
    assert endings(core, uuid) == ["angenommen"] * COUNT
    assert code_of(opened(core, uuid_of_record(uuid))) == "S999.uuid-reused"


def test_a_delivery_whose_record_would_have_a_used_uuid_is_refused(core: BatchCore) -> None:
    uuid = new_uuid()
    taken(core, uuid_of_record(uuid))
    assert code_of(opened(core, uuid)) == "S999.record-uuid-used"
    # Neither number nor UUID is used up, and the records go their way under another manifest.
    other = new_uuid()
    taken(core, other)
    assert endings(core, other) == ["angenommen"] * COUNT


@pytest.mark.parametrize("first", ["delivery", "request"])
def test_of_two_that_meet_one_is_refused(core: BatchCore, first: str) -> None:
    """Nothing of either is there when the other one looks; then that waits for the commit."""
    uuid = new_uuid()
    delivery = Sender(core, records(1, COUNT), uuid)

    def ask() -> object:
        return asked(core, uuid_of_record(uuid))

    step, ahead, behind = {
        "delivery": ("accept_delivery", delivery.deliver, ask),
        "request": ("register", ask, delivery.deliver),
    }[first]
    outcomes: list[object] = []
    meeting = threading.Thread(target=lambda: outcomes.append(behind()))
    usual = getattr(UnitOfWork, step)

    def met(work: UnitOfWork, *arguments: Any) -> Any:
        done = usual(work, *arguments)
        if threading.current_thread() is not meeting:
            meeting.start()
            meeting.join(0.5)
        return done

    with patch.object(UnitOfWork, step, met):
        outcome = ahead()
    assert isinstance(outcome, Taken | Fetched), outcome
    meeting.join()
    refused = {"delivery": "S999.request-replayed", "request": "S999.record-uuid-used"}
    assert [code_of(each) for each in outcomes] == [refused[first]]


def test_what_was_accepted_while_the_store_was_away_is_refused_when_drained(
    store: Store, tmp_path: Path
) -> None:
    core = furnished(store, tmp_path)
    uuid = new_uuid()
    file = records_file(tmp_path / "records.xml", records(3, COUNT)).read_bytes()
    used = numbered(core, file, COUNT, 2, lieferschein_uuid=uuid_of_record(uuid))
    core.accepted(numbered(core, file, COUNT, 1, lieferschein_uuid=uuid), file)
    kept_by(core, tmp_path, used, file)
    assert core.drain() == {Drained.REFUSED: 1}
    (kept,) = core.kept.listed()
    assert (kept.state, kept.code) == (KeptState.REFUSED, "S999.uuid-reused")
    core.kept.close()
