"""Deliveries that meet others of their UUID while they are taken in."""

from __future__ import annotations

import io
from collections.abc import Iterable
from unittest.mock import patch

import pytest

from fixtures.persons import LEYLA, THI
from fixtures.resettlers import certificate, records, write_file
from gateway.batch.packing import pack
from gateway.batch.taking import Opened, Taken
from gateway.results import Refusal
from messages.registry import write
from store.engine import Store
from store.records_batch import Delivery
from tests.batch.test_chunks import failing
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.core import new_uuid
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki(), chunk_records=2)


class Sender:
    """A delivery that was opened, so that its file may come."""

    def __init__(self, core: BatchCore, octets: Iterable[bytes], uuid: str) -> None:
        self.core = core
        self.file = io.BytesIO()
        found = list(octets)
        write_file(self.file, found)
        manifest = core.manifest(self.file.getvalue(), len(found), lieferschein_uuid=uuid)
        self.manifest = core.signed(manifest)
        self.opened = core.taking.open(self.manifest, ROUTE)
        assert isinstance(self.opened, Opened), self.opened

    def deliver(self) -> Taken | Refusal:
        assert isinstance(self.opened, Opened)
        return self.core.taking.take(self.opened, self.file)


def only_delivery(core: BatchCore, uuid: str) -> Delivery:
    with core.store.unit_of_work() as work:
        found = work.delivery_by_uuid(BVA.kennung, uuid)
    assert found is not None
    return found


def endings(core: BatchCore, uuid: str) -> list[str]:
    """Work everything off; the outcomes in the first result, which must have been made."""
    for _ in range(4):
        core.clock.advance(minutes=11)
        core.work_off()
    delivery = only_delivery(core, uuid)
    assert delivery.finished_at is not None
    return [each.ending for each in core.results(delivery)]


def test_another_content_under_the_uuid_adds_nothing_to_what_was_accepted(core: BatchCore) -> None:
    uuid = new_uuid()
    longer, shorter = Sender(core, records(1, 7), uuid), Sender(core, records(2, 3), uuid)
    assert isinstance(shorter.deliver(), Taken)
    refused = longer.deliver()
    assert isinstance(refused, Refusal)
    assert refused.error.code == "S999.uuid-reused"
    assert endings(core, uuid) == ["angenommen"] * 3


def test_who_is_late_with_the_same_file_does_not_lay_down_again_what_fell_apart(core: BatchCore) -> None:
    uuid = new_uuid()
    octets = [write(certificate(LEYLA, "BVA-1")), write(certificate(THI, "BVA-2"))]
    late, prompt = Sender(core, octets, uuid), Sender(core, octets, uuid)
    promptly = [prompt]

    def packed(pieces: Iterable[bytes]) -> bytes:
        while promptly:
            assert isinstance(promptly.pop().deliver(), Taken)
            with failing(LEYLA.personalien.nachname.text):
                core.work_off()
        return pack(pieces)

    with patch("gateway.batch.taking.pack", packed):
        again = late.deliver()
    assert isinstance(again, Taken)
    assert again.repeated
    assert endings(core, uuid) == ["angenommen"] * 2
