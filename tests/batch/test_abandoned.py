"""What is left of deliveries that were never taken in whole: when it is removed, and when it is not."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from fixtures.resettlers import records, write_file
from gateway.batch.addenda import ABANDONED_AFTER, AbandonedDeliveries
from gateway.batch.draining import Drained
from gateway.batch.packing import pack
from gateway.batch.taking import Opened, Taken
from gateway.results import Refusal
from store.deliveries import find_deliveries
from store.engine import Store
from store.records_batch import Delivery
from store.unit import UnitOfWork
from tests.support.away import AwayCore
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.core import StandingClock
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store

LONG: float = (ABANDONED_AFTER + timedelta(days=1)).total_seconds()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(store_url: str, clock: StandingClock) -> Iterator[Store]:
    """A store whose ids are made by the clock that the tests move."""
    opened = open_test_store(store_url, clock=clock)
    furnish(opened, shared_pki())
    connect_bva(opened, shared_pki())
    yield opened
    opened.close()


@pytest.fixture
def core(store: Store, clock: StandingClock) -> BatchCore:
    return BatchCore(store, shared_pki(), clock, chunk_records=2)


def file_of(seed: int, count: int) -> bytes:
    spool = io.BytesIO()
    write_file(spool, records(seed, count))
    return spool.getvalue()


def tidied(core: BatchCore) -> int:
    return AbandonedDeliveries(core.store, core.pipeline.tools).work(50).done


class Begun:
    """A delivery whose sender was cut off before anything of it was accepted."""

    def __init__(self, core: BatchCore, seed: int = 9, count: int = 5) -> None:
        self.core = core
        self.octets = file_of(seed, count)
        self.manifest = core.manifest(self.octets, count)
        self.delivery = self._begin()

    def _begin(self) -> Delivery:
        opened = self._opened()
        with self.core.taking.examine(opened.note, io.BytesIO(self.octets)) as found:
            return self.core.taking._load(opened.note, found)

    def _opened(self) -> Opened:
        opened = self.core.taking.open(self.core.signed(self.manifest), ROUTE)
        assert isinstance(opened, Opened), opened
        return opened

    def again(self) -> Taken | Refusal:
        """The same once more, from the beginning to the end."""
        return self.core.taking.take(self._opened(), io.BytesIO(self.octets))


def test_what_was_never_taken_in_whole_is_removed(core: BatchCore) -> None:
    begun = Begun(core).delivery
    kept = core.taken(*records(3, 2))
    core.clock.advance(seconds=(ABANDONED_AFTER - timedelta(seconds=1)).total_seconds())
    assert tidied(core) == 0
    core.clock.advance(seconds=2)
    assert (tidied(core), tidied(core)) == (1, 0)
    with core.store.unit_of_work() as work:
        assert work.delivery(begun.id) is None
        assert work.stored_chunks(begun.id) == 0
        assert work.stored_chunks(kept.id) == 1


def test_what_somebody_goes_on_with_is_not_left_behind(core: BatchCore) -> None:
    """A chunk was stored a short while ago, though the first one long before."""
    begun = Begun(core).delivery
    core.clock.advance(seconds=LONG)
    with core.store.unit_of_work() as work:
        work.add_chunk(begun.id, begun.chunks, 1, 1, pack([b"<a/>"]))
        work.commit()
    assert tidied(core) == 0
    core.clock.advance(seconds=LONG)
    assert tidied(core) == 1


def test_who_comes_again_after_long_is_not_cut_off(core: BatchCore) -> None:
    """The first time nothing but the manifest was stored; now somebody tidies up between two pieces."""
    octets = file_of(9, 5)
    manifest = core.signed(core.manifest(octets, 5))

    def delivered() -> Taken | Refusal:
        opened = core.taking.open(manifest, ROUTE)
        assert isinstance(opened, Opened), opened
        return core.taking.take(opened, io.BytesIO(octets))

    def packed(some: Iterable[bytes]) -> bytes:
        tidied(core)
        return pack(some)

    with patch("gateway.batch.taking.pack", side_effect=OSError):
        assert isinstance(delivered(), Refusal)
    core.clock.advance(seconds=LONG)
    with patch("gateway.batch.taking.pack", packed):
        taken = delivered()
    assert isinstance(taken, Taken), taken.error
    with core.store.read() as reader:
        (delivery,) = find_deliveries(reader.connection, taken.uuid)
    assert delivery.received_at == core.clock.now()


def test_what_a_node_kept_for_long_is_drained_while_others_tidy_up(
    store: Store, clock: StandingClock, tmp_path: Path
) -> None:
    """It arrived long ago; the core stores it only now, and somebody tidies up between two pieces of it."""
    core = AwayCore(store, shared_pki(), tmp_path, clock)
    core.copy_registry()
    octets = file_of(1, 5)
    with patch.object(core.taking, "_is_away", lambda: True):
        core.accepted(core.signed(core.manifest(octets, 5)), octets)
    core.clock.advance(seconds=LONG)
    pieces = 0

    def packed(some: Iterable[bytes]) -> bytes:
        nonlocal pieces
        pieces += 1
        assert tidied(core) == 0
        return pack(some)

    with patch("gateway.batch.taking.pack", packed):
        assert core.drain() == {Drained.DRAINED: 1}
    assert pieces == 3


def test_who_tidies_up_takes_nothing_of_what_is_being_accepted(core: BatchCore) -> None:
    """At the moment between the last look at the chunks and the commit, and long after the beginning."""
    begun = Begun(core, count=3)
    core.clock.advance(seconds=LONG)
    removed: list[int] = []
    tidying = threading.Thread(target=lambda: removed.append(tidied(core)))
    accept = UnitOfWork.accept_delivery

    def accepted(work: UnitOfWork, delivery_id: int, at: datetime) -> bool:
        done = accept(work, delivery_id, at)
        tidying.start()
        tidying.join(0.3)
        return done

    with patch.object(UnitOfWork, "accept_delivery", accepted):
        assert isinstance(begun.again(), Taken)
    tidying.join()
    assert removed == [0]
    with core.store.read() as reader:
        (delivery,) = find_deliveries(reader.connection, begun.delivery.uuid)
    assert delivery.id == begun.delivery.id
    core.work_off()
    assert [each.ending for each in core.results(delivery)] == ["angenommen"] * 3
