"""What the batch door believes, refuses and tells while the core store is away, and after it came back."""

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from fixtures.resettlers import records
from gateway.batch.draining import Drained
from gateway.batch.registry_copy import CopyRefused, RegistryCopy
from gateway.batch.taking import Opened, Taken
from gateway.results import Refusal
from messages.bva import Eingangszustand, Lieferzustand
from store.acceptance.records import KeptState
from store.deliveries import list_deliveries
from store.engine import Store
from store.errors import StoreUnavailable
from store.records import JournalKind
from store.schema import journal, party
from store.unit import UnitOfWork
from tests.support.away import PATIENCE, REMEMBER, AwayCore, furnished, numbered
from tests.support.batch import ROUTE
from tests.support.batch_http import records_file
from tests.support.given import BVA
from tests.support.outage import store_away
from tests.support.stores import fresh_sqlite, open_test_store

COUNT = 2
HOUR = timedelta(hours=1)


@pytest.fixture
def core(tmp_path: Path, sqlite_template: Path) -> Iterator[AwayCore]:
    store = open_test_store(fresh_sqlite(tmp_path, sqlite_template))
    yield furnished(store, tmp_path)
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    return records_file(tmp_path / "records.xml", records(3, COUNT)).read_bytes()


@pytest.fixture
def url(core: AwayCore) -> str:
    return str(core.store.engine.url)


def test_without_a_copy_that_may_be_believed_everybody_hears_try_later(
    core: AwayCore, file: bytes, url: str
) -> None:
    manifest = numbered(core, file, COUNT, 1)
    good = core.copy.path.read_bytes()
    signature, line = good.split(b"\n")[:2]
    content = json.loads(line)
    content["parties"][0]["locked"] = True
    settings = core.pipeline.tools.settings

    def foreign(key: str, **changes: Any) -> bytes:
        other = RegistryCopy(
            core.copy.path,
            core.pki.key(key),
            replace(settings, **changes),
            core.clock,
            max_age=timedelta(hours=1),
        )
        other.write(core._parties())
        return core.copy.path.read_bytes()

    bad = {
        "too old": good,
        "another key": foreign("second-gateway"),
        "our own key for another environment": foreign("gateway", environment="productive"),
        "our own key for another gateway": foreign("gateway", kennung="dbs:090000001"),
        "changed": signature + b"\n" + json.dumps(content).encode() + b"\n",
        "cut short": good[:-100],
        "empty": b"",
        "nothing": None,
    }
    with store_away(url, None):
        for name, copy in bad.items():
            core.copy.path.unlink(missing_ok=True)
            if copy is not None:
                core.copy.path.write_bytes(copy)
            if name == "too old":
                core.clock.advance(hours=24, seconds=1)
            assert core.turned_away(manifest, file) == "T200.store-away", name
            assert core.copy.state().problem is not None
            with pytest.raises(CopyRefused):
                core.copy.read()
            if name == "too old":
                core.clock.advance(hours=-24, seconds=-1)
        assert core.kept.listed() == []
        core.copy.path.write_bytes(good)
        assert core.accepted(manifest, file)[1].zustand is Eingangszustand.KEPT


def test_the_copy_tells_all_that_the_registry_does_and_is_renewed_in_time(core: AwayCore) -> None:
    parties = core._parties()
    assert core.copy.read() == parties
    every = timedelta(minutes=5)
    core.clock.advance(minutes=4)
    assert not core.copy.renew(core._parties, every)
    core.clock.advance(minutes=2)
    assert core.copy.renew(core._parties, every)
    assert core.copy.path.stat().st_mode & 0o777 == 0o600
    assert list(core.copy.path.parent.glob(".registry*")) == []


