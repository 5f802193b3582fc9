"""The business clock moves days, rights, questions and frames; proof, journal and records do not move."""

from datetime import date, timedelta

import pytest

from fixtures.persons import entitlement, obligation_3
from store.engine import Store
from store.records import MessageRef
from tests.support.core import ABH1, ABH2, NOW, StandingClock, new_uuid
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki

AHEAD = NOW + timedelta(days=40)


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki(), StandingClock(), business=StandingClock(AHEAD))


def test_rights_and_frames_go_by_the_business_clock(core: DoorCore) -> None:
    body = core.deliver(entitlement(ABH1, new_uuid(), NOW)).message
    right = body.berechtigung_verpflichtung
    assert (right.gueltig_von, right.gueltig_bis) == (date(2027, 1, 3), date(2028, 1, 3))
    assert body.rahmen.kopf.erstellungszeitpunkt == AHEAD
    with core.store.unit_of_work() as work:
        case = work.case_by_number(right.bamfkennziffer)
    assert case is not None
    assert case.opened_on == date(2027, 1, 3)
    assert case.rights[0].decided_at == AHEAD


def test_what_is_past_goes_by_the_business_clock(core: DoorCore) -> None:
    answer = core.deliver(obligation_3(ABH1, new_uuid(), NOW, date(2027, 1, 2)))
    assert answer.row == "D32"
    assert core.deliver(obligation_3(ABH1, new_uuid(), NOW, date(2027, 1, 3))).row == "D01"


def test_work_items_go_by_the_business_clock(core: DoorCore) -> None:
    core.deliver(entitlement(ABH1, new_uuid(), NOW))
    core.deliver(entitlement(ABH2, new_uuid(), NOW), "abh2")
    with core.store.read() as reader:
        (item,) = reader.work_items()
    assert item.opened_at == AHEAD


def test_records_and_journal_keep_the_real_clock(core: DoorCore) -> None:
    answer = core.deliver(entitlement(ABH1, new_uuid(), NOW))
    with core.store.read() as reader:
        (record,) = reader.decisions(MessageRef(ABH1.kennung, answer.uuid))
        rows = reader.journal_of(answer.uuid)
    assert (record.received_at, record.decided_at) == (NOW, NOW)
    assert {row.at for row in rows} == {NOW}
