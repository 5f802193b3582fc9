"""The HTTP side: contract files, health, caps, slow bodies, a full queue, and what the log says."""

import asyncio
import contextlib
import json
import re
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import requests
import zeep
from lxml import etree

from adapters.client import Refused, RetryPolicy
from adapters.soap.contract import PUBLIC_FOLDER, WSDL_PATH, load_contract
from fixtures import persons
from gateway.trust.seal import seal_envelope
from store.parties import add_party
from store.records import PartyRecord
from tests.door.test_messages import sealed, somebody
from tests.support.core import ABH1, NOW, new_uuid, party
from tests.support.server import Gateway, live_pki, octets, running
from tests.support.stores import open_test_store

SLOW_CLIENTS = 100


def counted(gateway: Gateway, name: str, **labels: str) -> float:
    """A counter over all workers, summed over the labels not named."""
    total = 0.0
    for line in gateway.get("/metrics").text.splitlines():
        match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            total += float(match[2])
    return total


def fault_code(response: requests.Response | httpx.Response) -> str:
    found = etree.fromstring(response.content).find(".//{urn:inge-gateway:dienst:1}code")
    assert found is not None
    return str(found.text)


def test_zeep_loads_the_contract_from_the_door(gateway: Gateway) -> None:
    with requests.Session() as session:
        transport = zeep.Transport(session=session)
        client = zeep.Client(
            f"{gateway.soap}?wsdl", transport=transport, settings=zeep.Settings(forbid_dtd=True)
        )
        assert client.service._binding_options["address"] == gateway.soap
        assert len(client.service._binding._operations) == len(load_contract().operations)


def test_contract_files_and_nothing_else(gateway: Gateway) -> None:
    assert gateway.get(f"/{PUBLIC_FOLDER}/{WSDL_PATH}").status_code == 200
    for path in ("registry.py", "../schemas/registry.py", "%2e%2e/setup.cfg", "", "dienst/1", "/etc/passwd"):
        assert gateway.get(f"/{PUBLIC_FOLDER}/{path}").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(gateway: Gateway, method: str) -> None:
    response = requests.request(method, gateway.soap, timeout=30)
    assert (response.status_code, response.headers["allow"]) == (405, "POST, GET")
    assert requests.get(gateway.soap, timeout=30).status_code == 405
    assert requests.post(f"{gateway.base}/readyz", timeout=30).status_code == 405


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Encoding": "gzip"}, "T099.compression"),
        ({"Content-Encoding": "identity, gzip"}, "T099.compression"),
        ({"Content-Type": 'multipart/related; type="application/xop+xml"'}, "T099.compression"),
        ({"Content-Type": "application/json"}, "T099.content-type"),
        ({"Content-Type": "text/xml; charset=iso-8859-1"}, "T099.content-type"),
    ],
)
def test_what_is_not_read_at_all(gateway: Gateway, headers: dict[str, str], code: str) -> None:
    response = gateway.post(b"\x1f\x8b" + b"x" * 5000, headers)
    assert (response.status_code, fault_code(response)) == (500, code)


@pytest.mark.parametrize("content_type", [None, "text/xml;charset=UTF-8", 'text/xml; charset="utf-8"',
                                          "application/soap+xml", "application/xml"])  # fmt: skip
def test_content_types_of_foreign_stacks(gateway: Gateway, content_type: str | None) -> None:
    response = gateway.post(sealed(gateway, octets(somebody())), {"Content-Type": content_type})
    assert response.status_code == 200
    # The envelope's version decides, not what the header claims.
    assert response.headers["content-type"] == "text/xml; charset=utf-8"


def test_a_byte_order_mark_and_a_chunked_body(gateway: Gateway) -> None:
    body = b"\xef\xbb\xbf" + sealed(gateway, octets(somebody()))
    response = requests.post(
        gateway.soap,
        data=iter([body[:7], body[7:999], body[999:]]),
        headers={"Content-Type": "text/xml"},
        timeout=60,
    )
    assert response.status_code == 200


