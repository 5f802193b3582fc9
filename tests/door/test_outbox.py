"""Later answers over HTTP: fetched until confirmed, by nobody but their party, each request once."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from adapters.client import Refused, Service, read_document
from adapters.soap.contract import SERVICE_NS
from messages.group07 import Dublette070004
from messages.service import BestaetigeNachrichten, HoleNachrichten, StatusAbfrage
from messages.service import parse as parse_service
from store.engine import Store
from store.records import JournalKind
from tests.door.test_messages import refused, sealed, somebody
from tests.support.core import ABH1, ABH2, new_uuid
from tests.support.desk import lay_out, octets, request
from tests.support.server import Gateway
from tests.support.stores import open_test_store

AGENCIES = {"abh1": ABH1, "abh2": ABH2}


@pytest.fixture
def opened(gateway: Gateway) -> Iterator[Store]:
    """The gateway's store, with nothing left unconfirmed by another test."""
    store = open_test_store(gateway.store_url)
    for holder in AGENCIES:
        left = desk(gateway, holder).fetch(200).nachrichten
        if left:
            desk(gateway, holder).confirm([answer.nachricht_id for answer in left])
    yield store
    store.close()


def desk(gateway: Gateway, holder: str = "abh1", **options: Any) -> Service:
    return Service(gateway.client(holder, **options), AGENCIES[holder].kennung, test=True)


def reported(gateway: Gateway, count: int, holder: str = "abh1") -> list[str]:
    """The UUIDs of so many answered reports of an agency."""
    client = gateway.client(holder)
    messages = [somebody(holder) for _ in range(count)]
    for message in messages:
        client.send(message)
    return [message.rahmen.kopf.nachrichten_uuid for message in messages]


def rows(store: Store, uuid: str, kind: JournalKind) -> list[Any]:
    with store.read() as reader:
        return [row for row in reader.journal_of(uuid) if row.kind == kind]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_is_fetched_twice_is_the_same_twice(gateway: Gateway, opened: Store, version: str) -> None:
    uuids = reported(gateway, 3)
    entries = lay_out(opened, ABH1, uuids)
    service = desk(gateway, soap_version=version)
    first, again = service.fetch(), service.fetch()
    assert [answer.dokument for answer in first.nachrichten] == [entry.document for entry in entries]
    assert [answer.dokument for answer in again.nachrichten] == [entry.document for entry in entries]
    assert [answer.nachricht_id for answer in first.nachrichten] == [str(entry.id) for entry in entries]
    assert [answer.nachrichten_uuid for answer in first.nachrichten] == uuids
    assert not first.weitere
    assert isinstance(read_document(first.nachrichten[0].dokument or b""), Dublette070004)


def test_the_first_fetch_is_remembered_and_every_one_is_journaled(gateway: Gateway, opened: Store) -> None:
    (uuid,) = reported(gateway, 1)
    (entry,) = lay_out(opened, ABH1, [uuid])
    service = desk(gateway)
    (first,), (again,) = service.fetch().nachrichten, service.fetch().nachrichten
    assert first.ausgeliefert_am is None
    assert again.ausgeliefert_am is not None
    assert again.bereitgestellt_am == first.bereitgestellt_am
    fetched = rows(opened, uuid, JournalKind.FETCHED)
    assert len(fetched) == 2
    assert {row.digest for row in fetched} == {hashlib.sha256(entry.document or b"").digest()}
    assert len(rows(opened, uuid, JournalKind.LATER)) == 1


def test_the_oldest_come_first_and_what_is_left_comes_next(gateway: Gateway, opened: Store) -> None:
    entries = lay_out(opened, ABH1, reported(gateway, 3))
    service = desk(gateway)
    some = service.fetch(at_most=2)
    assert [answer.nachricht_id for answer in some.nachrichten] == [str(each.id) for each in entries[:2]]
    assert some.weitere
    assert service.confirm([str(entries[1].id)]) == 1
    rest = service.fetch()
    assert [answer.nachricht_id for answer in rest.nachrichten] == [str(entries[0].id), str(entries[2].id)]
    assert not rest.weitere


def test_many_come_in_portions_whatever_is_asked_for(gateway: Gateway, opened: Store) -> None:
    (uuid,) = reported(gateway, 1)
    entries = lay_out(opened, ABH1, [uuid] * 60)
    service = desk(gateway)
    portion = service.fetch(at_most=1000)
    assert [answer.dokument for answer in portion.nachrichten] == [entry.document for entry in entries[:50]]
    assert portion.weitere
    assert len(service.status(uuid).spaetere_antworten) == 60
    assert service.confirm([answer.nachricht_id for answer in portion.nachrichten]) == 50
    assert len(service.fetch().nachrichten) == 10


