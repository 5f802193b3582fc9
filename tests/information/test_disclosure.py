"""070022 through the door: setting and lifting a disclosure block, and who sees what while there is one."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fixtures import jobcenters
from fixtures.inquiries import disclosure_block
from fixtures.persons import BAMF, LEYLA, THI, Person, decision, entitlement, obligation_1b
from gateway.disclosure import HIDDEN, OTHER_AGENCY, hidden_from
from gateway.identity import BLOCK
from gateway.information.relation import Relation
from messages.frame import Message
from messages.service import StatusAbfrage, Zustand
from messages.values import BehoerdeG2G
from store.case_files import history_of_person
from store.engine import Store
from store.parties import add_party
from store.records import MessageRef
from store.records_information import DisclosureBlock
from tests.support.clerk import Clerk
from tests.support.cli import inge
from tests.support.core import ABH1, ABH2, ABH3, AGENCIES, NOW, TGS1, new_uuid, party
from tests.support.desk import ask, request
from tests.support.door import Delivered, DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki

JC = jobcenters.JC_MUSTERSTADT
BLOCKED = replace(LEYLA, angaben=replace(LEYLA.angaben, auskunftssperre_liegt_vor=True))
SISTER = replace(LEYLA, personalien=replace(LEYLA.personalien, vorname=THI.personalien.vorname))
UNTIL = date(2027, 6, 30)
# Everything that tells where Leyla is or which agency knows her.
SECRETS = (
    ABH1.kennung, ABH1.name, "Lindenweg", "90402", LEYLA.angaben.azr_nummer, LEYLA.angaben.geburtsort or "",
)  # fmt: skip


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    with store.write() as connection:
        jobcenter = party(
            shared_pki(), JC.kennung, JC.name, "abh3",
            agency_type="TGS", allowed_types=frozenset({"080001", "080010"}),
        )  # fmt: skip
        add_party(connection, jobcenter, NOW)
    return DoorCore(store, shared_pki())


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def entitle(core: DoorCore, person: Person = LEYLA, holder: str = "abh1") -> str:
    number = core.deliver(entitlement(AGENCIES[holder], new_uuid(), NOW, person), holder).number
    assert number is not None
    return number


def block(core: DoorCore, number: str, holder: str = "abh1", *, blocked: bool = True) -> tuple[str, str]:
    """Send 070022; out: its UUID and the row of the answer."""
    uuid = new_uuid()
    told = core.deliver(disclosure_block(AGENCIES[holder], uuid, NOW, number, blocked=blocked), holder)
    assert told.message_type == "quittung"
    assert told.row is not None
    return uuid, told.row


def agencies_that_block(core: DoorCore, number: str) -> set[str]:
    with core.store.unit_of_work() as work:
        person = work.person_by_number(number)
        assert person is not None
        found = work.block_of([person.id])
    return set() if found is None else set(found.agencies)


def secrets_in(data: Any) -> list[str]:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    assert HIDDEN in text
    return [secret for secret in SECRETS if secret and secret in text]


def test_each_agency_lifts_what_it_reported(core: DoorCore) -> None:
    number = entitle(core)
    assert block(core, number, blocked=False)[1] == "B06"
    assert block(core, number)[1] == "B01"
    assert block(core, number)[1] == "B02"
    assert block(core, number, "abh2")[1] == "B01"
    assert agencies_that_block(core, number) == {ABH1.kennung, ABH2.kennung}
    assert block(core, number, blocked=False)[1] == "B04"
    assert agencies_that_block(core, number) == {ABH2.kennung}
    assert block(core, number, "abh2", blocked=False)[1] == "B03"
    assert agencies_that_block(core, number) == set()
    with core.store.unit_of_work() as work:
        person = work.person_by_number(number)
    assert person is not None
    with core.store.read() as reader:
        told = [(each.what, each.actor) for each in history_of_person(reader.connection, person.id)]
    assert told == [
        ("block-set", ABH1.kennung), ("block-set", ABH2.kennung),
        ("block-lifted", ABH1.kennung), ("block-lifted", ABH2.kennung),
    ]  # fmt: skip


def later_receipts(core: DoorCore, holder: str, uuid: str) -> list[str]:
    """The receipts in the outbox about a message, by their keys."""
    with core.store.read() as reader:
        entries = reader.outbox_of(MessageRef(AGENCIES[holder].kennung, uuid))
    documents = [each.document for each in entries]
    namespace = "{*}sachverhalt"
    return [str(etree.fromstring(each or b"").findtext(namespace)) for each in documents]


def test_what_another_agency_reported_a_clerk_lifts_or_keeps(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    block(core, number)
    uuid, row = block(core, number, "abh2", blocked=False)
    again, _ = block(core, number, "abh3", blocked=False)
    assert row == "B05"
    assert agencies_that_block(core, number) == {ABH1.kennung}
    item = clerk.only_item()
    (listed,) = clerk.items()
    assert (listed["kind"], len(listed["messages"])) == (BLOCK, 2)
    assert clerk.inge("cases", "decide", item, "--same", number, "--as", "clerk").code == 1
    told = clerk.decide(item, "--lift")
    assert secrets_in(told) == []
    assert agencies_that_block(core, number) == set()
    for holder, asked in (("abh2", uuid), ("abh3", again)):
        assert later_receipts(core, holder, asked) == ["auskunftssperre-aufgehoben"]
    # Undone it is as before, and who asked is told so.
    clerk.undo(item)
    assert agencies_that_block(core, number) == {ABH1.kennung}
    assert later_receipts(core, "abh2", uuid) == ["auskunftssperre-aufgehoben", "auskunftssperre-bleibt"]
    assert block(core, number, blocked=False)[1] == "B03"


def test_a_clerk_keeps_a_block(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    block(core, number)
    uuid, _ = block(core, number, "abh2", blocked=False)
    clerk.decide(clerk.only_item(), "--keep")
    assert agencies_that_block(core, number) == {ABH1.kennung}
    assert later_receipts(core, "abh2", uuid) == ["auskunftssperre-bleibt"]


def test_a_block_comes_with_a_report_that_is_accepted(core: DoorCore) -> None:
    number = entitle(core, BLOCKED)
    assert agencies_that_block(core, number) == {ABH1.kennung}
    # Nothing is stored of a report that is refused.
    other = entitle(core, THI)
    blocked = replace(THI, angaben=replace(THI.angaben, auskunftssperre_liegt_vor=True))
    refused = core.deliver(entitlement(ABH2, new_uuid(), NOW, blocked, number=other), "abh2")
    assert (refused.message_type, agencies_that_block(core, other)) == ("070005", set())
    # Into an existing person, with the obligation that replaces.
    asked = core.deliver(obligation_1b(ABH2, new_uuid(), NOW, blocked, number=other), "abh2")
    yes = decision(ABH2, new_uuid(), NOW, asked.message.rahmen.kopf.nachrichten_uuid, True)
    assert core.deliver(yes, "abh2").message_type == "070003"
    assert agencies_that_block(core, other) == {ABH2.kennung}
    # Who had the replaced right is told of it in the outbox, but not by whom.
    with core.store.unit_of_work() as work:
        case = work.case_by_number(other)
    assert case is not None
    replaced = next(right for right in case.rights if right.status == "REPLACED")
    with core.store.read() as reader:
        (notice,) = reader.outbox_of(MessageRef(ABH1.kennung, replaced.party_uuid or ""))
    assert notice.kind == "mitteilung"
    assert ABH2.name.encode() not in (notice.document or b"")


@dataclass(frozen=True)
class Asker:
    """Who asks, and how; `obliged` is whether the case is an obligation of the first agency."""

    holder: str
    reports: str
    obliged: bool
    sees: str


# What each agency reads of the agency that issued the right: its name, BAMF instead, or nothing at all.
MATRIX: Mapping[str, Asker] = {
    "own entitlement again": Asker("abh1", "070001", False, "name"),
    "reported the block": Asker("abh2", "070001", False, "name"),
    "another, entitlement": Asker("abh3", "070001", False, "nothing"),
    "another, obligation over entitlement": Asker("abh3", "070009", False, "bamf"),
    "another, obligation over obligation": Asker("abh3", "070009", True, "nothing"),
    "a Jobcenter, over obligation": Asker("abh3", "080010", True, "nothing"),
    "a Jobcenter, over entitlement": Asker("abh3", "080010", False, "bamf"),
}


@pytest.mark.parametrize("blocked", [True, False], ids=["blocked", "open"])
@pytest.mark.parametrize("asker", MATRIX.values(), ids=MATRIX.keys())
def test_who_reads_which_agency_in_an_answer(core: DoorCore, asker: Asker, blocked: bool) -> None:
    first = (obligation_1b if asker.obliged else entitlement)(ABH1, new_uuid(), NOW)
    number = core.deliver(first).number
    assert number is not None
    if blocked:
        block(core, number, "abh2")
    agency = AGENCIES[asker.holder]
    messages: Mapping[str, Callable[[], Message]] = {
        "070001": lambda: entitlement(agency, new_uuid(), NOW, number=number),
        "070009": lambda: obligation_1b(agency, new_uuid(), NOW, number=number),
        "080010": lambda: jobcenters.obligation(JC, new_uuid(), NOW, UNTIL, number=number),
    }
    told = core.deliver(messages[asker.reports](), asker.holder)
    text = told.document.decode()
    sees = asker.sees if blocked else "name"
    body = text.split("</x:nachrichtenkopf.g2g>")[-1].split("nachrichtenkopf.g2g>")[-1]
    assert (ABH1.name in body) is (sees == "name"), told.message_type
    assert (f"<bezeichnung>{BAMF.name}" in body or f":bezeichnung>{BAMF.name}" in body) is (sees == "bamf")
    if sees == "nothing":
        assert told.message.aktuelle_berechtigung_verpflichtung is None


def test_a_refusal_names_another_agency_only(core: DoorCore) -> None:
    number = entitle(core)
    block(core, number)
    told = core.deliver(entitlement(ABH3, new_uuid(), NOW, number=number), "abh3")
    assert (told.row, told.message.aktuelle_berechtigung_verpflichtung) == ("D02", None)
    assert OTHER_AGENCY in told.message.beschreibung


@pytest.mark.parametrize(
    ("relation", "agency", "hidden"),
    [
        (Relation.OWN, "a", False),
        (Relation.TAKEN_OVER, "a", False),
        (Relation.FORMER, "a", True),
        (Relation.OTHER, "a", True),
        (Relation.OTHER, "reporter", False),
        (Relation.FORMER, "reporter", False),
    ],
)
def test_from_whom_a_block_hides(relation: Relation, agency: str, hidden: bool) -> None:
    block = DisclosureBlock(frozenset({"reporter"}), NOW.date())
    assert hidden_from(relation, block, agency) is hidden
    assert not hidden_from(relation, None, agency)


def test_merging_keeps_a_block_and_undoing_gives_it_back(core: DoorCore, clerk: Clerk) -> None:
    first = entitle(core, SISTER)
    second = entitle(core, BLOCKED, "abh2")
    assert (agencies_that_block(core, first), agencies_that_block(core, second)) == (set(), {ABH2.kennung})
    done = clerk.tells("hints", "decide", first, second, "--same", "--as", "clerk")
    assert agencies_that_block(core, first) == agencies_that_block(core, second) == {ABH2.kennung}
    assert ABH2.kennung not in json.dumps(done)
    clerk.undo(done["item"])
    assert (agencies_that_block(core, first), agencies_that_block(core, second)) == (set(), {ABH2.kennung})


def test_who_is_told_after_merging_reads_no_agency_of_a_blocked_person(core: DoorCore, clerk: Clerk) -> None:
    first, report = entitle(core), entitlement(ABH2, new_uuid(), NOW, SISTER)
    block(core, first, "abh3")
    second = core.deliver(report, "abh2").number
    assert second is not None
    clerk.tells("hints", "decide", first, second, "--same", "--as", "clerk")
    (told,) = clerk.later(ABH2.kennung, report.rahmen.kopf.nachrichten_uuid)
    assert (told.message_type, told.aktuelle_berechtigung_verpflichtung) == ("070005", None)
    assert ABH1.name not in told.beschreibung


def test_a_block_of_a_report_taken_for_the_wrong_person_goes_with_it(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    # An obligation with a block, parked, said to be the same person, and undone.
    core.deliver(obligation_1b(ABH2, new_uuid(), NOW, BLOCKED), "abh2")
    item = clerk.only_item()
    clerk.tells("capture", "revoke", "--number", number, "--as", "e.muster", "--reason", "a letter")
    clerk.decide(item, "--same", number)
    assert agencies_that_block(core, number) == {ABH2.kennung}
    clerk.undo(item)
    assert agencies_that_block(core, number) == set()


def test_the_command_line_hides_places_and_agencies(core: DoorCore, clerk: Clerk) -> None:
    uuid = new_uuid()
    number = core.deliver(entitlement(ABH1, uuid, NOW)).number
    assert number is not None
    suspected = entitlement(ABH2, new_uuid(), NOW)
    core.deliver(suspected, "abh2")
    item = clerk.only_item()
    commands: list[tuple[str | int, ...]] = [
        ("capture", "show", "--number", number),
        ("explain", uuid),
        ("cases", "show", item),
        ("cases", "list"),
    ]
    for command in commands:
        assert HIDDEN not in clerk.inge(*command).out, command
    block(core, number)
    other = (ABH2.kennung, ABH2.name)
    for command in commands:
        for ran in (clerk.inge(*command), inge(*map(str, command), "--config", clerk.config)):
            assert ran.code == 0, ran.err
            if command[:2] == ("cases", "list") and not ran.out.startswith("["):
                continue
            assert secrets_in(ran.out) == [], command
            assert not [name for name in other if name in ran.out], command
    told = clerk.decide(item, "--same", number)
    assert ABH2.kennung not in json.dumps(told)
    assert HIDDEN in json.dumps(told, ensure_ascii=False)
    listed = clerk.tells("cases", "list", "--state", "all")
    assert not [
        name for name in (*SECRETS, *other) if name and name in json.dumps(listed, ensure_ascii=False)
    ]
    # The clerk still sees in what persons differ.
    core.deliver(
        entitlement(
            ABH3, new_uuid(), NOW,
            replace(LEYLA, angaben=replace(LEYLA.angaben, azr_nummer="260101999999")),
        ),
        "abh3",
    )  # fmt: skip
    shown = clerk.tells("cases", "show", clerk.only_item())
    assert "azr_number" in shown["candidates"][0]["differing"]
    assert shown["candidates"][0]["fields"]["azr_number"] == shown["reported"]["azr_number"] == HIDDEN


def test_hints_show_no_place_and_no_agency(core: DoorCore, clerk: Clerk) -> None:
    first = entitle(core, BLOCKED)
    entitle(core, SISTER, "abh2")
    for words in (("hints", "show", first), ("hints", "list")):
        out = clerk.inge(*words).out
        assert not [secret for secret in SECRETS if secret and secret in out]


def test_nothing_of_it_is_logged(core: DoorCore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    number = entitle(core, BLOCKED)
    block(core, number, "abh2", blocked=False)
    core.deliver(entitlement(ABH3, new_uuid(), NOW, number=number), "abh3")
    assert not [secret for secret in (*SECRETS, "Öztürk", number) if secret and secret in caplog.text]


def test_a_report_of_a_new_person_asks_nothing_about_blocks(
    core: DoorCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle(core, THI)
    with core.store.unit_of_work() as work:
        link = type(work._link)
    asked: list[str] = []
    run = link.run

    def noting(self: Any, statement: Any, parameters: Any) -> Any:
        asked.append(statement.sql)
        return run(self, statement, parameters)

    monkeypatch.setattr(link, "run", noting)
    number = entitle(core, BLOCKED)
    assert not [sql for sql in asked if "disclosure_block" in sql]
    assert agencies_that_block(core, number) == {ABH1.kennung}


def test_what_comes_of_an_entry_names_no_agency_of_a_blocked_person(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    # A question about the entitlement, which a clerk then revokes: the obligation is decided anew.
    asked = core.deliver(obligation_1b(ABH2, new_uuid(), NOW, number=number), "abh2")
    assert asked.message_type == "070006"
    block(core, number, "abh3")
    told = clerk.tells("capture", "revoke", "--number", number, "--as", "e.muster", "--reason", "a letter")
    assert told["events"]
    assert not [text for text in told["events"] if ABH2.kennung in text or HIDDEN not in text]


def test_explain_tells_in_words_what_became_of_a_report(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    uuid, _ = block(core, number, blocked=False)
    (way,) = clerk.tells("explain", uuid)
    (told,) = way["decisions"]
    assert (told["record"]["row"], told["record"]["answer_type"]) == ("B06", "quittung")
    assert told["explanation_en"] == "No disclosure block is entered; nothing was changed."


def body_of(told: Delivered) -> str:
    return told.document.decode().rpartition("nachrichtenkopf.g2g>")[2]


def test_a_second_report_of_a_block_is_no_way_around_it(core: DoorCore) -> None:
    number = entitle(core)
    block(core, number)
    core.clock.advance(days=1)
    assert block(core, number, "abh3")[1] == "B01"
    told = core.deliver(entitlement(ABH3, new_uuid(), NOW, number=number), "abh3")
    assert OTHER_AGENCY in body_of(told)
    assert ABH1.name not in body_of(told)
    # Only the second report is left: nobody could see less than its agency.
    block(core, number, blocked=False)
    assert agencies_that_block(core, number) == {ABH3.kennung}


def test_a_block_that_holds_again_hides_from_whom_it_hid_before(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core)
    block(core, number)
    core.clock.advance(days=1)
    block(core, number, "abh3")
    assert agencies_that_block(core, number) == {ABH1.kennung}
    assert block(core, number, "abh2", blocked=False)[1] == "B05"
    item = clerk.only_item()
    clerk.decide(item, "--lift")
    assert agencies_that_block(core, number) == set()
    core.clock.advance(days=1)
    clerk.undo(item)
    assert agencies_that_block(core, number) == {ABH1.kennung}
    told = core.deliver(entitlement(ABH3, new_uuid(), NOW, number=number), "abh3")
    assert OTHER_AGENCY in body_of(told)
    assert ABH1.name not in body_of(told)


def test_a_takeover_is_no_way_around_a_block_in_a_refusal(core: DoorCore) -> None:
    number = core.deliver(obligation_1b(ABH1, new_uuid(), NOW)).number
    assert number is not None
    block(core, number)
    assert core.deliver(jobcenters.takeover(TGS1, new_uuid(), NOW, number), "tgs1").row == "T14"
    told = core.deliver(jobcenters.obligation(TGS1, new_uuid(), NOW, UNTIL, number=number), "tgs1")
    assert told.row == "D47"
    assert ABH1.name not in body_of(told)


def test_the_state_of_a_message_does_not_tell_the_region_of_a_blocked_person(core: DoorCore) -> None:
    number = entitle(core)
    block(core, number)
    uuid, row = block(core, number, "abh2", blocked=False)
    assert row == "B05"
    told = ask(core, request(StatusAbfrage, ABH2, nachrichten_uuid=uuid), "abh2")
    assert (told.zustand, told.stelle.bezeichnung) == (Zustand.WAITING_FOR_CLERK, BAMF.name)


@pytest.mark.parametrize("agency", [ABH1, ABH2, ABH3])
def test_entering_a_right_names_no_agency_of_a_blocked_person(
    core: DoorCore, clerk: Clerk, agency: BehoerdeG2G
) -> None:
    number = core.deliver(obligation_1b(ABH1, new_uuid(), NOW)).number
    block(core, str(number), "abh2")
    words = (
        "capture",
        "right",
        "--art",
        "5",
        "--valid-until",
        "2027-06-30",
        "--agency",
        agency.kennung,
        "--agency-name",
        "N. N.",
    )
    who = ("--number", str(number), "--as", "e.muster", "--reason", "a letter")
    for more in ((), ("--json",)):
        ran = clerk.inge(*words, *who, *more)
        assert ran.code == 1
        assert ABH1.name not in ran.out
        assert ABH1.kennung not in ran.out


def test_explaining_a_parked_report_of_a_block_names_no_agency(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    uuid = new_uuid()
    assert core.deliver(entitlement(ABH2, uuid, NOW, BLOCKED), "abh2").message_type == "070004"
    assert ABH2.kennung not in json.dumps(clerk.tells("explain", uuid))
