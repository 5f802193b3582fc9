"""Deliveries through the real endpoint: taken in, refused, worked off, fetched and confirmed."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree
from sqlalchemy import func, select, update

from adapters.client import Refused, Unreachable
from fixtures.persons import LEYLA, TADEUSZ, THI
from fixtures.resettlers import certificate, records
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.errors import Advice
from messages.registry import write
from schemas.registry import SchemaRegistry
from store.deliveries import find_deliveries
from store.engine import Store
from store.record_ids import record_uuid
from store.records import JournalKind, MessageRef, OutboxEntry
from store.schema import content, delivery, delivery_chunk, message, work
from tests.batch.test_chunks import FAULTS
from tests.door.test_messages import somebody
from tests.support.batch_http import Office, read, records_file, refusal, results_in
from tests.support.cli import inge
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.server import Gateway
from tests.support.stores import open_test_store
from tests.support.waiting import wait_until

REGISTRY = SchemaRegistry.load()


@pytest.fixture
def office(gateway: Gateway) -> Office:
    return Office(gateway)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file of three records; no two alike."""
    seed = int.from_bytes(hashlib.sha256(str(tmp_path).encode()).digest()[:4]) % 10**6
    return records_file(tmp_path / "datensaetze.xml", records(seed, 3))


def kept(gateway: Gateway, question: Callable[[Store], Any]) -> Any:
    store = open_test_store(gateway.store_url)
    try:
        return question(store)
    finally:
        store.close()


def table_counts(gateway: Gateway) -> dict[str, int]:
    """How many rows there are of everything a delivery leaves."""

    def count(store: Store) -> dict[str, int]:
        with store.read() as reader:
            return {
                table.name: reader.connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (delivery, delivery_chunk, message, work)
            }

    found: dict[str, int] = kept(gateway, count)
    return found


def expected(office: Office) -> tuple[int, int]:
    following = office.state().erwartet
    return following.nummer, following.paketnummer


def test_500_records_with_3_faulty_ones_come_back_as_497_numbers(gateway: Gateway, tmp_path: Path) -> None:
    office = Office(gateway)
    file = records_file(tmp_path / "datensaetze.xml", records(500, 500, FAULTS))
    manifest = office.next_manifest(file)
    told: list[tuple[int, int]] = []
    receipt = office.deliver(manifest, file, lambda done, total: told.append((done, total)))
    assert receipt.zustand is bva.Eingangszustand.ACCEPTED
    assert (receipt.anzahl_datensaetze, receipt.lieferung) == (500, read(manifest).lieferung)
    assert told[-1][0] == told[-1][1] > file.stat().st_size

    ready = office.result_of(manifest)
    result = office.fetch(ready.ergebnisschein_uuid, tmp_path / "results")
    assert result.note.anzahl == bva.Zaehlung(497, 0, 0, 3)
    assert (result.note.lieferschein_uuid, result.note.nachtrag) == (receipt.lieferschein_uuid, 0)
    octets = result.file_path.read_bytes()
    assert hashlib.sha256(octets).digest() == result.note.datei.sha256
    root = etree.fromstring(octets)
    contract = REGISTRY.identify(root, NOW.date())
    assert (contract.message_type, REGISTRY.check(contract, root)) == ("200005", ())
    results = results_in(result.file_path)
    assert [each.rahmen.position for each in results] == list(range(1, 501))
    faulty = {each.rahmen.position: each.fehlerhaft.fehler[0].code for each in results if each.fehlerhaft}
    assert faulty == {7: "X001", 250: "X001", 499: "S010.unknown-version"}
    assert len({each.angenommen.bamfkennziffer for each in results if each.angenommen}) == 497

    # Everything comes again byte for byte, with the file sent along or another one in its place.
    before = table_counts(gateway)
    again = office.post([("manifest", manifest), ("records", b"<another/>")])
    assert (again.status_code, read(again.content)) == (200, receipt)
    assert office.deliver(manifest, file) == receipt
    assert office.fetch(ready.ergebnisschein_uuid, tmp_path / "again").file_path.read_bytes() == octets
    assert office.note(ready.ergebnisschein_uuid)[0] == result.note_path.read_bytes()
    assert table_counts(gateway) == {**before, "message": before["message"] + 3}