def test_what_is_confirmed_does_not_come_again(gateway: Gateway, opened: Store) -> None:
    uuids = reported(gateway, 2)
    ids = [str(entry.id) for entry in lay_out(opened, ABH1, uuids)]
    service = desk(gateway)
    assert service.fetch().nachrichten
    assert service.confirm(ids) == 2
    assert service.confirm(ids) == 0
    assert service.confirm([*ids, ids[0]]) == 0
    assert service.fetch().nachrichten == ()
    assert [len(rows(opened, uuid, JournalKind.CONFIRMED)) for uuid in uuids] == [1, 1]


def test_another_party_sees_and_confirms_nothing(gateway: Gateway, opened: Store) -> None:
    mine = lay_out(opened, ABH1, reported(gateway, 1))
    theirs = lay_out(opened, ABH2, reported(gateway, 1, "abh2"))
    other = desk(gateway, "abh2")
    assert [answer.nachricht_id for answer in other.fetch().nachrichten] == [str(theirs[0].id)]
    with pytest.raises(Refused) as error:
        other.confirm([str(theirs[0].id), str(mine[0].id)])
    assert error.value.code == "S999.unknown-delivery"
    assert str(mine[0].id) in error.value.fehler.text_deutsch
    assert str(theirs[0].id) not in error.value.fehler.text_deutsch
    assert error.value.fehler.rueckweisung is None
    assert len(other.fetch().nachrichten) == len(desk(gateway).fetch().nachrichten) == 1


@pytest.mark.parametrize("unknown", ["0", "1", "9999999999999999999"])
def test_an_id_nobody_has_is_told_as_the_one_of_another(
    gateway: Gateway, opened: Store, unknown: str
) -> None:
    with pytest.raises(Refused) as error:
        desk(gateway).confirm([unknown])
    assert error.value.code == "S999.unknown-delivery"


def test_what_belongs_into_another_way_is_not_confirmed_by_this_one(gateway: Gateway, opened: Store) -> None:
    (entry,) = lay_out(opened, ABH1, reported(gateway, 1), route="another")
    with pytest.raises(Refused) as error:
        desk(gateway).confirm([str(entry.id)])
    assert error.value.code == "S999.unknown-delivery"


def test_of_many_unknown_ids_some_are_named(gateway: Gateway) -> None:
    with pytest.raises(Refused) as error:
        desk(gateway).confirm([str(number) for number in range(1, 1500)])
    assert "10, … (1499)" in error.value.fehler.text_englisch
    assert len(error.value.fehler.text_deutsch) < 500


def test_the_way_a_message_came_is_the_way_its_answer_goes(gateway: Gateway, opened: Store) -> None:
    lay_out(opened, ABH1, reported(gateway, 1), route="osci")
    assert desk(gateway).fetch().nachrichten == ()


def test_a_replayed_request_is_refused(gateway: Gateway, opened: Store) -> None:
    (entry,) = lay_out(opened, ABH1, reported(gateway, 1))
    fetching = sealed(gateway, octets(request(HoleNachrichten)))
    confirming = sealed(gateway, octets(request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),))))
    for envelope in (fetching, confirming):
        assert gateway.post(envelope).status_code == 200
        error, fault = refused(gateway, envelope)
        assert error.code == "S999.request-replayed"
        assert error.fehler.rueckweisung is None
        assert b"faultcode>s:Client" in etree.tostring(fault)


def test_the_id_of_a_message_is_no_id_for_a_request(gateway: Gateway, opened: Store) -> None:
    (uuid,) = reported(gateway, 1)
    envelope = sealed(gateway, octets(request(HoleNachrichten, anfrage_uuid=uuid.upper())))
    error, _ = refused(gateway, envelope)
    assert error.code == "S999.request-replayed"


