"""What becomes of a takeover: revoked at the same time, merged, undone; who is told, who is listed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.client import read_document
from fixtures import inquiries, jobcenters, persons
from gateway.clerks.capture import Capture
from gateway.clerks.capture import Clerk as Who
from messages.mitteilung import Mitteilung
from messages.service import HoleNachrichten
from schemas.codes import CodeLists
from tests.support.clerk import Clerk
from tests.support.cli import inge
from tests.support.core import ABH1, ABH2, NOW, TGS1, TGS2, new_uuid, sender
from tests.support.desk import ask, request
from tests.support.door import Delivered, DoorCore
from tests.support.given import stored_case, stored_person

UNTIL = date(2027, 6, 30)
ENTRY = ("--as", "clerk", "--reason", "applied for")


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def obliged(core: DoorCore) -> str:
    """A Jobcenter obliges Leyla; out: the number."""
    message = jobcenters.obligation(TGS1, new_uuid(), core.clock.now(), UNTIL)
    answer = core.deliver(message, "tgs1")
    assert answer.message_type == "080003"
    return str(answer.message.zulassung_verpflichtung.bamfkennziffer)


def taking(core: DoorCore, number: str) -> Delivered:
    return core.deliver(inquiries.takeover(ABH1, new_uuid(), core.clock.now(), number))


def notices(core: DoorCore, holder: str = "abh1") -> list[Mitteilung]:
    """What lies in the outbox of the agency that took over."""
    fetched = ask(core, request(HoleNachrichten, sender(holder)), holder).nachrichten
    found = [read_document(each.dokument) for each in fetched]
    return [each for each in found if isinstance(each, Mitteilung)]


def obliging(clerk: Clerk, number: str) -> list[tuple[str, bool]]:
    shown = clerk.tells("capture", "show", "--number", number)["obliging"]
    return [(each["agency"], each["taken_over"]) for each in shown]


@pytest.mark.parametrize("how", ["revoke", "cancel"])
def test_who_took_over_is_told_that_the_right_is_withdrawn(core: DoorCore, clerk: Clerk, how: str) -> None:
    number = obliged(core)
    taken = taking(core, number)
    assert obliging(clerk, number) == [(TGS1.kennung, False), (ABH1.kennung, True)]
    clerk.tells("capture", how, "--number", number, *ENTRY)
    (told,) = notices(core)
    assert (told.sachverhalt, told.ausloeser_uuid) == ("verpflichtung-beendet", taken.uuid)
    assert (told.bamfkennziffer, told.stelle, told.neues_recht) == (number, None, None)
    assert obliging(clerk, number) == []
    # The takeover is over with the right: no information any more, nothing to take over, a right of its own.
    asked = inquiries.participation_inquiry(ABH1, new_uuid(), NOW, number)
    assert core.deliver(asked).row == "A03"
    assert taking(core, number).row == "T08"
    assert core.deliver(persons.obligation_1b(ABH1, new_uuid(), NOW, number=number)).row == "D43"


def test_the_own_right_withdrawn_is_not_taken_over(core: DoorCore, clerk: Clerk) -> None:
    number = str(core.deliver(persons.obligation_1b(ABH1, new_uuid(), NOW)).number)
    clerk.tells("capture", "revoke", "--number", number, *ENTRY)
    refused = taking(core, number)
    assert (refused.row, refused.reason_code) == ("T04", "17571")
    assert notices(core) == []


def test_taken_over_and_revoked_at_the_same_time(core: DoorCore) -> None:
    """Either the takeover came first and its agency is told of the end, or there is none."""
    capture = Capture(core.store, core.pipeline.tools, CodeLists.load())
    told = 0
    for _ in range(6):
        core.clock.advance(minutes=1)
        number = stored_case(core, stored_person(core), "5", "OPEN", TGS2).number
        with ThreadPoolExecutor(2) as pool:
            taken = pool.submit(taking, core, number)
            pool.submit(capture.revocation, number, Who("clerk", "applied for")).result()
            row = taken.result().row
        with core.store.unit_of_work() as work:
            case = work.case_by_number(number)
            assert case is not None
            assert case.state == "REVOKED"
            rows = work.takeovers_of([case.id])
        assert row in ("T13", "T08")
        assert len(rows) == (row == "T13")
        told += len(rows)
        assert len(notices(core)) == told


def parked_report(core: DoorCore, clerk: Clerk, report: Any, holder: str) -> tuple[Delivered, int]:
    answer = core.deliver(report, holder)
    assert answer.message_type in ("070004", "080004")
    return answer, clerk.only_item()


def test_a_takeover_stays_with_its_right_through_merging_and_splitting(core: DoorCore, clerk: Clerk) -> None:
    number = obliged(core)
    taking(core, number)
    core.clock.advance(minutes=1)
    report = persons.entitlement(ABH2, new_uuid(), core.clock.now())
    _, item = parked_report(core, clerk, report, "abh2")
    clerk.decide(item, "--different")
    clerk.undo(item)
    # They are one person now: the entitlement decided later is cancelled, the obligation and who joined stay.
    assert obliging(clerk, number) == [(TGS1.kennung, False), (ABH1.kennung, True)]
    assert taking(core, number).row == "T05"
    assert notices(core) == []


def test_of_a_right_cancelled_by_merging_who_took_it_over_is_told(core: DoorCore, clerk: Clerk) -> None:
    known = core.deliver(persons.obligation_1b(ABH2, new_uuid(), NOW), "abh2")
    core.clock.advance(minutes=1)
    report = jobcenters.obligation(TGS1, new_uuid(), core.clock.now(), UNTIL)
    answer, item = parked_report(core, clerk, report, "tgs1")
    clerk.decide(item, "--different")
    (accepted,) = clerk.later(TGS1.kennung, answer.uuid)
    number = accepted.zulassung_verpflichtung.bamfkennziffer
    taken = taking(core, number)
    clerk.undo(item)
    (told,) = notices(core)
    assert (told.sachverhalt, told.ausloeser_uuid) == ("verpflichtung-beendet", taken.uuid)
    assert obliging(clerk, number) == []
    assert obliging(clerk, known.number or "") == [(ABH2.kennung, False)]


def test_a_takeover_holds_again_when_what_replaced_its_right_is_taken_back(
    core: DoorCore, clerk: Clerk
) -> None:
    known = core.deliver(persons.obligation_1a(ABH2, new_uuid(), NOW, only_language=True), "abh2")
    number = str(known.number)
    taken = core.deliver(jobcenters.takeover(TGS1, new_uuid(), NOW, number), "tgs1")
    assert taken.row == "T14"
    report = persons.obligation_1b(ABH1, new_uuid(), NOW, number=number)
    _, item = parked_report(core, clerk, report, "abh1")
    clerk.decide(item, "--replace")
    (told,) = notices(core, "tgs1")
    assert (told.sachverhalt, told.ausloeser_uuid) == ("verpflichtung-beendet", taken.uuid)
    assert obliging(clerk, number) == [(ABH1.kennung, False)]
    assert (told.neues_recht, told.stelle) == ("1b", None)
    assert "durch die Verpflichtung einer Ausländerbehörde ersetzt" in told.text_deutsch
    clerk.undo(item)
    assert obliging(clerk, number) == [(ABH2.kennung, False), (TGS1.kennung, True)]
    _, told = notices(core, "tgs1")
    assert (told.sachverhalt, told.ausloeser_uuid) == ("uebernahme-gilt-wieder", taken.uuid)
    assert core.deliver(jobcenters.takeover(TGS1, new_uuid(), NOW, number), "tgs1").row == "T05"


def test_a_clerk_sees_who_obliges_a_candidate(core: DoorCore, clerk: Clerk) -> None:
    number = obliged(core)
    taking(core, number)
    report = persons.entitlement(ABH2, new_uuid(), core.clock.now())
    _, item = parked_report(core, clerk, report, "abh2")
    (candidate,) = clerk.tells("cases", "show", item)["candidates"]
    (case,) = candidate["cases"]
    assert [(each["agency"], each["taken_over"]) for each in case["obliging"]] == [
        (TGS1.kennung, False),
        (ABH1.kennung, True),
    ]
    words = inge("cases", "show", str(item), "--config", clerk.config).out
    assert f"obliging: {ABH1.name}, took over on {NOW.date()}" in words
    page = inge("capture", "show", "--number", number, "--config", clerk.config).out
    assert f"took over on {NOW.date()}" in page


def test_of_a_blocked_person_nobody_is_named(core: DoorCore, clerk: Clerk) -> None:
    number = obliged(core)
    taking(core, number)
    core.deliver(inquiries.disclosure_block(ABH2, new_uuid(), NOW, number), "abh2")
    out = inge("capture", "show", "--number", number, "--config", clerk.config).out
    assert "took over on" in out
    assert not any(each.name in out or each.kennung in out for each in (TGS1, ABH1))
