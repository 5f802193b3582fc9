"""Chunks worked off: what one record does to its neighbours, and what is kept of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any
from unittest.mock import patch

import pytest

from fixtures.persons import LEYLA, OMAR, TADEUSZ, THI, many_persons
from fixtures.resettlers import certificate, records
from gateway.batch.work_kinds import CHUNK
from gateway.decided import Decided
from gateway.deciding import Decider, Prepared
from gateway.deferred.handlers import handlers
from gateway.deferred.operating import discard, retry
from gateway.deferred.runner import Ended, Worker
from gateway.deferred.terms import Terms
from messages.errors import GatewayError
from messages.registry import write
from store.deliveries import progress_of
from store.engine import Store
from store.errors import StoreBusy
from store.records import JournalRecord
from store.records_work import WorkRow
from store.unit import UnitOfWork
from store.work import list_work
from tests.support.batch import BatchCore, connect_bva
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import children

FAULTS = {
    7: (b"<bva:aktenzeichen>", b"<bva:aktenzeichen>\xe2\x98\x83"),
    250: (b"<bva:geburtsort>", b"<bva:geburtsort><bva:was></bva:was>"),
    499: (b'listVersionID="1"', b'listVersionID="9"'),
}
"""By position: a character outside of DIN 91379, an unknown element, an unknown version of a list."""


@pytest.fixture
def core(store: Store) -> BatchCore:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return BatchCore(store, shared_pki())


def journal_of(core: BatchCore, uuid: str) -> list[JournalRecord]:
    with core.store.read() as reader:
        return list(reader.journal_of(uuid))


def work_rows(core: BatchCore, kind: str = CHUNK) -> list[WorkRow]:
    with core.store.read() as reader:
        return list_work(reader.connection, kind=kind, limit=1000)


@contextmanager
def failing(surname: str | None, error: Callable[[], Exception] = ZeroDivisionError) -> Iterator[None]:
    """Let the decision about a person fail for a reason nobody foresaw."""
    decide = Decider.decide

    def failed(self: Decider, work: UnitOfWork, prepared: Prepared, **said: Any) -> Decided:
        if prepared.request.surname == surname:
            raise error()
        return decide(self, work, prepared, **said)

    with patch.object(Decider, "decide", failed):
        yield


def test_500_records_with_3_faulty_ones_give_497_numbers(core: BatchCore) -> None:
    results = core.decided(*records(1, 500, FAULTS))
    assert [each.message.rahmen.position for each in results] == list(range(1, 501))
    assert len({each.number for each in results} - {None}) == 497
    found = {}
    for each in results:
        faulty = each.message.fehlerhaft
        if faulty is not None:
            (error,) = faulty.fehler
            found[each.message.rahmen.position] = (error.code, error.pfad)
            assert each.message.rahmen.zeichen == f"BVA-1-{each.message.rahmen.position:07d}"
    root = "/bva:BVABAMF.Bescheinigung.200002"
    assert found == {
        7: ("X001", f"{root}/bva:aktenzeichen"),
        250: ("X001", f"{root}/bva:personalien/bva:geburtsort/bva:was"),
        499: (
            "S010.unknown-version",
            f"{root}/bva:personalien/bva:geschlecht/xauslaender:geschlecht/@listVersionID",
        ),
    }
    assert core.counts()["case_file"] == 497


def test_what_is_kept_of_a_record_is_what_is_kept_of_a_message(core: BatchCore) -> None:
    spoilt = write(certificate(THI, "BVA-2")).replace(b"bva:aktenzeichen>", b"bva:zeichen>")
    good, bad = core.decided(certificate(LEYLA, "BVA-1"), spoilt)
    assert (good.ending, bad.ending) == ("angenommen", "fehlerhaft")
    came, told = journal_of(core, good.uuid)
    assert [(row.kind, row.door, row.message_type) for row in (came, told)] == [
        ("received", "batch", "200002"),
        ("answered", "batch", "200004"),
    ]
    (record,) = core.records_of(good.uuid)
    assert (record.identity_branch, record.row, record.answer_type) == ("I01", "D01", "200004")
    assert (record.schema_version, record.number) == ("InGe-BVA 1", good.number)
    assert record.evidence["position"] == 1
    assert core.records_of(bad.uuid) == []
    came, told = journal_of(core, bad.uuid)
    assert (came.kind, came.code, told.kind, told.code) == ("refused", "X001", "answered", "X001")
    assert json.loads(came.facts or "{}")["path"].startswith("/bva:BVABAMF.Bescheinigung.200002/bva:")
    with core.store.read() as reader:
        kept = reader.journaled_content(came)
    # As it came, with what its file declares around it.
    assert (kept or b"").endswith(spoilt.partition(b" ")[2])


def test_a_mark_that_no_result_can_carry_is_left_out(core: BatchCore) -> None:
    octets = write(certificate(LEYLA, "BVA-1")).replace(b">BVA-1<", b">" + b"x" * 101 + b"<")
    (result,) = core.decided(octets)
    assert result.ending == "fehlerhaft"
    assert result.message.rahmen.zeichen is None


def test_the_same_person_again_in_one_chunk_is_parked_with_the_first(core: BatchCore) -> None:
    results = core.decided(*(certificate(LEYLA, f"BVA-{place}") for place in range(3)), certificate(THI))
    assert [each.ending for each in results] == [
        "angenommen", "zurueckgestellt", "zurueckgestellt", "angenommen",
    ]  # fmt: skip
    branches = [core.records_of(each.uuid)[0].identity_branch for each in results]
    assert branches == ["I01", "I02", "I12", "I01"]
    with core.store.read() as reader:
        (item,) = reader.work_items()
    assert [ref.uuid for ref in item.messages] == [each.uuid for each in results[1:3]]


def test_a_number_named_by_two_records_of_a_chunk_is_met_twice(core: BatchCore) -> None:
    first = core.certified(LEYLA)
    results = core.decided(
        certificate(LEYLA, "BVA-1", number=first.number),
        certificate(OMAR, "BVA-2", number=first.number),
        certificate(LEYLA, "BVA-3", number=f"{first.number} "),
    )
    assert [core.records_of(each.uuid)[0].identity_branch for each in results] == ["I07", "I08", "I07"]
    assert [each.reason for each in results] == ["17104", None, "17104"]


def test_a_record_nobody_foresaw_stays_alone_until_the_operator_sees_to_it(core: BatchCore) -> None:
    persons = list(islice(many_persons(4), 5))
    poison = persons[2].personalien.nachname.text
    delivery = core.taken(*(certificate(each, f"BVA-{place}") for place, each in enumerate(persons, 1)))
    with failing(poison):
        for _ in range(5):
            core.work_off()
            core.clock.advance(minutes=11)
        core.work_off()
    (dead,) = work_rows(core)
    assert (dead.state, dead.last_code) == ("DEAD", "ZeroDivisionError")
    results = core.results(delivery)
    assert [each.ending for each in results] == ["angenommen"] * 2 + ["fehlerhaft"] + ["angenommen"] * 2
    faulty = results[2].message.fehlerhaft
    assert faulty is not None
    assert [each.code for each in faulty.fehler] == ["T200.record-failed"]

    retry(core.store, core.clock, dead.id, actor="operator")
    core.work_off()
    (later,) = core.later(delivery)
    assert (later.rahmen.position, later.rahmen.zeichen) == (3, "BVA-3")
    assert later.angenommen is not None
    assert work_rows(core) == []
    # The first result stays what it was.
    assert [each.message for each in core.results(delivery)] == [each.message for each in results]


def test_a_record_given_up_is_told_so(core: BatchCore) -> None:
    delivery = core.taken(certificate(LEYLA, "BVA-1"))
    with failing(LEYLA.personalien.nachname.text):
        for _ in range(5):
            core.worker(CHUNK).work_off()
            core.clock.advance(minutes=11)
    (dead,) = work_rows(core)
    given_up(core, dead)
    core.work_off()
    (result,) = core.results(delivery)
    faulty = result.message.fehlerhaft
    assert faulty is not None
    assert [each.code for each in faulty.fehler] == ["T200.record-discarded"]
    assert result.message.rahmen.zeichen == "BVA-1"
    assert core.later(delivery) == []
    came, _ = journal_of(core, result.uuid)
    assert json.loads(came.facts or "{}") == {"actor": "operator"}


def test_a_record_given_up_after_the_first_result_comes_in_an_addendum(core: BatchCore) -> None:
    delivery = core.taken(certificate(LEYLA, "BVA-1"), certificate(THI, "BVA-2"))
    with failing(LEYLA.personalien.nachname.text):
        for _ in range(7):
            core.work_off()
            core.clock.advance(minutes=11)
    (dead,) = work_rows(core)
    given_up(core, dead)
    (later,) = core.later(delivery)
    assert later.fehlerhaft is not None
    assert [each.code for each in later.fehlerhaft.fehler] == ["T200.record-discarded"]
    assert later.rahmen.position == 1


def given_up(core: BatchCore, dead: WorkRow) -> None:
    discard(core.store, core.clock, handlers(core.workshop), dead.id, actor="operator")
    assert work_rows(core) == []


@pytest.mark.parametrize("error", [lambda: GatewayError("T200.busy"), StoreBusy], ids=["keys", "store"])
def test_who_meets_others_at_work_waits_and_loses_no_attempt(
    core: BatchCore, error: Callable[[], Exception]
) -> None:
    delivery = core.taken(certificate(LEYLA, "BVA-1"), certificate(THI, "BVA-2"))
    with failing(THI.personalien.nachname.text, error):
        assert core.worker(CHUNK).run_once() is Ended.POSTPONED
    (row,) = work_rows(core)
    assert row.attempts == 0
    assert core.counts()["case_file"] == 0
    core.clock.advance(minutes=1)
    core.work_off()
    assert Counter(each.ending for each in core.results(delivery)) == {"angenommen": 2}


def test_a_record_that_ends_the_process_does_not_stop_its_neighbours(store_url: str, core: BatchCore) -> None:
    """Killed in the middle of the chunk: nothing of it is kept, and the next worker lets it fall apart."""
    persons = [LEYLA, THI, TADEUSZ]
    delivery = core.taken(*(certificate(each, f"BVA-{place}") for place, each in enumerate(persons, 1)))
    arguments = [store_url, str(shared_pki().directory), THI.personalien.nachname.text]
    with children("tests.batch.chunk_child.work_until_killed", [[*arguments, 0]]) as (child,):
        assert child.hear() == "killed"
    assert core.counts()["case_file"] == 0
    with children("tests.batch.chunk_child.work_until_killed", [[*arguments, 2]]) as (child,):
        assert child.hear() == "killed"
    core.clock.advance(minutes=4)
    core.work_off()
    results = core.results(delivery)
    assert [each.ending for each in results] == ["angenommen"] * 3
    assert core.counts()["case_file"] == 3


def test_two_workers_share_a_delivery_that_names_everybody_twice(core: BatchCore) -> None:
    """In opposite order, so that who locked in the order of the records would wait for each other."""
    persons = list(islice(many_persons(6), 60))
    sharing = BatchCore(core.store, shared_pki(), chunk_records=20)
    delivery = sharing.taken(
        *(certificate(each, f"BVA-{place}") for place, each in enumerate([*persons, *reversed(persons)], 1))
    )
    workers = [sharing.worker(CHUNK, name=f"worker-{number}") for number in range(2)]
    with ThreadPoolExecutor(len(workers)) as pool:
        ended = sum((each.result() for each in [pool.submit(each.work_off) for each in workers]), Counter())
    assert ended[Ended.DONE] == 6
    sharing.clock.advance(minutes=1)
    sharing.work_off()
    results = sharing.results(delivery)
    assert Counter(each.ending for each in results) == {"angenommen": 60, "zurueckgestellt": 60}
    assert sharing.counts()["person"] == 60
    for place, (one, other) in enumerate(zip(results, reversed(results), strict=True)):
        assert {one.ending, other.ending} == {"angenommen", "zurueckgestellt"}, place


def test_strangers_are_not_asked_for_one_by_one(core: BatchCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most records are about nobody known: the store says so once for a whole chunk."""
    with core.store.unit_of_work() as work:
        link = type(work._link)
    core.taken(*records(5, 60))
    asked: list[str] = []
    run = link.run

    def counted(self: Any, statement: Any, parameters: Any) -> Any:
        asked.append(statement.sql)
        return run(self, statement, parameters)

    monkeypatch.setattr(link, "run", counted)
    assert core.worker(CHUNK).run_once() is Ended.DONE
    of_persons = [sql for sql in asked if "person" in sql or "work_item" in sql]
    assert len(of_persons) == 1
    assert core.counts()["case_file"] == 60


def test_a_chunk_whose_workers_all_ended_falls_apart_when_it_is_tried_again(core: BatchCore) -> None:
    """Even where the first lost worker is one too many: the operator's retry must not end the next one."""
    delivery = core.taken(certificate(LEYLA, "BVA-1"), certificate(THI, "BVA-2"))
    with core.store.unit_of_work() as work:
        now = core.clock.now()
        assert work.take_work([CHUNK], "lost", now=now, lease_until=now, attempts=1)
        work.commit()
    core.clock.advance(minutes=1)
    once = Worker(core.store, core.clock, handlers(core.workshop), "next", Terms(attempts=1))
    assert once.run_once() is Ended.BURIED
    (dead,) = work_rows(core)
    retry(core.store, core.clock, dead.id, actor="operator")
    once.work_off()
    with core.store.read() as reader:
        assert progress_of(reader.connection, [delivery.id])[delivery.id].chunks == 2
