"""Two nodes with two workers on one PostgreSQL: each dies in turn under load; nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from store.engine import Store
from store.schema import lease
from tests.support.cli import inge
from tests.support.load import Load, nothing_lost_and_nothing_double
from tests.support.postgres import PostgresCluster
from tests.support.ring import scale
from tests.support.server import Gateway, running
from tests.support.stores import fresh_postgresql, open_test_store

pytestmark = pytest.mark.postgresql
Waiting = Callable[[Callable[[], bool]], None]


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
    http = {"workers": scale(1, 2)}
    with running(folders[0], url, http=http) as a, running(folders[1], url, furnished=False, http=http) as b:
        yield a, b


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


def test_each_dies_in_turn(nodes: tuple[Gateway, Gateway], store: Store, wait_until: Waiting) -> None:
    load = Load(tuple(node.soap for node in nodes), nodes[0].pki)
    moved = []
    with load.running():
        for _ in range(scale(1, 4)):
            for victim, survivor in (nodes, reversed(nodes)):
                load.progress(scale(40, 400))
                sealing = holds(store, "sealer", victim)
                victim.kill()
                load.progress(scale(40, 400))
                if sealing:
                    wait_until(partial(holds, store, "sealer", survivor))
                    moved.append(victim)
                victim.start()
        load.progress(20)
    assert moved
    nothing_lost_and_nothing_double(load, store)
    for node in nodes:
        assert node.stop() == 0
        assert inge("journal", "verify", "--config", node.config).code == 0
