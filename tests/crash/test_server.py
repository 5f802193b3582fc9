"""A gateway that loses its store, its power or its time: nothing acknowledged is lost, nothing done twice."""

import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from lxml import etree

from adapters.client import RetryPolicy, Unreachable
from messages.frame import Message
from store.migrate import migrate
from tests.door.test_http import fault_code
from tests.door.test_messages import sealed, somebody
from tests.support.postgres import PostgresCluster, own_cluster
from tests.support.server import SERVER, Gateway, octets, prepared, running
from tests.support.stores import fresh_sqlite, open_test_store
from tests.support.waiting import Waiting


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    with own_cluster() as own:
        yield own


@pytest.fixture
def gateway(tmp_path: Path, store_url: str) -> Iterator[Gateway]:
    with running(tmp_path, store_url) as started:
        yield started


def counts(gateway: Gateway) -> dict[str, int]:
    store = open_test_store(gateway.store_url)
    with store.read() as reader:
        found = reader.counts()
    store.close()
    return found


def document(gateway: Gateway, content: bytes) -> bytes:
    return etree.tostring(gateway.client().prove(content).element, method="c14n", exclusive=True)


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_store_gone_and_back(
    tmp_path: Path, cluster: PostgresCluster, mode: str, wait_until: Waiting
) -> None:
    url = cluster.url(cluster.create_database())
    migrate(url)
    with running(tmp_path, url) as gateway:
        survives_outage(gateway, lambda: cluster.stop(mode), cluster.start, wait_until)


def test_sqlite_disk_takes_nothing_any_more_and_does_again(
    tmp_path: Path, sqlite_template: Path, wait_until: Waiting
) -> None:
    """Every write of the workers beyond what their files hold now fails, on connections open and new."""
    url = fresh_sqlite(tmp_path, sqlite_template)
    log = tmp_path / "store.db-wal"
    store = open_test_store(url)

    def limit(octets: int) -> None:
        for pid in gateway.workers():
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (octets, hard))

    def take_away() -> None:
        # The reader keeps SQLite from beginning its log anew, where there would be place.
        reading.enter_context(store.read()).counts()
        assert gateway.log_path.stat().st_size < log.stat().st_size // 2
        limit(log.stat().st_size)

    def give_back() -> None:
        reading.close()
        limit(resource.RLIM_INFINITY)

    with running(tmp_path, url) as gateway, contextlib.ExitStack() as reading:
        survives_outage(gateway, take_away, give_back, wait_until)
    store.close()


def survives_outage(
    gateway: Gateway, take_away: Callable[[], None], give_back: Callable[[], None], wait_until: Waiting
) -> None:
    """Typed refusals and a red readiness while the store is away; afterwards all is as acknowledged."""
    acknowledged = [somebody() for _ in range(4)]
    answers = [gateway.client().send(message).document for message in acknowledged]
    take_away()
    meanwhile = [somebody() for _ in range(6)]
    for message in meanwhile:
        response = gateway.post(sealed(gateway, octets(message)))
        assert (response.status_code, fault_code(response)) == (500, "T200.store-away")
        assert response.headers["retry-after"] == "30"
    # Also a stranger's noise is answered; only its journal row is missing, and the log says so.
    assert fault_code(gateway.post(b"<")) == "X000"
    wait_until(lambda: gateway.get("/readyz").status_code == 503)
    red = gateway.get("/readyz").json()
    # What cannot be written may still be read, and then the journal can be compared with its heads.
    assert red["checks"].pop("journal") in {"ok", "StoreUnavailable"}
    assert red["checks"] == {"sign": "ok", "verify": "ok", "revocation": "ok", "commit": "StoreUnavailable"}
    assert gateway.get("/healthz").status_code == 200
    give_back()
    wait_until(lambda: gateway.get("/readyz").status_code == 200)
    for message, answer in zip(acknowledged, answers, strict=True):
        assert gateway.client().send(message).document == answer
    assert counts(gateway)["message"] == len(acknowledged)
    for message in meanwhile:
        assert gateway.client().send(message).attempts == 1
    assert counts(gateway)["message"] == len(acknowledged) + len(meanwhile)
    assert gateway.stop() == 0


@pytest.mark.postgresql
def test_a_gateway_starts_while_its_store_is_away(
    tmp_path: Path, cluster: PostgresCluster, wait_until: Waiting
) -> None:
    url = cluster.url(cluster.create_database())
    migrate(url)
    gateway = prepared(tmp_path, url)
    cluster.stop()
    gateway.start()
    try:
        assert gateway.get("/readyz").status_code == 503
        assert fault_code(gateway.post(sealed(gateway, octets(somebody())))) == "T200.store-away"
        cluster.start()
        wait_until(lambda: gateway.get("/readyz").status_code == 200)
        assert gateway.client().send(somebody()).attempts == 1
    finally:
        gateway.kill()


