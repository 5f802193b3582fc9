"""Results of deliveries: made when everything is answered, the same octets every time, added to later."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from lxml import etree

from fixtures.persons import BAMF, LEYLA, THI, Person
from fixtures.resettlers import certificate, records
from gateway.batch.addenda import Addenda
from gateway.batch.chunks import ChunkHandler
from gateway.batch.fetching import Fetched, Fetching
from gateway.batch.result_files import failed, first_file, later_file, measured
from gateway.batch.signing import signer
from gateway.batch.work_kinds import CHUNK, RESULT
from gateway.clerks.decide import Choice, decide
from gateway.clerks.undo import undo
from gateway.deferred.base import WorkNotThereError
from gateway.deferred.operating import discard, retry
from gateway.deferred.runner import Ended
from gateway.trust.signed_document import sign_document
from gateway.undone import UndoneError
from messages import bva
from messages.registry import BUNDLED_MESSAGES
from store.deliveries import progress_of
from store.engine import Store
from store.erasure import destroy_content
from store.record_ids import record_uuid, stem_for
from store.records import MessageRef, StoredAnswer, WorkItemState
from store.records_batch import Chunk, Delivery, DeliveryResult
from store.records_work import WorkRow, WorkState
from store.work import list_work
from tests.batch.test_chunks import failing, work_rows
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.batch_http import read
from tests.support.core import NOW, new_uuid
from tests.support.furnishing import furnish
from tests.support.given import BVA
from tests.support.pki import shared_pki
from tests.support.stores import fresh_sqlite, open_test_store


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki(), chunk_records=2)


def addenda(core: BatchCore) -> Addenda:
    return Addenda(core.store, core.pipeline.tools, signer(core.pki.key("gateway")))


def results_of(core: BatchCore, delivery: Delivery) -> list[DeliveryResult]:
    with core.store.unit_of_work() as work:
        return work.results_of(delivery.id)


def endings(blocks: bytes) -> list[tuple[int, str]]:
    found = []
    for element in etree.fromstring(blocks):
        message = BUNDLED_MESSAGES.parse(element)
        assert isinstance(message, bva.Ergebnis200004)
        found.append((message.rahmen.position, etree.QName(element[-1]).localname))
    return found


def first(core: BatchCore, delivery: Delivery) -> bytes:
    return b"".join(first_file(core.store, core.messages, delivery))


def later(core: BatchCore, delivery: Delivery, addendum: int) -> bytes:
    return b"".join(later_file(core.store, delivery.id, addendum))


def worked_off(core: BatchCore) -> None:
    """Work off what is due, as long as something comes about by that."""
    for _ in range(10):
        core.clock.advance(minutes=11)
        core.work_off()


def test_the_result_waits_for_every_chunk(core: BatchCore) -> None:
    delivery = core.taken(*records(1, 5))
    assert core.worker(RESULT).work_off() == {Ended.POSTPONED: 1}
    core.worker(CHUNK).run_once()
    core.clock.advance(seconds=2)
    assert core.worker(RESULT).work_off() == {Ended.POSTPONED: 1}
    assert results_of(core, delivery) == []
    core.worker(CHUNK).work_off()
    core.clock.advance(seconds=2)
    assert core.worker(RESULT).work_off() == {Ended.DONE: 1}
    (result,) = results_of(core, delivery)
    note = read(result.document)
    assert note.anzahl == bva.Zaehlung(5, 0, 0, 0)
    assert (note.datei.groesse, note.datei.name) == (
        len(first(core, delivery)),
        "ergebnisse-000001-001-000.xml",
    )


def test_what_is_dead_is_told_and_its_result_follows(core: BatchCore) -> None:
    """The poison record is alone with its fate; the first result does not wait for the operator."""
    surname = LEYLA.personalien.nachname.text
    with failing(surname):
        delivery = core.taken(certificate(THI, "BVA-1"), certificate(LEYLA, "BVA-2"), *records(2, 2))
        worked_off(core)
        (result,) = results_of(core, delivery)
        assert read(result.document).anzahl == bva.Zaehlung(3, 0, 0, 1)
        before = first(core, delivery)
        assert endings(before)[1] == (2, "fehlerhaft")
        assert b"T200.record-failed" in before
        (dead,) = work_rows(core)
    with core.store.read() as reader:
        assert progress_of(reader.connection, [delivery.id])[delivery.id].missed == 1
    retry(core.store, core.clock, dead.id, actor="op")
    worked_off(core)
    assert addenda(core).work(50).done == 1
    _, added = results_of(core, delivery)
    assert read(added.document).anzahl == bva.Zaehlung(1, 0, 0, 0)
    assert endings(later(core, delivery, 1)) == [(2, "angenommen")]
    assert first(core, delivery) == before


def test_what_is_missed_while_it_is_being_decided_comes_in_an_addendum(core: BatchCore) -> None:
    """Revived while the first result was being made: the worker has read the chunk before it was missed."""
    with failing(LEYLA.personalien.nachname.text):
        delivery = core.taken(certificate(THI, "BVA-1"), certificate(LEYLA, "BVA-2"))
        for _ in range(10):
            core.clock.advance(minutes=11)
            core.worker(CHUNK).work_off()
    (dead,) = work_rows(core)
    load = ChunkHandler._load

    def loaded(handler: ChunkHandler, row: WorkRow) -> tuple[Delivery, Chunk, Sequence[bytes]]:
        found = load(handler, row)
        with core.store.unit_of_work() as work:
            assert work.miss_chunks(delivery.id, [row.facts["ordinal"]]) == 1
            work.commit()
        return found

    retry(core.store, core.clock, dead.id, actor="op")
    with patch.object(ChunkHandler, "_load", loaded):
        core.worker(CHUNK).work_off()
    worked_off(core)
    assert endings(first(core, delivery)) == [(1, "angenommen"), (2, "fehlerhaft")]
    assert addenda(core).work(50).done == 1
    assert endings(later(core, delivery, 1)) == [(2, "angenommen")]


def test_what_is_given_up_is_told_in_an_addendum(core: BatchCore) -> None:
    with failing(LEYLA.personalien.nachname.text):
        delivery = core.taken(certificate(THI, "BVA-1"), certificate(LEYLA, "BVA-2"))
        worked_off(core)
    (dead,) = work_rows(core)
    discard(core.store, core.clock, core.worker()._handlers, dead.id, actor="op")
    assert addenda(core).work(50).done == 1
    (_, added) = results_of(core, delivery)
    assert read(added.document).anzahl == bva.Zaehlung(0, 0, 0, 1)
    assert endings(later(core, delivery, 1)) == [(2, "fehlerhaft")]


def test_a_first_result_is_never_given_up(core: BatchCore) -> None:
    """Its sender would hear of nothing any more."""
    delivery = core.taken(certificate(THI, "BVA-1"))
    core.worker(CHUNK).work_off()
    with patch("gateway.batch.results.measured", side_effect=RuntimeError):
        for _ in range(10):
            core.clock.advance(minutes=11)
            core.worker(RESULT).work_off()
    (dead,) = rows_of_results(core)
    assert (dead.kind, dead.state) == (RESULT, WorkState.DEAD)
    with pytest.raises(WorkNotThereError, match=f"retry {dead.id}"):
        discard(core.store, core.clock, core.worker()._handlers, dead.id, actor="op")
    assert rows_of_results(core) == [dead]
    retry(core.store, core.clock, dead.id, actor="op")
    worked_off(core)
    assert endings(first(core, delivery)) == [(1, "angenommen")]
    assert len(results_of(core, delivery)) == 1


def rows_of_results(core: BatchCore) -> list[WorkRow]:
    with core.store.read() as reader:
        return list_work(reader.connection, kind=RESULT, limit=10)


def test_the_words_for_what_is_dead_never_change() -> None:
    """They are part of files whose digests were signed: other words need another code."""
    assert failed(BUNDLED_MESSAGES, 7).decode() == (
        '<bva:BAMFBVA.Ergebnis.200004 xmlns:bva="urn:inge-gateway:bva:1"><bva:position>7</bva:position>'
        "<bva:fehlerhaft><bva:fehler><bva:code>T200.record-failed</bva:code><bva:text>Über diesen Datensatz"
        " konnte noch nicht entschieden werden; die Betreuung ist benachrichtigt. Sein Ergebnis folgt in"
        " einem Nachtrag, senden Sie ihn nicht noch einmal.</bva:text><bva:textEnglisch>This record could not"
        " be decided about yet; the operators have been told. Its result follows in an addendum, do not send"
        " it again.</bva:textEnglisch><bva:handlung>anrufen</bva:handlung></bva:fehler></bva:fehlerhaft>"
        "</bva:BAMFBVA.Ergebnis.200004>"
    )


def test_later_decisions_are_gathered_by_delivery_and_turn(core: BatchCore) -> None:
    one = core.taken(certificate(LEYLA, "BVA-1"), certificate(LEYLA, "BVA-2"))
    core.worker(CHUNK).work_off()
    with core.store.read() as reader:
        (item,) = reader.work_items()
    tools = core.pipeline.tools
    decide(core.store, tools, item.id, Choice("different"), actor="clerk")
    undo(core.store, tools, item.id, actor="lead", reason="wrong", really=True)
    # The first result is not there yet: nothing can be added to it.
    assert addenda(core).work(50).done == 0
    worked_off(core)
    task = addenda(core)
    assert (task.work(50).done, task.work(50).done) == (1, 0)
    positions = endings(later(core, one, 1))
    assert [position for position, _ in positions] == [2, 2]
    assert positions[0][1] == "angenommen"
    (_, added) = results_of(core, one)
    assert read(added.document).nachtrag == 1
    assert sum(vars_of(read(added.document).anzahl)) == 2


def parked(core: BatchCore, person: Person) -> Delivery:
    """A delivery with its first result, and a decision that came later."""
    delivery = core.taken(certificate(person, "BVA-1"), certificate(person, "BVA-2"))
    worked_off(core)
    with core.store.read() as reader:
        (item,) = (each for each in reader.work_items() if each.state == WorkItemState.OPEN)
    decide(core.store, core.pipeline.tools, item.id, Choice("different"), actor="clerk")
    return delivery


@pytest.mark.parametrize("at_once", [50, 1])
def test_an_addendum_that_cannot_be_made_keeps_no_other_waiting(
    core: BatchCore, at_once: int, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = sorted((parked(core, person) for person in (LEYLA, THI)), key=lambda each: each.stem)
    with core.store.write() as connection:
        destroy_content(connection, MessageRef(BVA.kennung, record_uuid(broken.stem, 2)))
    task = addenda(core)

    def turn() -> None:
        while task.work(at_once).more:
            pass

    for _ in range(2):
        caplog.clear()
        # The operator hears of it each time: from the alarm which one, from the turn that failed that it did.
        with pytest.raises(UndoneError, match=broken.uuid):
            turn()
        assert [len(results_of(core, each)) for each in (broken, whole)] == [1, 2]
        told = [getattr(each, "delivery", None) for each in caplog.records if each.name == "gateway.alarm"]
        assert told == [broken.uuid]
    assert endings(later(core, whole, 1)) == [(2, "angenommen")]


def vars_of(counts: bva.Zaehlung) -> tuple[int, ...]:
    return counts.angenommen, counts.zurueckgestellt, counts.abgelehnt, counts.fehlerhaft


def test_an_overview_stays_small_however_many_addenda_there_are(core: BatchCore) -> None:
    """Each decision of a clerk may be an addendum of its own: of a million records there can be thousands."""
    delivery = core.taken(*records(1, 2))
    core.work_off()
    with core.store.unit_of_work() as work:
        for number in range(1, 2_001):
            work.add_result(DeliveryResult(delivery.id, number, new_uuid(), b"<a/>", NOW))
        work.commit()
    fetching = Fetching(core.workshop, core.taking.notes)

    def overview(**asked: Any) -> tuple[int, ...]:
        request = bva.Abruf200008(
            test="1",
            abruf_uuid=new_uuid(),
            erstellungszeitpunkt=core.clock.now(),
            autor=bva.Stelle(BVA.kennung, BVA.name),
            leser=bva.Stelle(BAMF.kennung, BAMF.name),
            gegenstand=bva.Gegenstand.STATE,
            **asked,
        )
        found = fetching.answer(sign_document(bva.write(request), key=core.pki.key("bva")), ROUTE)
        assert isinstance(found, Fetched), found.error
        assert isinstance(found.document, bytes)
        (state,) = read(found.document).lieferungen
        assert state.zustand is bva.Lieferzustand.DONE
        return tuple(each.nachtrag for each in state.ergebnisse)

    assert overview() == tuple(range(1000))
    confirmed = tuple(each.uuid for each in results_of(core, delivery)[:999])
    assert overview(bestaetigt=confirmed) == tuple(range(999, 1999))
    assert overview(lieferschein_uuid=delivery.uuid) == tuple(range(1000))


def answered(store: Store, number: int, count: int) -> Delivery:
    """A delivery whose records all have their answers."""
    document = failed(BUNDLED_MESSAGES, 1)
    uuid = new_uuid()
    record = Delivery(
        id=store.new_id(),
        party_id=BVA.kennung,
        uuid=uuid,
        content_hash=b"",
        number=number,
        package=1,
        last=True,
        stem=stem_for(BVA.kennung, uuid),
        records=count,
        size=1,
        sha256=b"",
        chunks=1,
        door="batch",
        peer=None,
        signer_fingerprint="",
        schema_version="InGe-BVA 1",
        received_at=NOW,
        accepted_at=NOW,
    )
    with store.unit_of_work() as work:
        work.add_delivery(record)
        for position in range(1, count + 1):
            uuid = record_uuid(record.stem, position)
            work.register(record.party_id, uuid, b"", "200002", NOW)
            work.store_answer(record.party_id, uuid, StoredAnswer(document, "200004"))
        work.commit()
    return record


def test_memory_does_not_grow_with_the_result(tmp_path: Path, sqlite_template: Path) -> None:
    store = open_test_store(fresh_sqlite(tmp_path, sqlite_template))
    small, large = (answered(store, number, count) for number, count in enumerate((500, 6_000), 1))
    sizes, peaks = [], []
    # What is loaded and prepared once is there after the first; the engine's page cache has a cap of its own.
    for delivery in (small, small, large):
        tracemalloc.start()
        sizes.append(measured(first_file(store, BUNDLED_MESSAGES, delivery)).size)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    store.close()
    assert sizes[2] > 10 * sizes[1] > 10 * 250_000
    assert peaks[2] < peaks[1] + sizes[2] // 5
