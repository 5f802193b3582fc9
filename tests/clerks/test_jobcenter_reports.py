"""What becomes of replacing: the later answer to a Jobcenter, and the notice to whom it was taken from."""

from datetime import date
from typing import Any

import pytest

from adapters.client import read_document
from fixtures import jobcenters, persons
from messages.group08 import Akzeptanz080003, Dublette080004
from messages.mitteilung import Mitteilung
from messages.service import HoleNachrichten
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, NOW, TGS1, new_uuid
from tests.support.desk import ask, request
from tests.support.door import DoorCore

UNTIL = date(2027, 6, 30)


def waiting(core: DoorCore, agency: Any, holder: str) -> list[Any]:
    """What lies in the outbox of an agency, oldest first, as typed messages."""
    fetched = ask(core, request(HoleNachrichten, agency), holder).nachrichten
    return [read_document(each.dokument) for each in fetched]


@pytest.mark.parametrize("art", ["5", "8"])
def test_same_replaces_and_tells_both_and_undoing_tells_again(core: DoorCore, clerk: Clerk, art: str) -> None:
    held = core.deliver(persons.entitlement(ABH1, new_uuid(), NOW), "abh1")
    make = jobcenters.obligation if art == "5" else jobcenters.admission
    parked = core.deliver(make(TGS1, new_uuid(), NOW, UNTIL), "tgs1")
    assert isinstance(parked.message, Dublette080004)
    item = clerk.only_item()

    clerk.decide(item, "--same", held.number or "")
    (answer,) = waiting(core, TGS1, "tgs1")
    assert isinstance(answer, Akzeptanz080003)
    assert answer.rahmen.ausloeser_uuid == parked.uuid
    assert answer.zulassung_verpflichtung.bamfkennziffer == held.number
    assert answer.abgeloeste_berechtigung is not None
    assert answer.abgeloeste_berechtigung.art.code == "1a"
    (told,) = waiting(core, ABH1, "abh1")
    assert isinstance(told, Mitteilung)
    assert (told.sachverhalt, told.ausloeser_uuid) == ("berechtigung-ersetzt", held.uuid)
    assert (told.neues_recht, told.stelle) == (art, TGS1.name)

    clerk.undo(item)
    _, restored = waiting(core, ABH1, "abh1")
    assert isinstance(restored, Mitteilung)
    assert (restored.sachverhalt, restored.bamfkennziffer) == ("ersetzung-zurueckgenommen", held.number)
    assert (restored.neues_recht, restored.stelle) == (None, None)


@pytest.mark.parametrize("art", ["5", "8"])
def test_different_makes_a_person_of_its_own_and_tells_the_jobcenter_only(
    core: DoorCore, clerk: Clerk, art: str
) -> None:
    held = core.deliver(persons.entitlement(ABH1, new_uuid(), NOW), "abh1")
    make = jobcenters.obligation if art == "5" else jobcenters.admission
    parked = core.deliver(make(TGS1, new_uuid(), NOW, UNTIL), "tgs1")
    clerk.decide(clerk.only_item(), "--different")
    (answer,) = waiting(core, TGS1, "tgs1")
    assert isinstance(answer, Akzeptanz080003)
    assert answer.rahmen.ausloeser_uuid == parked.uuid
    assert answer.zulassung_verpflichtung.bamfkennziffer != held.number
    assert answer.abgeloeste_berechtigung is None
    assert waiting(core, ABH1, "abh1") == []


@pytest.mark.parametrize("yes", [True, False])
def test_an_agency_hears_that_another_replaced_its_entitlement_after_the_question(
    core: DoorCore, yes: bool
) -> None:
    held = core.deliver(persons.entitlement(ABH1, new_uuid(), NOW), "abh1")
    question = core.deliver(persons.obligation_1b(ABH2, new_uuid(), NOW, number=held.number), "abh2")
    assert question.row == "D06"
    uuid = question.message.rahmen.kopf.nachrichten_uuid
    assert core.deliver(persons.decision(ABH2, new_uuid(), NOW, uuid, yes), "abh2").row == (
        "D07" if yes else "D08"
    )
    told = waiting(core, ABH1, "abh1")
    assert [(each.sachverhalt, each.neues_recht, each.stelle) for each in told] == (
        [("berechtigung-ersetzt", "1b", ABH2.name)] if yes else []
    )


def test_an_agency_hears_that_a_clerk_replaced_its_right_and_that_this_was_undone(
    core: DoorCore, clerk: Clerk
) -> None:
    held = core.deliver(persons.entitlement(ABH1, new_uuid(), NOW, only_orientation=True), "abh1")
    parked = core.deliver(persons.entitlement(ABH2, new_uuid(), NOW, number=held.number), "abh2")
    assert parked.row == "D34"
    item = clerk.only_item()
    clerk.decide(item, "--replace")
    clerk.undo(item)
    told = waiting(core, ABH1, "abh1")
    assert [each.sachverhalt for each in told] == ["berechtigung-ersetzt", "ersetzung-zurueckgenommen"]
    assert {each.bamfkennziffer for each in told} == {held.number}