def test_only_who_is_proven_and_may_deliver_is_believed_by_the_copy(
    core: AwayCore, file: bytes, url: str
) -> None:
    manifest = core.manifest(file, COUNT)
    with store_away(url, None):
        assert core.turned_away(core.signed(manifest, "pss"), file) == "T070.unknown-sender"
        assert core.turned_away(core.signed(manifest, "revoked"), file) == "T001"
        assert core.turned_away(core.signed(manifest, "abh1"), file) == "T070.foreign-authority"
        assert core.turned_away(core.signed(manifest), file + b" ") == "S999.records-size"
        assert core.kept.listed() == []


def test_what_is_kept_cannot_be_read_on_the_disk(core: AwayCore, file: bytes, url: str) -> None:
    with store_away(url, None):
        core.accepted(numbered(core, file, COUNT, 1), file)
    (kept,) = core.kept.listed()
    assert b"".join(core.kept.parts(kept))
    on_disk = b"".join(path.read_bytes() for path in core.copy.path.parent.glob("acceptance.db*"))
    assert kept.arrived.uuid.encode() in on_disk
    assert b"Bescheinigung" not in on_disk
    core.drain()
    assert core.kept.manifest(kept) is None
    with pytest.raises(LookupError):
        next(core.kept.parts(kept))


def test_numbers_stay_in_order_while_something_waits(core: AwayCore, file: bytes, url: str) -> None:
    first, second, third = (numbered(core, file, COUNT, number) for number in (1, 2, 3))
    with store_away(url, None):
        # The second comes first, as after a detour over another node.
        for manifest in (second, first):
            core.accepted(manifest, file)
        assert core.turned_away(numbered(core, file, COUNT, 2), file) == "S999.delivery-number-used"
    # The core is back, but what it has to know first is still here.
    assert core.accepted(third, file)[1].zustand is Eingangszustand.KEPT
    assert core.drain() == {Drained.DRAINED: 3}
    assert core.accepted(numbered(core, file, COUNT, 4), file)[1].zustand is Eingangszustand.ACCEPTED


def test_a_gap_waits_for_the_other_node_and_is_refused_in_the_end(
    core: AwayCore, file: bytes, url: str
) -> None:
    early = numbered(core, file, COUNT, 2)
    with store_away(url, None):
        core.accepted(early, file)
    (waiting,) = core.states().values()
    assert (waiting.zustand, waiting.lieferung.nummer, waiting.fehler) == (Lieferzustand.KEPT, 2, None)
    assert core.drain() == {Drained.WAITING: 1}
    assert core.drain() == {}
    core.clock.advance(seconds=5)
    assert core.drain() == {Drained.WAITING: 1}
    core.clock.advance(seconds=PATIENCE.total_seconds())
    assert core.drain() == {Drained.REFUSED: 1}
    (kept,) = core.kept.listed()
    assert (kept.state, kept.code) == (KeptState.REFUSED, "S999.delivery-gap")
    assert kept.details == {"expected": "1/1", "found": "2/1"}
    with core.store.read() as reader:
        found = reader.connection.execute(
            journal.select().where(journal.c.kind == JournalKind.REFUSED, journal.c.code == kept.code)
        ).all()
    assert [(row.party_id, row.uuid) for row in found] == [(BVA.kennung, kept.arrived.uuid)]
    # Its sender hears the same, whether the core is there or not.
    told = core.states(kept.arrived.uuid)[kept.arrived.uuid]
    assert told.fehler is not None
    assert (told.zustand, told.fehler.code) == (Lieferzustand.REFUSED, "S999.delivery-gap")
    assert "1/1" in told.fehler.text
    assert core.turned_away(early, file) == "S999.delivery-gap"
    with store_away(url, None):
        assert core.turned_away(early, file) == "S999.delivery-gap"
    # A refusal used up nothing: in its place the delivery is taken in.
    core.accepted(numbered(core, file, COUNT, 1), file)
    taken, receipt = core.accepted(early, file)
    assert (taken.repeated, receipt.zustand) == (False, Eingangszustand.ACCEPTED)
    assert core.kept.listed() == []
    assert [each.zustand for each in core.states().values()] == [Lieferzustand.IN_WORK] * 2