def test_a_resend_gets_the_same_signed_receipt(office: Office, small: Path) -> None:
    manifest = office.next_manifest(small)
    parts = [("manifest", manifest), ("records", small.read_bytes())]
    first, second = office.post(parts), office.post(parts)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    kinds = [row.kind for row in kept(office.gateway, lambda store: journal_of(store, manifest))]
    assert kinds == [JournalKind.RECEIVED, JournalKind.ANSWERED, JournalKind.REPEATED]


def journal_of(store: Store, manifest: bytes) -> list[Any]:
    with store.read() as reader:
        return list(reader.journal_of(read(manifest).lieferschein_uuid))


def test_numbers_have_no_gap_and_are_used_once(office: Office, small: Path) -> None:
    number, package = expected(office)
    assert package == 1
    octets = small.read_bytes()

    def refused(manifest: bytes) -> tuple[str, str]:
        status, fehler, signed = refusal(office.post([("manifest", manifest), ("records", octets)]))
        assert (status, signed) == (409, True)
        return fehler.code, fehler.text_englisch

    code, text = refused(office.manifest(small, number + 1))
    assert code == "S999.delivery-gap"
    assert f"expected is {number}/1, named is {number + 1}/1" in text
    assert refused(office.manifest(small, number, 2))[0] == "S999.delivery-gap"
    assert expected(office) == (number, 1)
    first = office.manifest(small, number, last=False)
    assert office.deliver(first, small).lieferung == bva.Lieferfolge(number, 1, False)
    assert expected(office) == (number, 2)
    code, text = refused(office.manifest(small, number))
    assert code == "S999.delivery-number-used"
    assert f"{number}/2" in text
    assert refused(office.manifest(small, number + 1))[0] == "S999.delivery-gap"
    assert office.deliver(office.manifest(small, number, 2), small).lieferung.letztes_paket
    assert expected(office) == (number + 1, 1)


def test_a_used_uuid_with_other_content_is_refused(office: Office, small: Path) -> None:
    manifest = office.next_manifest(small)
    office.deliver(manifest, small)
    other = office.changed(manifest, lieferung=replace(read(manifest).lieferung, letztes_paket=False))
    status, fehler, _ = refusal(office.post([("manifest", other), ("records", small.read_bytes())]))
    assert (status, fehler.code) == (409, "S999.uuid-reused")


def spoilt(manifest: bytes) -> bytes:
    """A manifest that says another count than was signed."""
    before = b"<bva:anzahlDatensaetze>3</bva:anzahlDatensaetze>"
    assert before in manifest
    return manifest.replace(before, before.replace(b"3", b"4"))