def test_the_id_of_a_request_is_no_id_for_a_message(gateway: Gateway, opened: Store) -> None:
    message = somebody()
    uuid = message.rahmen.kopf.nachrichten_uuid
    assert gateway.post(sealed(gateway, octets(request(HoleNachrichten, anfrage_uuid=uuid)))).ok
    with pytest.raises(Refused) as error:
        gateway.client().send(message)
    assert error.value.code == "S999.uuid-reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kennung": ABH2.kennung}, "T070.foreign-authority"),
        ({"kennung": "azr:999999"}, "T070.foreign-authority"),
        ({"test": None}, "S999.test-attribute"),
        ({"hoechstens": 0}, "X001"),
        ({"anfrage_uuid": "x"}, "X001"),
    ],
    ids=["other-party", "nobody", "productive", "none-at-all", "no-uuid"],
)
def test_a_request_is_judged_like_a_message(gateway: Gateway, changes: dict[str, Any], code: str) -> None:
    error, _ = refused(gateway, sealed(gateway, octets(request(HoleNachrichten, **changes))))
    assert error.code == code
    assert error.proven


def test_a_stranger_and_an_unsigned_request_learn_nothing(gateway: Gateway) -> None:
    error, _ = refused(gateway, sealed(gateway, octets(request(HoleNachrichten)), "stranger"))
    assert error.code.startswith(("T002", "T070"))
    body = octets(request(HoleNachrichten))
    error, _ = refused(
        gateway,
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%b</s:Body></s:Envelope>'
        % body,
    )
    assert error.code == "T010.unsigned"


def test_a_soap_action_of_another_operation(gateway: Gateway) -> None:
    body = sealed(gateway, octets(request(HoleNachrichten)))
    error, _ = refused(gateway, body, SOAPAction=f'"{SERVICE_NS}#statusAbfrage"')
    assert error.code == "T099.soap-action"


def test_an_answer_to_the_service_is_no_request(gateway: Gateway) -> None:
    error, _ = refused(gateway, sealed(gateway, b'<d:fehler xmlns:d="%b"/>' % SERVICE_NS.encode()))
    assert error.code.startswith(("X001", "T070"))


def test_the_answer_stands_alone_in_the_body(gateway: Gateway, opened: Store) -> None:
    (uuid,) = reported(gateway, 1)
    (entry,) = lay_out(opened, ABH1, [uuid])
    response = gateway.post(sealed(gateway, octets(request(HoleNachrichten))))
    answer = gateway.client().prove(response.content).element
    assert answer.tag == f"{{{SERVICE_NS}}}holeNachrichtenAntwort"
    assert (entry.document or b"") in response.content
    assert parse_service(answer).nachrichten[0].nachrichten_uuid == uuid


def test_zeep_fetches_and_confirms_with_its_own_objects(gateway: Gateway, opened: Store) -> None:
    (uuid,) = reported(gateway, 1)
    lay_out(opened, ABH1, [uuid])
    service = gateway.client().zeep().service
    head = {"kennung": ABH1.kennung, "erstellungszeitpunkt": datetime.now(UTC), "test": "1"}
    fetched = service.holeNachrichten(anfrageUUID=new_uuid(), **head)
    (answer,) = fetched.nachricht
    assert answer.nachrichtenUUID == uuid
    assert answer.dokument["BAMFABH.Dublette.070004"] is not None
    confirmed = service.bestaetigeNachrichten(
        anfrageUUID=new_uuid(), nachrichtId=[answer.nachrichtId], **head
    )
    assert confirmed.neuBestaetigt == 1
    told = service.statusAbfrage(anfrageUUID=new_uuid(), nachrichtenUUID=uuid, **head)
    assert told.zustand == "antwort-bestaetigt"


def test_the_journal_knows_who_asked_for_what(gateway: Gateway, opened: Store) -> None:
    (entry,) = lay_out(opened, ABH1, reported(gateway, 1))
    requests = [
        request(HoleNachrichten),
        request(StatusAbfrage, nachrichten_uuid=entry.uuid),
        request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),)),
    ]
    for each in requests:
        assert gateway.post(sealed(gateway, octets(each))).ok
    kept: Counter[str] = Counter()
    for each in requests:
        (row,) = rows(opened, each.anfrage_uuid, JournalKind.ASKED_SERVICE)
        assert (row.party_id, row.message_type, row.door) == (ABH1.kennung, each.kind, "soap")
        assert (
            row.digest
            == hashlib.sha256(
                etree.tostring(etree.fromstring(octets(each)), method="c14n", exclusive=True)
            ).digest()
        )
        kept[each.kind] += row.content_key_id is not None
    # A confirmation is the proof that the party has its answer.
    assert +kept == {"bestaetigeNachrichten": 1}