def test_who_was_locked_meanwhile_is_refused_when_drained(core: AwayCore, file: bytes, url: str) -> None:
    manifest = numbered(core, file, COUNT, 1)
    with store_away(url, None):
        core.accepted(manifest, file)
    with core.store.write() as connection:
        connection.execute(update(party).where(party.c.kennung == BVA.kennung).values(locked=True))
    assert core.drain() == {Drained.REFUSED: 1}
    assert core.turned_away(manifest, file) == "T070.party-locked"
    assert _deliveries(core) == 0


def test_the_core_keeps_the_receipt_that_the_sender_got(
    store: Store, tmp_path: Path, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core commits, but its connection ends before it can say so."""
    core = furnished(store, tmp_path)
    manifest = numbered(core, file, COUNT, 1)
    commit = UnitOfWork.commit

    def in_doubt(work: UnitOfWork) -> None:
        commit(work)
        with core.store.read() as reader:
            if reader.counts()["message"]:
                raise StoreUnavailable("the connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(UnitOfWork, "commit", in_doubt)
        taken, receipt = core.accepted(manifest, file)
    assert receipt.zustand is Eingangszustand.KEPT
    assert core.drain() == {Drained.DRAINED: 1}
    known = core.judged.open(manifest, ROUTE)
    assert isinstance(known, Taken)
    assert known.receipt == taken.receipt
    assert _deliveries(core) == 1


def test_a_core_that_is_only_busy_is_not_away(tmp_path: Path, sqlite_template: Path, file: bytes) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    store = open_test_store(url, patience=0.1)
    core = furnished(store, tmp_path)
    manifest = numbered(core, file, COUNT, 1)
    opened = core.taking.open(manifest, ROUTE)
    assert isinstance(opened, Opened)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refusal = core.taking.take(opened, io.BytesIO(file))
        assert isinstance(refusal, Refusal)
        assert refusal.error.code == "T200.busy"
    assert core.kept.listed() == []
    assert core.accepted(manifest, file)[1].zustand is Eingangszustand.ACCEPTED
    store.close()


def test_two_nodes_that_accepted_the_same_delivery_make_one_of_it(
    core: AwayCore, file: bytes, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "other node"
    folder.mkdir()
    other = AwayCore(core.store, core.pki, folder, core.clock)
    other.copy_registry()
    manifest = numbered(core, file, COUNT, 1)
    with store_away(url, None):
        first, _ = core.accepted(manifest, file)
        core.clock.advance(seconds=1)
        second, _ = other.accepted(manifest, file)
    assert first.receipt != second.receipt
    assert (core.drain(), other.drain()) == ({Drained.DRAINED: 1}, {Drained.DRAINED: 1})
    assert _deliveries(core) == 1
    # What the core answers stays the same from its acceptance on.
    assert [each.accepted(manifest, file)[0].receipt for each in (core, other)] == [first.receipt] * 2


def test_receipts_stay_for_resends_and_go_in_time(core: AwayCore, file: bytes, url: str) -> None:
    manifest = numbered(core, file, COUNT, 1)
    with store_away(url, None):
        taken, _ = core.accepted(manifest, file)
    core.drain()
    with store_away(url, None):
        assert core.accepted(manifest, file)[0] == replace(taken, repeated=True)
    core.clock.advance(seconds=REMEMBER.total_seconds() + 1)
    core.drain()
    assert core.kept.listed() == []


def test_without_the_acceptance_store_the_core_does_alone(core: AwayCore, file: bytes, url: str) -> None:
    acceptance = str(core.kept.engine.url)
    with store_away(acceptance, None):
        assert core.accepted(numbered(core, file, COUNT, 1), file)[1].zustand is Eingangszustand.ACCEPTED
        with store_away(url, None):
            assert core.turned_away(numbered(core, file, COUNT, 2), file) == "T200.store-away"


def _deliveries(core: AwayCore) -> int:
    with core.store.read() as reader:
        return len(list_deliveries(reader.connection, limit=10))
