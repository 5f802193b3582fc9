"""What five and ten years after the end of a case leave of a person, and what the gateway answers then."""

from __future__ import annotations

from fixtures.persons import obligation_1b
from gateway.clerks.sweep import HintSweep
from store.engine import Store
from store.records import MessageRef
from tests.retention.conftest import (
    GONE,
    NAMES,
    REASONS,
    Known,
    after_years,
    days_go_by,
    everything,
    found,
    renamed,
    report,
)
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, new_uuid
from tests.support.door import DoorCore


def due(clerk: Clerk) -> tuple[list[int], list[int]]:
    told = clerk.inge("retention", "due").json
    return told["stage_1"], told["stage_2"]


def run(clerk: Clerk, *words: str) -> tuple[list[int], list[int]]:
    ran = clerk.inge("retention", "run", *words)
    assert ran.code == 0, ran
    return ran.json["stage_1"], ran.json["stage_2"]


def test_everything_is_there_before(core: DoorCore, known: Known, store: Store, store_url: str) -> None:
    text = everything(store, store_url)
    assert found(text, NAMES) == set(NAMES)
    assert found(text, GONE) >= {
        "180417100021",
        "İzmir",
        "Lindenweg",
        "T-4711",
        "K-4713",
        "Zeynep",
    }
    assert all(reason in text for reason in REASONS)


def test_five_years_leave_names_birth_date_number_and_taking_part(
    core: DoorCore, clerk: Clerk, known: Known, store: Store, store_url: str
) -> None:
    after_years(core, clerk, known, 5, less=1)
    assert due(clerk) == ([], [])
    days_go_by(core, clerk, 1)
    assert due(clerk) == ([known.person], [])
    assert run(clerk, "--dry-run") == ([known.person], [])
    assert due(clerk) == ([known.person], [])
    assert run(clerk, "--scrub") == ([known.person], [])
    assert due(clerk) == ([], [])
    while HintSweep(store, core.clock).work(50).more:
        pass
    text = everything(store, store_url)
    assert found(text, GONE) == set()
    assert found(text, REASONS) == set()
    assert found(text, NAMES) == set(NAMES)
    assert known.number in text
    with store.unit_of_work() as work:
        person = work.person(known.person)
        (case,) = work.cases_of([known.person])
    assert person is not None
    assert (person.surname, person.first_name, person.birth) == ("Özdemir-Kılıç", "Leyla", "1991-04-17")
    assert (case.state, case.started_on, case.used_units, case.rights[0].art) == ("EXHAUSTED", None, 0, "1a")
    assert case.rights[0].agency == ""
    # She herself, and the row that keeps her former name.
    told = clerk.tells("retention", "report")
    assert (told["stage_1"], told["lines"], told["broken_lines"]) == (2, 1, 0)
    assert verified(clerk)


def test_the_duplicate_promise_outlives_the_first_stage(core: DoorCore, clerk: Clerk, known: Known) -> None:
    after_years(core, clerk, known, 5)
    run(clerk)
    again = report(core, "abh3", renamed())
    assert again.message_type == "070004"
    clerk.decide(clerk.only_item(), "--same", known.number)
    assert clerk.rows("azr:090003", again.uuid)[-1] == "D22"
    # The former name goes on leading to her.
    former = report(core, "abh3")
    assert former.message_type == "070004"


def test_a_number_named_after_the_first_stage_leads_to_her(
    core: DoorCore, clerk: Clerk, known: Known
) -> None:
    after_years(core, clerk, known, 5)
    run(clerk)
    told = core.deliver(
        obligation_1b(ABH2, new_uuid(), core.clock.now(), renamed(), number=known.number), "abh2"
    )
    assert (told.row, told.reason_code) == ("D22", "17050")


def test_ten_years_leave_the_number(
    core: DoorCore, clerk: Clerk, known: Known, store: Store, store_url: str
) -> None:
    after_years(core, clerk, known, 5)
    run(clerk)
    after_years(core, clerk, known, 10, less=1)
    assert due(clerk) == ([], [])
    days_go_by(core, clerk, 1)
    assert run(clerk, "--scrub") == ([], [known.person])
    assert due(clerk) == ([], [])
    forgotten(core, clerk, known, store, store_url)


def test_both_stages_may_come_at_once(
    core: DoorCore, clerk: Clerk, known: Known, store: Store, store_url: str
) -> None:
    after_years(core, clerk, known, 10)
    assert run(clerk, "--scrub") == ([], [known.person])
    forgotten(core, clerk, known, store, store_url)


def forgotten(core: DoorCore, clerk: Clerk, known: Known, store: Store, store_url: str) -> None:
    while HintSweep(store, core.clock).work(50).more:
        pass
    text = everything(store, store_url)
    assert found(text, (*GONE, *NAMES, "1991-04-17")) == set()
    assert text.count(known.number) >= 1
    # The number identifies nobody (I08); the person is a new one (D01) with another number.
    told = core.deliver(
        obligation_1b(ABH2, new_uuid(), core.clock.now(), renamed(), number=known.number), "abh2"
    )
    assert told.message_type == "070004"
    with store.read() as reader:
        (item,) = reader.work_items(state="OPEN")
    assert item.candidates == ()
    clerk.decide(item.id, "--different")
    number = clerk.later(ABH2.kennung, told.uuid)[-1].berechtigung_verpflichtung.bamfkennziffer
    assert number != known.number
    assert clerk.person_of(number) != known.person
    assert clerk.inge("capture", "show", "--number", known.number).code == 1
    printed = clerk.inge("print", known.number, "--out", "/nonexistent/x.pdf", "--as", "clerk")
    assert (printed.code, "nobody has the number" in printed.err) == (1, True)
    assert verified(clerk)


def test_a_new_report_after_ten_years_is_a_new_person(core: DoorCore, clerk: Clerk, known: Known) -> None:
    after_years(core, clerk, known, 10)
    run(clerk)
    again = report(core, "abh3", renamed())
    assert (again.row, again.message_type) == ("D01", "070003")
    assert again.number != known.number
    former = report(core, "abh3")
    assert (former.row, former.message_type) == ("D01", "070003")


def test_a_resend_of_an_erased_message_has_no_answer(core: DoorCore, clerk: Clerk, known: Known) -> None:
    after_years(core, clerk, known, 5)
    run(clerk)
    for name, delivered in known.messages.items():
        way = clerk.tells("explain", delivered.uuid)
        assert [each["erased"] for each in way] == [True], name
    ref = MessageRef(ABH1.kennung, known.messages["first"].uuid)
    with core.store.unit_of_work() as work:
        assert work.request_document(ref) is None
        assert work.outbox_of(ref.party_id, ref.uuid) == []


def test_an_erased_work_item_is_shown_and_not_undone(core: DoorCore, clerk: Clerk, known: Known) -> None:
    (item,) = clerk.items("closed")
    after_years(core, clerk, known, 5)
    run(clerk)
    shown = clerk.inge("cases", "show", item["id"])
    assert shown.code == 0, shown.err
    assert found(shown.out, (*GONE, *REASONS)) == set()
    assert clerk.items("closed")[0]["id"] == item["id"]
    refused = clerk.inge("cases", "undo", item["id"], "--as", "lead", "--yes")
    assert (refused.code, "were erased" in refused.err) == (1, True)
    clerk.tells("hints", "show", known.number)
    clerk.tells("capture", "show", "--number", known.number)
    after_years(core, clerk, known, 10)
    run(clerk)
    assert clerk.items("closed") == []


def verified(clerk: Clerk) -> bool:
    assert clerk.inge("journal", "seal").code == 0
    return clerk.inge("journal", "verify").code == 0