def test_expect_100_continue(gateway: Gateway) -> None:
    body = sealed(gateway, octets(somebody()))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as connection:
        head = (
            f"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()


def test_ready_and_alive(gateway: Gateway) -> None:
    ready = gateway.get("/readyz")
    assert ready.status_code == 200
    checks = ("sign", "verify", "revocation", "commit", "journal")
    assert ready.json() == {"status": "ready", "checks": dict.fromkeys(checks, "ok")}
    assert gateway.get("/healthz").json() == {"status": "alive"}


def test_numbers_are_those_of_all_workers(gateway: Gateway) -> None:
    before = counted(gateway, "inge_messages_total", code="X000")
    answered = counted(gateway, "inge_messages_total", outcome="answered", message_type="070003")
    for _ in range(20):
        gateway.post(b"<")
        with requests.Session() as fresh:
            fresh.post(gateway.soap, data=sealed(gateway, octets(somebody())), timeout=60)
    for _ in range(10):
        # Whichever worker is asked, the sum is the same.
        assert counted(gateway, "inge_messages_total", code="X000") == before + 20
        assert (
            counted(gateway, "inge_messages_total", outcome="answered", message_type="070003")
            == answered + 20
        )
    assert counted(gateway, "inge_messages_in_progress") == 0
    assert counted(gateway, "inge_unexpected_errors_total") == 0


def test_one_line_per_message_and_nothing_personal(gateway: Gateway) -> None:
    message = somebody()
    client = gateway.client()
    client.send(message)
    client.send(message)
    gateway.post(
        sealed(gateway, octets(somebody()).replace(b"</personalien>", b"<Geheimwort/></personalien>"))
    )
    gateway.post(octets(message))
    gateway.post(octets(message)[:-20])
    uuid = message.rahmen.kopf.nachrichten_uuid
    lines = [entry for entry in gateway.events("message") if entry["uuid"] == uuid]
    assert [entry["outcome"] for entry in lines] == ["answered", "repeated"]
    assert {"ms", "prove_ms", "process_ms", "seal_ms", "row", "type"} <= lines[0].keys()
    log = gateway.log_path.read_text(encoding="utf-8")
    person = message.personalien
    for secret in (
        str(person.nachname.text), "Leyla", "Yıldırım", "Muster", "Lindenweg", "1991-04-17",
        "180417100021", "Geheimwort", "Traceback", "abh1",
    ):  # fmt: skip
        assert secret not in log
        assert json.dumps(secret).strip('"') not in log
    for line in log.splitlines():
        json.loads(line)


def test_a_client_among_slow_bodies_is_answered(gateway: Gateway) -> None:
    """A hundred bodies that never end hold sockets, no workers: an honest client is served meanwhile."""
    head = b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 9000\r\n\r\n<a>"
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(SLOW_CLIENTS):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
            )
            connection.sendall(head)
            slow.append(connection)
        for _ in range(10):
            for connection in slow:
                connection.sendall(b"x")
            assert gateway.client().send(somebody()).attempts == 1
        # They are still waiting: nobody was thrown out to make room.
        for connection in slow:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)


def test_a_body_that_comes_too_slowly_is_ended(tmp_path: Path, sqlite_url: str) -> None:
    with running(tmp_path, sqlite_url, http={"body_seconds": 0.3, "workers": 1}) as gateway:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as connection:
            connection.sendall(
                b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<a>"
            )
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 500")
        assert b"<d:code>T099.too-slow</d:code>" in answer
        assert b"retry-after: 60" in answer.lower()
        (line,) = gateway.events("message")
        assert (line["code"], line["bytes"]) == ("T099.too-slow", 3)


