"""Two nodes with two workers on one PostgreSQL: each dies in turn under load; nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from fixtures.resettlers import records
from messages import bva
from store.engine import Store
from store.schema import delivery_chunk, lease, work
from tests.support.batch import connect_bva
from tests.support.batch_http import Office, read, records_file, results_in
from tests.support.cli import inge
from tests.support.deployment import Proxy, documented_proxy
from tests.support.load import PATIENT, Load, nothing_lost_and_nothing_double
from tests.support.nginx import client_files
from tests.support.postgres import PostgresCluster
from tests.support.ring import scale
from tests.support.server import Gateway, live_pki, running
from tests.support.stores import fresh_postgresql, open_test_store
from tests.support.waiting import Waiting
from tests.support.worker import WorkerProcess

pytestmark = [pytest.mark.postgresql, pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]
RECORDS = scale(120, 500)
CHUNK = 5


@pytest.fixture
def url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    with fresh_postgresql(postgres_cluster) as fresh:
        yield fresh


@pytest.fixture
def nodes(tmp_path: Path, url: str) -> Iterator[tuple[Gateway, Gateway]]:
    """Two machines, as far as one machine can be two: each has its folder, its heads, and its own port."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    http = {"workers": scale(1, 2), "trusted_proxies": ["127.0.0.1"]}
    work = {"in_server": 0, "lease_seconds": 2, "poll_seconds": 0.1}
    batch, scheduler = {"chunk_records": CHUNK}, {"every_seconds": 1}
    with (
        running(folders[0], url, http=http, work=work, batch=batch, scheduler=scheduler) as a,
        running(
            folders[1], url, furnished=False, http=http, work=work, batch=batch, scheduler=scheduler
        ) as b,
    ):
        yield a, b


@pytest.fixture
def workers(nodes: tuple[Gateway, Gateway]) -> Iterator[tuple[WorkerProcess, WorkerProcess]]:
    started = WorkerProcess(nodes[0].config), WorkerProcess(nodes[1].config)
    yield started
    for each in started:
        if each.lives:
            each.kill()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_test_store(url)
    yield opened
    opened.close()


def holds(store: Store, name: str, node: Gateway) -> bool:
    """Whether a process of the node has a lease."""
    with store.read() as reader:
        holder = reader.connection.execute(select(lease.c.holder).where(lease.c.name == name)).scalar_one()
    return int(holder.partition("-")[0]) in node.workers()


def done(store: Store) -> int:
    """How many chunks are worked off."""
    with store.read() as reader:
        question = (
            select(func.count()).select_from(delivery_chunk).where(delivery_chunk.c.done_at.is_not(None))
        )
        return int(reader.connection.execute(question).scalar_one())


def reached(store: Store, chunks: int) -> bool:
    return done(store) >= chunks


class Delivering(threading.Thread):
    """The Federal Administration Office delivers through the proxy, and repeats until it has the receipt."""

    def __init__(
        self, node: Gateway, proxy: Proxy, session: requests.Session, folder: Path, number: int
    ) -> None:
        super().__init__(daemon=True)
        self.office = Office(node, retry=PATIENT, base=proxy.base, session=session)
        self.file = records_file(folder / f"delivery-{number}.xml", records(7000 + number, RECORDS))
        self.manifest = self.office.manifest(self.file, number)
        self.receipt: bva.Eingang200007 | None = None

    def run(self) -> None:
        """Deliver."""
        self.receipt = self.office.deliver(self.manifest, self.file)

    def numbers(self, folder: Path) -> list[str]:
        """Wait for the result; the numbers of all records, in their order."""
        self.join()
        assert self.receipt is not None
        assert self.office.deliver(self.manifest, self.file) == self.receipt
        ready = self.office.result_of(self.manifest)
        result = self.office.fetch(ready.ergebnisschein_uuid, folder / read(self.manifest).lieferschein_uuid)
        found = results_in(result.file_path)
        assert result.note.anzahl == bva.Zaehlung(len(found), 0, 0, 0)
        assert [each.rahmen.position for each in found] == list(range(1, len(found) + 1))
        return [each.angenommen.bamfkennziffer for each in found if each.angenommen]


@pytest.fixture
def proxy(nodes: tuple[Gateway, Gateway], tmp_path: Path) -> Iterator[Proxy]:
    with documented_proxy(tmp_path / "proxy", [node.port for node in nodes], nodes[0].pki) as started:
        yield started


