"""Deliveries whose processes are killed: what was taken in is there once, what was not was told to nobody."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.client import Unreachable
from fixtures.resettlers import records
from gateway.batch.taking import Opened, Taken
from gateway.deferred.runner import Ended
from messages import bva
from store.engine import Store
from store.schema import case_file, delivery, delivery_chunk, message, person, work
from tests.crash.batch_children import DEATHS
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.batch_http import Office, prepared_for_deliveries, records_file, results_in
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import children
from tests.support.server import SERVER
from tests.support.stores import open_test_store
from tests.support.waiting import wait_until


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki(), chunk_records=5)


def rows(store: Store) -> dict[str, int]:
    tables = (delivery, delivery_chunk, message, person, case_file, work)
    with store.read() as reader:
        return {
            table.name: reader.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def test_a_delivery_killed_while_it_is_stored_is_there_once(
    store_url: str, core: BatchCore, tmp_path: Path
) -> None:
    file = records_file(tmp_path / "records.xml", records(1, 45))
    octets = file.read_bytes()
    manifest = tmp_path / "manifest.xml"
    manifest.write_bytes(core.signed(core.manifest(octets, 45)))
    arguments = [store_url, str(shared_pki().directory), str(manifest), str(file)]
    with children("tests.crash.batch_children.take_until_killed", [arguments]) as (child,):
        for number in range(1, len(DEATHS) + 1):
            assert child.hear() == signal.SIGKILL
            found = rows(core.store)
            assert found["delivery_chunk"] == (20, 40, 45, 45)[number - 1]
            assert [found[name] for name in ("message", "work")] == [[0, 0], [1, 46]][number == len(DEATHS)]
            child.tell()
    # The last one was accepted, and nobody told: the resend hears it.
    again = BatchCore(core.store, shared_pki(), chunk_records=1).taking.open(manifest.read_bytes(), ROUTE)
    assert isinstance(again, Taken)
    assert again.repeated
    assert rows(core.store) == {
        "delivery": 1, "delivery_chunk": 45, "message": 1, "person": 0, "case_file": 0, "work": 46,
    }  # fmt: skip
    assert core.work_off()[Ended.DONE] == 46
    assert rows(core.store) | {"message": 0} == {
        "delivery": 1, "delivery_chunk": 45, "message": 0, "person": 45, "case_file": 45, "work": 0,
    }  # fmt: skip


def test_another_manifest_under_the_uuid_takes_the_place_of_what_was_only_begun(
    store_url: str, core: BatchCore, tmp_path: Path
) -> None:
    """A try that crashed used up nothing: neither the UUID nor the number."""
    del store_url
    file = records_file(tmp_path / "records.xml", records(1, 12))
    manifest = core.manifest(file.read_bytes(), 12)
    opened = core.taking.open(core.signed(manifest), ROUTE)
    assert isinstance(opened, Opened)
    with file.open("rb") as spool, core.taking.examine(opened.note, spool) as found:
        core.taking._load(opened.note, found)
    assert rows(core.store)["delivery_chunk"] == 3
    other = records_file(tmp_path / "others.xml", records(2, 7))
    changed = core.manifest(other.read_bytes(), 7, lieferschein_uuid=manifest.lieferschein_uuid)
    opened = core.taking.open(core.signed(changed), ROUTE)
    assert isinstance(opened, Opened)
    with other.open("rb") as spool:
        assert isinstance(core.taking.take(opened, spool), Taken)
    assert rows(core.store)["delivery_chunk"] == 2
    core.work_off()
    assert rows(core.store)["person"] == 7


def test_workers_share_a_delivery_and_die_over_it(store_url: str, core: BatchCore) -> None:
    """Two at once, each killed: one before, one after a chunk commits; another before the result does."""
    taken = core.taken(*records(3, 60))
    folder = str(shared_pki().directory)

    rounds = [
        # Each takes a row (1), does it (2), takes the next (3), does it (4).
        [(0, 4, "before"), (0, 4, "after")],
        [(0, 0, "")],
        [(2, 0, "")],
        # It takes the result (1), and ends before that commits (2).
        [(4, 2, "before")],
        [(6, 0, "")],
    ]
    arguments = [store_url, folder, rounds]
    with children("tests.crash.batch_children.work_until_killed", [arguments]) as (child,):
        assert child.hear() == [signal.SIGKILL, signal.SIGKILL]
        assert rows(core.store)["person"] == 15
        child.tell()
        assert child.hear() == [0]
        # All that is due but the chunk whose worker died holding it; the result waits for that.
        assert rows(core.store)["person"] == 55
        child.tell()
        assert child.hear() == [0]
        found = rows(core.store)
        assert [found[name] for name in ("delivery", "person", "case_file", "work")] == [1, 60, 60, 1]
        child.tell()
        assert child.hear() == [signal.SIGKILL]
        with core.store.unit_of_work() as unit:
            assert unit.results_of(taken.id) == []
        child.tell()
        assert child.hear() == [0]
    results = core.results(taken)
    assert len({each.number for each in results}) == len(results) == 60
    with core.store.unit_of_work() as unit:
        assert [each.addendum for each in unit.results_of(taken.id)] == [0]


def test_a_server_killed_while_it_stores_a_delivery_told_nobody(store_url: str, tmp_path: Path) -> None:
    gateway = prepared_for_deliveries(tmp_path, store_url, batch={"chunk_records": 2}, http={"workers": 1})
    gateway.entry = "tests.crash.deadly_deliveries"
    gateway.start()
    try:
        office = Office(gateway)
        file = records_file(tmp_path / "records.xml", records(4, 100))
        manifest = office.next_manifest(file)
        errors: list[Exception] = []

        def send() -> None:
            try:
                office.deliver(manifest, file)
            except Unreachable as error:
                errors.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        store = open_test_store(store_url)
        wait_until(lambda: rows(store)["delivery_chunk"] == 20)
        gateway.kill()
        sending.join()
        assert len(errors) == 1
        assert rows(store)["work"] == 0
        gateway.entry = SERVER
        gateway.start()
        assert office.state().erwartet == bva.Naechstes(1, 1)
        assert office.deliver(manifest, file).anzahl_datensaetze == 100
        ready = office.result_of(manifest)
        result = office.fetch(ready.ergebnisschein_uuid, tmp_path / "results")
        assert result.note.anzahl == bva.Zaehlung(100, 0, 0, 0)
        assert len(results_in(result.file_path)) == 100
        assert rows(store) | {"message": 0} == {
            "delivery": 1, "delivery_chunk": 50, "message": 0, "person": 100, "case_file": 100, "work": 0,
        }  # fmt: skip
        store.close()
    finally:
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.kill()
