"""070019 through the door: a new surname, its term, its keys, and what happens beside it at the same time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

from fixtures.inquiries import disclosure_block, name_change
from fixtures.persons import LEYLA, Person, decision, entitlement, many_persons, obligation_1b
from gateway.clerks.sweep import HintSweep
from gateway.identity import WEAK
from gateway.normalise import lock_key, name_key
from gateway.scheduler.states import StateWriter
from messages.frame import Message
from messages.registry import build
from messages.values import Name
from store.case_files import history_of_person
from store.engine import Store
from store.records import PersonRecord
from store.search import renamed, waiting_hints
from tests.crash.test_pipeline_processes import CHILDREN, SEED, start_together
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, ABH3, AGENCIES, NOW, StandingClock, new_uuid
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import children

OLD, NEW = "Yıldırım-Öztürk", "Özdemir"
ISSUED = datetime(2028, 2, 29, 9, 0, tzinfo=UTC)


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def called(surname: str | None, person: Person = LEYLA) -> Person:
    return replace(person, personalien=replace(person.personalien, nachname=Name(surname)))


def entitle(core: DoorCore, person: Person = LEYLA, holder: str = "abh1") -> str:
    number = core.deliver(entitlement(AGENCIES[holder], new_uuid(), NOW, person), holder).number
    assert number is not None
    return number


def rename(core: DoorCore, number: str, surname: str | None = NEW, holder: str = "abh2") -> str:
    """Send 070019; out: the key of the receipt."""
    told = core.deliver(name_change(AGENCIES[holder], new_uuid(), NOW, number, surname), holder)
    assert told.message_type == "quittung"
    return str(told.message.sachverhalt)


def person_of(core: DoorCore, number: str) -> PersonRecord:
    with core.store.unit_of_work() as work:
        person = work.person_by_number(number)
    assert person is not None
    return person


def test_any_agency_changes_the_name_and_both_names_lead_to_the_person(core: DoorCore) -> None:
    number = entitle(core)
    message = name_change(ABH2, new_uuid(), NOW, number, NEW)
    told = core.deliver(message, "abh2")
    assert (told.message.sachverhalt, told.row) == ("namensaenderung-uebernommen", "N01")
    assert core.deliver(message, "abh2").document == told.document
    person = person_of(core, number)
    assert (person.surname, person.surname_key) == (NEW, name_key(NEW))
    assert person.lock_key == lock_key(name_key(NEW), person.birth)
    assert person.details["nachname"] == {"text": NEW}
    assert {"text": OLD} in person.details["fruehere_nachnamen"]
    with core.store.read() as reader:
        (change,) = history_of_person(reader.connection, person.id)
    assert (change.what, change.before, change.after, change.actor) == (
        "surname", {"surname": OLD}, {"surname": NEW}, ABH2.kennung,
    )  # fmt: skip
    for each in (OLD, NEW):
        suspected = core.deliver(entitlement(ABH3, new_uuid(), NOW, called(each)), "abh3")
        assert (suspected.message_type, suspected.number) == ("070004", None), each
    # By number and birth date the table decides, whichever name is sent with it.
    for each in (OLD, NEW):
        refused = core.deliver(entitlement(ABH3, new_uuid(), NOW, called(each), number=number), "abh3")
        assert (refused.message_type, refused.row) == ("070005", "D02"), each
    assert core.counts()["case_file"] == 1


def test_a_name_that_is_known_changes_nothing(core: DoorCore) -> None:
    number = entitle(core)
    before = person_of(core, number)
    assert rename(core, number, OLD) == "namensaenderung-bekannt"
    assert person_of(core, number) == before


def test_back_to_a_former_name_and_on_again_keeps_one_row_per_name(core: DoorCore) -> None:
    number = entitle(core)
    for surname in (NEW, OLD, NEW, OLD):
        assert rename(core, number, surname) == "namensaenderung-uebernommen"
    assert person_of(core, number).surname == OLD
    assert core.counts()["person"] == 3
    for surname in (OLD, NEW):
        told = core.deliver(entitlement(ABH3, new_uuid(), NOW, called(surname)), "abh3")
        assert told.message_type == "070004"
        with core.store.read() as reader:
            assert reader.work_items()[-1].candidates == (person_of(core, number).id,)


def test_a_person_without_a_surname_any_more(core: DoorCore) -> None:
    number = entitle(core)
    assert rename(core, number, None) == "namensaenderung-uebernommen"
    person = person_of(core, number)
    assert (person.surname, person.surname_key, person.details["nachname"]) == (None, "", {})
    assert core.deliver(entitlement(ABH3, new_uuid(), NOW, called(None)), "abh3").message_type == "070004"
    assert rename(core, number, NEW) == "namensaenderung-uebernommen"
    assert person_of(core, number).surname == NEW


@pytest.mark.parametrize("what", ["number", "birth"])
@pytest.mark.parametrize("build_message", [name_change, disclosure_block])
def test_what_does_not_fit_is_refused_and_uses_no_uuid_up(
    core: DoorCore, what: str, build_message: object
) -> None:
    number, uuid = entitle(core), new_uuid()
    other = replace(
        LEYLA,
        personalien=replace(LEYLA.personalien, geburtsdatum=replace(LEYLA.personalien.geburtsdatum, day=18)),
    )
    stranger, person = ("B00000000000", LEYLA) if what == "number" else (number, other)

    def sent(number: str, person: Person) -> Message:
        if build_message is name_change:
            return name_change(ABH2, uuid, NOW, number, NEW, person)
        return disclosure_block(ABH2, uuid, NOW, number, person)

    fehler = core.refused(sent(stranger, person), "abh2")
    assert (fehler.code, (fehler.pfad or "").rpartition(":")[2]) == ("00057", "bamfkennziffer")
    assert core.deliver(sent(number, LEYLA), "abh2").message_type == "quittung"


@pytest.mark.parametrize(
    ("day", "row"),
    [
        (datetime(2031, 2, 28, 22, 59, tzinfo=UTC), "N01"),
        # Midnight in Berlin: the day after the last one of the term.
        (datetime(2031, 2, 28, 23, 0, tzinfo=UTC), "N03"),
    ],
)
def test_the_term_of_three_years_ends_with_a_day_of_the_calendar(
    store: Store, day: datetime, row: str
) -> None:
    furnish(store, shared_pki())
    business = StandingClock(ISSUED)
    core = DoorCore(store, shared_pki(), business=business)
    number = core.deliver(obligation_1b(ABH1, new_uuid(), NOW)).number
    assert number is not None
    business.time = day
    told = core.deliver(name_change(ABH2, new_uuid(), NOW, number, NEW), "abh2")
    assert told.row == row
    assert person_of(core, number).surname == (NEW if row == "N01" else OLD)


def test_a_hit_under_the_new_key_is_applied_and_leaves_a_weak_item(core: DoorCore, clerk: Clerk) -> None:
    first = entitle(core, called(NEW), "abh3")
    number = entitle(core)
    message = name_change(ABH2, new_uuid(), NOW, number, NEW)
    told = core.deliver(message, "abh2")
    assert (told.row, told.message.sachverhalt) == ("N02", "namensaenderung-uebernommen")
    with core.store.read() as reader:
        (item,) = reader.work_items()
    renamed_id, other = person_of(core, number).id, person_of(core, first).id
    assert (item.kind, item.candidates) == (WEAK, (other, renamed_id))
    assert item.office_id is not None
    # They are one: the right decided first stays, and both names lead to who is left.
    clerk.decide(item.id, "--same", first)
    assert person_of(core, number).id == other
    assert clerk.states(number)[0] == "CANCELLED"
    for each in (OLD, NEW):
        assert core.deliver(entitlement(ABH2, new_uuid(), NOW, called(each)), "abh2").message_type == "070004"
    clerk.undo(item.id)
    assert person_of(core, number).id == renamed_id


def test_who_is_known_as_different_is_no_hit(core: DoorCore) -> None:
    first, number = entitle(core, called(NEW), "abh3"), entitle(core)
    one, other = person_of(core, first).id, person_of(core, number).id
    with core.store.unit_of_work() as work:
        work.add_homonym(one, other, at=NOW, actor="clerk")
        work.commit()
    assert core.deliver(name_change(ABH2, new_uuid(), NOW, number, NEW), "abh2").row == "N01"


def test_what_waited_under_the_old_name_is_decided_after_the_change(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    waiting = {each: entitlement(AGENCIES[each], new_uuid(), NOW) for each in ("abh2", "abh3")}
    for each, message in waiting.items():
        assert core.deliver(message, each).message_type == "070004"
    rename(core, number)
    item = clerk.only_item()
    clerk.decide(item, "--same", number)
    for each, message in waiting.items():
        uuid = message.rahmen.kopf.nachrichten_uuid
        assert [told.message_type for told in clerk.later(AGENCIES[each].kennung, uuid)] == ["070005"]


def test_a_question_asked_under_the_old_name_is_answered_after_the_change(core: DoorCore) -> None:
    number = entitle(core, holder="abh2")
    asked = core.deliver(obligation_1b(ABH1, new_uuid(), NOW, number=number))
    assert asked.message_type == "070006"
    rename(core, number)
    yes = core.deliver(decision(ABH1, new_uuid(), NOW, asked.message.rahmen.kopf.nachrichten_uuid, True))
    assert (yes.message_type, yes.number) == ("070003", number)


def test_hints_know_both_names(core: DoorCore) -> None:
    sweep = HintSweep(core.store, core.clock)
    number = entitle(core)
    while sweep.work(100).more:
        pass
    rename(core, number)
    with core.store.read() as reader:
        assert renamed(reader.connection, 10) == [person_of(core, number).id]
    while sweep.work(100).more:
        pass
    with core.store.read() as reader:
        assert renamed(reader.connection, 10) == []
        assert waiting_hints(reader.connection, limit=10) == []
    # Other spellings of either name, both no key hit.
    others = [entitle(core, called(each), "abh3") for each in ("Yildirim Oeztuerk", "Oezdemir")]
    while sweep.work(100).more:
        pass
    with core.store.read() as reader:
        found = {
            frozenset((hint.low_id, hint.high_id)) for hint in waiting_hints(reader.connection, limit=10)
        }
    me = person_of(core, number).id
    assert {frozenset((me, person_of(core, each).id)) for each in others} <= found


def test_a_renamed_person_is_found_by_who_was_swept_before(core: DoorCore) -> None:
    sweep = HintSweep(core.store, core.clock)
    other, number = entitle(core, called("Oezdemir"), "abh3"), entitle(core)
    while sweep.work(100).more:
        pass
    rename(core, number)
    sweep.work(100)
    with core.store.read() as reader:
        (hint,) = waiting_hints(reader.connection, limit=10)
    assert {hint.low_id, hint.high_id} == {person_of(core, other).id, person_of(core, number).id}


def test_the_calendar_is_written_down_for_whoever_was_renamed_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(store, shared_pki())
    business = StandingClock()
    core = DoorCore(store, shared_pki(), business=business)
    number = entitle(core)
    old = person_of(core, number)
    rename(core, number)
    business.advance(days=366)
    # The key as it was read before the change.
    monkeypatch.setattr(
        "gateway.scheduler.states.persons_with_stale_cases", lambda *_, **__: [(old.id, old.lock_key)]
    )
    assert StateWriter(store, business).work(10).done == 1
    with store.unit_of_work() as work:
        case = work.case_by_number(number)
    assert case is not None
    assert case.state == "EXPIRED_UNUSED"


@pytest.fixture
def persons() -> Iterator[Person]:
    return many_persons(SEED)


def test_at_once_with_reports_under_both_names_no_second_right_comes_unseen(
    core: DoorCore, store_url: str, persons: Iterator[Person]
) -> None:
    for person in islice(persons, 6):
        number = entitle(core, person)
        surname = f"{NEW}-Neu"
        sent: list[tuple[str, Message]] = [
            ("abh1", name_change(ABH1, new_uuid(), NOW, number, surname, person)),
            ("abh2", entitlement(ABH2, new_uuid(), NOW, called(surname, person))),
            ("abh3", entitlement(ABH3, new_uuid(), NOW, person)),
        ]
        arguments = [
            [store_url, str(shared_pki().directory), holder, etree.tostring(build(message)).decode()]
            for holder, message in sent
        ]
        with children(f"{CHILDREN}.send_given", arguments) as started:
            start_together(started)
            changed, under_new, under_old = [child.hear() for child in started]
        # The old name leads to the person before the change and after it.
        assert under_old == [None, None]
        with core.store.read() as reader:
            items = [item for item in reader.work_items() if person_of(core, number).id in item.candidates]
        kinds = Counter(item.kind for item in items)
        if changed[0] == "N01":
            assert under_new == [None, None]
            assert kinds == {"duplicate": 2}
        else:
            # The report under the new name came first: nobody had that name. A clerk sees both persons.
            assert changed[0] == "N02"
            assert under_new[0] == "D01"
            assert kinds == {"duplicate": 1, "weak": 1}
