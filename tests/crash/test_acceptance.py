"""Deliveries are accepted while the core store is away, and are in it exactly once when it is back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters.client import Refused
from fixtures.pki.build import Pki
from fixtures.resettlers import records
from gateway.batch.accepting import BELIEVED_AWAY
from gateway.batch.draining import Drained
from gateway.batch.taking import Taken
from messages.bva import Eingangszustand
from store.acceptance.migrate import migrate_acceptance
from store.acceptance.records import KeptState
from store.engine import Store
from store.migrate import migrate
from store.records import JournalKind
from store.schema import decision, delivery, journal
from tests.support.away import AwayCore, numbered
from tests.support.batch import ROUTE, connect_bva
from tests.support.batch_http import Office, delivering, records_file
from tests.support.cli import inge
from tests.support.furnishing import furnish
from tests.support.outage import bring_back, store_away, take_away
from tests.support.pki import shared_pki
from tests.support.postgres import PostgresCluster, own_cluster
from tests.support.processes import children
from tests.support.stores import EACH_ENGINE, fresh_sqlite, open_test_store
from tests.support.waiting import wait_until

CHILDREN = "tests.crash.away_children"


@dataclass
class Place:
    """A core store that can be taken away; `cluster` is None on SQLite."""

    url: str
    cluster: PostgresCluster | None


@pytest.fixture(params=EACH_ENGINE)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        folder = tmp_path / "core"
        folder.mkdir()
        yield Place(fresh_sqlite(folder, request.getfixturevalue("sqlite_template")), None)
    else:
        with own_cluster() as cluster:
            url = cluster.url(cluster.create_database())
            migrate(url)
            yield Place(url, cluster)


@contextmanager
def opened(url: str, pki: Pki, folder: Path) -> Iterator[AwayCore]:
    store = open_test_store(url)
    try:
        yield AwayCore(store, pki, folder)
    finally:
        store.close()


def test_killed_at_every_stage_a_delivery_is_drained_once(place: Place, tmp_path: Path) -> None:
    pki = shared_pki()
    common = (place.url, str(pki.directory), str(tmp_path))
    with opened(place.url, pki, tmp_path) as core:
        furnish(core.store, pki)
        connect_bva(core.store, pki)
        core.copy_registry()
        file = records_file(tmp_path / "records.xml", records(7, 5)).read_bytes()
        manifest = numbered(core, file, 5, 1)
        with store_away(place.url, place.cluster):
            arguments = (*common, manifest.hex(), file.hex(), True)
            with children(f"{CHILDREN}.accept", [arguments]) as (child,):
                assert child.end() == -9
            # Nobody was told, so the sender comes again, to another process.
            taken, receipt = core.accepted(manifest, file)
            assert (taken.repeated, receipt.zustand) == (True, Eingangszustand.KEPT)
        for minutes, stage in enumerate(("loaded", "committed"), start=1):
            # Each takes over from the one before when that one's lease is over.
            with children(f"{CHILDREN}.drain", [(*common, stage, minutes * 2)]) as (child,):
                assert child.end() == -9
            assert [each.state for each in core.kept.listed()] == [KeptState.ACCEPTED]
        core.clock.advance(minutes=10)
        assert core.drain() == {Drained.DRAINED: 1}
        assert [each.state for each in core.kept.listed()] == [KeptState.DRAINED]
        core.work_off()
        _drained_once(core.store, deliveries=1, records=5)
        (accepted,) = core.kept.listed()
        assert _journaled(core.store) == [accepted.arrived.received_at, accepted.accepted_at]
        # The core knows the delivery by the receipt that its sender has.
        known = core.judged.open(manifest, ROUTE)
        assert isinstance(known, Taken)
        assert (known.receipt, known.repeated) == (taken.receipt, True)


def test_a_running_gateway_goes_on_accepting(place: Place, tmp_path: Path) -> None:
    acceptance: dict[str, Any] = {"url": f"sqlite:///{tmp_path}/acceptance.db", "registry_every_seconds": 0.2}
    migrate_acceptance(acceptance["url"])
    sections: dict[str, dict[str, Any]] = {
        "acceptance": acceptance,
        "http": {"workers": 1},
        "work": {"lease_seconds": 1},
    }
    with delivering(tmp_path, place.url, **sections) as gateway:
        office = Office(gateway)
        files = [records_file(tmp_path / f"{n}.xml", records(n, 3)) for n in range(1, 4)]
        manifests = [office.manifest(file, number, 1) for number, file in enumerate(files, start=1)]
        told = [office.deliver(manifests[0], files[0])]
        wait_until((tmp_path / "heads.jsonl.registry").exists)

        take_away(place.url, place.cluster)
        told.append(office.deliver(manifests[1], files[1]))
        assert office.deliver(manifests[1], files[1]) == told[1]
        assert gateway.get("/readyz").status_code == 503
        assert gateway.get("/readyz/batch").status_code == 200
        gateway.kill()
        gateway.start()
        # By the copy of the registry alone: this process has never seen the store.
        told.append(office.deliver(manifests[2], files[2]))
        assert office.deliver(manifests[1], files[1]) == told[1]
        with pytest.raises(Refused) as caught:
            office.deliver(office.changed(manifests[1], anzahl_datensaetze=2), files[1])
        assert caught.value.code == "S999.uuid-reused"
        states = [each.zustand for each in told]
        assert states == [Eingangszustand.ACCEPTED, Eingangszustand.KEPT, Eingangszustand.KEPT]
        shown = inge("acceptance", "show", "--config", gateway.config, "--json")
        assert (shown.code, shown.json["counts"]) == (1, {"ACCEPTED": 2})
        assert shown.json["registry_copy"]["problem"] is None
        assert [each["number"] for each in shown.json["deliveries"]] == [2, 3]
        assert 'inge_acceptance_deliveries{state="ACCEPTED"} 2.0' in gateway.get("/metrics").text

        bring_back(place.url, place.cluster)
        # Until then the door would keep anew what the core has: it knows here only what was kept here.
        asks_again = time.monotonic() + BELIEVED_AWAY
        wait_until(lambda: office.state().erwartet.nummer == 4)
        for manifest in manifests:
            office.result_of(manifest)
        wait_until(lambda: time.monotonic() > asks_again)
        for manifest, receipt, file in zip(manifests, told, files, strict=True):
            assert office.deliver(manifest, file) == receipt
        assert gateway.stop() == 0
    store = open_test_store(place.url)
    _drained_once(store, deliveries=3, records=9)
    store.close()


def _journaled(store: Store) -> list[datetime]:
    """When a manifest came, and when it was answered."""
    kinds = (JournalKind.RECEIVED, JournalKind.ANSWERED)
    asked = select(journal.c.at).where(
        journal.c.kind.in_(kinds), journal.c.message_type.in_(["200001", "200007"])
    )
    with store.read() as reader:
        return list(reader.connection.execute(asked.order_by(journal.c.id)).scalars())


def _drained_once(store: Store, deliveries: int, records: int) -> None:
    """Every delivery is there once, and each of its records has a number of its own."""
    with store.read() as reader:
        connection = reader.connection
        assert connection.execute(select(func.count()).select_from(delivery)).scalar_one() == deliveries
        received = select(func.count()).where(
            journal.c.kind == JournalKind.RECEIVED, journal.c.message_type == "200001"
        )
        assert connection.execute(received).scalar_one() == deliveries
        numbers = connection.execute(select(decision.c.number)).scalars().all()
    assert None not in numbers
    assert len(numbers) == len(set(numbers)) == records