def test_killed_before_the_commit(gateway: Gateway, wait_until: Waiting) -> None:
    """The first message waits for a lock that somebody else holds; then the power goes."""
    message = somebody()
    store = open_test_store(gateway.store_url)
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.exec_driver_sql("LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
        posting = threading.Thread(target=_post_and_lose, args=(gateway, sealed(gateway, octets(message))))
        posting.start()
        wait_until(lambda: _at_work(gateway))
        gateway.kill()
        posting.join()
    store.close()
    assert counts(gateway)["message"] == 0
    gateway.start()
    assert gateway.client().send(message).message is not None
    assert counts(gateway)["message"] == 1


def _post_and_lose(gateway: Gateway, body: bytes) -> None:
    with pytest.raises(requests.ConnectionError):
        gateway.post(body)


def test_killed_between_commit_and_answer(tmp_path: Path, store_url: str, wait_until: Waiting) -> None:
    """The worker's last deed is the commit: nothing of the answer was sealed yet."""
    message = somebody()
    with running(tmp_path, store_url, entry="tests.crash.deadly_gateway") as gateway:
        _post_and_lose(gateway, sealed(gateway, octets(message)))
        wait_until(lambda: len(gateway.events("ready")) == 3)
        gateway.kill()
        assert gateway.events("message") == []
        committed = _stored(gateway, message)
        gateway.entry = SERVER
        gateway.start()
        replies = [gateway.client().send(message) for _ in range(2)]
        assert {reply.document for reply in replies} == {committed}
        assert [event["outcome"] for event in gateway.events("message")] == ["repeated"] * 2
        after = counts(gateway)
        assert (after["message"], after["person"]) == (1, 1)


def test_killed_in_the_middle_of_the_answer(gateway: Gateway, wait_until: Waiting) -> None:
    """A client that asks on and on and reads nothing has a part of its first answer when the power goes."""
    message = somebody()
    body = sealed(gateway, octets(message))
    with socket.socket() as connection:
        # With the smallest window the kernel hands over a part of the answer. Questions not read yet make
        # it drop the rest with the process, instead of delivering it afterwards.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", gateway.port))
        asking = threading.Thread(target=_ask_until_lost, args=(connection, _head(body) + body))
        asking.start()
        wait_until(lambda: len(gateway.events("message")) >= 20)
        gateway.kill()
        asking.join()
        received = connection.recv(1 << 16)
    assert received.startswith(b"HTTP/1.1 200")
    assert b":Envelope>" not in received
    gateway.start()
    reply = gateway.client().send(message)
    assert reply.document == _stored(gateway, message)
    after = counts(gateway)
    assert (after["message"], after["person"]) == (1, 1)


def _ask_until_lost(connection: socket.socket, request: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(request)


def _head(body: bytes) -> bytes:
    return b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )


def _stored(gateway: Gateway, message: Message) -> bytes:
    store = open_test_store(gateway.store_url)
    with store.read() as reader:
        (ref,) = reader.messages(message.rahmen.kopf.nachrichten_uuid)
        stored = reader.answer_document(ref)
    store.close()
    assert stored is not None
    return etree.tostring(etree.fromstring(stored), method="c14n", exclusive=True)


def test_a_killed_worker_is_replaced_and_the_others_serve(gateway: Gateway, wait_until: Waiting) -> None:
    victim = gateway.workers()[0]
    os.kill(victim, signal.SIGKILL)
    client = gateway.client(retry=RetryPolicy(attempts=20, first_seconds=0.05))
    for _ in range(5):
        assert client.send(somebody()).message is not None
    wait_until(lambda: len([pid for pid in gateway.workers() if pid != victim]) == 2)
    assert gateway.get("/metrics").status_code == 200


def test_stop_drains_what_is_under_way(gateway: Gateway, wait_until: Waiting) -> None:
    store = open_test_store(gateway.store_url)
    message = somebody()
    body = sealed(gateway, octets(message))
    responses: list[requests.Response] = []
    posting = threading.Thread(target=lambda: responses.append(gateway.post(body)))
    stopping = threading.Thread(target=lambda: codes.append(gateway.stop()))
    codes: list[int] = []
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.exec_driver_sql("LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
        posting.start()
        wait_until(lambda: _at_work(gateway))
        stopping.start()
        wait_until(lambda: _refuses_connections(gateway))
        assert responses == []
    posting.join()
    stopping.join()
    assert [response.status_code for response in responses] == [200]
    assert codes == [0]
    assert document(gateway, responses[0].content)
    with store.read() as reader:
        assert list(reader.journal(unsealed=True)) == []
    store.close()


def _at_work(gateway: Gateway) -> bool:
    return 'inge_messages_in_progress{door="soap"} 1.0' in gateway.get("/metrics").text


def _refuses_connections(gateway: Gateway) -> bool:
    try:
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5).close()
    except OSError:
        return True
    return False


def test_the_client_comes_through_a_restart(gateway: Gateway) -> None:
    message = somebody()
    first = gateway.client().send(message)
    assert gateway.stop() == 0
    with pytest.raises(Unreachable):
        gateway.client().send(message)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            gateway.start()

    reply = gateway.client(retry=RetryPolicy(attempts=5), sleep=sleep).send(message)
    assert (reply.attempts, reply.document) == (3, first.document)
