"""The scheduler of a running gateway: works by itself in one of its processes, gives the lease back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from fixtures import persons
from messages.group07 import Akzeptanz070003
from messages.values import PartialDate
from store.engine import Store
from store.schema import lease
from store.search import waiting_hints
from tests.support.core import AGENCIES, new_uuid
from tests.support.server import running
from tests.support.stores import open_test_store
from tests.support.waiting import Waiting


def held_until(store: Store) -> datetime:
    with store.read() as reader:
        question = select(lease.c.expires_at).where(lease.c.name == "scheduler")
        found: datetime = reader.connection.execute(question).scalar_one()
    return found


def test_a_running_gateway_finds_hints_by_itself(tmp_path: Path, store_url: str, wait_until: Waiting) -> None:
    store = open_test_store(store_url)

    def hinted() -> bool:
        with store.read() as reader:
            return len(waiting_hints(reader.connection, limit=10)) == 1

    with running(tmp_path, store_url, scheduler={"every_seconds": 0.2}) as gateway:
        for holder, surname in (("abh1", "Şahin"), ("abh2", "Sahin")):
            person = persons.person("Ayşe", surname, PartialDate(1990, 5, 17), "w", azr="180417100021")
            report = persons.entitlement(AGENCIES[holder], new_uuid(), datetime.now(UTC), person)
            assert isinstance(gateway.client(holder).send(report).message, Akzeptanz070003)
        wait_until(hinted)
        assert held_until(store) > datetime.now(UTC)
        assert 'inge_background_failures_total{work="scheduler"} 0.0' in gateway.get("/metrics").text
        assert gateway.stop() == 0
    # Given back on leaving: another node need not wait for it to run out.
    assert held_until(store) < datetime.now(UTC)
    store.close()