@pytest.fixture
def session_of(tmp_path: Path) -> Callable[[str], requests.Session]:
    """What carries requests of a partner with its TLS client certificate."""
    files = {each: client_files(tmp_path, live_pki(), each, each) for each in ("abh1", "abh2", "tgs1", "bva")}

    def session(holder: str) -> requests.Session:
        made = requests.Session()
        made.cert = files[holder]
        made.verify = False
        made.trust_env = False
        return made

    return session


def test_nothing_is_lost_or_doubled_while_nodes_are_restarted_and_killed(
    nodes: tuple[Gateway, Gateway],
    workers: tuple[WorkerProcess, WorkerProcess],
    proxy: Proxy,
    store: Store,
    session_of: Callable[[str], requests.Session],
    tmp_path: Path,
    wait_until: Waiting,
) -> None:
    """Senders know the proxy's address and repeat as the bundled client does; nothing else helps them."""
    connect_bva(store, live_pki())
    load = Load((f"{proxy.base}/soap",), nodes[0].pki, session_of, plans=False)
    deliveries: list[Delivering] = []
    with load.running():
        for _ in range(scale(1, 4)):
            restart_one_after_the_other(nodes, load, store, wait_until)
            for victim, survivor in (nodes, reversed(nodes)):
                deliveries.append(Delivering(victim, proxy, session_of("bva"), tmp_path, len(deliveries) + 1))
                deliveries[-1].start()
                kill_node(victim, survivor, load, store, wait_until)
            deliveries[-1].join()
            for worker in workers:
                wait_until(partial(reached, store, min(done(store) + 2, len(deliveries) * RECORDS // CHUNK)))
                worker.kill()
                load.progress(10)
                worker.start()
        numbers = [number for each in deliveries for number in each.numbers(tmp_path)]
        load.progress(10)
    assert len(set(numbers)) == len(deliveries) * RECORDS
    nothing_lost_and_nothing_double(load, store, others=numbers)
    with store.read() as reader:
        assert reader.connection.execute(select(func.count()).select_from(work)).scalar_one() == 0
    assert [worker.stop() for worker in workers] == [0, 0]
    for node in nodes:
        messages = node.events("message")
        assert len(messages) > len(load.told) // 10
        assert all(event["tls"] for event in messages)
    the_proxy_lets_through_what_it_should_and_follows_readiness(nodes, proxy, session_of("abh1"), load)
    for node in nodes:
        verified = inge("journal", "verify", "--json", "--config", node.config)
        assert (verified.code, verified.json["unsealed"]) == (0, 0)


def restart_one_after_the_other(
    nodes: tuple[Gateway, Gateway], load: Load, store: Store, wait_until: Waiting
) -> None:
    """A rolling restart. Nobody has to wait until a lease is over whose holder was asked to end."""
    for node, other in (nodes, reversed(nodes)):
        load.progress(scale(20, 300))
        assert node.stop() == 0
        for name in ("sealer", "scheduler"):
            wait_until(partial(holds, store, name, other))
        load.progress(scale(20, 300))
        node.start()


def kill_node(victim: Gateway, survivor: Gateway, load: Load, store: Store, wait_until: Waiting) -> None:
    """The power goes; whoever survives seals as soon as the lease is over."""
    load.progress(2)
    sealed_before = holds(store, "sealer", victim)
    victim.kill()
    load.progress(scale(20, 400))
    if sealed_before:
        wait_until(partial(holds, store, "sealer", survivor))
    victim.start()


def the_proxy_lets_through_what_it_should_and_follows_readiness(
    nodes: tuple[Gateway, Gateway], proxy: Proxy, session: requests.Session, load: Load
) -> None:
    """Stops both nodes, one after the other."""
    ports = [node.port for node in nodes]
    asked = proxy.ask_nodes(ports)
    assert (asked.returncode, asked.stderr) == (0, "")
    with session:
        for path in ("/metrics", "/readyz", "/healthz", "/"):
            assert session.get(proxy.base + path, timeout=30).status_code == 404
        assert session.get(f"{proxy.base}/soap?wsdl", timeout=30).status_code == 200
    assert nodes[0].stop() == 0
    asked = proxy.ask_nodes(ports)
    assert (asked.returncode, asked.stderr) == (0, "1 of 2 nodes ready\n")
    written = proxy.upstreams.read_text()
    assert f"server 127.0.0.1:{ports[0]} max_fails=0 down;" in written
    first = load.told[0]
    assert load.send(load.clients(first.holder), first.message).document == first.document
    assert nodes[1].stop() == 0
    # With none ready the list stays as it was.
    assert proxy.ask_nodes(ports).returncode == 1
    assert proxy.upstreams.read_text() == written
