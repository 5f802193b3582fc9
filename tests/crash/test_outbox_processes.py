"""Several processes on one store: a later answer is handed out until it is confirmed, whatever happens.

Two servers share a PostgreSQL, two workers of one server a SQLite file.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.client import RetryPolicy, Service, Unreachable
from store.records import JournalKind, OutboxEntry
from store.schema import outbox
from tests.door.test_messages import somebody
from tests.support.core import ABH1, new_uuid
from tests.support.desk import document, lay_out
from tests.support.postgres import PostgresCluster
from tests.support.ring import scale
from tests.support.server import Gateway, running
from tests.support.stores import fresh_postgresql, fresh_sqlite, open_test_store

PATIENT = RetryPolicy(attempts=6, first_seconds=0.05)
WRITERS = 3
ANSWERS = 60


@pytest.fixture
def url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    with fresh_postgresql(postgres_cluster) as fresh:
        yield fresh


@pytest.fixture
def servers(tmp_path: Path, url: str) -> Iterator[tuple[Gateway, Gateway]]:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with running(folders[0], url) as one, running(folders[1], url, furnished=False) as two:
        yield one, two


def desk(gateway: Gateway) -> Service:
    return Service(gateway.client(retry=PATIENT), ABH1.kennung, test=True)


def reported(gateway: Gateway) -> str:
    message = somebody()
    gateway.client(retry=PATIENT).send(message)
    return message.rahmen.kopf.nachrichten_uuid


@dataclass
class Seen:
    """What all readers together were handed, by id; equal bytes every time."""

    documents: dict[str, bytes] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)
    confirmed: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, answer_id: str, content: bytes | None) -> None:
        assert content is not None
        with self.lock:
            assert self.documents.setdefault(answer_id, content) == content
            self.deliveries[answer_id] += 1


def _read(gateway: Gateway, seen: Seen, ended: threading.Event, careless: bool, seed: int) -> int:
    """Fetch and confirm until all is written and nothing is left; a careless reader forgets to confirm."""
    service, rng, new = desk(gateway), random.Random(seed), 0
    while True:
        last = ended.is_set()
        try:
            fetched = service.fetch(at_most=rng.choice((2, 5, 50)))
            for answer in fetched.nachrichten:
                seen.take(answer.nachricht_id, answer.dokument)
            if fetched.nachrichten and not (careless and rng.random() < 0.7):
                ids = [answer.nachricht_id for answer in fetched.nachrichten]
                new += service.confirm(ids)
                with seen.lock:
                    seen.confirmed.update(ids)
        except Unreachable:
            return new  # its server was killed
        if last and not fetched.nachrichten:
            return new


def _write(url: str, uuids: list[str], seed: int) -> list[int]:
    """Lay answers out in transactions that commit late, so that smaller ids appear after greater ones."""
    store, rng = open_test_store(url), random.Random(seed)
    ids = []
    for uuid in uuids:
        now = datetime.now(UTC)
        with store.unit_of_work() as work:
            entry = OutboxEntry(
                work.new_id(),
                ABH1.kennung,
                "soap",
                uuid,
                uuid,
                new_uuid(),
                "070004",
                now,
                document(ABH1, uuid),
            )
            time.sleep(rng.choice((0.0, 0.0, 0.05, 0.2)))
            work.lay_out(entry, now)
            work.commit()
        ids.append(entry.id)
    store.close()
    return ids


def _all_at_once(
    url: str, servers: tuple[Gateway, Gateway], uuid: str, kill: Callable[[], None] | None = None
) -> tuple[Seen, set[str], int]:
    """Write and read in parallel. Out: what was seen, the ids written, how many were newly confirmed."""
    count = scale(ANSWERS, 10 * ANSWERS)
    seen, ended = Seen(), threading.Event()
    with ThreadPoolExecutor(WRITERS + 4) as pool:
        readers = [
            pool.submit(_read, servers[place % 2], seen, ended, place == 3, place) for place in range(4)
        ]
        writers = [pool.submit(_write, url, [uuid] * (count // WRITERS), 7 + n) for n in range(WRITERS)]
        if kill is not None:
            time.sleep(0.5)
            kill()
        written = {str(each) for writer in writers for each in writer.result()}
        ended.set()
        new = sum(reader.result() for reader in readers)
    return seen, written, new


def _nothing_left(url: str, uuid: str, seen: Seen, written: set[str]) -> None:
    """Everything is confirmed, once each, and every delivery is in the journal."""
    store = open_test_store(url)
    with store.read() as reader:
        left = reader.connection.execute(select(outbox.c.id).where(outbox.c.confirmed_at.is_(None))).all()
        kinds = Counter(row.kind for row in reader.journal_of(uuid))
    store.close()
    assert left == []
    assert kinds[JournalKind.CONFIRMED] == len(written)
    assert kinds[JournalKind.FETCHED] >= sum(seen.deliveries.values())


def test_nothing_is_lost_between_two_workers(tmp_path: Path, sqlite_template: Path) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    with running(tmp_path, url) as server:
        uuid = reported(server)
        seen, written, new = _all_at_once(url, (server, server), uuid)
    assert set(seen.documents) == written
    assert new == len(written)
    _nothing_left(url, uuid, seen, written)


@pytest.mark.postgresql
@pytest.mark.parametrize("killed", [False, True], ids=["both-live", "one-is-killed"])
def test_nothing_is_lost_between_two_servers(
    url: str, servers: tuple[Gateway, Gateway], killed: bool
) -> None:
    uuid = reported(servers[0])
    seen, written, new = _all_at_once(url, servers, uuid, servers[0].kill if killed else None)
    assert set(seen.documents) == written
    # What a killed server confirmed without being able to say so was handed out before.
    assert new <= len(written)
    assert killed or new == len(written)
    _nothing_left(url, uuid, seen, written)


@pytest.mark.postgresql
def test_a_transaction_that_commits_late_is_not_skipped(url: str, servers: tuple[Gateway, Gateway]) -> None:
    uuid = reported(servers[0])
    slow, quick = open_test_store(url), open_test_store(url)
    now = datetime.now(UTC)
    with slow.unit_of_work() as work:
        early = OutboxEntry(
            work.new_id(), ABH1.kennung, "soap", uuid, uuid, new_uuid(), "070004", now, document(ABH1, uuid)
        )
        work.lay_out(early, now)
        (late,) = lay_out(quick, ABH1, [uuid])
        assert early.id < late.id
        first = desk(servers[0]).fetch()
        assert [answer.nachricht_id for answer in first.nachrichten] == [str(late.id)]
        assert desk(servers[1]).confirm([str(late.id)]) == 1
        work.commit()
    second = desk(servers[1]).fetch()
    assert [answer.dokument for answer in second.nachrichten] == [early.document]
    slow.close()
    quick.close()


@pytest.mark.postgresql
def test_two_that_confirm_at_once_confirm_once(url: str, servers: tuple[Gateway, Gateway]) -> None:
    uuid = reported(servers[0])
    store = open_test_store(url)
    for _ in range(scale(5, 50)):
        ids = [str(entry.id) for entry in lay_out(store, ABH1, [uuid] * 4)]
        desks = [desk(servers[place % 2]) for place in range(4)]
        with ThreadPoolExecutor(4) as pool:
            confirmed = pool.map(Service.confirm, desks, [ids] * 4)
        assert sum(confirmed) == 4
    store.close()
