"""The whole way of a later answer: decided by a clerk or by time, seen in the state, fetched, confirmed."""

from datetime import timedelta

import pytest

from adapters.client import read_document
from fixtures import persons
from gateway.clerks.decide import DIFFERENT, Choice, decide
from gateway.questions import close_overdue
from messages.group07 import Akzeptanz070003
from messages.quittung import Quittung
from messages.service import BestaetigeNachrichten, HoleNachrichten, SpaetereAntwort, StatusAbfrage, Zustand
from store.engine import Store
from tests.door.test_questions import ask as raise_question
from tests.door.test_questions import entitled
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.desk import ask, request
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


def state(core: DoorCore, uuid: str) -> Zustand:
    told: Zustand = ask(core, request(StatusAbfrage, nachrichten_uuid=uuid)).zustand
    return told


def fetched(core: DoorCore) -> SpaetereAntwort:
    (answer,) = ask(core, request(HoleNachrichten)).nachrichten
    (again,) = ask(core, request(HoleNachrichten)).nachrichten
    assert again.dokument == answer.dokument
    with core.store.unit_of_work() as work:
        (entry,) = work.unconfirmed(ABH1.kennung, "soap", 2)
    assert answer.dokument == entry.document
    ask(core, request(BestaetigeNachrichten, nachricht_ids=(answer.nachricht_id,)))
    assert ask(core, request(HoleNachrichten)).nachrichten == ()
    kept: SpaetereAntwort = answer
    return kept


def test_what_a_clerk_decided(core: DoorCore) -> None:
    core.deliver(persons.entitlement(ABH1, new_uuid(), NOW))
    uuid = new_uuid()
    first = core.deliver(persons.entitlement(ABH1, uuid, NOW))
    assert state(core, uuid) is Zustand.WAITING_FOR_CLERK
    with core.store.read() as reader:
        (item,) = reader.work_items(state="OPEN")
    decide(core.store, core.pipeline.tools, item.id, Choice(DIFFERENT), actor="clerk")
    assert state(core, uuid) is Zustand.LATER_READY
    answer = fetched(core)
    assert (answer.nachrichten_uuid, answer.ausloeser_uuid) == (uuid, uuid)
    message = read_document(answer.dokument or b"")
    assert isinstance(message, Akzeptanz070003)
    assert message.rahmen.ausloeser_uuid == uuid
    assert state(core, uuid) is Zustand.LATER_CONFIRMED
    # The message itself keeps its first answer.
    assert core.deliver(persons.entitlement(ABH1, uuid, NOW)).document == first.document


def test_what_came_of_silence(core: DoorCore) -> None:
    question = raise_question(core, entitled(core))
    assert state(core, question.uuid) is Zustand.WAITING_FOR_REPLY
    core.clock.advance(days=31)
    assert close_overdue(core.store, core.pipeline.tools) == 1
    assert state(core, question.uuid) is Zustand.LATER_READY
    answer = fetched(core)
    receipt = read_document(answer.dokument or b"")
    assert isinstance(receipt, Quittung)
    assert receipt.sachverhalt == "frage-abgelaufen"
    assert answer.bereitgestellt_am == NOW + timedelta(days=31)
    assert state(core, question.uuid) is Zustand.LATER_CONFIRMED