REFUSALS: dict[str, tuple[Callable[[Office, bytes, bytes], tuple[bytes, bytes]], int, str, bool]] = {
    "broken signature": (lambda o, m, f: (spoilt(m), f), 403, "T011.digest", False),
    "no signature": (lambda o, m, f: (bva.write(read(m)), f), 403, "T010.document-unsigned", False),
    "another authority's key": (
        lambda o, m, f: (sign_document(bva.write(read(m)), key=o.gateway.pki.key("abh1")), f),
        403,
        "T070.foreign-authority",
        True,
    ),
    "nobody's key": (
        lambda o, m, f: (sign_document(bva.write(read(m)), key=o.gateway.pki.key("expired")), f),
        403,
        "T000",
        False,
    ),
    "no test": (lambda o, m, f: (o.changed(m, test=None), f), 422, "S999.test-attribute", True),
    "another reader": (
        lambda o, m, f: (o.changed(m, leser=bva.Stelle("dbs:999999", "?")), f),
        403,
        "T080",
        True,
    ),
    "another document": (
        lambda o, m, f: (o._request(bva.Gegenstand.STATE), f),
        422,
        "X001.unknown-root",
        True,
    ),
    "against the contract": (
        lambda o, m, f: (
            sign_document(bva.write(read(m)).replace(b">true<", b">maybe<"), key=o.key),
            f,
        ),
        422,
        "X001",
        True,
    ),
    "another digest": (lambda o, m, f: (m, f.replace(b"BVA-", b"BVB-", 1)), 422, "S999.records-hash", True),
    "longer": (lambda o, m, f: (m, f + b"\n"), 422, "S999.records-size", True),
    "shorter": (lambda o, m, f: (m, f[:-1]), 422, "S999.records-size", True),
    "another count": (
        lambda o, m, f: (o.changed(m, anzahl_datensaetze=4), f),
        422,
        "S999.records-count",
        True,
    ),
    "too large": (
        lambda o, m, f: (o.changed(m, datei=replace(read(m).datei, groesse=5 << 30)), f),
        413,
        "T099.delivery-too-large",
        True,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_uses_up_neither_uuid_nor_number(office: Office, small: Path, case: str) -> None:
    spoil, status, code, signed = REFUSALS[case]
    manifest = office.next_manifest(small)
    wait_until(lambda: table_counts(office.gateway)["work"] == 0)
    before = table_counts(office.gateway)
    parts = spoil(office, manifest, small.read_bytes())
    found = refusal(office.post(zip(("manifest", "records"), parts, strict=True)))
    assert (found[0], found[1].code, found[2]) == (status, code, signed)
    assert table_counts(office.gateway) == before
    assert office.deliver(manifest, small).lieferung == read(manifest).lieferung


def test_records_that_are_broken_as_a_file_are_refused_whole(office: Office, tmp_path: Path) -> None:
    whole = records_file(tmp_path / "whole.xml", records(77, 3)).read_bytes()
    for octets, code, line in (
        (whole.replace(b"</b:BVABAMF.Datensaetze.200003>", b"</b:other>"), "X000", 6),
        (whole.replace(b"\n", b"\n<!-- -->", 1), "X001.comment", 2),
        (b"<!DOCTYPE b [" + b'<!ENTITY a "ha">' * 3 + b"]>" + whole.partition(b"\n")[2], "X001.doctype", 1),
    ):
        manifest = named(office, octets, 3)
        status, fehler, signed = refusal(office.post([("manifest", manifest), ("records", octets)]))
        assert (status, fehler.code, fehler.zeile, signed) == (422, code, line, True)


def named(office: Office, octets: bytes, count: int) -> bytes:
    """A manifest that goes with any octets."""
    return sign_document(
        bva.write(
            bva.Lieferschein200001(
                test="1",
                lieferschein_uuid=new_uuid(),
                erstellungszeitpunkt=NOW,
                autor=bva.Stelle("dbs:000200", "BVA"),
                leser=bva.Stelle("dbs:000100", "BAMF"),
                lieferung=bva.Lieferfolge(*expected(office), True),
                datei=bva.Datei("records.xml", len(octets), hashlib.sha256(octets).digest()),
                anzahl_datensaetze=count,
            )
        ),
        key=office.key,
    )


FORM = "multipart/form-data; boundary=x"
BODIES: dict[str, tuple[dict[str, str], bytes, int, str]] = {
    "not multipart": ({"Content-Type": "application/xml"}, b"<a/>", 415, "T099.delivery-type"),
    "no boundary": ({"Content-Type": "multipart/form-data"}, b"x", 415, "T099.delivery-type"),
    "long boundary": ({"Content-Type": FORM + "x" * 500}, b"x", 400, "T099.delivery-parts"),
    "compressed": ({"Content-Type": FORM, "Content-Encoding": "gzip"}, b"x", 415, "T099.delivery-type"),
    "no parts": ({"Content-Type": FORM}, b"nothing", 400, "T099.delivery-parts"),
    "empty": ({"Content-Type": FORM}, b"", 400, "T099.delivery-parts"),
    "cut off": ({"Content-Type": FORM}, b"--x\r\nContent-Dispos", 400, "T099.delivery-parts"),
    "encoded": (
        {"Content-Type": FORM},
        b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n--x--",
        400,
        "T099.delivery-parts",
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_of_another_shape_is_refused(office: Office, case: str) -> None:
    headers, body, status, code = BODIES[case]
    found = refusal(requests.post(office.endpoint, data=body, headers=headers, timeout=60))
    assert (found[0], found[1].code, found[2]) == (status, code, False)


def test_the_file_is_not_read_before_its_manifest_and_that_has_a_cap(office: Office) -> None:
    for parts, status, code in (
        ([("records", b"<a/>"), ("manifest", b"<a/>")], 400, "T099.delivery-parts"),
        ([("manifest", b"x" * (2 << 20))], 413, "T099.too-large"),
    ):
        found = refusal(office.post(parts))
        assert (found[0], found[1].code, found[2]) == (status, code, False)


def test_a_delivery_without_its_file_or_with_more_is_refused(office: Office, small: Path) -> None:
    manifest = office.next_manifest(small)
    octets = small.read_bytes()
    for parts in (
        [("manifest", manifest)],
        [("manifest", manifest), ("manifest", manifest)],
        [("manifest", manifest), ("records", octets), ("more", b"")],
    ):
        status, fehler, signed = refusal(office.post(parts))
        assert (status, fehler.code, signed) == (400, "T099.delivery-parts", True)
    assert office.deliver(manifest, small).anzahl_datensaetze == 3


def test_another_method_is_none_of_ours(office: Office) -> None:
    for path in ("/batch", "/batch/results"):
        assert requests.get(office.gateway.base + path, timeout=60).status_code == 405


def test_results_come_until_they_are_confirmed(office: Office, small: Path, tmp_path: Path) -> None:
    manifest = office.next_manifest(small)
    office.deliver(manifest, small)
    ready = office.result_of(manifest)
    uuid = read(manifest).lieferschein_uuid
    assert (ready.nachtrag, ready.abgerufen_am, ready.bestaetigt_am) == (0, None, None)
    result = office.fetch(ready.ergebnisschein_uuid, tmp_path)
    (delivery,) = office.state(uuid).lieferungen
    assert (delivery.zustand, delivery.bearbeitet) == (bva.Lieferzustand.DONE, 3)
    assert delivery.ergebnisse[0].abgerufen_am is not None
    assert uuid in {each.lieferschein_uuid for each in office.state().lieferungen}
    assert uuid not in {
        each.lieferschein_uuid for each in office.confirm([result.note.ergebnisschein_uuid]).lieferungen
    }
    (delivery,) = office.state(uuid).lieferungen
    confirmed = delivery.ergebnisse[0].bestaetigt_am
    office.confirm([result.note.ergebnisschein_uuid])
    assert office.state(uuid).lieferungen[0].ergebnisse[0].bestaetigt_am == confirmed is not None
    # What is confirmed may still be fetched, and the first result is found by the delivery, too.
    by_delivery = office._asked(bva.Gegenstand.NOTE, bva.Ergebnisschein200006, lieferschein_uuid=uuid)
    assert by_delivery[0] == office.note(result.note.ergebnisschein_uuid)[0]


def test_nobody_fetches_or_confirms_what_is_not_theirs(office: Office, small: Path) -> None:
    manifest = office.next_manifest(small)
    office.deliver(manifest, small)
    ready = office.result_of(manifest)
    other = Office(office.gateway, "abh1", agency=ABH1)
    asked: list[Callable[[], Any]] = [
        lambda: other.note(ready.ergebnisschein_uuid),
        lambda: other.confirm([ready.ergebnisschein_uuid]),
        lambda: other.state(read(manifest).lieferschein_uuid),
        lambda: office.note(new_uuid()),
        lambda: office.confirm([ready.ergebnisschein_uuid, new_uuid()]),
    ]
    for ask in asked:
        with pytest.raises(Refused) as caught:
            ask()
        assert (caught.value.code, caught.value.proven) == ("S999.unknown-result", True)
    assert other.state().lieferungen == ()
    assert office.state(read(manifest).lieferschein_uuid).lieferungen[0].ergebnisse[0].bestaetigt_am is None


def test_a_request_is_answered_once(office: Office) -> None:
    asked = office._request(bva.Gegenstand.STATE)
    address, kind = f"{office.endpoint}/results", {"Content-Type": "application/xml"}
    assert requests.post(address, data=asked, headers=kind, timeout=60).status_code == 200
    status, fehler, signed = refusal(requests.post(address, data=asked, headers=kind, timeout=60))
    assert (status, fehler.code, signed) == (409, "S999.request-replayed", True)
    for data, headers, status, code in (
        (asked.replace(b">stand<", b">datei<"), kind, 403, "T011.digest"),
        (asked, {"Content-Type": "text/plain"}, 415, "T099.delivery-type"),
        (b"x" * (2 << 20), kind, 413, "T099.too-large"),
        (b"<a/>", kind, 403, "T010.document-unsigned"),
    ):
        found = refusal(requests.post(address, data=data, headers=headers, timeout=60))
        assert (found[0], found[1].code, found[2]) == (status, code, False)


def test_a_parked_record_comes_in_an_addendum(office: Office, tmp_path: Path) -> None:
    twice = [(THI, "BVA-erste"), (THI, "BVA-zweite"), (TADEUSZ, "BVA-dritte")]
    file = records_file(tmp_path / "datensaetze.xml", (write(certificate(*each)) for each in twice))
    manifest = office.next_manifest(file)
    office.deliver(manifest, file)
    first = office.fetch(office.result_of(manifest).ergebnisschein_uuid, tmp_path / "results")
    assert first.note.anzahl == bva.Zaehlung(2, 1, 0, 0)
    octets = first.file_path.read_bytes()
    office.confirm([first.note.ergebnisschein_uuid])

    uuid, config = read(manifest).lieferschein_uuid, office.gateway.config
    item = kept(office.gateway, lambda store: item_of(store, uuid))
    decided = inge("cases", "decide", item, "--different", "--as", "clerk", "--json", "--config", config)
    assert decided.code == 0, decided.err
    wait_until(lambda: len(office.state(uuid).lieferungen[0].ergebnisse) == 2)
    (delivery,) = office.state().lieferungen[-1:]
    # What is to be fetched; the first one was confirmed.
    (addendum,) = delivery.ergebnisse
    assert (delivery.lieferschein_uuid, addendum.nachtrag) == (uuid, 1)
    later = office.fetch(addendum.ergebnisschein_uuid, tmp_path / "results")
    assert later.note.anzahl == bva.Zaehlung(1, 0, 0, 0)
    assert later.file_path != first.file_path
    (answer,) = results_in(later.file_path)
    assert (answer.rahmen.position, answer.rahmen.zeichen) == (2, "BVA-zweite")
    assert answer.angenommen is not None
    # The first result stays as it was.
    assert office.fetch(first.note.ergebnisschein_uuid, tmp_path / "again").file_path.read_bytes() == octets
    left = office.confirm([addendum.ergebnisschein_uuid]).lieferungen
    assert uuid not in {each.lieferschein_uuid for each in left}
    (entry,) = kept(office.gateway, lambda store: outbox_of(store, uuid))
    assert (entry.route, entry.confirmed_at is not None) == ("batch", True)


def second_of(store: Store, uuid: str) -> MessageRef:
    """The second record of a delivery."""
    with store.read() as reader:
        (delivery,) = find_deliveries(reader.connection, uuid)
    return MessageRef(delivery.party_id, record_uuid(delivery.stem, 2))


def item_of(store: Store, uuid: str) -> int:
    with store.read() as reader:
        (item,) = [each for each in reader.work_items() if second_of(store, uuid) in each.messages]
    return item.id


def outbox_of(store: Store, uuid: str) -> list[OutboxEntry]:
    with store.read() as reader:
        return reader.outbox_of(second_of(store, uuid))


def test_slow_and_many_deliveries_hold_nobody_up(office: Office, small: Path) -> None:
    """Each worker process takes two deliveries in at a time; soap and health go on beside."""
    octets = small.read_bytes()
    manifest = office.next_manifest(small)
    head = b'--xyz\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n' + manifest
    head += b'\r\n--xyz\r\nContent-Disposition: form-data; name="records"\r\n\r\n'
    go_on = threading.Event()
    statuses: Counter[int] = Counter()

    def body() -> Any:
        yield head + octets[:100]
        go_on.wait(60)
        yield octets[100:] + b"\r\n--xyz--\r\n"

    def send() -> None:
        answered = requests.post(
            office.endpoint,
            data=body(),
            headers={"Content-Type": "multipart/form-data; boundary=xyz"},
            timeout=60,
        )
        statuses[answered.status_code] += 1
        if answered.status_code == 503:
            assert answered.headers["Retry-After"] == "5"
            _, fehler, signed = refusal(answered)
            assert (fehler.code, fehler.handlung, signed) == ("T200.busy", Advice.RETRY, True)

    before = measured(office.gateway, "inge_busy_total")
    senders = [threading.Thread(target=send) for _ in range(6)]
    for each in senders:
        each.start()
    # Two worker processes take two deliveries each.
    wait_until(lambda: measured(office.gateway, "inge_busy_total") >= before + 2)
    assert office.gateway.get("/healthz").status_code == 200
    assert office.gateway.client("abh1").send(somebody()).message is not None
    assert office.state().erwartet.nummer == read(manifest).lieferung.nummer
    go_on.set()
    for each in senders:
        each.join()
    # The same manifest from all of them: one delivery, whoever came first.
    assert set(statuses) == {200, 503}
    assert 2 <= statuses[503] <= 4
    assert office.state(read(manifest).lieferschein_uuid).lieferungen[0].anzahl_datensaetze == 3


def measured(gateway: Gateway, name: str) -> float:
    """A number of the batch door."""
    lines = gateway.get("/metrics").text.splitlines()
    return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(f'{name}{{door="batch"}}'))


def test_the_log_names_ids_and_codes_only(office: Office, tmp_path: Path) -> None:
    file = records_file(tmp_path / "datensaetze.xml", [write(certificate(LEYLA, "BVA-log"))])
    manifest = office.next_manifest(file)
    office.deliver(manifest, file)
    office.fetch(office.result_of(manifest).ergebnisschein_uuid, tmp_path)
    uuid = read(manifest).lieferschein_uuid
    (line,) = [each for each in office.gateway.events("delivery") if each["uuid"] == uuid]
    assert (line["outcome"], line["door"]) == ("answered", "batch")
    log = office.gateway.log_path.read_text(encoding="utf-8")
    assert str(LEYLA.personalien.nachname.text) not in log
    assert "BVA-log" not in log
    metrics = office.gateway.get("/metrics").text
    assert 'inge_messages_total{code="",door="batch",message_type="200007",outcome="answered"}' in metrics


def test_a_file_whose_answers_were_erased_ends_early(office: Office, small: Path, tmp_path: Path) -> None:
    """Its note says how long it is: nobody takes a part of it for the whole."""
    manifest = office.next_manifest(small)
    office.deliver(manifest, small)
    ready = office.result_of(manifest)
    uuid = read(manifest).lieferschein_uuid

    def erase(store: Store) -> None:
        record = second_of(store, uuid)
        wanted = select(message.c.content_key_id).where(message.c.uuid == record.uuid)
        with store.write() as connection:
            connection.execute(
                update(content).where(content.c.id.in_(wanted)).values(wrapped=None, answer=b"")
            )

    kept(office.gateway, erase)
    with pytest.raises(Unreachable):
        office.fetch(ready.ergebnisschein_uuid, tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []
    (line,) = office.gateway.events("result-incomplete")
    assert line["error"] == "ContentErased"
    office.confirm([ready.ergebnisschein_uuid])