def test_a_full_queue_says_try_later_and_loses_nothing(tmp_path: Path, sqlite_url: str) -> None:
    settings = {"workers": 1, "threads": 1, "queue": 1}
    with running(tmp_path, sqlite_url, http=settings) as gateway:
        store = open_test_store(sqlite_url)
        bodies = [sealed(gateway, octets(somebody())) for _ in range(12)]
        responses: list[requests.Response] = []
        with store.write():
            # SQLite's one writer is held: the first message waits in its thread, the second in the queue.
            threads = [threading.Thread(target=lambda b=b: responses.append(gateway.post(b))) for b in bodies]
            for thread in threads:
                thread.start()
            while len(responses) < 10:
                threads[0].join(0.01)
        for thread in threads:
            thread.join()
        store.close()
        busy = [response for response in responses if response.status_code == 500]
        assert len(busy) == 10
        assert {fault_code(response) for response in busy} == {"T200.busy"}
        assert {response.headers["retry-after"] for response in busy} == {"5"}
        assert counted(gateway, "inge_busy_total") == 10
        # The client comes back by itself, with the same UUID.
        waits: list[float] = []
        client = gateway.client(retry=RetryPolicy(attempts=3), sleep=waits.append)
        assert client.send(somebody()).attempts == 1


def test_a_client_repeats_what_was_busy(tmp_path: Path, sqlite_url: str) -> None:
    with running(tmp_path, sqlite_url, http={"workers": 1, "queue": 1}) as gateway:
        store = open_test_store(sqlite_url)
        holder = contextlib.ExitStack()
        holder.enter_context(store.write())
        blockers = [
            threading.Thread(target=gateway.post, args=(sealed(gateway, octets(somebody())),))
            for _ in range(2)
        ]
        for blocker in blockers:
            blocker.start()
        while counted(gateway, "inge_messages_in_progress") < 2:
            blockers[0].join(0.01)
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            holder.close()
            for blocker in blockers:
                blocker.join()

        client = gateway.client(retry=RetryPolicy(attempts=3), sleep=sleep)
        reply = client.send(somebody())
        assert (reply.attempts, waits) == (2, [5.0])
        store.close()


def test_settings_of_a_party(tmp_path: Path, sqlite_url: str) -> None:
    pki = live_pki()
    made: PartyRecord = party(pki, "azr:090009", "Strenge Behörde", "content-only")
    store = open_test_store(sqlite_url)
    with store.write() as connection:
        add_party(
            connection,
            replace(made, require_timestamp=True, signature_first=True, ecdsa_answers=True),
            NOW,
        )
    store.close()
    with running(tmp_path, sqlite_url, http={"workers": 1}) as gateway:
        author = persons.agency("azr:090009", "Strenge Behörde")
        message = persons.entitlement(author, new_uuid(), datetime.now(UTC), persons.THI)
        body = seal_envelope(
            octets(message), key=pki.key("content-only"), soap_version="1.1", now=datetime.now(UTC)
        )
        response = gateway.post(body)
        assert response.status_code == 200
        security = etree.fromstring(response.content)[0][0]
        names = [etree.QName(child).localname for child in security]
        assert names == ["BinarySecurityToken", "Signature", "Timestamp"]
        assert b"ecdsa-sha256" in response.content
        gateway.client().prove(response.content)


def test_one_connection_carries_many_messages_both_good_and_bad(gateway: Gateway) -> None:
    with requests.Session() as session:
        for _ in range(3):
            for body, status in ((sealed(gateway, octets(somebody())), 200), (b"<", 500), (b"", 500)):
                response = session.post(
                    gateway.soap, data=body, headers={"Content-Type": "text/xml"}, timeout=60
                )
                assert response.status_code == status


def test_fifty_identical_requests_at_once_have_one_effect(gateway: Gateway) -> None:
    body = sealed(gateway, octets(somebody()))

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60) as client:
            posts = [
                client.post(gateway.soap, content=body, headers={"Content-Type": "text/xml"})
                for _ in range(50)
            ]
            return await asyncio.gather(*posts)

    responses = asyncio.run(all_at_once())
    proofs = [
        gateway.client().prove(response.content) for response in responses if response.status_code == 200
    ]
    documents = {etree.tostring(proof.element, method="c14n") for proof in proofs}
    busy = {fault_code(r) for r in responses if r.status_code != 200}
    assert len(documents) == 1
    assert busy <= {"T200.busy"}
    assert len(proofs) >= 40


def test_refusals_are_typed_for_the_client(gateway: Gateway) -> None:
    with pytest.raises(Refused) as error:
        gateway.client("stranger").send(persons.entitlement(ABH1, new_uuid(), datetime.now(UTC)))
    assert not error.value.retryable
    assert error.value.proven
